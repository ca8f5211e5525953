"""人员档案 as officers see them: the list of their scope, search, and one record with its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, literal, select, tuple_
from sqlalchemy.orm import joinedload, load_only

from forms import PHOTO
from lib.database import UTCDateTime
from lib.identity import mask_number, sign_in_number
from models import Account, Decision, Declaration, Department, Record, Revision, db, keys
from services import access, answers, archive
from services.access import Actor
from services.review import PaperLine, Privacy, Section, plain_sections
from services.review_queue import FOUND_AT_MOST, PAGE_SIZE, name_part

_CURSOR = re.compile(r"([0-9T:.\-]{19,26}),([0-9]{1,18})\Z")


@dataclass(frozen=True)
class Line:
    """One record in the list."""

    uid: str
    name: str
    masked_number: str
    employer: str
    department: str
    number: str  # 申报编号 of the approved declaration
    approved_at: datetime


@dataclass(frozen=True)
class Listing:
    """``after`` leads to the next page; empty on the last one."""

    lines: Sequence[Line]
    after: str = ""


@dataclass(frozen=True)
class Version:
    """One approved state: by whom and when, and what it changed in the one before (empty for the first)."""

    decision: Decision
    declaration: Declaration
    changes: Sequence[answers.Change]
    papers: Sequence[str]  # titles of papers with other pictures than before
    readable: bool  # the declaration is in the officer's scope


@dataclass(frozen=True)
class Person:
    """One record as the page shows it."""

    record: Record
    revision: Revision
    name: str
    open_numbers: bool
    sections: Sequence[Section]
    papers: Sequence[PaperLine]
    has_photo: bool
    versions: Sequence[Version]


def _lines_query(actor: Actor) -> Any:
    query = access.office_records(actor).join(Revision, Revision.id == Record.revision_id)
    query = query.join(Declaration, Declaration.id == Revision.declaration_id)
    columns = (
        *(Record.id, Record.uid, Record.approved_at, Declaration.number, Declaration.employer_name),
        Department.name.label("department"),
        Account,
    )
    shown = query.with_only_columns(*columns, maintain_column_froms=True)
    return shown.options(load_only(Account.uid, Account.name, Account.id_number_sealed))


def listing(actor: Actor, after: str = "") -> Listing:
    """One page of the scope's records, the latest approval first. ``after``: the cursor of the page before."""
    query = _lines_query(actor)
    if place := _place(after):
        moment = literal(place[0], UTCDateTime())
        query = query.where(tuple_(Record.approved_at, Record.id) < tuple_(moment, place[1]))
    rows = db.session.execute(query.order_by(Record.approved_at.desc(), Record.id.desc()).limit(PAGE_SIZE + 1)).all()
    shown = rows[:PAGE_SIZE]
    more = f"{shown[-1].approved_at:%Y-%m-%dT%H:%M:%S.%f},{shown[-1].id}" if len(rows) > PAGE_SIZE else ""
    return Listing(_lines(shown), more)


def _place(after: str) -> tuple[datetime, int] | None:
    found = _CURSOR.match(after)
    try:
        return (datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC), int(found.group(2))) if found else None
    except ValueError:
        return None


def search(actor: Actor, text: str) -> Listing:
    """By the whole ID number, which is found by its keyed hash, or by a part of the name; the first 50."""
    part = name_part(text)
    if not part:
        return Listing(())
    if sum(character.isdigit() for character in part) >= 5:
        found = Account.id_index == keys().index("id_number", sign_in_number(part))
    else:
        found = Account.name.contains(part, autoescape=True)
    query = _lines_query(actor).where(found).order_by(Record.approved_at.desc(), Record.id.desc())
    return Listing(_lines(db.session.execute(query.limit(FOUND_AT_MOST)).all()))


def _lines(rows: Sequence[Row[Any]]) -> list[Line]:
    return [
        Line(
            uid=row.uid,
            name=row.Account.name,
            masked_number=mask_number(row.Account.id_number),
            employer=row.employer_name or "",
            department=row.department,
            number=row.number,
            approved_at=row.approved_at,
        )
        for row in rows
    ]


def person(record: Record, actor: Actor, *, reveal: bool = False) -> Person:
    """A record with all its approved states. ``reveal``: show number and phone this once."""
    revision = record.revision
    privacy = Privacy(open_numbers=reveal, known=(revision.answers,))
    return Person(
        record=record,
        revision=revision,
        name=revision.answers["applicant_name"],
        open_numbers=reveal,
        sections=plain_sections(revision, privacy),
        papers=[PaperLine(paper, pages) for paper, pages in archive.papers_of(revision)],
        has_photo=bool(revision.papers.get(PHOTO)),
        versions=_versions(record, actor, reveal),
    )


def _versions(record: Record, actor: Actor, reveal: bool) -> list[Version]:
    """The approved states, newest first, each with what it changed."""
    query = select(Decision).join(Revision).join(Declaration).where(Declaration.account_id == record.account_id)
    load = (
        joinedload(Decision.revision).joinedload(Revision.declaration),
        joinedload(Decision.staff),
        joinedload(Decision.department),
    )
    approvals = db.session.scalars(query.options(*load).where(Decision.verb == "approve").order_by(Decision.id)).all()
    readable = set(_own_scope(actor, record.account_id))
    versions: list[Version] = []
    before: Revision | None = None
    for decision in approvals:
        revision = decision.revision
        differing = _changes(before, revision, reveal) if before else []
        papers = _new_papers(before, revision) if before else []
        is_readable = revision.declaration_id in readable
        versions.insert(0, Version(decision, revision.declaration, differing, papers, is_readable))
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
        for paper, pages in archive.papers_of(after)
        if [page["address"] for page in pages] != [page["address"] for page in old.get(paper.kind, [])]
    ]
