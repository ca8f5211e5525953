"""待办: the list of an officer's department, its counters, filters, search and saved views.

``index`` keeps the derived tables in step with each move; the rest reads them. Knows no page of the review.
"""
