"""人员档案 for officers: the list of their scope, search, and one record with its versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload

from forms import PHOTO
from lib.database import Prebuilt
from models import Decision, Declaration, Record, Revision, db
from services import access
from services.access import Actor
from services.declaration import answers
from services.queue import keyset_pages
from services.queue.keyset_pages import Cursor, Order, Range
from services.queue.rows import Level, OfficerView, Place, at_place
from services.queue.search import FOUND_AT_MOST, find
from services.records import own as own_record
from services.reports import standing_decisions
from services.review.rows import PaperLine, Privacy, ReviewSection, plain_sections

__all__ = ["FOUND_AT_MOST", "PAGE_SIZE", "listing", "person", "record_ids", "search"]

PAGE_SIZE = keyset_pages.PAGE_SIZE


@dataclass(frozen=True)
class RecordRow:
    """One record in the list."""

    uid: str
    name: str
    masked_number: str
    employer: str
    department: str
    number: str  # 申报编号 of the approved declaration
    approved_at: datetime


@dataclass(frozen=True)
class RecordPage:
    """``after`` and ``before``: cursors of the next and the previous page; ``more``: a search has more results."""

    lines: Sequence[RecordRow]
    after: str = ""
    before: str = ""
    more: bool = False


@dataclass(frozen=True)
class RecordVersion:
    """One approved state: its decision, and the changes since the previous state (none for the first)."""

    decision: Decision
    declaration: Declaration
    changes: Sequence[answers.Change]
    papers: Sequence[str]  # titles of papers with other pictures than before
    readable: bool  # the declaration is in the officer's scope


@dataclass(frozen=True)
class RecordHolder:
    """The content of the page of one record."""

    record: Record
    revision: Revision
    name: str
    open_numbers: bool
    sections: Sequence[ReviewSection]
    papers: Sequence[PaperLine]
    has_photo: bool
    versions: Sequence[RecordVersion]


#: The columns of a list row: none is encrypted or of another table.
_COLUMNS: tuple[Any, ...] = (
    *(Record.id, Record.uid, Record.account_id, Record.declaration_id, Record.department_id, Record.name),
    *(Record.masked_number, Record.employer, Record.approved_at),
)
_OF_IDS = Prebuilt(
    select(*_COLUMNS)
    .where(Record.declaration_id.in_(bindparam("these", expanding=True)))
    .order_by(Record.approved_at.desc())
)
_ORDER = Order(Record.approved_at, Record.id, lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S.%f}", descending=True)


def listing(actor: Actor, after: str = "") -> RecordPage:
    """One page of the scope's records, the latest approval first. ``after``: a cursor of another page, or "last"."""
    view = OfficerView(actor)
    ranges = [_range(place) for place in view.places()]
    found = keyset_pages.page(ranges, _ORDER, Cursor.read(after, _moment), keeps=_keeps(view), size=PAGE_SIZE)
    return RecordPage(_lines(view, found.rows), found.after, found.before)


def _keeps(view: OfficerView) -> Callable[[Any], bool] | None:
    return None if view.own_account is None else view.is_anothers


def _range(place: Place) -> Range:
    return Range(_statement(place.level), {"place_id": place.id} if place.id else {})


@cache
def _statement(level: Level) -> Select[Any]:
    return select(*_COLUMNS).where(at_place(Record, level))


def record_ids(actor: Actor, most: int) -> list[int]:
    """The scope's records in the order of their pages, ``most`` of them."""
    view = OfficerView(actor)
    ranges = [_range(place) for place in view.places()]
    rows = keyset_pages.merged(ranges, _ORDER, Cursor())
    return [row.id for row in islice(filter(view.is_anothers, rows), most)]


def _moment(text: str) -> datetime:
    """Raises ValueError."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def search(actor: Actor, text: str) -> RecordPage:
    """As in 待办 (services.queue.search): the first 50 records of the scope that the text finds."""
    view = OfficerView(actor)
    found = find(view, text, archived=True)
    rows = _OF_IDS.rows(db.session, these=list(found.ids)) if found.ids else ()
    return RecordPage(_lines(view, list(filter(view.may_see, rows))), more=found.more)


def _lines(view: OfficerView, rows: Sequence[Any]) -> list[RecordRow]:
    numbers = {row.declaration_id: row.number for row in view.rows([row.declaration_id for row in rows])}
    return [
        RecordRow(
            uid=row.uid,
            name=row.name,
            masked_number=row.masked_number,
            employer=row.employer,
            department=view.tree.by_id[row.department_id].name,
            number=numbers.get(row.declaration_id, ""),
            approved_at=row.approved_at,
        )
        for row in rows
    ]


def person(record: Record, actor: Actor, *, reveal: bool = False) -> RecordHolder:
    """A record with all its approved states. ``reveal``: show number and phone this once."""
    revision = record.revision
    privacy = Privacy(open_numbers=reveal, known=(revision.answers,))
    return RecordHolder(
        record=record,
        revision=revision,
        name=revision.answers["applicant_name"],
        open_numbers=reveal,
        sections=plain_sections(revision, privacy),
        papers=[PaperLine(paper, pages) for paper, pages in own_record.papers_of(revision)],
        has_photo=bool(revision.papers.get(PHOTO)),
        versions=_versions(record, actor, reveal),
    )


def _versions(record: Record, actor: Actor, reveal: bool) -> list[RecordVersion]:
    """The approved states, newest first, each with what it changed."""
    query = select(Decision).join(Revision).join(Declaration).where(Declaration.account_id == record.account_id)
    load = (
        joinedload(Decision.revision).joinedload(Revision.declaration),
        joinedload(Decision.staff),
        joinedload(Decision.department),
    )
    approvals = db.session.scalars(
        query.options(*load).where(standing_decisions.approves(Decision)).order_by(Decision.id)
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
