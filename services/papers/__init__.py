"""附件: which papers are asked for, how a picture is prepared, and what is said about it.

Uses declaration for the facts and lib.pictures for the pixels. The signed sheet is read in services.sheet.
"""
