"""What the officers' list is read from: the scope as ranges of QueueItem, and rows as lines of the page.

Nothing is decrypted. Beside QueueItem, a page looks up by primary key who holds what is in review and what waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, true, union_all

from lib.clock import today
from lib.codes import DepartmentKind, Kind, Status
from lib.database import utcnow
from lib.workdays import add_workdays, workdays_between
from models import Account, Claim, QueueItem, SecondLook, Staff, Transfer, db
from services.access import OFFICERS, Actor
from services.declaration import deadlines
from services.departments import tree as department_tree
from services.departments.snapshot import DepartmentNode
from services.queue.filters import ITSELF, OFFICE_TURN, Days

LAPSED_AT_MOST = 200  # flask tick writes lapsed claims down every minute

#: What a line is made of, and what filters ask for.
COLUMNS: tuple[Any, ...] = (
    *(QueueItem.declaration_id, QueueItem.uid, QueueItem.number, QueueItem.account_id, QueueItem.department_id),
    *(QueueItem.status, QueueItem.kind, QueueItem.due_on, QueueItem.due_estimated, QueueItem.times, QueueItem.name),
    *(QueueItem.employer, QueueItem.masked_number, QueueItem.submitted_at, QueueItem.reminders, QueueItem.returned_by),
)


@dataclass(frozen=True)
class QueueRow:
    """One submission in the list. ``days_left`` is None while no clock runs for the office, negative once overdue.

    ``waits``: what it waits for while no one holds it. ``kept_for``: who returned it before, while it is to be taken.
    """

    uid: str
    number: str
    name: str
    masked_number: str
    kind: Kind
    times: int  # how often it was submitted
    status: Status
    employer: str
    department: str
    due_on: date
    estimated: bool
    days_left: int | None
    overdue: bool
    soon: bool
    submitted_at: datetime
    reminders: int
    holder: str
    mine: bool
    waits: str
    kept_for: str


@dataclass(frozen=True)
class QueuePage:
    """``after`` and ``before`` lead to the next and the previous page; empty where there is none.

    ``unfinished``: the page looked at as many rows as it may, ``after`` goes on from there. ``more``: a search found
    more than it shows.
    """

    lines: Sequence[QueueRow]
    after: str = ""
    before: str = ""
    unfinished: bool = False
    more: bool = False


class OfficerView:
    """One officer's look at the list, now."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.now = utcnow()
        self.tree = department_tree.load()
        self.calendar = deadlines.calendar()
        soon_until = add_workdays(today(), deadlines.SOON + 1, self.calendar) - timedelta(days=1)
        self.days = Days(today(), soon_until)

    @cached_property
    def scope(self) -> list[DepartmentNode]:
        """The officer's department and those below it."""
        return self.tree.under(self.actor.path)

    @cached_property
    def office_ids(self) -> frozenset[int]:
        return frozenset(office.id for office in self.scope)

    @cached_property
    def own_account(self) -> int | None:
        """The officer's own account: officers never see their own file."""
        if not self.actor.id_index:
            return None
        return db.session.scalar(select(Account.id).where(Account.id_index == self.actor.id_index))

    def is_anothers(self, row: Any) -> bool:
        return bool(row.account_id != self.own_account)

    def may_see(self, row: Any) -> bool:
        return row.department_id in self.office_ids and self.is_anothers(row)

    def places(self, department: str = "", table: Any = QueueItem) -> list[ColumnElement[bool]]:
        """The scope, or the part of it that ``department`` names, as conditions that are one range of an index each."""
        top = self._top(department)
        if top is None:
            return []
        if not department.endswith(ITSELF) and top.kind == DepartmentKind.PROVINCE:
            return [true()]
        if not department.endswith(ITSELF) and top.kind == DepartmentKind.CITY:
            return [table.city_id == top.id]
        return [table.department_id == office_id for office_id in self.chosen(department)]

    def chosen(self, department: str) -> list[int]:
        """The departments that the filter names: none, when it is not in the scope."""
        top = self._top(department)
        if top is None or department.endswith(ITSELF):
            return [top.id] if top else []
        return [office.id for office in self.tree.under(top.path)]

    def _top(self, department: str) -> DepartmentNode | None:
        if not department:
            return self.tree.by_id.get(self.actor.department_id)
        found = self.tree.by_code.get(department.removesuffix(ITSELF))
        return found if found and found.id in self.office_ids else None

    # --- short lists -----------------------------------------------------------------------------

    @cached_property
    def lapsed(self) -> dict[int, Any]:
        """What stands 审核中 in its row but counts as 待审核: the claim is over, and nothing waits for an answer."""
        query = select(*COLUMNS).join(Claim, Claim.declaration_id == QueueItem.declaration_id)
        # by an expression: the index of claims is the one to read, not that of departments
        mine = func.coalesce(QueueItem.department_id, 0).in_(sorted(self.office_ids))
        query = query.where(Claim.expires_at <= self.now, mine).order_by(Claim.expires_at).limit(LAPSED_AT_MOST)
        rows = [row for row in db.session.execute(query) if row.status == Status.IN_REVIEW and self.is_anothers(row)]
        waiting = self.waiting([row.declaration_id for row in rows])
        return {row.declaration_id: row for row in rows if row.declaration_id not in waiting}

    @cached_property
    def _short_lists(self) -> dict[str, list[Any]]:
        """What the officer has in hand, what is offered to the scope, and what waits for a second officer."""
        mine = _lane("mine").join(Claim, Claim.declaration_id == QueueItem.declaration_id)
        mine = mine.where(Claim.staff_id == self.actor.id, Claim.expires_at > self.now)
        incoming = _lane("incoming").join(Transfer, Transfer.declaration_id == QueueItem.declaration_id)
        incoming = incoming.where(Transfer.answered_at.is_(None), Transfer.to_department_id.in_(self.office_ids))
        second = _lane("second").join(SecondLook, SecondLook.declaration_id == QueueItem.declaration_id)
        second = second.where(SecondLook.answered_at.is_(None), SecondLook.staff_id != self.actor.id)
        found: dict[str, list[Any]] = {"mine": [], "incoming": [], "second": []}
        for row in db.session.execute(union_all(mine, incoming, second)):
            found[row.lane].append(row)
        return found

    def mine(self) -> list[Any]:
        rows = self._short_lists["mine"]
        return [row for row in rows if row.status == Status.IN_REVIEW and self.may_see(row)]

    def incoming(self) -> list[Any]:
        """Offered by another department to one of the scope, and not answered yet."""
        return list(filter(self.is_anothers, self._short_lists["incoming"]))

    def second(self) -> list[Any]:
        """Approvals of colleagues that wait for a second officer."""
        return list(filter(self.may_see, self._short_lists["second"]))

    def rows(self, declaration_ids: Collection[int]) -> Sequence[Any]:
        if not declaration_ids:
            return ()
        return db.session.execute(select(*COLUMNS).where(QueueItem.declaration_id.in_(declaration_ids))).all()

    def waiting(self, declaration_ids: Collection[int]) -> dict[int, str]:
        """Which of these wait for an answer, and for which."""
        if not declaration_ids:
            return {}
        second = select(SecondLook.declaration_id).where(SecondLook.answered_at.is_(None))
        transfer = select(Transfer.declaration_id, Transfer.to_department_id).where(Transfer.answered_at.is_(None))
        found = dict.fromkeys(
            db.session.scalars(second.where(SecondLook.declaration_id.in_(declaration_ids))), "待复核"
        )
        for which, office_id in db.session.execute(transfer.where(Transfer.declaration_id.in_(declaration_ids))):
            found[which] = f"待{self.tree.by_id[office_id].name}答复"
        return found

    # --- lines -----------------------------------------------------------------------------------

    def lines(self, rows: Sequence[Any]) -> list[QueueRow]:
        in_review = [row.declaration_id for row in rows if row.status == Status.IN_REVIEW]
        holders, waiting = self._holders(in_review), self.waiting(in_review)
        self._learn({row.returned_by for row in rows if row.status in OFFICE_TURN})
        return [self._line(row, holders, waiting) for row in rows]

    def _holders(self, declaration_ids: Collection[int]) -> dict[int, tuple[int, str]]:
        if not declaration_ids:
            return {}
        query = select(Claim.declaration_id, Claim.staff_id, Staff.name).join(Staff, Staff.id == Claim.staff_id)
        query = query.where(Claim.declaration_id.in_(declaration_ids), Claim.expires_at > self.now)
        return {which: (staff_id, name) for which, staff_id, name in db.session.execute(query)}

    def keeper(self, row: Any) -> str:
        """The officer who returned it before and is still in charge of it, "我" for the reader, "" for no one."""
        self._learn({row.returned_by})
        name, path = self._officers.get(row.returned_by, ("", ""))
        in_charge = path and self.tree.by_id[row.department_id].path.startswith(path)
        return ("我" if row.returned_by == self.actor.id else name) if in_charge else ""

    def _learn(self, staff_ids: Collection[int | None]) -> None:
        """Look up officers: name and path of the department, nothing of those who have left."""
        unknown = {which for which in staff_ids if which} - self._officers.keys()
        if not unknown:
            return
        self._officers.update(dict.fromkeys(unknown, ("", "")))
        query = select(Staff.id, Staff.name, Staff.department_id).where(Staff.id.in_(unknown))
        for which, name, office_id in db.session.execute(query.where(Staff.active, Staff.role.in_(OFFICERS))):
            self._officers[which] = (name, self.tree.by_id[office_id].path)

    @cached_property
    def _officers(self) -> dict[int, tuple[str, str]]:
        return {}

    def _line(self, row: Any, holders: Mapping[int, tuple[int, str]], waiting: Mapping[int, str]) -> QueueRow:
        which = row.declaration_id
        holder_id, holder = holders.get(which, (0, ""))
        lapsed = row.status == Status.IN_REVIEW and not holder and which not in waiting
        status = Status.SUBMITTED if lapsed else row.status
        left = self._days_left(row.due_on) if row.status in OFFICE_TURN else None
        return QueueRow(
            **{name: getattr(row, name) for name in _COPIED},
            status=status,
            department=self.tree.by_id[row.department_id].name,
            estimated=row.due_estimated,
            days_left=left,
            overdue=left is not None and self.days.is_overdue(row.due_on),
            soon=left is not None and self.days.is_soon(row.due_on),
            holder=holder,
            mine=holder_id == self.actor.id,
            waits=waiting.get(which, ""),
            kept_for=self.keeper(row) if status == Status.SUBMITTED else "",
        )

    def _days_left(self, due_on: date) -> int:
        if due_on not in self._left:
            self._left[due_on] = workdays_between(self.days.today, due_on, self.calendar)
        return self._left[due_on]

    @cached_property
    def _left(self) -> dict[date, int]:
        return {}


_COPIED = "uid number name masked_number kind times employer due_on submitted_at reminders".split()


def _lane(name: str) -> Select[Any]:
    return select(literal(name).label("lane"), *COLUMNS).select_from(QueueItem)
