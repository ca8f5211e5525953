"""修改: a returned declaration as the applicant sees it, one mark a screen.

Uses declaration, papers, marks, sheet and workflow. Changes nothing by itself.
"""
