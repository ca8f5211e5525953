"""Connected regions of a black and white picture, as runs of white pixels in its rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from PIL import Image

Run = tuple[int, int, int]  # row, first pixel, one past the last
Region = list[Run]

_WHITE = re.compile(rb"\xff+")


def connected_regions(mask: Image.Image, *, diagonal: bool = False) -> list[Region]:
    """The regions of white pixels that touch. ``diagonal``: pixels that share only a corner touch, too."""
    runs: list[Run] = []
    parents: list[int] = []
    above, reach = range(0), int(diagonal)

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    for row in _rows(mask):
        here = range(len(runs), len(runs) + len(row))
        runs += row
        parents += here
        first = above.start
        for one in here:
            _row, start, end = runs[one]
            while first < above.stop and runs[first][2] + reach <= start:  # ends before this one and all that follow
                first += 1
            last = end + reach
            for other in range(first, above.stop):
                if runs[other][1] >= last:
                    break
                found = root(other)
                if parents[one] == one:  # the first that it touches
                    parents[one] = found
                else:
                    parents[root(one)] = found
        above = here
    regions = defaultdict(list)
    for at, run in enumerate(runs):
        regions[root(at)].append(run)
    return list(regions.values())


def _rows(mask: Image.Image) -> Iterator[Region]:
    width, data = mask.width, mask.tobytes()
    for row in range(mask.height):
        line = data[row * width : (row + 1) * width]
        yield [(row, *found.span()) for found in _WHITE.finditer(line)] if b"\xff" in line else []


def size_of(region: Region) -> int:
    """In pixels."""
    return sum(end - start for _row, start, end in region)


def bounding_box(region: Region) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; right and bottom exclusive."""
    rows, starts, ends = zip(*region, strict=True)
    return min(starts), min(rows), max(ends), max(rows) + 1
