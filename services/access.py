"""Access control: the actor of a request, the roles of a view, and scoped queries.

Every view declares its roles (``only`` or ``public``); without a declaration it is refused. Files outside a person's
scope are not found (404), because the scope is part of the query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from lib.codes import OPEN, Role, Status
from lib.database import parameter
from models import (
    Account,
    Claim,
    Decision,
    Declaration,
    Department,
    PaperPage,
    Record,
    Revision,
    SecondLook,
    Transfer,
    db,
)

View = TypeVar("View", bound=Callable[..., Any])

APPLICANTS = (Role.APPLICANT,)
OFFICERS = (Role.REVIEWER, Role.MANAGER)  # see people's files, in their scope
STAFF = (Role.REVIEWER, Role.MANAGER, Role.SYSTEM, Role.SECURITY, Role.AUDITOR)


@dataclass(frozen=True)
class Actor:
    """The signed-in person: an applicant or one of the staff. Loaded for each request."""

    role: Role
    id: int  # of the account or the staff row
    name: str
    session_id: int
    csrf: str
    department_id: int = 0  # staff only, as are the rest
    department_name: str = ""
    path: str = ""  # the department's; the scope is all departments below it
    id_index: bytes | None = None
    keys_on: bool = True
    queue_hidden: str = ""  # columns of 待办
    password_due: bool = False  # somebody else knows the password: it has to be changed before anything else

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def is_staff(self) -> bool:
        return self.role != Role.APPLICANT

    def get_id(self) -> str:
        return f"{self.role}:{self.id}"


def only(*roles: Role) -> Callable[[View], View]:
    """Declare the roles that may use a view. The gate enforces it."""

    def mark(view: View) -> View:
        view.roles = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Everybody may use this view, signed in or not."""
    view.roles = None  # type: ignore[attr-defined]
    return view


def own_declarations(actor: Actor) -> Select[Declaration]:
    return select(Declaration).where(Declaration.account_id == actor.id)


def _with_account(query: Select[Declaration]) -> Select[Declaration]:
    """The declaration's facts depend on the registration and the legacy record: load them together."""
    return query.options(joinedload(Declaration.account).joinedload(Account.legacy))


_OPEN = _with_account(
    select(Declaration).where(Declaration.account_id == parameter("account"), Declaration.status.in_(OPEN))
)


def open_declaration(actor: Actor) -> Declaration | None:
    """The applicant's open declaration; there is at most one."""
    return db.session.scalar(_OPEN, {"account": actor.id})


def latest_declaration(actor: Actor) -> Declaration | None:
    """The applicant's open declaration, else the newest one that was not dropped."""
    query = _with_account(own_declarations(actor)).where(Declaration.status != Status.DROPPED)
    return db.session.scalar(
        query.order_by(Declaration.status.in_(OPEN).desc(), Declaration.created_at.desc(), Declaration.id.desc()).limit(
            1
        )
    )


def own_record(actor: Actor) -> Record | None:
    query = select(Record).where(Record.account_id == actor.id).options(joinedload(Record.department))
    return db.session.scalar(query)


def own_page(actor: Actor, uid: str) -> PaperPage | None:
    """A picture of the applicant's own open declaration."""
    query = select(PaperPage).join(Declaration).where(PaperPage.uid == uid, Declaration.account_id == actor.id)
    return db.session.scalar(query.where(Declaration.status.in_(OPEN)))


def office_declarations(actor: Actor) -> Select[Declaration]:
    """What an officer may read: submitted and not withdrawn, in the own scope, and not the officer's own file."""
    query = select(Declaration).join(Department, Department.id == Declaration.department_id)
    query = query.join(Account, Account.id == Declaration.account_id)
    taken_back = (Status.DRAFT, Status.DROPPED)
    query = query.where(
        Declaration.revision_number > 0,
        Declaration.status.not_in(taken_back),
        Department.path.startswith(actor.path, autoescape=True),
    )
    return query.where(Account.id_index != actor.id_index) if actor.id_index else query


def office_declaration(actor: Actor, uid: str) -> Declaration | None:
    """One submission that an officer may read: in the own scope, offered to it, or decided by it before.

    After a transfer the old department keeps reading what it decided (``office_revision`` says which revisions).
    It comes with what pages and verbs ask of it: whose it is, who holds it, what it waits for, revisions and marks.
    """
    given = {"uid": uid, "path": actor.path, "own_index": actor.id_index or b""}
    found = db.session.scalars(_OFFICE_DECLARATION, given, execution_options={"populate_existing": True})
    return found.unique().one_or_none()


#: What is asked of a submission again and again; it comes with the row.
STANDING = (
    joinedload(Declaration.account),
    joinedload(Declaration.department),
    joinedload(Declaration.claim).joinedload(Claim.staff),
    joinedload(Declaration.transfers).options(
        joinedload(Transfer.from_department), joinedload(Transfer.to_department), joinedload(Transfer.staff)
    ),
    joinedload(Declaration.second_looks).joinedload(SecondLook.staff),
)
_REVISIONS = selectinload(Declaration.revisions).options(joinedload(Revision.sheet), selectinload(Revision.marks))


def locked_declaration(actor: Actor, uid: str) -> Declaration | None:
    """The same for a verb. A second officer waits for the row's lock; the rest is read afterwards, as it is then."""
    db.session.execute(select(Declaration.id).where(Declaration.uid == uid).with_for_update())
    return office_declaration(actor, uid)


def in_office(declaration: Declaration, actor: Actor) -> bool:
    """Does the officer's scope cover the department that handles it? Others may at most read it."""
    office = declaration.department
    return bool(actor.path and office and office.path.startswith(actor.path))


def handles(declaration: Declaration, actor: Actor) -> bool:
    """Does the officer's office handle it, or is it offered to it?"""
    waiting = (one.to_department for one in declaration.transfers if one.answered_at is None)
    return in_office(declaration, actor) or any(office.path.startswith(actor.path) for office in waiting)


def _below(path: Any) -> Any:
    """In the scope whose path is given."""
    return path.startswith(parameter("path"))


def _offered() -> ColumnElement[bool]:
    """An unanswered transfer to a department of the scope."""
    office = aliased(Department)
    query = select(Transfer.id).join(office, office.id == Transfer.to_department_id)
    query = query.where(Transfer.declaration_id == Declaration.id, Transfer.answered_at.is_(None))
    return exists(query.where(_below(office.path)))


def _decided() -> ColumnElement[bool]:
    office, revision = aliased(Department), aliased(Revision)  # not those of the outer query
    query = select(Decision.id).join(office, office.id == Decision.department_id)
    query = query.join(revision, revision.id == Decision.revision_id)
    return exists(query.where(revision.declaration_id == Declaration.id, _below(office.path)))


#: Built once: building it takes as long as asking it, and a verb asks it under the write lock.
_OFFICE_DECLARATION = (
    select(Declaration)
    .join(Department, Department.id == Declaration.department_id)
    .join(Account, Account.id == Declaration.account_id)
    .where(
        Declaration.uid == parameter("uid"),
        Declaration.revision_number > 0,
        Declaration.status.not_in((Status.DRAFT, Status.DROPPED)),
        or_(_below(Department.path), _offered(), _decided()),
        Account.id_index != parameter("own_index"),
    )
    .options(*STANDING, _REVISIONS)
)


def _own_decisions(actor: Actor) -> Select[int]:
    office = aliased(Department)
    query = select(Decision.id).join(office, office.id == Decision.department_id)
    return query.where(office.path.startswith(actor.path, autoescape=True))


def office_revision(actor: Actor, declaration: Declaration, number: int | None) -> Revision | None:
    """A revision that an officer may read, the newest such one for None.

    All of a submission in the own scope or offered to it; else only those that the own scope decided.
    """
    found = list(declaration.revisions)
    if not handles(declaration, actor):
        query = _own_decisions(actor).where(Decision.revision_id.in_([revision.id for revision in found]))
        decided = set(db.session.scalars(query.with_only_columns(Decision.revision_id)))
        found = [revision for revision in found if revision.id in decided]
    return next((one for one in reversed(found) if number in (None, one.number)), None)


def revision_of(declaration: Declaration, number: int) -> Revision | None:
    """One revision of a declaration that the person may read."""
    return next((revision for revision in declaration.revisions if revision.number == number), None)


def office_records(actor: Actor) -> Select[Record]:
    query = select(Record).join(Department, Department.id == Record.department_id)
    query = query.join(Account, Account.id == Record.account_id)
    query = query.where(Department.path.startswith(actor.path, autoescape=True))
    return query.where(Account.id_index != actor.id_index) if actor.id_index else query


def lock_record(record: Record) -> bool:
    """Read it again with its row's lock, on engines that have one. False: it does not stand any more.

    注销, 调转, a revocation and 申请变更 each begin with it: of two at the same moment, the second sees the first.
    """
    query = select(Record).where(Record.id == record.id).with_for_update(of=Record)
    return db.session.scalar(query.execution_options(populate_existing=True)) is not None


def office_record(actor: Actor, uid: str) -> Record | None:
    """With what its page says at once."""
    load = (joinedload(Record.revision).joinedload(Revision.declaration), joinedload(Record.department))
    return db.session.scalar(office_records(actor).where(Record.uid == uid).options(*load))
