"""人员档案 of the officer's scope: the list, one record, what the office adds to it."""

from blueprints.review.records import changes, pages

__all__ = ["changes", "pages"]
