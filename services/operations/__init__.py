"""What the operator needs: the doctor, readiness, jobs that time brings, the check of stored files.

Called by commands, and by the view that a monitor asks.
"""
