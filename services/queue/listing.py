"""The officers' list of submissions: tabs, lanes, the order by due date, counters, and what is next.

A lapsed claim no longer counts: its submission is listed under 待审核, whatever its row still says. A page costs the
same at any number of people: it reads ranges of an index, as many rows as it shows, and counters that are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Date, Select, bindparam, case, func, select

from lib.clock import SHANGHAI, today
from lib.codes import Status
from lib.database import Prebuilt, UTCDateTime
from models import Decision, Declaration, QueueCount, QueueItem, ReviewMeasure, Revision, db
from services import access
from services.access import Actor
from services.departments.tree import DepartmentTree
from services.moves import VERDICTS
from services.queue import keyset_pages
from services.queue.filters import ITSELF, OFFICE_TURN, SORTS, TABS, Filters
from services.queue.keyset_pages import Cursor, Order, Range
from services.queue.rows import COLUMNS, Level, OfficerView, Place, QueuePage, at_place
from services.queue.search import FOUND_AT_MOST, by_number, is_number, search

__all__ = [
    "FOUND_AT_MOST",
    "PAGE_SIZE",
    "Counts",
    "Filters",
    "by_number",
    "chosen",
    "counts",
    "is_number",
    "listing",
    "next_due",
    "offices_to_choose",
    "search",
]

PAGE_SIZE = keyset_pages.PAGE_SIZE
#: Rows that 【领取下一件】 looks at before it says that there is nothing.
LOOKED_AT = 20_000
FIRST_LOOK = 20  # of them at once; what is next comes first
OWN_AT_MOST = 500
LATELY = timedelta(minutes=10)


# --- pages ----------------------------------------------------------------------------------------


def listing(actor: Actor, filters: Filters, after: str = "", *, view: OfficerView | None = None) -> QueuePage:
    """One page of a tab or lane. ``after``: a cursor of another page, or "last"; a broken one means the first page.

    ``view``: the officer's look that other parts of the same page share; it reads tree and calendar once.
    """
    view = view or OfficerView(actor)
    ranges, more = _sources(view, filters)
    found = keyset_pages.page(
        ranges,
        ORDERS[filters.order],
        Cursor.read(after, _moment if filters.order.endswith("sent") else date.fromisoformat),
        more=more,
        keeps=_keeps(view, filters),
        size=PAGE_SIZE,
    )
    return QueuePage(view.lines(found.rows), found.after, found.before, found.unfinished)


def chosen(actor: Actor, filters: Filters, most: int) -> list[int]:
    """The declarations of a tab or lane within its filters, in the order of its pages, ``most`` of them."""
    view = OfficerView(actor)
    ranges, more = _sources(view, filters)
    rows = keyset_pages.merged(ranges, ORDERS[filters.order], Cursor(), more=more)
    kept = filter(_keeps(view, filters) or None, islice(rows, LOOKED_AT))
    return [row.declaration_id for row in islice(kept, most)]


_COLUMNS: dict[str, tuple[Any, Callable[[Any], str]]] = {
    "due": (QueueItem.due_on, date.isoformat),
    "sent": (QueueItem.submitted_at, datetime.isoformat),
}
ORDERS = {
    sort: Order(column, QueueItem.declaration_id, write, descending=sort.startswith("-"))
    for sort in SORTS
    for column, write in [_COLUMNS[sort.removeprefix("-")]]
}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not 2000 <= moment.year < 2100:
        raise ValueError(text)
    return moment


def _sources(view: OfficerView, filters: Filters) -> tuple[list[Range], Iterable[Any]]:
    """Ranges of the queue, and single rows beside them."""
    if filters.lane in SHORT:
        return [], SHORT[filters.lane](view)
    ranges = [
        _range(view, filters, place, status) for place in view.places(filters.department) for status in filters.statuses
    ]
    # under 待审核 only: elsewhere the range of 审核中 holds them already
    return ranges, view.lapsed.values() if filters.statuses == (Status.SUBMITTED,) else ()


def _range(view: OfficerView, filters: Filters, place: Place, status: Status) -> Range:
    first, last = filters.between(view.days)
    values: dict[str, Any] = {"status": status, "first": first, "last": last, "place_id": place.id}
    statement = _statement(place.level, ORDERS[filters.order].first, bounds=(first is not None, last is not None))
    given = {name: value for name, value in values.items() if value}
    return Range(statement, given)


@cache
def _statement(level: Level, by: Any, bounds: tuple[bool, bool]) -> Select[Any]:
    """One status of one place, between two values of the column that sorts or with one open end."""
    query = select(*COLUMNS).where(at_place(QueueItem, level), QueueItem.status == bindparam("status"))
    has_first, has_last = bounds
    query = query.where(by >= bindparam("first", type_=by.type)) if has_first else query
    return query.where(by <= bindparam("last", type_=by.type)) if has_last else query


def _keeps(view: OfficerView, filters: Filters) -> Callable[[Any], bool] | None:
    """Whether a row is listed; None: each one is."""
    tests = filters.tests(view.days)
    if view.own_account is not None:
        tests.append(view.is_anothers)
    if not filters.lane and filters.tab == "in_review" and view.lapsed:
        tests.append(lambda row: row.declaration_id not in view.lapsed)
    # single rows come from the whole scope; what is offered here stands elsewhere until it is accepted
    if filters.department and filters.lane != "incoming":
        chosen = frozenset(view.chosen(filters.department))
        tests.append(lambda row: row.department_id in chosen)
    return (lambda row: all(test(row) for test in tests)) if tests else None


class Offices(dict[str, str]):
    """Value -> words. Made once for a tree and a scope and the same only as itself, so pages are kept by it."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


def offices_to_choose(actor: Actor, *, view: OfficerView | None = None) -> Offices:
    """The departments of the scope for the filter. One that has others below it also stands alone."""
    return _offices(view.tree if view else OfficerView(actor).tree, actor.path)


@lru_cache(maxsize=256)
def _offices(tree: DepartmentTree, path: str) -> Offices:
    found = Offices()
    for office in tree.under(path):
        if not office.active:  # what it had is the successor's
            continue
        indent = "　" * (office.path.count("/") - path.count("/"))
        if any(below.active for below in tree.under(office.path)[1:]):
            whole = {} if office.path == path else {office.code: f"{indent}{office.name}及下级"}
            found |= whole | {office.code + ITSELF: f"{indent}{office.name}（本级）"}
        else:
            found[office.code] = indent + office.name
    return found if len(found) > 1 else Offices()


# --- what is next ---------------------------------------------------------------------------------


def next_due(actor: Actor, filters: Filters | None = None) -> Declaration | None:
    """What the officer should take next: not held, not the officer's own file, within what ``filters`` leaves.

    First what the officer returned before, then by due date. What a colleague returned waits for that colleague, unless
    it is due soon or nothing else is left.
    """
    view = OfficerView(actor)
    row = next(_candidates(view, filters or Filters()), None)
    if row is None:
        return None
    query = access.office_declarations(actor).where(Declaration.id == row.declaration_id)
    return db.session.scalars(query.options(*access.STANDING)).unique().one_or_none()


_RETURNED_BY = Prebuilt(
    select(*COLUMNS)
    .where(QueueItem.returned_by == bindparam("staff_id"))
    .order_by(QueueItem.due_on, QueueItem.declaration_id)
    .limit(OWN_AT_MOST)
)


def _candidates(view: OfficerView, filters: Filters) -> Iterator[Any]:
    filters = replace(filters, tab="submitted", lane="" if filters.lane in SHORT else filters.lane, sort="")
    keeps, order = _keeps(view, filters), ORDERS["due"]
    own = _RETURNED_BY.rows(db.session, staff_id=view.actor.id)
    passes = keeps or (lambda _row: True)
    yield from (row for row in own if row.status == Status.SUBMITTED and view.may_see(row) and passes(row))
    ranges = [_range(view, filters, place, Status.SUBMITTED) for place in view.places(filters.department)]
    all_rows = keyset_pages.merged(ranges, order, Cursor(), more=view.lapsed.values(), first_chunk=FIRST_LOOK)
    kept = []
    for row in islice(all_rows, LOOKED_AT):
        if not passes(row):
            continue
        if _is_kept(view, row):
            kept.append(row)
        else:
            yield row
    yield from kept


def _is_kept(view: OfficerView, row: Any) -> bool:
    """For a colleague: who returned it, is in office and in charge of it; while there is time."""
    return row.due_on > view.days.soon_until and view.keeper(row) not in ("", "我")


# --- how many -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """``lanes``: those to be shown. ``today``: own decisions that stand; ``seconds``: what one took on the average.

    ``decided_at``: when the officer judged last, if that was today or a short while ago.
    """

    tabs: Mapping[str, int]
    lanes: Mapping[str, int]
    today: int
    seconds: int | None
    decided_at: datetime | None


def counts(actor: Actor, *, view: OfficerView | None = None) -> Counts:
    """The figures of the page for the officer's whole scope."""
    view = view or OfficerView(actor)
    by_status, turn = _counted(view)
    tabs = {tab: by_status[tab] for tab in TABS if tab != "all"}
    decisions = _decisions(view)
    decided = _standing_today(decisions) if decisions else {}
    measured = [seconds for seconds in decided.values() if seconds is not None]
    return Counts(
        tabs=tabs | {"all": sum(tabs.values())},
        lanes=_lane_counts(view, turn) | ({"today": len(decided)} if decided else {}),
        today=len(decided),
        seconds=round(sum(measured) / len(measured)) if measured else None,
        decided_at=decisions[-1].at if decisions else None,
    )


#: What the submissions of one status are counted by: all of them, and those of some lanes.
_COUNTED = ("n", "flagged", "again", "soon", "overdue")
_NO_STATUS: Mapping[str, int] = dict.fromkeys(Status, 0)


def _counters() -> Select[Any]:
    """By status, the first column of the key behind the department: the database need not sort for it."""
    day, soon = bindparam("day", type_=Date), bindparam("soon_until", type_=Date)

    def those(which: Any) -> Any:
        return func.sum(case((which, QueueCount.n), else_=0))

    kinds = (QueueCount.flagged, QueueCount.again, QueueCount.due_on.between(day, soon), QueueCount.due_on < day)
    counted = zip(_COUNTED, (func.sum(QueueCount.n), *map(those, kinds)), strict=True)
    here = QueueCount.department_id == bindparam("department_id")
    columns = (QueueCount.status, *(count.label(name) for name, count in counted))
    return select(*columns).where(here).group_by(QueueCount.status)


_COUNTERS = Prebuilt(_counters())
_OWN_LINES = Prebuilt(select(*COLUMNS).where(QueueItem.account_id == bindparam("account_id")))


def _counted(view: OfficerView) -> tuple[dict[str, int], dict[str, int]]:
    """How many there are by status, and of what is the office's turn by _COUNTED; without the own file.

    A lapsed claim counts as 待审核. Both are the office's turn, so only its status changes.
    """
    by_status, turn = dict(_NO_STATUS), dict.fromkeys(_COUNTED, 0)
    days = {"day": view.days.today, "soon_until": view.days.soon_until}
    for status, *found in _COUNTERS.rows(db.session, department_id=view.actor.department_id, **days):
        by_status[status] = found[0]
        if status in OFFICE_TURN:
            turn = {name: n + more for (name, n), more in zip(turn.items(), found, strict=True)}
    for row in view.lapsed.values():
        by_status[row.status] -= 1
        by_status[Status.SUBMITTED] += 1
    if view.own_account is not None:
        _leave_out_own(view, by_status, turn)
    return by_status, turn


def _leave_out_own(view: OfficerView, by_status: dict[str, int], turn: dict[str, int]) -> None:
    for row in _OWN_LINES.rows(db.session, account_id=view.own_account):
        if row.department_id not in view.office_ids:
            continue
        by_status[row.status] -= 1
        if row.status in OFFICE_TURN:
            due = row.due_on
            kinds = (True, row.reminders > 0, row.times > 1, view.days.is_soon(due), view.days.is_overdue(due))
            for name, counts_there in zip(_COUNTED, kinds, strict=True):
                turn[name] -= counts_there


def _lane_counts(view: OfficerView, turn: Mapping[str, int]) -> dict[str, int]:
    found = {
        "clean": turn["n"] - turn["flagged"],
        "flagged": turn["flagged"],
        "again": turn["again"],
        "mine": len(view.mine()),
        "soon": turn["soon"],
        "overdue": turn["overdue"],
    }
    rare = {"incoming": len(view.incoming()), "second": len(view.second())}
    return found | {lane: n for lane, n in rare.items() if n}


def _midnight() -> datetime:
    return datetime.combine(today(), time(), SHANGHAI)


_DECISIONS = Prebuilt(
    select(Decision.revision_id, Decision.verb, Decision.at, ReviewMeasure.seconds)
    .outerjoin(ReviewMeasure, ReviewMeasure.decision_id == Decision.id)
    .where(Decision.staff_id == bindparam("staff_id"), Decision.at >= bindparam("since", type_=UTCDateTime))
    .where(Decision.verb.in_((*VERDICTS, "undo")))
    .order_by(Decision.at, Decision.id)
)


def _decisions(view: OfficerView) -> list[Any]:
    """The officer's own of today, and those before midnight of the last minutes."""
    return _DECISIONS.rows(db.session, staff_id=view.actor.id, since=min(_midnight(), view.now - LATELY))


def _standing_today(decisions: Sequence[Any]) -> dict[int, int | None]:
    """The revisions on which a decision of today stands, and how many seconds it took if measured."""
    standing, midnight = dict[int, int | None](), _midnight()
    for revision_id, verb, at, seconds in decisions:
        if at < midnight:
            continue
        if verb == "undo":
            standing.pop(revision_id, None)
        else:
            standing[revision_id] = seconds
    return standing


def _today(view: OfficerView) -> list[Any]:
    revisions = _standing_today(_decisions(view))
    ids = select(Revision.declaration_id).where(Revision.id.in_(revisions))
    found = view.rows(set(db.session.scalars(ids))) if revisions else ()
    return [row for row in found if view.may_see(row)]


#: The lanes that are lists of rows, not ranges of the queue.
SHORT: dict[str, Callable[[OfficerView], Sequence[Any]]] = {
    "mine": OfficerView.mine,
    "incoming": OfficerView.incoming,
    "second": OfficerView.second,
    "today": _today,
}
