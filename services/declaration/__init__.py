"""The working copy: stored answers, what is missing, drafts of what is typed, and the page that comes next.

Uses forms and departments. Knows no officer.
"""
