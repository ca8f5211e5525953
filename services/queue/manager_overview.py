"""部门概览 for the manager: what is open, overdue and due soon below, who holds how much, what waits for an answer.

It helps to share out the work. Officers are listed by name, with counts of today only and no times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import Claim, Decision, Department, QueueCount, QueueItem, SecondLook, Staff, Transfer, db
from services.access import OFFICERS, Actor
from services.departments.snapshot import DepartmentNode
from services.queue import listing as queue_listing
from services.queue.filters import ITSELF, OFFICE_TURN, Days, Filters
from services.queue.forecast import Forecast, forecast
from services.queue.rows import OfficerView, QueueRow
from services.reports import review_times, standing_decisions

OVERDUE_AT_MOST, WAITING_AT_MOST = 10, 50


@dataclass
class DepartmentWorkload:
    """One row by department. ``filter``: what leads to it in the list."""

    title: str
    filter: str
    open: int = 0
    overdue: int = 0
    soon: int = 0

    def add(self, other: DepartmentWorkload, sign: int) -> None:
        self.open += sign * other.open
        self.overdue += sign * other.overdue
        self.soon += sign * other.soon


@dataclass(frozen=True)
class OfficerWorkload:
    """``held``: submissions in hand now. ``decided``: verdicts of today that stand."""

    uid: str
    name: str
    office: str
    held: int
    overdue: int  # of those in hand
    decided: int
    absent_until: date | None


@dataclass(frozen=True)
class Waiting:
    """A transfer or a second look without an answer. ``to``: who has to answer."""

    uid: str
    number: str
    by: str
    to: str
    at: datetime


@dataclass(frozen=True)
class Overview:
    total: DepartmentWorkload
    standings: Sequence[DepartmentWorkload]
    officers: Sequence[OfficerWorkload]
    overdue: Sequence[QueueRow]
    transfers: Sequence[Waiting]
    second_looks: Sequence[Waiting]
    times: review_times.ReviewTimes
    forecast: Forecast


def overview(actor: Actor) -> Overview:
    view = OfficerView(actor)
    total, standings = _standings(view)
    overdue = queue_listing.listing(actor, Filters(lane="overdue")).lines if total.overdue else ()
    return Overview(
        total=total,
        standings=standings,
        officers=_officers(view),
        overdue=overdue[:OVERDUE_AT_MOST],
        transfers=_transfers(view),
        second_looks=_second_looks(view),
        times=review_times.office(actor.path, view.now),
        forecast=forecast(actor, total.open),
    )


def workload(actor: Actor) -> DepartmentWorkload:
    """Of the department and those below it, in one row."""
    return _standings(OfficerView(actor))[0]


def _standings(view: OfficerView) -> tuple[DepartmentWorkload, list[DepartmentWorkload]]:
    """The counters of the department and of those directly below it; what is left is the department's own."""
    own = view.tree.by_id[view.actor.department_id]
    below = [office for office in view.scope if office.active and _is_child(office, own)]
    rows = {office.id: DepartmentWorkload(office.name, office.code) for office in (own, *below)}
    counted = select(QueueCount.department_id, QueueCount.due_on, func.sum(QueueCount.n).label("n"))
    counted = counted.where(QueueCount.department_id.in_(rows), QueueCount.status.in_(OFFICE_TURN))
    for row in db.session.execute(counted.group_by(QueueCount.department_id, QueueCount.due_on)):
        _count(rows[row.department_id], row, view.days)
    total = rows.pop(own.id)
    alone = DepartmentWorkload(f"{own.name}（本级）", own.code + ITSELF)
    for sign, part in ((1, total), *((-1, part) for part in rows.values())):
        alone.add(part, sign)
    return total, [alone, *rows.values()] if below else []


def _is_child(office: DepartmentNode, own: DepartmentNode) -> bool:
    return office.path.startswith(own.path) and office.path.removeprefix(own.path).count("/") == 1


def _count(standing: DepartmentWorkload, row: Any, days: Days) -> None:
    standing.open += row.n
    standing.overdue += row.n if days.is_overdue(row.due_on) else 0
    standing.soon += row.n if days.is_soon(row.due_on) else 0


def _officers(view: OfficerView) -> list[OfficerWorkload]:
    """Those of the scope who have something in hand or decided something today, and all of the own department."""
    held = _per_officer(select(Claim.staff_id, func.count()).where(Claim.expires_at > view.now), Claim.staff_id)
    overdue = select(Claim.staff_id, func.count()).join(QueueItem, QueueItem.declaration_id == Claim.declaration_id)
    overdue = overdue.where(Claim.expires_at > view.now, QueueItem.due_on < view.days.today)
    late = _per_officer(overdue, Claim.staff_id)
    day, _month = review_times.beginnings(view.now)
    verdicts = select(Decision.staff_id, func.count()).where(Decision.at >= day, standing_decisions.stands(Decision))
    done = _per_officer(verdicts, Decision.staff_id)
    own = Staff.active & (Staff.department_id == view.actor.department_id)
    query = select(Staff).where(Staff.role.in_(OFFICERS), own | Staff.id.in_({*held, *done}))
    people = db.session.scalars(query.order_by(Staff.name, Staff.id))
    found = [person for person in people if person.department_id in view.office_ids]
    names = view.tree.by_id
    return [
        OfficerWorkload(
            *(person.uid, person.name, names[person.department_id].name),
            *(held[person.id], late[person.id], done[person.id]),
            person.absent_until if person.absent_until and person.absent_until >= view.days.today else None,
        )
        for person in found
    ]


def _per_officer(query: Any, whose: Any) -> Counter[int]:
    return Counter({row[0]: row[1] for row in db.session.execute(query.group_by(whose))})


def _transfers(view: OfficerView) -> list[Waiting]:
    """Offered to or by a department of the scope, the oldest first."""
    giver, taker = aliased(Department), aliased(Department)
    query = select(QueueItem.uid, QueueItem.number, giver.name.label("by"), taker.name.label("to"), Transfer.at)
    query = query.join(Transfer, Transfer.declaration_id == QueueItem.declaration_id)
    query = query.join(giver, giver.id == Transfer.from_department_id)
    query = query.join(taker, taker.id == Transfer.to_department_id)
    ours = giver.id.in_(view.office_ids) | taker.id.in_(view.office_ids)
    return _waiting(view, query.where(Transfer.answered_at.is_(None), ours).order_by(Transfer.at))


def _second_looks(view: OfficerView) -> list[Waiting]:
    query = select(QueueItem.uid, QueueItem.number, Staff.name.label("by"), Department.name.label("to"), SecondLook.at)
    query = query.join(SecondLook, SecondLook.declaration_id == QueueItem.declaration_id)
    query = query.join(Staff, Staff.id == SecondLook.staff_id)
    query = query.join(Department, Department.id == QueueItem.department_id)
    ours = SecondLook.answered_at.is_(None), QueueItem.department_id.in_(view.office_ids)
    return _waiting(view, query.where(*ours).order_by(SecondLook.at))


def _waiting(view: OfficerView, query: Any) -> list[Waiting]:
    if view.own_account is not None:
        query = query.where(QueueItem.account_id != view.own_account)
    return [Waiting(*row) for row in db.session.execute(query.limit(WAITING_AT_MOST))]
