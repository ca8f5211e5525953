"""Boxes of the sheet: where each label and answer of a row stands.

Most sheets share rows of cells: they depend on the answers only by the span that each of them needs.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from lib.pdf.typeset import Fitted
from services.sheet.labels import label_fitted, label_width
from services.sheet.packing import SIXTHS, pack

MAX_ROW_HEIGHT = 30.0
PADDING = 3.8  # left and right of a text


class Style(Enum):
    """The kind of a box; it decides type, colour and border."""

    LABEL = "label"
    VALUE = "value"
    HEAD = "head"
    PAPER = "paper"


class Box(NamedTuple):
    """A text in a row: ``left`` and ``width`` in points from the left of the section's content."""

    style: Style
    left: float
    width: float
    fitted: Fitted | None = None  # None: fitted later, into the height of its row
    text: str = ""
    moved: bool = False
    wide: bool = False


class LayoutRow(NamedTuple):
    """Boxes side by side; ``need`` and ``most`` are the limits of its height."""

    boxes: tuple[Box, ...]
    need: float
    most: float = MAX_ROW_HEIGHT


@dataclass(frozen=True, eq=False)
class Level:
    """One step of tightness, in points: sizes of answers and labels, least heights of rows and of the bottom part.

    ``hint`` limits the spans that cells ask for when their texts need less. Compared by identity: what is cached
    for a level is found faster.
    """

    size: float
    smallest: float
    label: float
    row: float
    head: float
    paper: float
    bottom_with_employer: float
    bottom_alone: float
    hint: int = SIXTHS

    def bottom(self, has_employer: bool) -> float:
        return self.bottom_with_employer if has_employer else self.bottom_alone


Place = tuple[int, Box, float, float, bool]  # index of the cell, its label; of its answer: left, width, a whole row


@lru_cache(maxsize=1024)
def cell_places(
    labels: tuple[str, ...], spans: tuple[tuple[int, ...], ...], widths: tuple[float, ...], level: Level
) -> list[list[Place]]:
    """Rows of cells."""
    rows = []
    for index, cells in enumerate(pack(spans)):
        width, start = widths[min(index, len(widths) - 1)], 0
        row: list[Place] = []
        for at, span in cells:
            left, right = width * start / SIXTHS, width * (start + span) / SIXTHS
            label = label_width(labels[at], level.label)
            box = Box(Style.LABEL, left, label, label_fitted(labels[at], label, level.label))
            row.append((at, box, left + label, right - left - label, span == SIXTHS))
            start += span
        rows.append(row)
    return rows


@lru_cache(maxsize=2048)
def most_ems(label: str, width: float, least: int, level: Level) -> list[tuple[int, float]]:
    """Of each span how long an answer may be."""
    size = max(0.85 * level.size, level.smallest)
    taken = label_width(label, level.label) + 2 * PADDING
    return [(span, (span * width / SIXTHS - taken) / size) for span in (2, 3, 4) if span >= least]
