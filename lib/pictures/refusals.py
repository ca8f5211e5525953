"""Why a picture is not accepted: words for the person, a reason for the operator's figures."""

from __future__ import annotations

REASONS = frozenset(
    {"empty", "blank", "format", "damaged", "locked", "large", "small", "encoding", "complex", "frame", "other"}
)


class PictureRefused(Exception):
    """The picture is not accepted; the message for the person names the rule, the finding and what to do.

    ``reason`` is for the operator's figures: one of REASONS.
    """

    def __init__(self, message: str, reason: str = "other") -> None:
        super().__init__(message)
        self.reason = reason
