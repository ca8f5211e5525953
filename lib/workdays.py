"""Working days by the State Council's calendar: Monday to Friday, less holidays, plus make-up days (调休)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

HOLIDAY, WORKDAY = "holiday", "workday"

#: Source of days by law only, for years whose notice is not published yet.
STATUTORY = "statutory"

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Days that differ from the week's pattern, and the years whose notice they come from."""

    kinds: Mapping[date, str]
    known_years: frozenset[int]

    @classmethod
    def of(cls, rows: Iterable[tuple[date, str, str]]) -> Calendar:
        """From rows of (day, kind, source). A year counts as known when its week of 1 October comes from a notice.

        Single days are no proof: a notice may name days of another year, and people enter days one at a time.
        """
        kinds: dict[date, str] = {}
        known = set()
        for day, kind, source in rows:
            kinds[day] = kind
            if source != STATUTORY and kind == HOLIDAY and day.month == 10 and day.day <= 7:
                known.add(day.year)
        return cls(kinds, frozenset(known))


def is_workday(day: date, calendar: Calendar) -> bool:
    kind = calendar.kinds.get(day)
    return day.weekday() < 5 if kind is None else kind == WORKDAY


def add_workdays(start: date, count: int, calendar: Calendar) -> date:
    """The ``count``-th working day after ``start``, which itself is not counted. 0 gives ``start``."""
    if count < 0:
        raise ValueError("count must not be negative")
    day = start
    while count:
        day += _DAY
        count -= is_workday(day, calendar)
    return day


def workdays_between(start: date, end: date, calendar: Calendar) -> int:
    """Working days after ``start`` up to and including ``end``; negative when ``end`` comes first."""
    if end < start:
        return -workdays_between(end, start, calendar)
    return sum(is_workday(start + _DAY * n, calendar) for n in range(1, (end - start).days + 1))


def is_estimated(start: date, end: date, calendar: Calendar) -> bool:
    """Whether a day after ``start`` up to ``end`` is in a year without a notice: the result may still change."""
    return any(year not in calendar.known_years for year in range((start + _DAY).year, end.year + 1))
