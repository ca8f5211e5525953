"""Counting and lists: statistics, charts, the roster (名册) and times of review.

Reads only. Uses departments for the scope.
"""
