"""The working copy: stored answers, what is missing, drafts of what is typed, and due dates.

Uses forms and departments. Knows no officer.
"""
