"""Records and states of declarations as another system reads them; what is outside its scope is not found.

``FIELDS`` is the one list of what a record shows: the answers and the OpenAPI document are made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from lib.codes import ApiScope, ClosingReason, DepartmentKind, IdType, QualificationLevel, Status
from lib.database import Prebuilt, UTCDateTime, parameter, utcnow
from lib.identity import sign_in_number
from models import Account, Declaration, Record, RecordRemoval, db
from services.accounts import blind_index
from services.api.tokens import ApiReader
from services.departments import tree as department_tree
from services.departments.snapshot import DepartmentNode
from services.queue import keyset_pages
from services.queue.keyset_pages import Cursor, Order, Range
from services.queue.rows import Level, Place, at_place
from services.workflow.state import UNDO_TIME

MOST = 200  # records of one page
_QUALIFICATIONS = QualificationLevel.choices()

ListPlace = tuple[datetime, int]  # a place in a list: when, and the row's number


@dataclass(frozen=True)
class ApiField:
    """One value of a record: what it means, its JSON schema, the scope that opens it, how it is read of a row."""

    name: str
    meaning: str
    schema: Mapping[str, Any]
    scope: ApiScope
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class ApiPage:
    """``next``: where the next page begins, also on the last page: what changes later follows there."""

    rows: Sequence[Any]
    next: ListPlace | None
    more: bool


def moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z") if at else None


def _state(row: Any) -> str:
    if row.closed_at is None:
        return "active"
    return "moved" if row.closed_reason == ClosingReason.MOVED else "closed"


def _office(row: Any) -> str:
    return department_tree.load().by_id[row.department_id].code


TEXT: Mapping[str, Any] = {"type": "string"}
MAYBE: Mapping[str, Any] = {"type": ["string", "null"]}
MOMENT: Mapping[str, Any] = {"type": "string", "format": "date-time"}
MAYBE_MOMENT: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_R, _W, _N = ApiScope.RECORDS, ApiScope.WORK, ApiScope.NUMBERS
FIELDS: Sequence[ApiField] = (
    ApiField("id", "Stays the same while the record stands.", TEXT, _R, lambda row: row.uid),
    ApiField("name", "姓名", TEXT, _R, lambda row: row.name),
    ApiField("masked_number", "证件号码, most of it hidden", TEXT, _R, lambda row: row.masked_number),
    ApiField("department", "Code of the department that keeps it", TEXT, _R, _office),
    ApiField(
        "state",
        "`closed`: 已注销; `moved`: 已调出 to another province",
        {"type": "string", "enum": ["active", "closed", "moved"]},
        _R,
        _state,
    ),
    ApiField("first_approved_at", "建档", MAYBE_MOMENT, _R, lambda row: moment(row.first_approved_at)),
    ApiField("approved_at", "The approval that stands", MOMENT, _R, lambda row: moment(row.approved_at)),
    ApiField("changed_at", "Lists are in this order", MOMENT, _R, lambda row: moment(row.changed_at)),
    ApiField("employer", "工作单位, empty without one", TEXT, _W, lambda row: row.employer),
    ApiField("qualification", "Code of the 专业技术资格", MAYBE, _W, lambda row: row.qualification),
    ApiField(
        *("qualification_title", "The same in words", TEXT, _W),
        lambda row: _QUALIFICATIONS.get(row.qualification, ""),
    ),
    ApiField("id_type", "证件类型", {"type": "string", "enum": [t.value for t in IdType]}, _N, lambda row: row.id_type),
    ApiField("id_number", "证件号码", TEXT, _N, lambda row: row.id_number),
)

_COLUMNS: tuple[Any, ...] = (
    *(Record.id, Record.uid, Record.account_id, Record.department_id, Record.name, Record.masked_number),
    *(Record.employer, Record.qualification, Record.approved_at, Record.first_approved_at, Record.changed_at),
    *(Record.closed_at, Record.closed_reason),
)
_OFFICES: Any = bindparam("offices", expanding=True)
_INSIDE = select(*_COLUMNS).where(Record.department_id.in_(_OFFICES))
_BY_UID = Prebuilt(_INSIDE.where(Record.uid == parameter("uid")))
#: The active account, if there is a frozen one of the same number: codes are in this order.
_BY_NUMBER = Prebuilt(
    _INSIDE.join(Account, Account.id == Record.account_id)
    .where(Account.id_index == parameter("number"))
    .order_by(Account.state)
    .limit(1)
)


def _scope(reader: ApiReader) -> list[int]:
    return sorted(department_tree.load().ids_under(reader.path))


def by_uid(reader: ApiReader, uid: str) -> Any | None:
    return _BY_UID.first(db.session, uid=uid, offices=_scope(reader))


def by_number(reader: ApiReader, number: str) -> Any | None:
    """Two statements, for known, foreign and unknown numbers."""
    index = blind_index.of_number(sign_in_number(number))
    return _BY_NUMBER.first(db.session, number=index, offices=_scope(reader))


# --- lists ------------------------------------------------------------------------------------------------------------

_BY_CHANGE = Order(Record.changed_at, Record.id, str)
_BY_REMOVAL = Order(RecordRemoval.at, RecordRemoval.id, str)
_UNTIL = bindparam("until", type_=UTCDateTime)


@cache
def _records_at(level: Level) -> Select[Any]:
    return select(*_COLUMNS).where(at_place(Record, level), Record.changed_at < _UNTIL)


@cache
def _removals_at(level: Level) -> Select[Any]:
    columns: tuple[Any, ...] = (RecordRemoval.id, RecordRemoval.record_uid, RecordRemoval.department_id)
    query = select(*columns, RecordRemoval.to_department_id, RecordRemoval.at)
    return query.where(at_place(RecordRemoval, level), RecordRemoval.at < _UNTIL)


def top(reader: ApiReader, code: str = "") -> DepartmentNode | None:
    """The department that a list is asked of; None: not in the scope."""
    tree = department_tree.load()
    found = tree.by_code.get(code) if code else tree.by_id.get(reader.department_id)
    return found if found and found.id in tree.ids_under(reader.path) else None


def records(office: DepartmentNode, after: ListPlace | None, size: int) -> ApiPage:
    """The records of a department and those below, the oldest change first."""
    whole_city = [Place("city", office.id)] if office.kind == DepartmentKind.CITY else _offices(office)
    places = [Place("all")] if office.kind == DepartmentKind.PROVINCE else whole_city
    return _page([Range(_records_at(place.level), _where(place)) for place in places], _BY_CHANGE, after, size)


def removals(office: DepartmentNode, after: ListPlace | None, size: int) -> ApiPage:
    """Records that are in none of these departments any more."""
    here = department_tree.load().ids_under(office.path)
    places = [Place("all")] if office.kind == DepartmentKind.PROVINCE else _offices(office)
    found = _page([Range(_removals_at(place.level), _where(place)) for place in places], _BY_REMOVAL, after, size)
    return replace(found, rows=[row for row in found.rows if row.to_department_id not in here])


def _offices(office: DepartmentNode) -> list[Place]:
    return [Place("office", one.id) for one in department_tree.load().under(office.path)]


def _where(place: Place) -> dict[str, Any]:
    """What was decided this minute may still be undone, and a slow transaction may still come to its end."""
    return {"until": utcnow() - UNDO_TIME} | ({"place_id": place.id} if place.id else {})


def _page(ranges: Sequence[Range], order: Order, after: ListPlace | None, size: int) -> ApiPage:
    found = keyset_pages.page(ranges, order, Cursor(after), size=size)
    last = order.key(found.rows[-1]) if found.rows else after
    return ApiPage(found.rows, last, bool(found.after))


# --- as JSON ----------------------------------------------------------------------------------------------------------


def shown(reader: ApiReader, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """What the token opens of these records."""
    fields = [field for field in FIELDS if field.scope in reader.scopes]
    full = _with_numbers(rows) if ApiScope.NUMBERS in reader.scopes else rows
    return [{field.name: field.read(row) for field in fields} for row in full]


class _Numbered:
    """A record's row with the number of its account."""

    def __init__(self, row: Any, account: Account) -> None:
        self._row, self.id_type, self.id_number = row, account.id_type.value, account.id_number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _with_numbers(rows: Sequence[Any]) -> Sequence[Any]:
    query = select(Account).where(Account.id.in_([row.account_id for row in rows]))
    accounts = {account.id: account for account in db.session.scalars(query)} if rows else {}
    return [_Numbered(row, accounts[row.account_id]) for row in rows]


# --- declarations -----------------------------------------------------------------------------------------------------

_STATE = Prebuilt(
    select(
        *(Declaration.number, Declaration.account_id, Declaration.department_id, Declaration.status),
        *(Declaration.kind, Declaration.submitted_at, Declaration.decided_at),
    ).where(
        Declaration.number == parameter("number"),
        Declaration.department_id.in_(_OFFICES),
        Declaration.revision_number > 0,
        Declaration.status.not_in((Status.DRAFT, Status.DROPPED)),
    )
)


def application(reader: ApiReader, number: str) -> Any | None:
    """A declaration that was submitted and not withdrawn, by its 申报编号."""
    return _STATE.first(db.session, number=number, offices=_scope(reader))


def shown_application(row: Any) -> dict[str, Any]:
    decided = row.decided_at if row.status in (Status.RETURNED, Status.APPROVED, Status.DECLINED) else None
    return {
        "number": row.number,
        "kind": row.kind.value,
        "state": row.status.value,
        "state_title": row.status.label,
        "department": _office(row),
        "submitted_at": moment(row.submitted_at),
        "decided_at": moment(decided),
    }
