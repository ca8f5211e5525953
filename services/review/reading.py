"""Reading a submission for a page: plain rows by prebuilt statements, a fraction of what ORM objects cost.

A row has the names of the ORM object and stands in for it wherever nothing is written. Verbs load the objects
(services.access).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Text, exists, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from lib.codes import Status
from lib.database import Prebuilt, parameter
from lib.sealed import Sealed
from models import (
    Account,
    Claim,
    Decision,
    Declaration,
    Department,
    InternalNote,
    LegacyHolder,
    Mark,
    Revision,
    SecondLook,
    Sheet,
    Staff,
    Tick,
    Transfer,
    db,
    keys,
)
from services.access import Actor
from services.marks import ticks


class Row:
    """Columns as attributes. ``keyring``: for those that are sealed."""

    keyring = staticmethod(keys)

    def __init__(self, values: Mapping[str, Any], **more: Any) -> None:
        vars(self).update(values, **more)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class _Account(Row):
    __tablename__ = Account.__tablename__
    id_number = Sealed()

    @cached_property
    def legacy(self) -> LegacyHolder | None:
        return db.session.get(LegacyHolder, self.legacy_id) if self.legacy_id else None


class _Sealed(Row):
    answers = Sealed(as_json=True)


class _Sheet(_Sealed):
    __tablename__ = Sheet.__tablename__

    @cached_property
    def answers(self) -> Any:  # opened once
        return super().answers


class _Revision(_Sealed):
    __tablename__ = Revision.__tablename__

    @cached_property
    def answers(self) -> Any:
        return super().answers

    @cached_property
    def papers(self) -> Any:
        return json.loads(self.papers_text)


def answers_of(found: Any) -> Mapping[str, Any]:
    """The answers of a row that has uid and answers of a revision."""
    opened: Mapping[str, Any] = _Revision({"uid": found.uid, "answers_sealed": found.answers_sealed}).answers
    return opened


class _Note(Row):
    __tablename__ = InternalNote.__tablename__
    text = Sealed()


def _named(part: str, table: Any, names: str) -> list[Any]:
    """Columns under names that say to which part of a row they belong: ``claim__staff_id``."""
    return [getattr(table, name).label(f"{part}__{name}") for name in names.split()]


def _parts(row: Any) -> dict[str, dict[str, Any]]:
    """The columns of a row by the part that they belong to; "" for those of the row itself."""
    found: dict[str, dict[str, Any]] = {"": {}}
    for name, value in zip(row._fields, row, strict=True):
        part, _, column = name.rpartition("__")
        found.setdefault(part, {})[column] = value
    return found


_MINE = parameter("declaration_id")
_OFFICE, _HOLDER, _TAKER = aliased(Department), aliased(Staff), aliased(Department)
_REVISION = aliased(Revision)  # in a condition of the query of revisions


def _is_below(office: Any) -> Any:
    return office.path.startswith(parameter("path"))


_OFFERED = exists(
    select(Transfer.id)
    .join(_TAKER, _TAKER.id == Transfer.to_department_id)
    .where(Transfer.declaration_id == Declaration.id, Transfer.answered_at.is_(None), _is_below(_TAKER))
)
_DECIDED = exists(
    select(Decision.id)
    .join(_TAKER, _TAKER.id == Decision.department_id)
    .join(_REVISION, _REVISION.id == Decision.revision_id)
    .where(_REVISION.declaration_id == Declaration.id, _is_below(_TAKER))
)
_DECLARATION = Prebuilt(
    select(
        *(Declaration.id, Declaration.uid, Declaration.number, Declaration.account_id, Declaration.kind),
        *(Declaration.status, Declaration.revision_number, Declaration.department_id, Declaration.due_on),
        *(Declaration.due_estimated, Declaration.submitted_at, Declaration.decided_at),
        *_named("account", Account, "id uid name id_number_sealed id_index assured claim_factor legacy_id state"),
        *_named("department", _OFFICE, "id name path"),
        *_named("claim", Claim, "declaration_id staff_id claimed_at expires_at opened_at"),
        *_named("holder", _HOLDER, "name"),
        exists(select(Transfer.id).where(Transfer.declaration_id == Declaration.id)).label("has_transfers"),
        exists(select(SecondLook.id).where(SecondLook.declaration_id == Declaration.id)).label("has_second_looks"),
        exists(select(InternalNote.id).where(InternalNote.declaration_id == Declaration.id)).label("has_notes"),
        exists(select(Tick.id).where(Tick.declaration_id == Declaration.id)).label("has_ticks"),
    )
    .join(Account, Account.id == Declaration.account_id)
    .join(_OFFICE, _OFFICE.id == Declaration.department_id)
    .outerjoin(Claim, Claim.declaration_id == Declaration.id)
    .outerjoin(_HOLDER, _HOLDER.id == Claim.staff_id)
    .where(
        Declaration.uid == parameter("uid"),
        Declaration.revision_number > 0,
        Declaration.status.not_in((Status.DRAFT, Status.DROPPED)),
        Account.id_index != parameter("own_index"),
        or_(_is_below(_OFFICE), _OFFERED, _DECIDED),
    )
)
_REVISIONS = Prebuilt(
    select(
        *(Revision.id, Revision.uid, Revision.declaration_id, Revision.number, Revision.answers_sealed),
        *(Revision.department_id, Revision.submitted_at, Revision.commitment_version, Revision.notice_version),
        sql_cast(Revision.papers, Text).label("papers_text"),
        *_named("sheet", Sheet, "id uid version code answers_sealed photo_address"),
    )
    .outerjoin(Sheet, Sheet.id == Revision.sheet_id)
    .where(Revision.declaration_id == _MINE)
    .order_by(Revision.number)
)
_MARKS = Prebuilt(
    select(*Mark.__table__.c)
    .join(Revision, Revision.id == Mark.revision_id)
    .where(Revision.declaration_id == _MINE)
    .order_by(Mark.created_at, Mark.id)
)


def _listed(columns: Iterable[Any], **parts: tuple[Any, Any, str]) -> Any:
    """These columns and those of the rows that they point at: part -> its table, the key that leads there, names."""
    query = select(
        *columns, *(name for part, (table, _, names) in parts.items() for name in _named(part, table, names))
    )
    for table, key, _names in parts.values():
        query = query.join(table, table.id == key)
    return query


_TRANSFERS = Prebuilt(
    _listed(
        (Transfer.id, Transfer.reason, Transfer.at, Transfer.accepted, Transfer.answer, Transfer.answered_at),
        from_department=(_OFFICE, Transfer.from_department_id, "id name path"),
        to_department=(_TAKER, Transfer.to_department_id, "id name path"),
        staff=(Staff, Transfer.staff_id, "name"),
    )
    .where(Transfer.declaration_id == _MINE)
    .order_by(Transfer.at, Transfer.id)
)
_SECOND_LOOKS = Prebuilt(
    _listed(SecondLook.__table__.c, staff=(Staff, SecondLook.staff_id, "name"))
    .where(SecondLook.declaration_id == _MINE)
    .order_by(SecondLook.at, SecondLook.id)
)
_DECISIONS = Prebuilt(
    _listed(
        Decision.__table__.c,
        staff=(Staff, Decision.staff_id, "name"),
        department=(Department, Decision.department_id, "name path"),
    )
    .join(Revision, Revision.id == Decision.revision_id)
    .where(Revision.declaration_id == _MINE)
    .order_by(Decision.at.desc(), Decision.id.desc())
)
_NOTES = Prebuilt(
    _listed((InternalNote.uid, InternalNote.text_sealed, InternalNote.at), staff=(Staff, InternalNote.staff_id, "name"))
    .where(InternalNote.declaration_id == _MINE)
    .order_by(InternalNote.at.desc(), InternalNote.id.desc())
)


def _with_parts(statement: Prebuilt, declaration_id: int) -> list[Row]:
    """Each row with its parts as rows of their own."""
    found = (_parts(row) for row in statement.rows(db.session, declaration_id=declaration_id))
    return [Row(parts.pop(""), **{part: Row(columns) for part, columns in parts.items()}) for parts in found]


class _Declaration(Row):
    """models.Declaration with its account, its department and who holds it."""

    @cached_property
    def revisions(self) -> Sequence[Any]:
        found = []
        for row in _REVISIONS.rows(db.session, declaration_id=self.id):
            parts = _parts(row)
            sheet = _Sheet(parts["sheet"]) if parts["sheet"]["id"] else None
            found.append(_Revision(parts[""], declaration=self, sheet=sheet, marks=[]))
        by_id = {revision.id: revision for revision in found}
        for row in _MARKS.rows(db.session, declaration_id=self.id):
            revision = by_id[row.revision_id]
            revision.marks.append(Row(row._asdict(), revision=revision))
        return found

    @cached_property
    def transfers(self) -> Sequence[Any]:
        if not self.has_transfers:
            return ()
        return _with_parts(_TRANSFERS, self.id)

    @cached_property
    def second_looks(self) -> Sequence[Any]:
        return _judgements(_SECOND_LOOKS, cast(Declaration, self)) if self.has_second_looks else ()


def _judgements(statement: Prebuilt, declaration: Declaration) -> list[Row]:
    """Rows that are about one of its revisions each."""
    by_id = {revision.id: revision for revision in declaration.revisions}
    found = _with_parts(statement, declaration.id)
    for row in found:
        vars(row)["revision"] = by_id[row.revision_id]
    return found


def decisions(declaration: Declaration) -> Sequence[Any]:
    """On all revisions, newest first."""
    return _judgements(_DECISIONS, declaration)


def ticks_of(declaration: Declaration, revision: Revision) -> Mapping[str, Any]:
    """As ``ticks.of``; most submissions have none."""
    return ticks.of(declaration, revision) if getattr(declaration, "has_ticks", True) else {}


def notes(declaration: Declaration) -> Sequence[Any]:
    """内部备注, newest first; most submissions have none."""
    if not getattr(declaration, "has_notes", True):
        return ()
    found = (_parts(row) for row in _NOTES.rows(db.session, declaration_id=declaration.id))
    return [_Note(parts[""], staff=Row(parts["staff"])) for parts in found]


def declaration(actor: Actor, uid: str) -> Declaration | None:
    """One submission that the officer may read, as services.access.office_declaration."""
    whose = {"path": actor.path, "own_index": actor.id_index or b""}
    found = _DECLARATION.first(db.session, uid=uid, **whose)
    if found is None:
        return None
    parts = _parts(found)
    claim = Row(parts["claim"], staff=Row(parts["holder"])) if parts["claim"]["declaration_id"] else None
    beside = {"account": _Account(parts["account"]), "department": Row(parts["department"]), "claim": claim}
    return cast(Declaration, _Declaration(parts[""], **beside))
