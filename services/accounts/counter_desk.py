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
    """A person found by the full number. ``can``: the purpose of a code, "" when none can be issued."""

    kind: str  # account, legacy
    uid: str
    name: str
    number: str
    state: str  # in words
    can: str = ""


def look_up(number: str, actor: Actor) -> Visitor | None:
    """Find a person by the normalised number. Raises OwnAccount. The caller commits the event in every case."""
    index = applicants.number_index(number)
    if actor.id_index == index:
        raise OwnAccount
    in_force = (Account.id_index == index, Account.state != AccountState.RESERVED)
    account = db.session.scalar(select(Account).where(*in_force))
    holder = None if account else legacy_claim.find(number)
    audit.record(
        "counter_lookup",
        actor,
        account_id=account.id if account else None,
        detail=f"legacy record {holder.uid}" if holder else "" if account else "nobody found",
    )
    return _of_account(account) if account else _of_legacy(holder) if holder else None


def _of_account(account: Account) -> Visitor:
    is_active = account.state == AccountState.ACTIVE
    state = "已有账号" if is_active else f"账号{account.state.label}"
    return Visitor("account", account.uid, account.name, account.id_number, state, "重置登录密码" if is_active else "")


def _of_legacy(holder: LegacyHolder) -> Visitor:
    free = holder.claimed_at is None
    state = "原有会计从业资格证人员，尚未设置密码" if free else "原有会计从业资格证人员，档案已被认领"
    can = "原有用户设置密码" if free else ""
    return Visitor("legacy", holder.uid, holder.name, holder.id_number, state, can)


def visitor(kind: str, uid: str, actor: Actor) -> Visitor | None:
    """The current state of a person who was found before."""
    row = _person(kind, uid)
    if row is None or row.id_index == actor.id_index:
        return None
    return _of_account(row) if isinstance(row, Account) else _of_legacy(row)


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
