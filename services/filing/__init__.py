"""The applicant's side of one declaration: everything about it read once (the case), and what is done with it.

Pictures come in here, sheets are printed and verified, and the next page is found.
"""
