"""Reading a declaration for a page: plain rows by prebuilt statements, a fraction of what ORM objects cost.

A row has the names of the ORM object and stands in for it wherever nothing is written. What it was not read with is
asked of the object itself, which is loaded then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import aliased

from lib.codes import OPEN, Status
from lib.database import Prebuilt, parameter
from lib.sealed import Sealed
from models import (
    Account,
    Declaration,
    Draft,
    LegacyHolder,
    PaperPage,
    ParkedForm,
    Record,
    Revision,
    Sheet,
    db,
    keys,
)
from services.access import Actor
from services.departments import tree


class _Row:
    """Columns as attributes; sealed ones are opened as on the object."""

    keyring = staticmethod(keys)

    def __init__(self, names: Iterable[str], values: Iterable[Any]) -> None:
        vars(self).update(zip(names, values, strict=True))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name}: this row is for reading only")


class _Opened(Sealed):
    """Opened once: a row does not change."""

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        values, name = vars(row), f"plain {self.name}"
        if name not in values:
            values[name] = super().__get__(row, owner)
        return values[name]


class AccountRow(_Row):
    """What the answers of a declaration are compared with. ``legacy``: the name in the old register, if any."""

    __tablename__ = Account.__tablename__
    id_number = _Opened()

    @property
    def legacy(self) -> _Row | None:
        return None if self.legacy_name is None else _Row(("name",), (self.legacy_name,))  # type: ignore[attr-defined]


class DraftRow(_Row):
    """models.Draft"""

    __tablename__ = Draft.__tablename__
    body = _Opened(as_json=True)


class SheetRow(_Row):
    """models.Sheet"""

    __tablename__ = Sheet.__tablename__
    answers = _Opened(as_json=True)


class DeclarationRow(_Row):
    """models.Declaration with its account."""

    __tablename__ = Declaration.__tablename__
    mobile, email, legacy_certificate_no, employer_phone = _Opened(), _Opened(), _Opened(), _Opened()
    is_editable = Declaration.is_editable

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._object, name)

    @cached_property
    def _object(self) -> Declaration:
        return db.session.get_one(Declaration, vars(self)["id"])

    @cached_property
    def pages(self) -> Sequence[Any]:
        return _PAGES.rows(db.session, declaration=vars(self)["id"])

    @cached_property
    def department(self) -> Any:
        """The responsible one, as the reference data has it."""
        return tree.load().by_id.get(vars(self)["department_id"])

    def changed(self, columns: Mapping[str, Any]) -> DeclarationRow:
        """The row with other values in some columns."""
        values = {name: vars(self)[name] for name in (*_NAMES, "account")} | dict(columns)
        return DeclarationRow(values.keys(), values.values())

    def sheets(self) -> Sequence[Any]:
        """The version printed last, and those that uploaded pictures are bound to."""
        found = _SHEETS.rows(db.session, declaration=vars(self)["id"])
        return [SheetRow(_SHEET_NAMES, row) for row in found]

    def pages_of(self, kind: str) -> Sequence[Any]:
        """Read alone while the others are not asked for: their measures are long."""
        if "pages" in vars(self):
            return [page for page in self.pages if page.kind == kind]
        return _PAGES_OF_KIND.rows(db.session, declaration=vars(self)["id"], kind=kind)


_COLUMNS = tuple(Declaration.__table__.c)
_NAMES = tuple(column.key for column in _COLUMNS)
_ACCOUNT_NAMES = ("uid", "id_type", "id_number_sealed", "name", "phone_index", "legacy_name")
_OF_ACCOUNT = (*(getattr(Account, name) for name in _ACCOUNT_NAMES[:-1]), LegacyHolder.name.label("legacy"))
_ALL = (
    select(*_COLUMNS, *(column.label(f"account_{at}") for at, column in enumerate(_OF_ACCOUNT)))
    .join(Account, Account.id == Declaration.account_id)
    .outerjoin(LegacyHolder, LegacyHolder.id == Account.legacy_id)
    .where(Declaration.account_id == parameter("account"), Declaration.status != Status.DROPPED)
)
_OPEN = Prebuilt(_ALL.where(Declaration.status.in_(OPEN)))
_CANDIDATE = aliased(Declaration)
_NEWEST = (
    select(_CANDIDATE.id)
    .where(_CANDIDATE.account_id == parameter("account"), _CANDIDATE.status != Status.DROPPED)
    .order_by(
        case((_CANDIDATE.status.in_(OPEN), 1), else_=0).desc(), _CANDIDATE.created_at.desc(), _CANDIDATE.id.desc()
    )
    .limit(1)
    .scalar_subquery()
)
_LATEST = Prebuilt(_ALL.where(Declaration.id == _NEWEST))  # whole rows are not sorted: they are wide
_RETURNED = Prebuilt(_ALL.where(Declaration.status == Status.RETURNED))
_OF_DECLARATION = (
    select(*PaperPage.__table__.c)
    .where(PaperPage.declaration_id == parameter("declaration"))
    .order_by(PaperPage.position, PaperPage.id)
)
_PAGES = Prebuilt(_OF_DECLARATION)
_SHEET_NAMES = tuple(column.key for column in Sheet.__table__.c)
_LAST = select(func.max(Sheet.version)).where(Sheet.declaration_id == parameter("declaration")).scalar_subquery()
_BOUND = select(PaperPage.sheet_id).where(PaperPage.declaration_id == parameter("declaration"))
_SHEETS = Prebuilt(
    select(*Sheet.__table__.c).where(
        Sheet.declaration_id == parameter("declaration"), (Sheet.version == _LAST) | Sheet.id.in_(_BOUND)
    )
)
_PAGES_OF_KIND = Prebuilt(_OF_DECLARATION.where(PaperPage.kind == parameter("kind")))


_SHEET = Prebuilt(select(*Sheet.__table__.c).where(Sheet.id == parameter("sheet")))


def sheet(sheet_id: int) -> Sheet:
    found = _SHEET.first(db.session, sheet=sheet_id)
    return cast(Sheet, SheetRow(_SHEET_NAMES, found))


def record_revision(account_id: int) -> Revision | None:
    """The approved revision that a person's record points to."""
    query = select(Revision).join(Record, Record.revision_id == Revision.id).where(Record.account_id == account_id)
    return db.session.scalar(query)


def open_declaration(actor: Actor) -> Declaration | None:
    """The applicant's open declaration; there is at most one."""
    return _read(_OPEN, actor)


def returned_declaration(actor: Actor) -> Declaration | None:
    """The applicant's declaration while it is returned."""
    return _read(_RETURNED, actor)


def latest_declaration(actor: Actor) -> Declaration | None:
    """The applicant's open declaration, else the newest one that was not dropped."""
    return _read(_LATEST, actor)


def _read(statement: Prebuilt, actor: Actor) -> Declaration | None:
    found = statement.first(db.session, account=actor.id)
    if found is None:
        return None
    account = AccountRow(_ACCOUNT_NAMES, found[len(_NAMES) :])
    row = DeclarationRow((*_NAMES, "account"), (*found[: len(_NAMES)], account))
    return cast(Declaration, row)


_DRAFT = Prebuilt(
    select(
        *(Draft.uid, Draft.body_sealed, Draft.saved_at),
        exists(
            select(ParkedForm.id).where(
                ParkedForm.account_id == parameter("account"), ParkedForm.path == parameter("path")
            )
        ).label("parked"),
    )
    .select_from(Declaration)
    .outerjoin(Draft, (Draft.declaration_id == Declaration.id) & (Draft.page == parameter("page")))
    .where(Declaration.id == parameter("declaration"))
)


def draft(declaration: Declaration, page: str, path: str) -> tuple[Draft | None, bool]:
    """The draft that fills a page, and whether a form that came after the session's end waits to become it."""
    found = _DRAFT.first(db.session, declaration=declaration.id, account=declaration.account_id, page=page, path=path)
    kept = DraftRow(("uid", "body_sealed", "saved_at"), found[:3]) if found.uid else None
    return cast("Draft | None", kept), bool(found.parked)
