"""Medians and shares."""

from __future__ import annotations

from collections.abc import Mapping


def median(counts: Mapping[int, int]) -> float | None:
    """The median of values that are given as value -> how often. None when there are none."""
    total = sum(counts.values())
    if not total:
        return None
    low, high = (total - 1) // 2, total // 2  # places, counted from 0
    found: list[int] = []
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        found += [value for place in (low, high)[len(found) :] if place < seen]
        if len(found) == 2:
            break
    return sum(found) / 2


def share(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` as a fraction; None of nothing."""
    return part / whole if whole else None
