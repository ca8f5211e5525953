"""附件: which papers are asked for, their pages, how a picture is prepared, and what is said about it.

The signed sheet is read in services.sheet.
"""
