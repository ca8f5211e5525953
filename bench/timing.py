"""Timing of calls in turn, and their figures: CPU if available, medians and 99th percentiles."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time

#: One call with argument number ``n``; returns how many lines it found.
Call = Callable[[int], int]


@dataclass
class Series:
    """What the calls of one variant took, in seconds, and how many lines they found."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def mean_lines(self) -> float:
        return sum(self.lines) / len(self.lines)


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def median(values: list[float]) -> float:
    return percentile(values, 0.5)


@contextmanager
def quiet_collector() -> Iterator[None]:
    """What was made before is never looked at again by the garbage collector, as in a forked worker."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def in_turn(
    variants: Mapping[str, Call], calls: int, elsewhere: Mapping[str, Callable[[], float]] | None = None
) -> dict[str, Series]:
    """Each variant once in every round, ``calls`` rounds, after one round of all arguments to warm up.

    Who begins changes with the round. ``elsewhere`` tells the CPU that another process has spent for a variant so far.
    """
    other = elsewhere or {}
    for variant in variants.values():
        for number in range(calls):
            variant(number)
    found = {name: Series() for name in variants}
    names = list(variants)
    with quiet_collector():
        for number in range(calls):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                _time(variants[name], number, found[name], other.get(name))
    return found


def _time(call: Call, number: int, series: Series, elsewhere: Callable[[], float] | None) -> None:
    before = elsewhere() if elsewhere else 0.0
    wall, cpu = perf_counter(), process_time()
    lines = call(number)
    cpu_taken, wall_taken = process_time() - cpu, perf_counter() - wall
    series.cpu.append(cpu_taken + (elsewhere() - before if elsewhere else 0.0))
    series.wall.append(wall_taken)
    series.lines.append(lines)
