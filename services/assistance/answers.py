"""What the office's yes opens: setting a password, once, by the way that the number needs then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from sqlalchemy import select

from lib.codes import AccountState, AssistanceOutcome, AssistanceState
from lib.database import utcnow
from models import Account, AssistanceRequest, LegacyHolder, db
from services import audit
from services.accounts import applicants, legacy_claim
from services.accounts.applicants import NumberTaken, Registration, StepExpired
from services.accounts.legacy_claim import ProvenClaim


class Way(Enum):
    """What setting the password does, or why it cannot be set."""

    RESET = "reset"  # of the account that the person has
    CLAIM = "claim"  # of the old record
    REGISTER = "register"  # a new account
    TAKEN = "taken"  # the number has got another account meanwhile
    EXPIRED = "expired"


def way(row: AssistanceRequest) -> Way | None:
    """The way of an application that was granted; None for all others."""
    if row.state != AssistanceState.GRANTED:
        return None
    if row.valid_until and row.valid_until <= utcnow():
        return Way.EXPIRED
    if account := in_force(row.id_index):
        is_theirs = row.outcome == AssistanceOutcome.SAME_PERSON and account.id == row.account_id
        return Way.RESET if is_theirs else Way.TAKEN
    return Way.CLAIM if unclaimed(row.id_index) else Way.REGISTER


def in_force(index: bytes) -> Account | None:
    return db.session.scalar(select(Account).where(Account.id_index == index, Account.state == AccountState.ACTIVE))


def unclaimed(index: bytes) -> LegacyHolder | None:
    free = (LegacyHolder.id_index == index, LegacyHolder.claimed_at.is_(None))
    return db.session.scalar(select(LegacyHolder).where(*free))


def set_password(request_id: int, password_hash: str) -> None:
    """Set the password by the way that is open now. Raises StepExpired when none is."""
    query = select(AssistanceRequest).where(AssistanceRequest.id == request_id)
    row = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    act = _ACTS.get(way(row)) if row else None
    if row is None or act is None:
        raise StepExpired
    try:
        act(row, password_hash)
    except NumberTaken as error:
        raise StepExpired from error
    row.state = AssistanceState.USED
    audit.record("assistance_used", None, detail=row.uid)


def _reset(row: AssistanceRequest, password_hash: str) -> None:
    """The phone of the application replaces the one on the account, which may be lost, or somebody else's."""
    account = db.session.get_one(Account, row.account_id)
    account.assured, account.phone, account.phone_index = True, row.phone, applicants.phone_index(row.phone)
    account.phone_verified_at, account.phone_changed_at = None, utcnow()
    applicants.replace_password(account.id, password_hash)


def _claim(row: AssistanceRequest, password_hash: str) -> None:
    holder = unclaimed(row.id_index)
    assert holder  # way() has just seen it
    proven = ProvenClaim(holder.uid, legacy_claim.BY_PICTURE, None, name=row.name, phone=row.phone)
    legacy_claim.claim(proven, password_hash, row.privacy_version)


def _register(row: AssistanceRequest, password_hash: str) -> None:
    wanted = Registration(row.id_type, row.id_number, row.name, row.phone, "", row.privacy_version)
    applicants.register_granted(wanted, password_hash)


_ACTS: Mapping[Way | None, Callable[[AssistanceRequest, str], None]] = {
    Way.RESET: _reset,
    Way.CLAIM: _claim,
    Way.REGISTER: _register,
}
OPEN_WAYS = frozenset(_ACTS)
