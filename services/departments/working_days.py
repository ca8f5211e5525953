"""The working-day calendar of a year: what it says, what a notice would change, and entering it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, delete, select

from lib.workdays import HOLIDAY, STATUTORY, WORKDAY, Calendar
from models import CalendarDay, db
from services import audit
from services.access import Actor
from services.departments import snapshot
from services.departments.holiday_notice import HolidayNotice

KINDS = (HOLIDAY, WORKDAY)
NOTICE = "放假通知"  # the source of days whose notice was entered without its number


@dataclass(frozen=True)
class CalendarYear:
    """``known``: its notice has been entered. ``kinds``: its days that differ from the week's pattern."""

    year: int
    known: bool
    kinds: Mapping[date, str]
    sources: Sequence[str]


def years() -> list[int]:
    """The years of which anything is known, and those whose notice comes next, newest first."""
    found = {day.year for day in snapshot.current().calendar.kinds}
    return sorted(found, reverse=True)


def of_year(year: int) -> CalendarYear:
    rows = db.session.scalars(select(CalendarDay).where(_within(year)).order_by(CalendarDay.day)).all()
    calendar = Calendar.of((row.day, row.kind, row.source) for row in rows)
    sources = tuple(dict.fromkeys("按法律推算" if row.source == STATUTORY else row.source for row in rows))
    return CalendarYear(year, year in calendar.known_years, calendar.kinds, sources)


def with_notice(notice: HolidayNotice) -> Calendar:
    """The calendar as it will be once the notice is entered."""
    now = snapshot.current().calendar
    kept = {day: kind for day, kind in now.kinds.items() if day.year != notice.year}
    return Calendar(kept | dict(notice.kinds), now.known_years | {notice.year})


def adopt(actor: Actor | None, notice: HolidayNotice, source: str) -> None:
    """Replace the days of the notice's year. A day of another year that it names is set as well."""
    named = [day for day in notice.kinds if day.year != notice.year]
    db.session.execute(delete(CalendarDay).where(_within(notice.year)))
    db.session.execute(delete(CalendarDay).where(CalendarDay.day.in_(named)))
    db.session.add_all(CalendarDay(day=day, kind=kind, source=source or NOTICE) for day, kind in notice.kinds.items())
    audit.record("calendar", actor, detail=f"notice of {notice.year}: {len(notice.kinds)} days")


def set_day(actor: Actor, day: date, kind: str, source: str) -> None:
    """One day: ``holiday``, ``workday``, or "" for what the week says."""
    db.session.execute(delete(CalendarDay).where(CalendarDay.day == day))
    if kind:
        db.session.add(CalendarDay(day=day, kind=kind, source=source))
    audit.record("calendar", actor, detail=f"{day.isoformat()}: {kind or 'as the week'}")


def _within(year: int) -> ColumnElement[bool]:
    return CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
