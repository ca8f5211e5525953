"""What the operator needs: the doctor, jobs that time brings, the check of stored files.

Called by commands only.
"""
