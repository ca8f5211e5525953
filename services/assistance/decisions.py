"""The outcomes of a 核验申请. Each is one transaction; of two officers the second one reads what the first decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from lib.codes import AccountState, AssistanceOutcome, AssistanceState, IdType
from lib.database import utcnow
from models import Account, AssistanceRequest, db
from services import audit
from services.access import Actor
from services.accounts import account_changes, inbox
from services.accounts.account_changes import ChangeRefused, Grounds
from services.accounts.applicants import NumberTaken, same_name

GRANTED_FOR = timedelta(days=30)


class AlreadyDecided(Exception):
    """Another officer was faster."""


@dataclass(frozen=True)
class AssistanceVerdict:
    """What the officer decided. ``number`` and its type: the right ones of the other account, for MISTYPED."""

    outcome: AssistanceOutcome
    answer: str = ""  # to the person
    why: Grounds = field(default_factory=lambda: Grounds(""))
    id_type: IdType = IdType.RESIDENT
    number: str = ""


def decide(row: AssistanceRequest, actor: Actor, verdict: AssistanceVerdict) -> None:
    """Decide a locked application of the officer's scope. Raises AlreadyDecided, ChangeRefused with what to do."""
    if row.state != AssistanceState.WAITING:
        raise AlreadyDecided
    account = _account(row.id_index)
    _OUTCOMES[verdict.outcome](row, account, actor, verdict)
    is_yes = verdict.outcome != AssistanceOutcome.REFUSED
    row.outcome, row.answer, row.account_id = verdict.outcome, verdict.answer, account.id if account else None
    row.state = AssistanceState.GRANTED if is_yes else AssistanceState.REFUSED
    row.decided_by, row.decided_at = actor.id, utcnow()
    row.valid_until = utcnow() + GRANTED_FOR if is_yes else None
    detail = f"{verdict.outcome.value} {row.uid}"
    audit.record("assistance_decided", actor, account_id=row.account_id, detail=detail)


def _account(index: bytes) -> Account | None:
    """The account in force that has the number, locked."""
    here = (Account.id_index == index, Account.state == AccountState.ACTIVE)
    return db.session.scalar(select(Account).where(*here).with_for_update().execution_options(populate_existing=True))


def _same_person(row: AssistanceRequest, account: Account | None, actor: Actor, verdict: AssistanceVerdict) -> None:
    if account is None:
        return
    if not same_name(row.name, account.name):
        raise ChangeRefused(
            "申请人的姓名与账号登记的姓名不同，不能按「是本人」办理：否则申请人会进入他人姓名的账号。"
            "请选择「他人填错号码」或「被他人冒用」；改过名的，请本人按账号登记的姓名重新申请"
        )
    inbox.send(
        account.id,
        "核验申请已通过",
        f"{actor.department_name}通过了一份与您账号有关的核验申请，申请人可以重新设置登录密码。"
        "若非本人申请，请立即联系该部门。",
    )


def _mistyped(row: AssistanceRequest, account: Account | None, actor: Actor, verdict: AssistanceVerdict) -> None:
    try:
        account_changes.correct_number(_needed(account), verdict.id_type, verdict.number, actor, verdict.why)
    except NumberTaken as error:
        raise ChangeRefused("更正后的号码已有账号，请核对号码") from error


def _misuse(row: AssistanceRequest, account: Account | None, actor: Actor, verdict: AssistanceVerdict) -> None:
    account_changes.freeze(_needed(account), actor, verdict.why)


def _needed(account: Account | None) -> Account:
    if account is None:
        raise ChangeRefused("这个证件号码现在没有账号，请刷新页面后重新选择")
    return account


def _refused(row: AssistanceRequest, account: Account | None, actor: Actor, verdict: AssistanceVerdict) -> None:
    """Nothing changes but the application."""


_OUTCOMES = {
    AssistanceOutcome.SAME_PERSON: _same_person,
    AssistanceOutcome.MISTYPED: _mistyped,
    AssistanceOutcome.MISUSE: _misuse,
    AssistanceOutcome.REFUSED: _refused,
}


def unfreeze(row: AssistanceRequest, actor: Actor, why: Grounds) -> None:
    """A manager takes back the freezing of the account that the application led to. Raises ChangeRefused."""
    if row.account is None:
        raise ChangeRefused("这份申请没有涉及账号")
    try:
        account_changes.unfreeze(row.account, actor, why)
    except NumberTaken as error:
        raise ChangeRefused("这个证件号码已有其他账号在使用，不能解除冻结") from error
