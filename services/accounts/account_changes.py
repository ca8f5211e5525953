"""What becomes of an account: its number is corrected, it is frozen or unfrozen.

Each act keeps its reason as a row of AccountChange, is audited, and told to the account's owner. Frozen revisions stay
as they were. docs/adr/026 says when a number is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from lib.codes import OPEN, AccountAct, AccountState, IdType
from lib.database import utcnow
from lib.identity import mask_number
from models import Account, AccountChange, Declaration, LegacyHolder, QueueItem, Record, db
from services import audit
from services.access import Actor
from services.accounts import inbox, known_devices, sessions
from services.accounts.applicants import NumberTaken, is_taken, number_index
from services.declaration import answers


class ChangeRefused(Exception):
    """The account cannot be changed so; the message says why."""


@dataclass(frozen=True)
class Grounds:
    """Why an account is changed, and by what that was shown."""

    reason: str
    evidence: str = ""


def correct_number(account: Account, id_type: IdType, number: str, actor: Actor, why: Grounds) -> AccountChange:
    """Give the account its right number, normalised and valid. The list, the record and the search follow.

    Raises ChangeRefused, or NumberTaken when the number has an active account.
    """
    if actor.id_index in (number_index(number), account.id_index):
        raise ChangeRefused("不能办理与本人有关的更正，请由其他工作人员办理")
    change = _note(account, AccountAct.CORRECT_NUMBER, actor, why)
    _set_number(account, id_type, number, change)
    _tell(
        account, actor, "证件号码已更正", "更正了您账号的证件号码。以后请用您证件上的号码登录。如有疑问，请联系该部门。"
    )
    return change


def correct_own_number(
    account: Account, id_type: IdType, number: str, actor: Actor, why: Grounds, asked_by: int
) -> AccountChange:
    """The same by the person, whom an officer (``asked_by``) has asked for it. The number must be free as for a
    registration. Raises ChangeRefused, or NumberTaken."""
    index = number_index(number)
    if index != account.id_index and is_taken(index, account):
        raise NumberTaken
    change = _note(account, AccountAct.OWN_NUMBER, actor, why, asked_by)
    _set_number(account, id_type, number, change)
    body = "您更正了证件号码，以后请用新的号码登录。若非本人操作，请联系会计管理部门。"
    inbox.send(account.id, "证件号码已更正", body)
    return change


def _set_number(account: Account, id_type: IdType, number: str, change: AccountChange) -> None:
    """Account, list and record have it from now on; so has what the open declaration takes from the number."""
    index = number_index(number)
    if account.state != AccountState.ACTIVE:
        raise ChangeRefused("账号不在正常状态，不能更正证件号码")
    if (index, id_type) == (account.id_index, account.id_type):
        raise ChangeRefused("更正后的号码与现在的相同，请核对")
    before = answers.identity_facts(account)
    change.id_type_before, change.number_before = account.id_type, account.id_number
    account.id_type, account.id_number, account.id_index = id_type, number, index
    _flush_number()
    for table in (QueueItem, Record):
        shown = update(table).where(table.account_id == account.id).values(masked_number=mask_number(number))
        db.session.execute(shown)
    in_hand = select(Declaration).where(Declaration.account_id == account.id, Declaration.status.in_(OPEN))
    for declaration in db.session.scalars(in_hand):
        answers.follow_document(declaration, before)


def freeze(account: Account, actor: Actor, why: Grounds) -> AccountChange:
    """Nobody signs in any more, and sessions end. The old record that it claimed can be claimed again."""
    if account.state != AccountState.ACTIVE:
        raise ChangeRefused("账号不在正常状态，不能冻结")
    change = _note(account, AccountAct.FREEZE, actor, why)
    account.state = AccountState.FROZEN
    if account.legacy_id:
        free = update(LegacyHolder).where(LegacyHolder.id == account.legacy_id).values(claimed_at=None)
        db.session.execute(free)
        account.legacy_id = None
    sessions.end_all(account_id=account.id)
    known_devices.forget(account_id=account.id)
    return change


def unfreeze(account: Account, actor: Actor, why: Grounds) -> AccountChange:
    """The owner can sign in again. Raises ChangeRefused, or NumberTaken when the number has another account by now."""
    if account.state != AccountState.FROZEN:
        raise ChangeRefused("账号没有被冻结，或者已经解除")
    change = _note(account, AccountAct.UNFREEZE, actor, why)
    account.state = AccountState.ACTIVE
    if account.claim_factor:
        _claim_again(account)
    _flush_number()
    _tell(account, actor, "账号已恢复使用", "解除了您账号的冻结，您可以继续使用。")
    return change


def _claim_again(account: Account) -> None:
    """The old record that the account had, unless somebody else has claimed it."""
    holder = db.session.scalar(select(LegacyHolder).where(LegacyHolder.id_index == account.id_index).with_for_update())
    if holder and holder.claimed_at is None:
        holder.claimed_at, account.legacy_id = utcnow(), holder.id


def changes_of(account_id: int) -> Sequence[AccountChange]:
    """What officers did to the account, newest first."""
    query = select(AccountChange).where(AccountChange.account_id == account_id)
    order = (AccountChange.at.desc(), AccountChange.id.desc())
    return db.session.scalars(query.options(joinedload(AccountChange.staff)).order_by(*order)).all()


def corrections_of(account_id: int) -> Sequence[AccountChange]:
    """The corrections of the number, newest first."""
    acts = (AccountAct.CORRECT_NUMBER, AccountAct.OWN_NUMBER)
    return [change for change in changes_of(account_id) if change.act in acts]


def _note(account: Account, act: AccountAct, actor: Actor, why: Grounds, staff_id: int = 0) -> AccountChange:
    """``staff_id``: of the officer, where the actor is none."""
    change = AccountChange(account_id=account.id, act=act, reason=why.reason, evidence=why.evidence)
    change.staff_id, change.at = staff_id or actor.id, utcnow()
    db.session.add(change)
    audit.record(act.value, actor, account_id=account.id)
    return change


def _flush_number() -> None:
    """The unique index is the check."""
    try:
        db.session.flush()
    except IntegrityError as error:
        raise NumberTaken from error


def _tell(account: Account, actor: Actor, title: str, body: str) -> None:
    inbox.send(account.id, title, f"{actor.department_name}{body}")
