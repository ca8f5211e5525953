"""Why a verb is refused: each says in words what the person reads."""

from __future__ import annotations

from lib.questions.pages import Step


class NotAllowed(Exception):
    """The move does not start from this state, or is not this person's; the message says why.

    ``field``: the one of the form that lacks something, where that is all.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Conflict(Exception):
    """Another person was faster; the message says who and when. Leads to a 409 page."""


class MissingItem(str):
    """One thing that is missing, in words. ``step``: the page where it is filled in (None: 附件上传), at ``anchor``."""

    step: Step | None
    anchor: str

    def __new__(cls, words: str, step: Step | None = None, anchor: str = "") -> MissingItem:
        made = super().__new__(cls, words)
        made.step, made.anchor = step, anchor
        return made


class Incomplete(Exception):
    """Submitting found something missing: a list of what, in words."""

    def __init__(self, missing: list[MissingItem]) -> None:
        super().__init__("；".join(missing))
        self.missing = missing
