"""Who may sign in: applicants, officers, their passwords and sessions, limits on guessing, messages, the old register.

Uses lib and models, and services.access and audit. Knows no declaration.
"""
