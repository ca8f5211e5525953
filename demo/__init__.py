"""Invented people, drawn papers and demo accounts: for ``flask demo``, the tests and the bench.

No rule of the product lives here.
"""
