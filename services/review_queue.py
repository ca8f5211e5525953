"""The officers' list of submissions: tabs, the order by due date, pages by key, search, and what is next.

A lapsed claim counts for nothing: its submission stands under 待审核, whatever its row still says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select, tuple_
from sqlalchemy.orm import joinedload, load_only

from lib.clock import today
from lib.codes import EDITABLE, Kind, Status
from lib.database import utcnow
from lib.identity import mask_number
from lib.names import normalise_name
from lib.workdays import Calendar, workdays_between
from models import Account, Claim, Declaration, Department, Revision, Staff, db
from services import access, deadlines
from services.access import Actor

PAGE_SIZE = 50
FOUND_AT_MOST = 50
#: What stands in the address as ?tab=, and what is on the tab.
TABS = {
    "submitted": Status.SUBMITTED.label,
    "in_review": Status.IN_REVIEW.label,
    "returned": Status.RETURNED.label,
    "approved": Status.APPROVED.label,
    "all": "全部",
}
NEWEST_FIRST = ("approved", "all")  # what is done with is looked up from its end
OFFICE_TURN = (Status.SUBMITTED, Status.IN_REVIEW)
_NUMBER = re.compile(r"(?:LN)?([0-9]{11})\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURSOR = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}),([0-9]{1,18})\Z")


@dataclass(frozen=True)
class Line:
    """One submission in the list. ``days_left`` is None while no clock runs for the office, negative once overdue."""

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
    holder: str
    mine: bool


@dataclass(frozen=True)
class Listing:
    """``after`` leads to the next page; empty on the last one."""

    lines: Sequence[Line]
    after: str = ""


def _live_claim(now: datetime) -> Any:
    return and_(Claim.declaration_id == Declaration.id, Claim.expires_at > now)


def _on_tab(tab: str) -> Any:
    """The condition of a tab, over a query that joins the claims in force."""
    if tab == "submitted":
        waiting = and_(Declaration.status == Status.IN_REVIEW, Claim.declaration_id.is_(None))
        return or_(Declaration.status == Status.SUBMITTED, waiting)
    if tab == "in_review":
        return and_(Declaration.status == Status.IN_REVIEW, Claim.declaration_id.is_not(None))
    return Declaration.status == Status(tab)


_COLUMNS = (
    *(Declaration.id, Declaration.uid, Declaration.number, Declaration.applicant_name, Declaration.employer_name),
    *(Declaration.kind, Declaration.status, Declaration.revision_number, Declaration.due_on, Declaration.due_estimated),
    Declaration.submitted_at,
    Department.name.label("department"),
    Claim.staff_id.label("holder_id"),
    Staff.name.label("holder"),
)


def _lines_query(actor: Actor, now: datetime) -> Any:
    query = access.office_declarations(actor).outerjoin(Claim, _live_claim(now))
    query = query.outerjoin(Staff, Staff.id == Claim.staff_id).where(Declaration.due_on.is_not(None))
    columns = query.with_only_columns(*_COLUMNS, Account, maintain_column_froms=True)
    return columns.options(load_only(Account.uid, Account.id_number_sealed))


def listing(actor: Actor, tab: str, after: str = "") -> Listing:
    """One page of a tab. ``after`` is the cursor that the page before handed out; a broken one begins anew."""
    query = _lines_query(actor, utcnow())
    if tab != "all":
        query = query.where(_on_tab(tab))
    key = tuple_(Declaration.due_on, Declaration.id)
    descending = tab in NEWEST_FIRST
    if cursor := _CURSOR.match(after):
        place = _place(cursor.group(1), cursor.group(2))
        query = query.where(key < place if descending else key > place) if place is not None else query
    order = [column.desc() if descending else column for column in (Declaration.due_on, Declaration.id)]
    rows = db.session.execute(query.order_by(*order).limit(PAGE_SIZE + 1)).all()
    shown = rows[:PAGE_SIZE]
    more = f"{shown[-1].due_on.isoformat()},{shown[-1].id}" if len(rows) > PAGE_SIZE else ""
    return Listing(_lines(shown, actor), more)


def _place(day: str, number: str) -> Any:
    try:
        return tuple_(date.fromisoformat(day), int(number))
    except ValueError:
        return None


def is_number(text: str) -> bool:
    """Does it look like a 申报编号, whole or its last digits, rather than like a name?"""
    return _whole_number(text) is not None


def _whole_number(text: str) -> str | None:
    compact = re.sub(r"\s", "", text).upper()
    if re.fullmatch(r"[0-9]{1,7}", compact):
        compact = f"{today().year}{compact:0>7}"
    found = _NUMBER.match(compact)
    return f"LN{found.group(1)}" if found else None


def by_number(actor: Actor, text: str) -> Listing:
    """Search by 申报编号: the whole of it, or its last digits of this year (``312`` is LN20260000312)."""
    number = _whole_number(text)
    if number is None:
        return Listing(())
    rows = db.session.execute(_lines_query(actor, utcnow()).where(Declaration.number == number)).all()
    return Listing(_lines(rows, actor))


def name_part(text: str) -> str:
    """Typed text as names are stored; without what no name contains and PostgreSQL refuses."""
    return normalise_name(_CONTROL.sub("", text))


def by_name(actor: Actor, text: str) -> Listing:
    """Search by a part of the name, the proposed one or the one of the account. The first 50 by due date."""
    part = name_part(text)
    if not part:
        return Listing(())
    named = or_(
        Declaration.applicant_name.contains(part, autoescape=True), Account.name.contains(part, autoescape=True)
    )
    query = _lines_query(actor, utcnow()).where(named).order_by(Declaration.due_on.desc(), Declaration.id.desc())
    return Listing(_lines(db.session.execute(query.limit(FOUND_AT_MOST)).all(), actor))


def next_due(actor: Actor) -> Declaration | None:
    """The submission of the officer's scope that is due first and in nobody's hands."""
    query = access.office_declarations(actor).outerjoin(Claim, _live_claim(utcnow()))
    query = query.where(_on_tab("submitted")).order_by(Declaration.due_on, Declaration.id).limit(1)
    return db.session.scalar(query.options(joinedload(Declaration.account)))


def _lines(rows: Sequence[Row[Any]], actor: Actor) -> list[Line]:
    days_off, submitted = deadlines.calendar(), _submitted_answers(rows)
    return [_line(row, submitted.get(row.id, {}), actor, days_off) for row in rows]


def _submitted_answers(rows: Sequence[Row[Any]]) -> dict[int, Mapping[str, Any]]:
    """The latest revision's answers of those that the applicant may be changing now: the working copy is not ours."""
    numbers = {row.id: row.revision_number for row in rows if row.status in EDITABLE}
    found = db.session.scalars(select(Revision).where(Revision.declaration_id.in_(numbers))) if numbers else ()
    return {
        revision.declaration_id: revision.answers
        for revision in found
        if revision.number == numbers[revision.declaration_id]
    }


def _line(row: Row[Any], submitted: Mapping[str, Any], actor: Actor, days_off: Calendar) -> Line:
    lapsed = row.status == Status.IN_REVIEW and row.holder_id is None
    left = workdays_between(today(), row.due_on, days_off) if row.status in OFFICE_TURN else None
    overdue = left is not None and today() > row.due_on
    return Line(
        uid=row.uid,
        number=row.number,
        name=submitted.get("applicant_name", row.applicant_name) or "",
        masked_number=mask_number(row.Account.id_number),
        kind=row.kind,
        times=row.revision_number,
        status=Status.SUBMITTED if lapsed else row.status,
        employer=(submitted.get("employer_name") if submitted else row.employer_name) or "",
        department=row.department,
        due_on=row.due_on,
        estimated=row.due_estimated,
        days_left=left,
        overdue=overdue,
        soon=left is not None and not overdue and left <= deadlines.SOON,
        submitted_at=row.submitted_at,
        holder=row.holder or "",
        mine=row.holder_id == actor.id,
    )
