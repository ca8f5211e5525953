"""核验申请 as officers see them: the list of their scope, and one next to what stands under its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import joinedload

from lib.clock import today
from lib.codes import AccountState, AssistanceState, Status
from lib.database import utcnow
from lib.workdays import add_workdays
from models import Account, AccountChange, AssistanceRequest, Declaration, Event, LegacyHolder, db
from services import audit
from services.access import Actor
from services.accounts import account_changes
from services.accounts.applicants import same_name
from services.declaration import deadlines
from services.departments import tree
from services.papers import papers

LISTED = 100
SIGN_INS = 5
LOGGED_EVERY = timedelta(minutes=10)  # opening the same one again within it is one access
VIEWED = "view_assistance"
#: How an account came to be, by the proof that claimed an old record.
PROOFS = {
    "activation_code": "原有用户设置密码，凭窗口激活码",
    "archive_no": "原有用户设置密码，凭档案号和发证年月",
    "id_picture": "原有用户设置密码，凭核验申请",
    "none": "原有用户设置密码，没有核对凭证",
}


@dataclass(frozen=True)
class AssistanceCounts:
    waiting: int
    soon: int
    overdue: int


def _scope(actor: Actor, query: Select[Any]) -> Select[Any]:
    """The officer's departments, without what is about the officer."""
    query = query.where(AssistanceRequest.department_id.in_(sorted(tree.load().ids_under(actor.path))))
    return query.where(AssistanceRequest.id_index != actor.id_index) if actor.id_index else query


def listing(actor: Actor, *, decided: bool) -> Sequence[AssistanceRequest]:
    """What waits, the oldest due date first; or what was decided, the latest first."""
    query = _scope(actor, select(AssistanceRequest)).limit(LISTED)
    if decided:
        query = query.where(AssistanceRequest.decided_at.is_not(None))
        query = query.order_by(AssistanceRequest.decided_at.desc(), AssistanceRequest.id.desc())
    else:
        query = query.where(AssistanceRequest.state == AssistanceState.WAITING)
        query = query.order_by(AssistanceRequest.due_on, AssistanceRequest.id)
    load = (joinedload(AssistanceRequest.department), joinedload(AssistanceRequest.officer))
    return db.session.scalars(query.options(*load)).all()


def last_soon(day: date) -> date:
    """What is due until then is due soon."""
    return add_workdays(day, deadlines.SOON, deadlines.calendar())


def counts(actor: Actor) -> AssistanceCounts:
    late, soon = AssistanceRequest.due_on < today(), AssistanceRequest.due_on <= last_soon(today())
    figures: Any = (func.count(), func.sum(case((soon, 1), else_=0)), func.sum(case((late, 1), else_=0)))
    query = _scope(actor, select(*figures)).where(AssistanceRequest.state == AssistanceState.WAITING)
    waiting, until_soon, overdue = db.session.execute(query).one()
    return AssistanceCounts(waiting, (until_soon or 0) - (overdue or 0), overdue or 0)


def one(actor: Actor, uid: str, *, lock: bool = False) -> AssistanceRequest | None:
    """One of the officer's scope; ``lock``: for a verb, a second officer waits here."""
    query = _scope(actor, select(AssistanceRequest)).where(AssistanceRequest.uid == uid)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: AssistanceRequest | None = db.session.scalar(query)
    return found


@dataclass(frozen=True)
class Beside:
    """What stands under the number of an application. ``photo``: its address in the store."""

    account: Account | None
    holder: LegacyHolder | None
    same_name: bool
    came_by: str
    sign_ins: Sequence[datetime]
    declaration: Declaration | None
    photo: str | None
    changes: Sequence[AccountChange]
    earlier: Sequence[AssistanceRequest]


def beside(row: AssistanceRequest, actor: Actor) -> Beside:
    """For a decided application the account that it was about, whatever its number is now."""
    account = row.account or _account(row.id_index)
    holder = db.session.scalar(select(LegacyHolder).where(LegacyHolder.id_index == row.id_index))
    declaration = _declaration(account) if account else None
    named = account or holder
    return Beside(
        account=account,
        holder=holder,
        same_name=named is None or same_name(row.name, named.name),
        came_by=PROOFS.get(account.claim_factor or "", "本人注册") if account else "",
        sign_ins=_sign_ins(account.id) if account else (),
        declaration=declaration,
        photo=papers.photo_address(declaration) if declaration else None,
        changes=account_changes.changes_of(account.id) if account else (),
        earlier=_earlier(row, actor),
    )


def _account(index: bytes) -> Account | None:
    """The account in force, else one that was frozen: codes are in this order."""
    query = select(Account).where(Account.id_index == index, Account.state != AccountState.RESERVED)
    return db.session.scalar(query.order_by(Account.state, Account.created_at.desc(), Account.id.desc()).limit(1))


def _sign_ins(account_id: int) -> Sequence[datetime]:
    query = select(Event.at).where(Event.account_id == account_id, Event.verb == "sign_in")
    return db.session.scalars(query.order_by(Event.at.desc()).limit(SIGN_INS)).all()


def _declaration(account: Account) -> Declaration | None:
    query = select(Declaration).where(Declaration.account_id == account.id, Declaration.status != Status.DROPPED)
    newest = query.order_by(Declaration.created_at.desc(), Declaration.id.desc()).limit(1)
    return db.session.scalar(newest.options(joinedload(Declaration.department)))


def _earlier(row: AssistanceRequest, actor: Actor) -> Sequence[AssistanceRequest]:
    """Other applications with this number."""
    query = _scope(actor, select(AssistanceRequest)).where(AssistanceRequest.id_index == row.id_index)
    order = (AssistanceRequest.submitted_at.desc(), AssistanceRequest.id.desc())
    return db.session.scalars(query.where(AssistanceRequest.id != row.id).order_by(*order).limit(LISTED)).all()


def is_to_log(account: Account | None, actor: Actor) -> bool:
    """Does opening an application that shows this account, or none, have to leave an event?"""
    if account is None:
        return True
    seen = (Event.account_id == account.id, Event.staff_id == actor.id, Event.verb == VIEWED)
    return db.session.scalar(select(Event.id).where(*seen, Event.at >= utcnow() - LOGGED_EVERY).limit(1)) is None


def log(verb: str, row: AssistanceRequest, account: Account | None, actor: Actor) -> None:
    audit.record(verb, actor, account_id=account.id if account else None, detail=f"assistance {row.uid}")
