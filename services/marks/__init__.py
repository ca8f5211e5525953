"""What an officer notes on a revision: marks with reasons, ticks, internal notes; and the reasons on offer.

Moving the declaration is workflow's work.
"""
