"""审核: one submission as the officer sees it: answers, papers, history, differences, what comes next.

Reads only; deciding is workflow's work.
"""
