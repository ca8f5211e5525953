"""Counting and lists: statistics, charts, the roster (名册) and times of review.

Changes no declaration; ``review_times`` keeps what a review took.
"""
