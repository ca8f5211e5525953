"""How long the open work takes at the pace of the last weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from sqlalchemy import func, select

from lib.database import utcnow
from models import Decision, Revision, db, replica
from services.access import Actor
from services.departments import tree
from services.moves import VERDICTS
from services.reports import standing_decisions

WEEKS, WORKING_DAYS = 4, 5


@dataclass(frozen=True)
class Forecast:
    """Of one week on the average: ``arrived``, ``decided``. ``open``: now."""

    arrived: float
    decided: float
    open: int

    @property
    def days(self) -> int | None:
        """Working days for what is open now; None while nothing is decided."""
        return ceil(self.open / self.decided * WORKING_DAYS) if self.decided else None

    @property
    def in_four_weeks(self) -> int:
        """What is open then, when nothing changes."""
        return max(0, round(self.open + WEEKS * (self.arrived - self.decided)))


def forecast(actor: Actor, open_now: int) -> Forecast:
    since, offices = utcnow() - timedelta(weeks=WEEKS), sorted(tree.load().ids_under(actor.path))
    arrived = select(func.count()).where(Revision.submitted_at >= since, Revision.department_id.in_(offices))
    decided = select(func.count()).select_from(Decision).where(Decision.at >= since)
    decided = decided.where(Decision.department_id.in_(offices), Decision.verb.in_(VERDICTS))
    decided = decided.where(standing_decisions.stands(Decision))
    return Forecast(
        _count(arrived) / WEEKS, _count(decided) / WEEKS, int(open_now)
    )  # PostgreSQL adds counters up to a Decimal


def _count(query: Any) -> int:
    return db.session.scalar(query, bind_arguments=replica()) or 0
