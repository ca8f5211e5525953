"""Who may sign in: applicants, officers, their passwords and sessions, limits on guessing, the old register.

Also the messages on the site. Knows no declaration.
"""
