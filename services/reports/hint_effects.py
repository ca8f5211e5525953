"""退回最多的内容: how often a question or paper is sent back, and whether a new 填写提示 has changed that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_

from lib.figures import share
from models import Decision, Mark
from services.declaration import labels
from services.departments.snapshot import DepartmentNode, OfficeHint
from services.reports import statistics
from services.reports.statistics import Period, Report
from services.site import hints

SHOWN = 10


@dataclass(frozen=True)
class OftenReturned:
    """``share``: of all returns; ``before``, ``after``: of those before the hint was in force, and since."""

    target: str
    title: str
    count: int
    share: float | None
    hint: OfficeHint | None
    before: float | None = None
    after: float | None = None


def often_returned(office: DepartmentNode, report: Report) -> list[OftenReturned]:
    """The questions and papers with the most marks of the span."""
    most = [(target, count) for target, count in report.targets.most_common() if hints.may_have_one(target)][:SHOWN]
    said = hints.in_force(office.code)
    told = {target: said[target] for target, _count in most if target in said}
    shares = _shares(office, report.period, {target: hint.starts_at for target, hint in told.items()})
    return [
        OftenReturned(
            *(target, labels.full(target), count, share(count, report.returns), told.get(target)),
            *shares.get(target, ()),
        )
        for target, count in most
    ]


def _shares(
    office: DepartmentNode, span: Period, starts: Mapping[str, datetime]
) -> dict[str, tuple[float | None, float | None]]:
    """By target: of the returns before its hint was in force, and of those since, the part with a mark there."""
    if not starts:
        return {}
    all_returns, marks = _returns(office, span, starts), _marks(office, span, starts)
    return {
        target: (
            share(marks[target, False], all_returns[target, False]),
            share(marks[target, True], all_returns[target, True]),
        )
        for target in starts
    }


def _returns(office: DepartmentNode, span: Period, starts: Mapping[str, datetime]) -> Counter[tuple[str, bool]]:
    """All returns, by target: (before, since)."""
    since = [(Decision.at >= start).label(f"since_{at}") for at, start in enumerate(starts.values())]
    counted = Counter[tuple[str, bool]]()
    for row in statistics.grouped(statistics.returns(office, span), *since):
        for target, is_since in zip(starts, row, strict=False):
            counted[target, bool(is_since)] += row.n
    return counted


def _marks(office: DepartmentNode, span: Period, starts: Mapping[str, datetime]) -> Counter[tuple[str, bool]]:
    query = statistics.marked(statistics.returns(office, span)).where(Mark.target.in_(starts))
    since = or_(*(and_(Mark.target == target, Decision.at >= start) for target, start in starts.items()))
    rows = statistics.grouped(query, Mark.target, since.label("since"))
    return Counter({(row.target, bool(row.since)): row.n for row in rows})
