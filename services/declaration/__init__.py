"""The working copy: stored answers, what is missing, and drafts of what is typed.

Uses forms and departments. Knows no officer.
"""
