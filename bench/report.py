"""Tables on standard output, the same figures as JSON in bench/results/."""

from __future__ import annotations

import json
import os
import platform
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown, in columns of equal width."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _fit(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


_noted: list[tuple[str, str, str, str, str]] = []


def note(figure: str, what: str, today: str, must: str, aim: str) -> None:
    """A row of the table in docs/performance.md."""
    _noted.append((figure, what, must, aim, today))


def summary() -> None:
    """What this run has measured, as that table has it."""
    day = datetime.now(UTC).date().isoformat()
    heads = ("figure", "what", "must", "aim", "measured", "date")
    print(f"\nAll figures of this run, for docs/performance.md\n\n{table(heads, [(*row, day) for row in _noted])}")


def machine() -> dict[str, Any]:
    """What it ran on: nothing that names the machine."""
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def save(figure: str, facts: dict[str, Any]) -> Path:
    """Write one figure's results; returns the file."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{figure}-{now:%Y%m%d-%H%M%S}.json"
    whole = {"figure": figure, "at": now.isoformat(timespec="seconds"), "machine": machine(), **facts}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    return path


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"
