"""窗口: the person at the counter, and what can be done for them. Every lookup is an audit event."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from lib.codes import AccountState
from models import Account, LegacyHolder, db
from services import audit
from services.access import Actor
from services.accounts import activation_codes, applicants, inbox, legacy_claim
from services.messages import texts


class OwnAccount(Exception):
    """Officers cannot use the counter for themselves."""


@dataclass(frozen=True)
class Visitor:
    """What stands under the full number. ``can``: the purpose of a code, "" when none can be issued.

    ``name`` is the one on the ID card. When the account or record has another one (``differs``), no code is given: it
    would open somebody else's account. A 核验申请 decides.
    """

    kind: str  # account, legacy
    uid: str
    name: str
    number: str
    state: str  # in words
    can: str = ""
    differs: bool = False


def look_up(number: str, name: str, actor: Actor) -> Visitor | None:
    """Find a person by the normalised number and name. Raises OwnAccount. The caller commits the event in any case."""
    index = applicants.number_index(number)
    if actor.id_index == index:
        raise OwnAccount
    known = (Account.id_index == index, Account.state != AccountState.RESERVED)
    query = select(Account).where(*known).order_by(Account.state)  # the one in force before a frozen one
    account = db.session.scalar(query.limit(1))
    holder = None if account else legacy_claim.find(number)
    audit.record(
        "counter_lookup",
        actor,
        account_id=account.id if account else None,
        detail=f"legacy record {holder.uid}" if holder else "" if account else "nobody found",
    )
    found = account or holder
    return _visitor(found, name) if found else None


def _visitor(row: Account | LegacyHolder, name: str) -> Visitor:
    kind = "account" if isinstance(row, Account) else "legacy"
    state, can = _of_account(row) if isinstance(row, Account) else _of_legacy(row)
    differs = not applicants.same_name(name, row.name)
    return Visitor(kind, row.uid, name, row.id_number, state, "" if differs else can, differs)


def _of_account(account: Account) -> tuple[str, str]:
    is_active = account.state == AccountState.ACTIVE
    return ("已有账号", "重置登录密码") if is_active else (f"账号{account.state.label}", "")


def _of_legacy(holder: LegacyHolder) -> tuple[str, str]:
    if holder.claimed_at is None:
        return "原有会计从业资格证人员，尚未设置密码", "原有用户设置密码"
    return "原有会计从业资格证人员，档案已被认领", ""


def visitor(kind: str, uid: str, name: str, actor: Actor) -> Visitor | None:
    """The current state of a person who was found before."""
    row = _person(kind, uid)
    return None if row is None or row.id_index == actor.id_index else _visitor(row, name)


def _person(kind: str, uid: str) -> Account | LegacyHolder | None:
    if kind == "account":
        return db.session.scalar(select(Account).where(Account.uid == uid))
    return db.session.scalar(select(LegacyHolder).where(LegacyHolder.uid == uid))


def issue_code(person: Visitor, actor: Actor) -> str:
    """An activation code for the visitor, whose ID card was seen."""
    row = _person(person.kind, person.uid)
    if row is None or not person.can:
        raise LookupError(person.uid)
    if isinstance(row, Account):
        inbox.tell(row.id, "counter_code", {texts.DEPARTMENT: actor.department_name})
    return activation_codes.issue(row, actor)
