"""How long decisions take and how many keys they need, so that the aim of the review page can be checked.

An officer sees the own figures; a manager sees medians over departments. Nothing here compares officers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from lib.clock import SHANGHAI, local
from lib.figures import median
from models import Decision, Department, ReviewMeasure, db, replica
from services.access import Actor
from services.reports import standing_decisions

LONGEST = timedelta(minutes=30)  # a claim's time: beyond it the officer was not looking at it throughout
AIM = (60, 2)  # seconds and keys of a clean case
#: What an officer is at, in the order of the page's script; each has its column of the measure.
PHASES = {"look": "第一眼", "pictures": "核对附件", "marks": "标记", "confirmation": "确认"}
_SPENT = re.compile(r"(\d{1,4}),(\d{1,4}),(\d{1,4}),(\d{1,4})", re.ASCII)
DAYS = 7  # so many days are listed; the time is shared out over LATELY
LATELY = timedelta(days=30)
INPUTS_AT_MOST = 100_000  # keys or clicks of one decision; more was not counted by our page


@dataclass(frozen=True)
class Own:
    """An officer's own figures; undone decisions do not count. Medians are None while nothing was measured."""

    today: int
    month: int
    seconds_today: float | None
    seconds: float | None  # this month, as the rest
    keys: float | None
    clicks: float | None


@dataclass(frozen=True)
class Day:
    """What an officer decided on one day; medians."""

    day: date
    measured: int
    seconds: float | None
    keys: float | None


@dataclass(frozen=True)
class Phase:
    """What an officer is at. ``share``: of all the time, from 0 to 100."""

    title: str
    seconds: float | None  # the median of a decision
    share: int


@dataclass(frozen=True)
class ReviewTimes:
    """Medians over the decisions of a scope this month, and how many were measured."""

    measured: int
    seconds: float | None
    keys: float | None


def record(
    decision: Decision, opened_at: datetime | None, keys: int | None, clicks: int | None, spent: str = ""
) -> ReviewMeasure | None:
    """Measure one decision: from the holder's first look to now, 30 minutes at most. None: it was never opened.

    ``keys``, ``clicks`` are what the page's script counted; None without it. ``spent``: the seconds of each phase, as
    it wrote them. The caller has made the decision in this transaction.
    """
    db.session.flush()
    if opened_at is None or decision.id is None:
        return None
    took = min(max(decision.at - opened_at, timedelta()), LONGEST)
    measure = ReviewMeasure(
        decision_id=decision.id,
        staff_id=decision.staff_id,
        department_id=decision.department_id,
        seconds=round(took.total_seconds()),
        keys=_plausible(keys),
        clicks=_plausible(clicks),
        at=decision.at,
        **_phases(spent, took),
    )
    db.session.add(measure)
    return measure


def _plausible(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= INPUTS_AT_MOST else None


def _phases(spent: str, took: timedelta) -> dict[str, int]:
    """The columns of the phases; none of what no page of ours has written. A phase is not longer than the whole."""
    found = _SPENT.fullmatch(spent)
    if found is None:
        return {}
    most = round(took.total_seconds())
    return {f"{name}_seconds": min(int(one), most) for name, one in zip(PHASES, found.groups(), strict=True)}


def days(actor: Actor, now: datetime) -> list[Day]:
    """The last days on which the officer decided something, the newest first."""
    measure, since = ReviewMeasure, now - LATELY
    query = select(measure.at, measure.seconds, measure.keys).where(measure.staff_id == actor.id, measure.at >= since)
    by_day: dict[date, list[Any]] = {}
    for row in db.session.execute(query.order_by(measure.at.desc())):
        by_day.setdefault(local(row.at).date(), []).append(row)
    return [
        Day(day, len(rows), _median(row.seconds for row in rows), _median(row.keys for row in rows))
        for day, rows in list(by_day.items())[:DAYS]
    ]


def phases(actor: Actor, now: datetime) -> Sequence[Phase]:
    """Where the time of the last 30 days went; nothing as long as no script has told."""
    columns = [getattr(ReviewMeasure, f"{name}_seconds") for name in PHASES]
    query = select(*columns).where(ReviewMeasure.staff_id == actor.id, ReviewMeasure.at >= now - LATELY)
    rows = db.session.execute(query.where(ReviewMeasure.look_seconds.is_not(None))).all()
    total = sum(sum(row) for row in rows)
    by_phase = zip(PHASES.values(), zip(*rows, strict=True), strict=True) if rows else ()
    return [Phase(title, _median(spent), round(100 * sum(spent) / total) if total else 0) for title, spent in by_phase]


def own(actor: Actor, now: datetime) -> Own:
    """What an officer has done today and this month."""
    day, month = beginnings(now)
    query = select(ReviewMeasure.at, ReviewMeasure.seconds, ReviewMeasure.keys, ReviewMeasure.clicks)
    rows = db.session.execute(query.where(ReviewMeasure.staff_id == actor.id, ReviewMeasure.at >= month)).all()
    return Own(
        today=_decided_since(actor, day),
        month=_decided_since(actor, month),
        seconds_today=_median(row.seconds for row in rows if row.at >= day),
        seconds=_median(row.seconds for row in rows),
        keys=_median(row.keys for row in rows),
        clicks=_median(row.clicks for row in rows),
    )


def _decided_since(actor: Actor, moment: datetime) -> int:
    query = select(func.count()).select_from(Decision).where(Decision.staff_id == actor.id, Decision.at >= moment)
    return db.session.scalar(query.where(standing_decisions.stands(Decision))) or 0


def _median(values: Iterable[int | None]) -> float | None:
    return median(Counter(value for value in values if value is not None))


def beginnings(now: datetime) -> tuple[datetime, datetime]:
    """When today and this month began in Shanghai."""
    day = datetime.combine(local(now).date(), time(), SHANGHAI)
    return day, day.replace(day=1)


def office(path: str, now: datetime) -> ReviewTimes:
    """Medians over all decisions of the officers at or below ``path`` this month."""
    _day, month = beginnings(now)
    seconds, keys = (_spread(column, path, month) for column in (ReviewMeasure.seconds, ReviewMeasure.keys))
    return ReviewTimes(sum(seconds.values()), median(seconds), median(keys))


def _spread(column: Any, path: str, since: datetime) -> Counter[int]:
    query = select(column, func.count()).join(Department, Department.id == ReviewMeasure.department_id)
    query = query.where(Department.path.startswith(path, autoescape=True), ReviewMeasure.at >= since)
    rows = db.session.execute(query.where(column.is_not(None)).group_by(column), bind_arguments=replica())
    return Counter({row[0]: row[1] for row in rows})
