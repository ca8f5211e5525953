"""Text that people type, made safe to keep on one line."""

from __future__ import annotations

import re

from lib.names import fold_radicals

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def one_line(text: str, longest: int) -> str:
    """Without control characters and double blanks, and not longer than its column."""
    return " ".join(_CONTROL.sub(" ", fold_radicals(text)).split())[:longest]
