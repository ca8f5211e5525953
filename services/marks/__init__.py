"""What an officer notes on a revision: marks with reasons, ticks, internal notes; and the reasons on offer.

Uses declaration and departments. Moving the declaration is workflow's work.
"""
