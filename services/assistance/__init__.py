"""核验申请: an occupied number, an old record without a proof, a lost password; and the desk that decides.

The public half asks nothing about a number: known and unknown ones take the same way. Only officers see what stands
under it, and only a receipt leads to their answer. Knows accounts, departments, due dates and papers.
"""
