"""What the officers' list is read from: the scope as ranges of QueueItem, and rows as lines of the page.

Nothing is decrypted. Beside QueueItem, a page looks up by primary key who holds what is in review and what waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache, partial
from itertools import repeat
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Date, Select, bindparam, func, literal, select, true, union_all

from lib.clock import SHANGHAI, today
from lib.codes import DepartmentKind, Kind, QualificationLevel, Status
from lib.database import Prebuilt, UTCDateTime, utcnow
from lib.workdays import Calendar, add_workdays, workdays_between
from models import Account, Claim, Department, QueueItem, SecondLook, Staff, Transfer, db
from services.access import OFFICERS, Actor
from services.declaration import deadlines
from services.departments import snapshot
from services.departments import tree as department_tree
from services.departments.snapshot import DepartmentNode, ReferenceData
from services.queue.filters import ITSELF, OFFICE_TURN, Days

QUALIFICATIONS = QualificationLevel.choices()
SUBMITTED, IN_REVIEW = OFFICE_TURN  # asked for line by line: the class looks for its members each time
LAPSED_AT_MOST = 200  # flask tick writes lapsed claims down every minute
_NO_CLOCK = (None, False, False)
_NO_HANDS: tuple[Iterable[Any], ...] = (repeat(""), repeat(False), repeat(""))

#: What a line is made of, and what filters ask for.
COLUMNS: tuple[Any, ...] = (
    *(QueueItem.declaration_id, QueueItem.uid, QueueItem.number, QueueItem.account_id, QueueItem.department_id),
    *(QueueItem.status, QueueItem.kind, QueueItem.due_on, QueueItem.due_estimated, QueueItem.times, QueueItem.name),
    *(QueueItem.employer, QueueItem.masked_number, QueueItem.submitted_at, QueueItem.reminders, QueueItem.returned_by),
    QueueItem.qualification,
)


class QueueRow(NamedTuple):
    """One submission in the list. ``days_left`` is None while no clock runs for the office, negative once overdue.

    ``waits``: what it waits for while no one holds it. ``kept_for``: who returned it before, while it is to be taken.
    ``sent``: in Shanghai.
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
    sent: datetime
    reminders: int
    holder: str
    mine: bool
    waits: str
    kept_for: str
    qualification: str


_made: Callable[[tuple[Any, ...]], QueueRow] = partial(tuple.__new__, QueueRow)  # QueueRow._make takes twice as long


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


#: The kinds of ranges: the whole province, a city, one department.
Level = Literal["all", "city", "office"]


class Place(NamedTuple):
    """A part of the scope that is one range of an index. ``id``: of the department, 0 for all."""

    level: Level
    id: int = 0


def at_place(table: Any, level: Level) -> ColumnElement[bool]:
    """The condition of a range; the department is the parameter ``place_id``."""
    if level == "all":
        return true()
    here: ColumnElement[bool] = (table.city_id if level == "city" else table.department_id) == bindparam("place_id")
    return here


_NOW = bindparam("now", type_=UTCDateTime)
_WAITS_SECOND = select(SecondLook.id).where(
    SecondLook.declaration_id == QueueItem.declaration_id, SecondLook.answered_at.is_(None)
)
_WAITS_TRANSFER = select(Transfer.id).where(
    Transfer.declaration_id == QueueItem.declaration_id, Transfer.answered_at.is_(None)
)


def _lane(name: str) -> Select[Any]:
    return select(*COLUMNS, literal(name).label("lane")).select_from(QueueItem)


def _below(department_id: Any) -> ColumnElement[bool]:
    """By an expression: the index of claims or transfers is the one to read, not that of departments."""
    office = select(Department.id).where(Department.id == func.coalesce(department_id, 0))
    return office.where(Department.path.startswith(bindparam("path"))).exists()


def _short_lists() -> Any:
    mine = _lane("mine").join(Claim, Claim.declaration_id == QueueItem.declaration_id)
    mine = mine.where(Claim.staff_id == bindparam("staff_id"), Claim.expires_at > _NOW)
    incoming = _lane("incoming").join(Transfer, Transfer.declaration_id == QueueItem.declaration_id)
    incoming = incoming.where(Transfer.answered_at.is_(None), _below(Transfer.to_department_id))
    second = _lane("second").join(SecondLook, SecondLook.declaration_id == QueueItem.declaration_id)
    second = second.where(SecondLook.answered_at.is_(None), SecondLook.staff_id != bindparam("staff_id"))
    lapsed = _lane("lapsed").join(Claim, Claim.declaration_id == QueueItem.declaration_id)
    lapsed = lapsed.where(Claim.expires_at <= _NOW)
    lapsed = lapsed.where(_below(QueueItem.department_id), ~_WAITS_SECOND.exists(), ~_WAITS_TRANSFER.exists())
    oldest = lapsed.order_by(Claim.expires_at).limit(LAPSED_AT_MOST).subquery()
    return union_all(mine, incoming, second, select(oldest))


_SHORT_LISTS = Prebuilt(_short_lists())


def _in_hand() -> Any:
    """Who holds these submissions, and what they wait for."""
    these: Any = bindparam("these", expanding=True)
    held = select(Claim.declaration_id, Claim.staff_id, Staff.name, literal("held").label("way"))
    held = held.join(Staff, Staff.id == Claim.staff_id).where(Claim.declaration_id.in_(these), Claim.expires_at > _NOW)
    second = select(SecondLook.declaration_id, SecondLook.staff_id, literal(""), literal("second"))
    second = second.where(SecondLook.answered_at.is_(None), SecondLook.declaration_id.in_(these))
    offered = select(Transfer.declaration_id, Transfer.to_department_id, literal(""), literal("offered"))
    return union_all(held, second, offered.where(Transfer.answered_at.is_(None), Transfer.declaration_id.in_(these)))


_IN_HAND = Prebuilt(_in_hand())
#: Of these officers those in office: none that has left or is away.
_OFFICERS = Prebuilt(
    select(Staff.id, Staff.department_id, Staff.name)
    .where(Staff.id.in_(bindparam("officers", expanding=True)), Staff.active, Staff.role.in_(OFFICERS))
    .where(Staff.absent_until.is_(None) | (Staff.absent_until < bindparam("day", type_=Date)))
)
_ROWS = Prebuilt(select(*COLUMNS).where(QueueItem.declaration_id.in_(bindparam("these", expanding=True))))
#: The active one, if there is a frozen one of the same number: codes are in this order.
_OWN_ACCOUNT = Prebuilt(
    select(Account.id).where(Account.id_index == bindparam("id_index")).order_by(Account.state).limit(1)
)


class OfficerView:
    """One officer's look at the list, now."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.now = utcnow()
        self.tree = department_tree.load()
        self.calendar = deadlines.calendar()
        day = today()
        self.days = Days(day, add_workdays(day, deadlines.SOON + 1, self.calendar) - timedelta(days=1))

    @property
    def scope(self) -> Sequence[DepartmentNode]:
        """The officer's department and those below it."""
        return self.tree.under(self.actor.path)

    @property
    def office_ids(self) -> frozenset[int]:
        return self.tree.ids_under(self.actor.path)

    @cached_property
    def own_account(self) -> int | None:
        """The officer's own account: officers never see their own file."""
        if not self.actor.id_index:
            return None
        found = _OWN_ACCOUNT.first(db.session, id_index=self.actor.id_index)
        return found.id if found else None

    def is_anothers(self, row: Any) -> bool:
        return bool(row.account_id != self.own_account)

    def may_see(self, row: Any) -> bool:
        return row.department_id in self.office_ids and self.is_anothers(row)

    def places(self, department: str = "") -> list[Place]:
        """The scope, or the part of it that ``department`` names, as ranges of an index."""
        top = self._top(department)
        if top is None:
            return []
        if not department.endswith(ITSELF) and top.kind == DepartmentKind.PROVINCE:
            return [Place("all")]
        if not department.endswith(ITSELF) and top.kind == DepartmentKind.CITY:
            return [Place("city", top.id)]
        return [Place("office", office_id) for office_id in self.chosen(department)]

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
    def _short_lists(self) -> dict[str, list[Any]]:
        """In the officer's hands; offered to the scope; waiting for a second officer; and claims that are over."""
        found: dict[str, list[Any]] = {"mine": [], "incoming": [], "second": [], "lapsed": []}
        whose = {"staff_id": self.actor.id, "path": self.actor.path, "now": self.now}
        for row in _SHORT_LISTS.rows(db.session, **whose):
            found[row.lane].append(row)
        return found

    @cached_property
    def lapsed(self) -> dict[int, Any]:
        """What stands 审核中 in its row but counts as 待审核: the claim is over, and nothing waits for an answer."""
        rows = self._short_lists["lapsed"]
        return {row.declaration_id: row for row in rows if row.status == Status.IN_REVIEW and self.is_anothers(row)}

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
        return _ROWS.rows(db.session, these=list(declaration_ids)) if declaration_ids else ()

    # --- lines -----------------------------------------------------------------------------------

    def lines(self, rows: Sequence[Any]) -> list[QueueRow]:
        """Column by column: fifty rows cost a third less than one by one."""
        if not rows:
            return []
        which, uid, number, _, office, kept, kind, due_on, estimated, times, *more = zip(*rows, strict=False)
        name, employer, masked, submitted, reminders, returned, level, *_ = more
        keepers = self._keepers(rows) if any(returned) else dict[int, str]()
        status, hands = self._in_hand(which, kept) if IN_REVIEW in kept else (kept, _NO_HANDS)
        clocks = [self._clocks[on] if its in OFFICE_TURN else _NO_CLOCK for on, its in zip(due_on, status, strict=True)]
        departments = self.tree.by_id
        columns: tuple[Iterable[Any], ...] = (
            *(uid, number, name, masked, kind, times, status, employer, [departments[one].name for one in office]),
            *(due_on, estimated),
            *zip(*clocks, strict=True),
            *([moment.astimezone(SHANGHAI) for moment in submitted], reminders),
            *hands,
            [keepers.get(one, "") if its == SUBMITTED else "" for one, its in zip(which, status, strict=True)],
            [QUALIFICATIONS.get(one, "") if one else "" for one in level],
        )
        return list(map(_made, zip(*columns, strict=False)))

    def _in_hand(
        self, which: Sequence[int], kept: Sequence[Status]
    ) -> tuple[Sequence[Status], tuple[Iterable[Any], ...]]:
        """The states of these submissions, claims that are over left out. And of each: who holds it, whether that is
        the reader, what it waits for."""
        these = [one for one, status in zip(which, kept, strict=True) if status == IN_REVIEW]
        holders: dict[int, tuple[int, str]] = {}
        waiting: dict[int, str] = {}
        for one, number, name, way in _IN_HAND.rows(db.session, these=these, now=self.now):
            if way == "held":
                holders[one] = number, name
            else:
                waiting[one] = "待复核" if way == "second" else f"待{self.tree.by_id[number].name}答复"
        lapsed = set(these) - holders.keys() - waiting.keys()
        held = [holders.get(one, (0, "")) for one in which]
        return [SUBMITTED if one in lapsed else its for one, its in zip(which, kept, strict=True)], (
            *([name for _, name in held], [holder_id == self.actor.id for holder_id, _ in held]),
            [waiting.get(one, "") for one in which],
        )

    def _keepers(self, rows: Sequence[Any]) -> dict[int, str]:
        """The keepers of those that are the office's turn; all officers are looked up at once."""
        returned = [row for row in rows if row.returned_by and row.status in OFFICE_TURN]
        self._learn([row.returned_by for row in returned])
        return {row.declaration_id: self.keeper(row) for row in returned}

    def keeper(self, row: Any) -> str:
        """The officer who returned it before and is still in charge of it, "我" for the reader, "" for no one."""
        if not row.returned_by:
            return ""
        self._learn([row.returned_by])
        name, path = self._officers[row.returned_by]
        in_charge = path and self.tree.by_id[row.department_id].path.startswith(path)
        return ("我" if row.returned_by == self.actor.id else name) if in_charge else ""

    def _learn(self, staff_ids: Iterable[int]) -> None:
        """Look up the officers that are not known yet."""
        if unknown := set(staff_ids) - self._officers.keys():
            self._officers.update(dict.fromkeys(unknown, ("", "")))
            for row in _OFFICERS.rows(db.session, officers=list(unknown), day=self.days.today):
                self._officers[row.id] = row.name, self.tree.by_id[row.department_id].path

    @cached_property
    def _officers(self) -> dict[int, tuple[str, str]]:
        """Name and path of the department, nothing of those who have left."""
        return {}

    @cached_property
    def _clocks(self) -> _Clocks:
        return _clocks(self.days, snapshot.current())


class _Clocks(dict[date, tuple[int, bool, bool]]):
    """Of a due date: working days left, and whether that is overdue or soon. Each is counted once."""

    def __init__(self, days: Days, calendar: Calendar) -> None:
        self.days, self.calendar = days, calendar

    def __missing__(self, due_on: date) -> tuple[int, bool, bool]:
        left = workdays_between(self.days.today, due_on, self.calendar)
        clock = self[due_on] = left, self.days.is_overdue(due_on), self.days.is_soon(due_on)
        return clock


@lru_cache(maxsize=4)
def _clocks(days: Days, reference: ReferenceData) -> _Clocks:
    """Kept for the day, as long as the calendar is the same: a page has a dozen due dates, each counted day by day."""
    return _Clocks(days, reference.calendar)
