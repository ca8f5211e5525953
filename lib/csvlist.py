"""The lists in ``data/``: UTF-8 CSV with a header, and plain lists of lines."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Each line as a mapping from the header's names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def load(path: Path) -> dict[str, str]:
    """code -> title, in the file's order."""
    return {row["code"]: row["title"] for row in rows(path)}


def lines(path: Path) -> frozenset[str]:
    """The lines of a plain list, case-folded, without blank ones."""
    return frozenset(path.read_text(encoding="utf-8").casefold().split())


def calendar_days(path: Path) -> Iterator[tuple[date, str, str]]:
    """day, kind (``holiday`` or ``workday``) and source of each line of a calendar."""
    for row in rows(path):
        yield date.fromisoformat(row["date"]), row["kind"], row["source"]
