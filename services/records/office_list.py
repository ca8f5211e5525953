"""人员档案 for officers: the list of their scope, search, and one record with its versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select
from sqlalchemy.orm import joinedload

from forms import PAPER, PHOTO
from lib.clock import local
from lib.codes import ClosingReason, QualificationLevel
from lib.database import Prebuilt, UTCDateTime
from models import Decision, Declaration, Record, Revision, db
from services import access
from services.access import Actor
from services.declaration import answers
from services.queue import keyset_pages, search
from services.queue.keyset_pages import Cursor, Order, Range
from services.queue.rows import Level, OfficerView, Place, at_place
from services.records import own as own_record
from services.records.filters import ALL, EMPLOYERS_AT_MOST, RecordFilters
from services.reports import standing_decisions
from services.review.rows import PaperLine, Privacy, ReviewSection, plain_sections

PAGE_SIZE = keyset_pages.PAGE_SIZE
LOCKED = ("closed", "moved")  # services.records.filters.STATES
COUNTED_AT_MOST = 1000
_QUALIFICATIONS = QualificationLevel.choices()


@dataclass(frozen=True)
class RecordRow:
    """One record in the list."""

    uid: str
    name: str
    masked_number: str
    employer: str
    employer_id: int | None
    department: str
    number: str  # 申报编号 of the approved declaration
    qualification: str
    approved_at: datetime  # in an order by 建档, the first time
    closed: str  # "", or what became of it


@dataclass(frozen=True)
class RecordPage:
    """``after`` and ``before``: cursors of the next and the previous page; ``more``: a search has more results.
    ``unfinished``: the page looked at as many rows as it may, ``after`` goes on from there.

    ``count``: how many the list has, COUNTED_AT_MOST + 1 for more than that.
    """

    lines: Sequence[RecordRow]
    after: str = ""
    before: str = ""
    more: bool = False
    count: int = 0
    unfinished: bool = False


@dataclass(frozen=True)
class RecordVersion:
    """One approved state: its decision, and the changes since the previous state (none for the first)."""

    decision: Decision
    declaration: Declaration
    changes: Sequence[answers.Change]
    papers: Sequence[str]  # titles of papers with other pictures than before
    readable: bool  # the declaration is in the officer's scope

    @property
    def uid(self) -> str:
        return self.decision.revision.uid


@dataclass(frozen=True)
class RecordHolder:
    """The content of the page of one record."""

    record: Record
    revision: Revision
    name: str
    open_numbers: bool
    sections: Sequence[ReviewSection]
    papers: Sequence[PaperLine]  # the photo first
    versions: Sequence[RecordVersion]
    is_current: bool
    compared: RecordVersion | None = None
    changes: Sequence[answers.Change] = ()  # from ``compared`` to what is shown
    new_papers: Sequence[str] = ()


#: The columns of a list row: none is encrypted or of another table.
_COLUMNS: tuple[Any, ...] = (
    *(Record.id, Record.uid, Record.account_id, Record.declaration_id, Record.department_id, Record.name),
    *(Record.masked_number, Record.employer, Record.employer_id, Record.number, Record.qualification),
    *(Record.approved_at, Record.closed_at, Record.closed_reason),
)
_KNOWN = {column.key for column in _COLUMNS}
_OF_IDS = Prebuilt(
    select(*_COLUMNS)
    .where(Record.declaration_id.in_(bindparam("these", expanding=True)))
    .order_by(Record.approved_at.desc())
)


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"


def _unsaid(_key: str) -> str:
    """A name has no place in an address: the row's number leads to it (_begin)."""
    return ""


#: services.records.filters.SORTS. Each is carried by an index of its own.
_ORDERS = {
    "": Order(Record.approved_at, Record.id, _written, descending=True),
    "oldest": Order(Record.approved_at, Record.id, _written),
    "first": Order(Record.first_approved_at, Record.id, _written, descending=True),
    "first_oldest": Order(Record.first_approved_at, Record.id, _written),
    "name": Order(Record.name_key, Record.id, _unsaid),
    "employer": Order(Record.employer_key, Record.id, _unsaid),
    "department": Order(Record.department_id, Record.id, str),
}
_KEY_OF = Prebuilt(select(*_COLUMNS, Record.name_key, Record.employer_key).where(Record.id == bindparam("number")))


def listing(actor: Actor, after: str = "", filters: RecordFilters = ALL) -> RecordPage:
    """One page of the scope's records, the latest approval first. ``after``: a cursor of another page, or "last"."""
    view = OfficerView(actor)
    ranges, order = _ranges(view, filters), _ORDERS[filters.sort]
    found = keyset_pages.page(ranges, order, _begin(view, after, filters), keeps=_keeps(view, filters), size=PAGE_SIZE)
    count = _count(view, _ranges(view, replace(filters, sort="")))
    return RecordPage(_lines(view, found.rows), found.after, found.before, count=count, unfinished=found.unfinished)


def _begin(view: OfficerView, after: str, filters: RecordFilters) -> Cursor:
    """Where the page begins; a row that does not exist any more, or is another scope's, is the list's beginning."""
    order = _ORDERS[filters.sort]
    if order.write is not _unsaid:
        return Cursor.read(after, int if filters.sort == "department" else _moment)
    cursor = Cursor.read(after, str)
    if cursor.place is None:
        return cursor
    row = _KEY_OF.first(db.session, number=cursor.place[1])
    return replace(cursor, place=order.key(row)) if row and view.may_see(row) else Cursor()


def _keeps(view: OfficerView, filters: RecordFilters) -> Callable[[Any], bool] | None:
    """What the statement does not ask: the own record, and in an order without indexes for them, the filters."""
    passes = None if filters.by_approval or filters == _bare(filters) else _test(filters)
    if view.own_account is None:
        return passes
    return view.is_anothers if passes is None else lambda row: view.is_anothers(row) and passes(row)


def _bare(filters: RecordFilters) -> RecordFilters:
    """As far as every order has an index for it."""
    return replace(filters, qualification="", year=0, state="")


def _test(filters: RecordFilters) -> Callable[[Any], bool]:
    values, state = filters.values(), filters.state

    def passes(row: Any) -> bool:
        closed = row.closed_at is not None and (state != "moved" or row.closed_reason == ClosingReason.MOVED)
        return (
            (not filters.qualification or row.qualification == filters.qualification)
            and (not filters.year or values["since"] <= row.approved_at < values["until"])
            and (not state or closed == (state in LOCKED))
        )

    return passes


def _ranges(view: OfficerView, filters: RecordFilters) -> list[Range]:
    """One for each place and employer; each is read along one index."""
    asked = filters if filters.by_approval else _bare(filters)
    shape = _shape(asked)
    return [
        Range(_statement(place.level, *shape), asked.values() | _where(place, employer))
        for place in _places(view, filters)
        for employer in filters.employers or (0,)
    ]


def _places(view: OfficerView, filters: RecordFilters) -> list[Place]:
    """Only the orders by approval have an index for a whole city."""
    places = view.places(filters.department)
    if filters.by_approval or [place.level for place in places] != ["city"]:
        return places
    return [Place("office", office_id) for office_id in view.chosen(filters.department)]


def _where(place: Place, employer: int) -> dict[str, Any]:
    return ({"place_id": place.id} if place.id else {}) | ({"employer": employer} if employer else {})


def _shape(filters: RecordFilters) -> tuple[bool, bool, bool, str, str]:
    narrowed = bool(filters.employers), bool(filters.qualification), bool(filters.year), filters.state
    return *narrowed, _ORDERS[filters.sort].first.key


@cache
def _statement(level: Level, of_employer: bool, qualified: bool, of_year: bool, state: str, order: str) -> Select[Any]:
    """The narrowest condition is the index's; the others are hidden from the planner by an expression."""
    also = () if order in _KNOWN else (getattr(Record, order),)
    query = select(*_COLUMNS, *also).where(_place(level, hidden=of_employer or state in LOCKED))
    if state:
        query = query.where(Record.closed_at.is_not(None) if state in LOCKED else Record.closed_at.is_(None))
    if state == "moved":
        query = query.where(Record.closed_reason == ClosingReason.MOVED)
    if of_employer:
        query = query.where(_equals(Record.employer_id, 0, "employer", hidden=state in LOCKED))
    if qualified:
        hidden = of_employer or state in LOCKED
        query = query.where(_equals(Record.qualification, "", "qualification", hidden=hidden))
    if of_year:
        since, until = (bindparam(name, type_=UTCDateTime) for name in ("since", "until"))
        query = query.where(Record.approved_at >= since, Record.approved_at < until)
    return query


def _place(level: Level, *, hidden: bool) -> ColumnElement[bool]:
    if not hidden or level == "all":
        return at_place(Record, level)
    return _equals(Record.city_id if level == "city" else Record.department_id, 0, "place_id", hidden=True)


def _equals(column: Any, nothing: Any, name: str, *, hidden: bool) -> ColumnElement[bool]:
    """``hidden``: the planner does not see which column it is, so no index of it is read."""
    found: ColumnElement[bool] = (func.coalesce(column, nothing) if hidden else column) == bindparam(name)
    return found


def _count(view: OfficerView, ranges: Sequence[Range]) -> int:
    """Up to COUNTED_AT_MOST and one more, so that it costs the same at any size."""
    own, left = view.own_account, COUNTED_AT_MOST + 1
    for one in ranges:
        found = _counting(one.statement).first(db.session, **one.values, own=own or 0, most=left)
        left -= found.n
        if left <= 0:
            break
    return COUNTED_AT_MOST + 1 - left


@cache
def _counting(query: Select[Any]) -> Prebuilt:
    first = query.with_only_columns(Record.id).where(func.coalesce(Record.account_id, 0) != bindparam("own"))
    few = first.limit(bindparam("most", None, type_=Integer, literal_execute=True)).subquery()
    return Prebuilt(select(func.count().label("n")).select_from(few))


def employers_named(actor: Actor, text: str) -> tuple[int, ...]:
    """The employers whose names contain the text, one more than EMPLOYERS_AT_MOST for too many."""
    return tuple(search.employers_with(OfficerView(actor), text)[: EMPLOYERS_AT_MOST + 1])


def record_ids(actor: Actor, most: int, filters: RecordFilters = ALL) -> list[int]:
    """The records of the list in the order of its pages, ``most`` of them. A filtered list: the latest approval first,
    where another order would have to look at all records.
    """
    view = OfficerView(actor)
    if filters != _bare(filters) and not filters.by_approval:
        filters = replace(filters, sort="")
    rows = keyset_pages.merged(_ranges(view, filters), _ORDERS[filters.sort], Cursor())
    return [row.id for row in islice(filter(view.is_anothers, rows), most)]


def _moment(text: str) -> datetime:
    """Raises ValueError."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found_by(actor: Actor, text: str) -> RecordPage:
    """As in 待办 (services.queue.search): the first 50 records of the scope that the text finds."""
    view = OfficerView(actor)
    found = search.find(view, text, archived=True)
    rows = _OF_IDS.rows(db.session, these=list(found.ids)) if found.ids else ()
    return RecordPage(_lines(view, list(filter(view.may_see, rows))), more=found.more)


def _lines(view: OfficerView, rows: Sequence[Any]) -> list[RecordRow]:
    return [
        RecordRow(
            uid=row.uid,
            name=row.name,
            masked_number=row.masked_number,
            employer=row.employer,
            employer_id=row.employer_id,
            department=view.tree.by_id[row.department_id].name,
            number=row.number or "",
            qualification=_QUALIFICATIONS.get(row.qualification, ""),
            approved_at=getattr(row, "first_approved_at", None) or row.approved_at,
            closed=_closed(row),
        )
        for row in rows
    ]


def _closed(row: Any) -> str:
    if row.closed_at is None:
        return ""
    return "已调出" if row.closed_reason == ClosingReason.MOVED else "已注销"


def person(
    record: Record, actor: Actor, *, reveal: bool = False, on: date | None = None, compare: str = ""
) -> RecordHolder:
    """A record with all its approved states. ``reveal``: show number and phone this once.

    ``on``: as it stood at the end of that day; before the first approval, as it is now. ``compare``: with which one.
    """
    versions = _versions(record, actor, reveal)
    revision = standing_on(versions, on) or record.revision
    compared = next((version for version in versions if version.uid == compare and version.uid != revision.uid), None)
    old = compared.decision.revision if compared else None
    privacy = Privacy(open_numbers=reveal, known=(revision.answers,))
    return RecordHolder(
        record=record,
        revision=revision,
        name=revision.answers["applicant_name"],
        open_numbers=reveal,
        sections=plain_sections(revision, privacy),
        papers=_lines_of_papers(revision),
        versions=versions,
        is_current=revision.id == record.revision_id,
        compared=compared,
        changes=_changes(old, revision, reveal) if old else (),
        new_papers=_new_papers(old, revision) if old else (),
    )


def _lines_of_papers(revision: Revision) -> list[PaperLine]:
    photo = revision.papers.get(PHOTO)
    papers = [PaperLine(paper, pages) for paper, pages in own_record.papers_of(revision)]
    return [PaperLine(PAPER[PHOTO], photo), *papers] if photo else papers


def standing_on(versions: Sequence[RecordVersion], day: date | None) -> Revision | None:
    """The approved state at the end of that day, if any."""
    if day is None:
        return None
    found = (version.decision for version in versions if local(version.decision.at).date() <= day)
    return next((decision.revision for decision in found), None)


def _versions(record: Record, actor: Actor, reveal: bool) -> list[RecordVersion]:
    """The approved states, newest first, each with what it changed."""
    query = select(Decision).join(Revision).join(Declaration).where(Declaration.account_id == record.account_id)
    load = (
        joinedload(Decision.revision).joinedload(Revision.declaration),
        joinedload(Decision.staff),
        joinedload(Decision.department),
    )
    approvals = db.session.scalars(
        query.options(*load).where(standing_decisions.approves(Decision)).order_by(Decision.at, Decision.id)
    ).all()
    readable = set(_own_scope(actor, record.account_id))
    versions: list[RecordVersion] = []
    before: Revision | None = None
    for decision in approvals:
        revision = decision.revision
        differing = _changes(before, revision, reveal) if before else []
        papers = _new_papers(before, revision) if before else []
        is_readable = revision.declaration_id in readable
        versions.insert(0, RecordVersion(decision, revision.declaration, differing, papers, is_readable))
        before = revision
    return versions


def _own_scope(actor: Actor, account_id: int) -> list[int]:
    found = db.session.scalars(access.office_declarations(actor).where(Declaration.account_id == account_id))
    return [declaration.id for declaration in found]


def _changes(before: Revision, after: Revision, reveal: bool) -> list[answers.Change]:
    old, new = before.answers, after.answers
    privacy = Privacy(open_numbers=reveal, known=(old, new))
    return [privacy.change(change) for change in answers.changes(old, new).values()]


def _new_papers(before: Revision, after: Revision) -> list[str]:
    old: Mapping[str, Any] = before.papers
    return [
        paper.title
        for paper, pages in own_record.papers_of(after)
        if [page["address"] for page in pages] != [page["address"] for page in old.get(paper.kind, [])]
    ]
