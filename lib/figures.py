"""Medians and shares, and how figures are written."""

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


def figure(value: float) -> str:
    """With one decimal at most, and in full however large it is."""
    return f"{value:.1f}".removesuffix(".0")


def whole(count: float) -> str:
    """An average of things that are counted, in words: there is no quarter of a thing."""
    return "不到 1" if 0 < count < 1 else f"{int(count + 0.5)}"
