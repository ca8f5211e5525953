"""Writes the table of settings in docs/operations.md from config.py: `make docs`. A test keeps the two the same."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->"


def table() -> str:
    from config import SETTINGS

    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows]) + "\n"


def with_table(text: str) -> str:
    """The document with the table between its two marks. Raises ValueError when a mark is missing."""
    before, found_begin, rest = text.partition(BEGIN)
    _old, found_end, after = rest.partition(END)
    if not (found_begin and found_end):
        raise ValueError(f"{DOCUMENT.name} lacks {BEGIN.strip()} or {END}")
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
