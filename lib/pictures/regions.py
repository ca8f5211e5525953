"""Connected regions of a black and white picture, as runs of white pixels in its rows."""

from __future__ import annotations

import re
from collections import defaultdict

from PIL import Image

Run = tuple[int, int, int]  # row, first pixel, one past the last
Region = list[Run]

_WHITE = b"\xff"
_RUN = re.compile(rb"\xff+")


def connected_regions(mask: Image.Image, *, diagonal: bool = False) -> list[Region]:
    """The regions of white pixels that touch. ``diagonal``: pixels that share only a corner touch, too."""
    width, reach = mask.width + 1, int(diagonal)  # a black column at the end: no run goes on in the next row
    spans = _white_spans(mask.crop((0, 0, width, mask.height)).tobytes())
    parents = list(range(len(spans)))

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    first = 0  # of the runs that do not end before the pixels above this one; both loops end at this one
    for one, (start, end) in enumerate(spans):
        while spans[first][1] + width + reach <= start:
            first += 1
        other, last, here = first, end - width + reach, one
        while spans[other][0] < last:
            found = root(other)
            parents[here], here = found, found
            other += 1
    regions = defaultdict(list)
    for at, (start, end) in enumerate(spans):
        row = start // width
        regions[root(at)].append((row, start - row * width, end - row * width))
    return list(regions.values())


def _white_spans(data: bytes) -> list[tuple[int, int]]:
    """Where white begins and ends. ``find`` passes over black at a tenth of the price of an expression."""
    spans, end = [], 0
    while (start := data.find(_WHITE, end)) >= 0:
        found = _RUN.match(data, start)
        assert found
        end = found.end()
        spans.append((start, end))
    return spans


def size_of(region: Region) -> int:
    """In pixels."""
    return sum(end - start for _row, start, end in region)


def bounding_box(region: Region) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; right and bottom exclusive."""
    rows, starts, ends = zip(*region, strict=True)
    return min(starts), min(rows), max(ends), max(rows) + 1
