"""统计: what a department and those below it received and decided in a span of months, and in whose hands it lay.

How things are counted:

- A submission counts in the month it was sent, under the department that handles it now; each resubmission counts too.
  A closed department handles nothing: its own report counts the submissions on which it has decided.
- A verdict counts in the month it was given, unless the officer took it back within the minute. A revoked approval
  stays an approval of its month; revocations are counted on their own.
- First-pass: of the declarations that got their very first verdict in the span, those that it approved.
- Days with the office: from a submission (or its 重新受理) to its verdict. Days with the applicant: from a return to
  the next submission. Calendar days, medians; what still waits is not in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.orm import aliased

from lib.clock import SHANGHAI
from lib.codes import MarkState
from lib.database.sql import hours_between, month_of
from lib.figures import median, share
from models import Decision, Declaration, Mark, ReturnReason, Revision, SecondLook, db, replica
from services.declaration import labels
from services.departments import matching
from services.departments.snapshot import DepartmentNode
from services.moves import VERDICTS
from services.reports import standing_decisions

MONTHS, MONTHS_AT_MOST = 12, 36
REASONS = 20
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])\Z")


class BadPeriod(ValueError):
    """The months are no span that can be counted; the message says what to choose."""


@dataclass(frozen=True)
class Period:
    """From the first to the last month, both included, as ``YYYY-MM``."""

    first: str
    last: str

    @cached_property
    def months(self) -> list[str]:
        begin, end = _number(self.first), _number(self.last)
        return [_month(number) for number in range(begin, end + 1)]

    @property
    def begins(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return _midnight(_month(_number(self.last) + 1))


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _midnight(month: str) -> datetime:
    return datetime.combine(date(int(month[:4]), int(month[5:]), 1), time(), SHANGHAI)


def period(first: str, last: str, today: date) -> Period:
    """What was asked for; an empty end is this month, an empty beginning a year before the end. Raises BadPeriod."""
    this_month = f"{today:%Y-%m}"
    last = last or this_month
    if not _MONTH.match(last) or (first and not _MONTH.match(first)) or min(first or last, last) < "2000-01":
        raise BadPeriod("请按 2026-11 的样子填写月份")
    first = first or _month(_number(last) - MONTHS + 1)
    if last > this_month:
        raise BadPeriod("结束月份不能晚于本月")
    if first > last:
        raise BadPeriod("开始月份不能晚于结束月份")
    if _number(last) - _number(first) >= MONTHS_AT_MOST:
        raise BadPeriod(f"一次最多统计 {MONTHS_AT_MOST} 个月，请缩短时间")
    return Period(first, last)


@dataclass
class Tally:
    """Counts of one row of a table. ``office``, ``applicant``: whole hours -> how often."""

    submitted: int = 0
    first_submitted: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    first_decided: int = 0
    first_passed: int = 0
    office: Counter[int] = field(default_factory=Counter)
    applicant: Counter[int] = field(default_factory=Counter)

    @property
    def decided(self) -> int:
        return self.verdicts.total()

    @property
    def pass_rate(self) -> float | None:
        return share(self.first_passed, self.first_decided)

    @property
    def office_days(self) -> float | None:
        return _days(self.office)

    @property
    def applicant_days(self) -> float | None:
        return _days(self.applicant)


def _days(hours: Counter[int]) -> float | None:
    middle = median(hours)
    return None if middle is None else middle / 24


@dataclass(frozen=True)
class DepartmentFigures:
    """A row of the table by department. ``code`` leads to its own statistics; empty for the department's own."""

    title: str
    code: str
    tally: Tally


@dataclass(frozen=True)
class Reason:
    """What was asked for at a question or paper, and how often."""

    target: str
    reason: str
    count: int


@dataclass(frozen=True)
class Report:
    """``made``: verdicts including those that were ``undone``. ``looked``: second looks answered in the span."""

    office: DepartmentNode
    period: Period
    total: Tally
    months: Sequence[tuple[str, Tally]]
    lines: Sequence[DepartmentFigures]
    reasons: Sequence[Reason]
    targets: Counter[str]  # marks by question or paper
    marks: int  # of all reasons, also those that are not listed
    made: int
    undone: int
    revoked: int
    looked: int
    disagreed: int

    @property
    def returns(self) -> int:
        """With revocations, which return a submission, too."""
        return self.total.verdicts["return"] + self.revoked

    @property
    def undo_rate(self) -> float | None:
        return share(self.undone, self.made)

    @property
    def disagreement_rate(self) -> float | None:
        return share(self.disagreed, self.looked)


def report(office: DepartmentNode, span: Period) -> Report:
    """Everything about one department with those below it. ``office`` has to be in the asker's scope."""
    below = matching.below(office)
    scope, tallies = _scope(office, below), _Tallies(office, below, span)
    _count_submissions(tallies, scope, span)
    _count_verdicts(tallies, scope, span)
    _count_corrections(tallies, scope, span)
    reasons, targets = _reasons(scope, span)
    verbs = _verbs(scope, span)
    looked, disagreed = _second_looks(scope, span)
    return Report(
        office=office,
        period=span,
        total=tallies.total,
        months=list(tallies.months.items()),
        lines=tallies.lines(),
        reasons=reasons,
        targets=targets,
        marks=targets.total(),
        made=sum(verbs[verb] for verb in VERDICTS),
        undone=verbs["undo"],
        revoked=verbs["revoke"],
        looked=looked,
        disagreed=disagreed,
    )


def _scope(office: DepartmentNode, below: Sequence[DepartmentNode]) -> ColumnElement[bool]:
    """What they handle now. A closed department handles nothing any more: what it has decided on."""
    ids = [department.id for department in below]
    if office.active:
        return Declaration.department_id.in_(ids)
    decided = select(Revision.declaration_id).join(Decision, Decision.revision_id == Revision.id)
    return Declaration.id.in_(decided.where(Decision.department_id.in_(ids)))


class _Tallies:
    """Where a counted row belongs: the total, its month, and the part of the office that it is of."""

    def __init__(self, office: DepartmentNode, below: Sequence[DepartmentNode], span: Period) -> None:
        self.total = Tally()
        self.months = {month: Tally() for month in span.months}
        self.office = office
        own, depth = office.path, office.path.count("/") + 1
        self._row = {row.id: row.path[len(own) :].split("/")[0] for row in below}
        self._titles = {row.code: row.title for row in below if row.path.count("/") == depth}
        self._closed = {row.code for row in below if not row.active}
        self._rows = {code: Tally() for code in ("", *self._titles)}

    def of(self, department_id: int, month: str) -> Iterator[Tally]:
        yield self.total
        yield self.months[month]
        yield self._rows[self._row.get(department_id, "")]

    def lines(self) -> list[DepartmentFigures]:
        """The department's own first; alone when it has none below. A closed one as long as it has figures."""
        rows = {code: tally for code, tally in self._rows.items() if code not in self._closed or tally != Tally()}
        own = f"{self.office.name}（本级）" if len(rows) > 1 else self.office.name
        return [DepartmentFigures(self._titles.get(code, own), code, tally) for code, tally in rows.items()]


def _within(column: Any, span: Period) -> Any:
    return and_(column >= span.begins, column < span.ends)


def grouped(query: Any, *keys: Any) -> Iterator[Row[Any]]:
    """The rows of a count by ``keys``, a few at a time: medians need every distinct number of hours."""
    found = query.with_only_columns(*keys, maintain_column_froms=True).subquery()
    counted = select(*found.c, func.count().label("n")).group_by(*found.c)
    rows: Iterator[Row[Any]] = db.session.execute(counted.execution_options(yield_per=1000), bind_arguments=replica())
    return rows


def _add(tallies: _Tallies, rows: Iterator[Row[Any]], count: Callable[[Tally, Row[Any]], None]) -> None:
    for row in rows:
        for tally in tallies.of(row.department_id, row.month):
            count(tally, row)


def _count_submissions(tallies: _Tallies, scope: Any, span: Period) -> None:
    query = select(Revision).join(Declaration, Declaration.id == Revision.declaration_id)
    query = query.where(scope, _within(Revision.submitted_at, span))
    month, first = month_of(Revision.submitted_at).label("month"), (Revision.number == 1).label("first")

    def count(tally: Tally, row: Row[Any]) -> None:
        tally.submitted += row.n
        tally.first_submitted += row.n if row.first else 0

    _add(tallies, grouped(query, Declaration.department_id, month, first), count)


def _verdicts(scope: Any, span: Period) -> Any:
    query = select(Decision).join(Revision, Revision.id == Decision.revision_id)
    query = query.join(Declaration, Declaration.id == Revision.declaration_id)
    return query.where(scope, _within(Decision.at, span))


def _count_verdicts(tallies: _Tallies, scope: Any, span: Period) -> None:
    again = aliased(Decision)
    reopened = select(func.max(again.at)).where(again.revision_id == Decision.revision_id, again.verb == "reopen")
    reopened = reopened.where(again.position < Decision.position)
    begin = func.coalesce(reopened.scalar_subquery(), Revision.submitted_at)
    keys = (
        *(Declaration.department_id, month_of(Decision.at).label("month"), Decision.verb),
        standing_decisions.is_first(Decision, Revision).label("first"),
        hours_between(begin, Decision.at).label("hours"),
    )

    def count(tally: Tally, row: Row[Any]) -> None:
        tally.verdicts[row.verb] += row.n
        tally.office[row.hours] += row.n
        if row.first:
            tally.first_decided += row.n
            tally.first_passed += row.n if row.verb == "approve" else 0

    query = _verdicts(scope, span).where(standing_decisions.stands(Decision))
    _add(tallies, grouped(query, *keys), count)


def _returned() -> Any:
    """A return that stands, or a revocation: what puts a submission into the applicant's hands."""
    return (Decision.verb == "revoke") | and_(Decision.verb == "return", standing_decisions.stands(Decision))


def _count_corrections(tallies: _Tallies, scope: Any, span: Period) -> None:
    new = aliased(Revision)
    follows = and_(new.declaration_id == Revision.declaration_id, new.number == Revision.number + 1)
    query = select(new).select_from(new).join(Revision, follows).join(Decision, Decision.revision_id == Revision.id)
    query = query.join(Declaration, Declaration.id == new.declaration_id)
    query = query.where(scope, _within(new.submitted_at, span), _returned())
    hours = hours_between(Decision.at, new.submitted_at).label("hours")

    def count(tally: Tally, row: Row[Any]) -> None:
        tally.applicant[row.hours] += row.n

    month = month_of(new.submitted_at).label("month")
    _add(tallies, grouped(query, Declaration.department_id, month, hours), count)


def returns(office: DepartmentNode, span: Period) -> Any:
    """A query of the decisions that returned a submission."""
    return _verdicts(_scope(office, matching.below(office)), span).where(_returned())


def marked(query: Any) -> Any:
    """The marks that went out with such decisions, beside them."""
    query = query.join(Mark, Mark.revision_id == Decision.revision_id)
    return query.where(Mark.state != MarkState.DRAFT)


def _reasons(scope: Any, span: Period) -> tuple[list[Reason], Counter[str]]:
    """The most frequent reasons by question or paper, and how many marks each has. No word of an officer's own."""
    query = marked(_verdicts(scope, span).where(_returned()))
    query = query.outerjoin(ReturnReason, ReturnReason.code == Mark.reason_code)
    rows = list(grouped(query, Mark.target, ReturnReason.title))
    targets = Counter[str]()
    for row in rows:
        targets[row.target] += row.n
    found = [Reason(labels.full(row.target), row.title or "其他（审核人员填写）", row.n) for row in rows]
    found.sort(key=lambda reason: (-reason.count, reason.target, reason.reason))
    return found[:REASONS], targets


def _verbs(scope: Any, span: Period) -> Counter[str]:
    rows = grouped(_verdicts(scope, span), Decision.verb)
    return Counter({row.verb: row.n for row in rows})


def _second_looks(scope: Any, span: Period) -> tuple[int, int]:
    """Answered, and of these those that did not agree."""
    query = select(SecondLook).join(Declaration, Declaration.id == SecondLook.declaration_id)
    rows = grouped(query.where(scope, _within(SecondLook.answered_at, span)), SecondLook.agreed)
    counts = Counter({row.agreed: row.n for row in rows})
    return counts.total(), counts[False]
