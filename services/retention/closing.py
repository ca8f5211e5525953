"""注销账号: a person closes the own account. What was submitted stays with the office; the rest is erased.

Not while there is a record, which the office keeps, and not while the office works on a declaration.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import delete, exists, select, update

from lib.codes import EDITABLE, AccountState, Status
from lib.database import utcnow
from models import (
    Account,
    ActivationCode,
    Declaration,
    InboxMessage,
    LegacyHolder,
    OutboxMessage,
    ParkedForm,
    PictureHash,
    PrintJob,
    Record,
    db,
)
from services import audit, workflow
from services.access import Actor
from services.accounts import applicants, known_devices, sessions
from services.accounts.applicants import KnownApplicant, StepExpired
from services.retention.emptying import empty

Obstacle = Literal["record", "office"]
NAME = "已注销"
_WITH_OFFICE = (Status.SUBMITTED, Status.IN_REVIEW, Status.APPROVED)


class CannotClose(Exception):
    """``why``: an Obstacle."""

    def __init__(self, why: Obstacle) -> None:
        super().__init__(why)
        self.why = why


def obstacle(account_id: int) -> Obstacle | None:
    """Why the account has to stay. A record that the office closed stays, too.

    In the minute in which an officer may take a decision back, it is still the office's.
    """
    since = utcnow() - workflow.UNDO_TIME
    lately = select(Declaration).where(Declaration.account_id == account_id, Declaration.decided_at > since)
    if any(audit.result_unseen(declaration) for declaration in db.session.scalars(lately)):
        return "office"
    if db.session.scalar(select(exists().where(Record.account_id == account_id))):
        return "record"
    with_office = exists().where(Declaration.account_id == account_id, Declaration.status.in_(_WITH_OFFICE))
    return "office" if db.session.scalar(select(with_office)) else None


def close(who: KnownApplicant, actor: Actor) -> None:
    """Erase the account after the password was checked. Raises CannotClose, StepExpired."""
    account = db.session.get_one(Account, who.account_id, with_for_update=True)
    if account.state != AccountState.ACTIVE or account.password_hash != who.password_hash:
        raise StepExpired
    if why := obstacle(account.id):
        raise CannotClose(why)
    for declaration in db.session.scalars(select(Declaration).where(Declaration.account_id == account.id)).all():
        if declaration.status in EDITABLE:
            workflow.give_up(declaration, actor)
        empty(declaration)
    sessions.end_all(account_id=account.id)
    known_devices.forget(account_id=account.id)
    _forget_messages(account.id)
    _release_old_record(account)
    audit.record("account_closed", actor)
    _erase(account)


def _forget_messages(account_id: int) -> None:
    for table in (InboxMessage, OutboxMessage, ParkedForm, ActivationCode, PictureHash, PrintJob):
        gone: Any = delete(table).where(table.account_id == account_id)
        db.session.execute(gone.execution_options(synchronize_session=False))


def _release_old_record(account: Account) -> None:
    """The record of the old register is claimed by whoever proves to be its holder, as before."""
    if account.legacy_id:
        db.session.execute(update(LegacyHolder).where(LegacyHolder.id == account.legacy_id).values(claimed_at=None))
        account.legacy_id = None


def _erase(account: Account) -> None:
    """The number is free again: the row gets one that nobody has."""
    account.state, account.closed_at, account.name = AccountState.CLOSED, utcnow(), NAME
    account.id_number, account.id_index = f"-{account.uid}", applicants.number_index(f"-{account.uid}")
    account.phone = account.phone_index = account.email = account.prepared = None
    account.phone_verified_at = account.phone_changed_at = account.email_verified_at = None
    account.password_hash, account.password_changed_at = "closed", None
