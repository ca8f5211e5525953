"""人员档案 of the officer's scope: the list, one record, what the office adds to it, 名册."""

from blueprints.review.records import changes, exports, numbers, pages, transfers, views

__all__ = ["changes", "exports", "numbers", "pages", "transfers", "views"]
