"""Applicants' accounts: begin a registration, set the first password, authenticate, change a password.

No function reveals whether a number is known: each does the same work for known and unknown ones. The caller does the
slow part (Argon2, services.accounts.passwords) between two transactions.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.exc import IntegrityError

from lib import names
from lib.codes import AccountState, CodePurpose, IdType, Role
from lib.crypto import new_token, token_hash
from lib.database import utcnow
from models import Account, LegacyHolder, WebSession, db
from services import audit
from services.access import Actor
from services.accounts import (
    activation_codes,
    blind_index,
    inbox,
    known_devices,
    passwords,
    sent_codes,
    sessions,
    throttle,
)

RESERVED_FOR = timedelta(minutes=30)


class NumberTaken(Exception):
    """证件号被占用: it is registered, or in the old register. The answer is the same for both."""


class AccountFrozen(Exception):
    """The password is right, and an officer has frozen the account: somebody else's number was used."""


class StepExpired(Exception):
    """The basis of the step is gone: a reservation, a code or a password, or a record was claimed."""


@dataclass(frozen=True)
class Registration:
    """A complete, valid and normalised registration."""

    id_type: IdType
    number: str
    name: str
    phone: str
    email: str
    privacy_version: str


@dataclass(frozen=True)
class KnownApplicant:
    """A copy of the data for checking a password after the end of the transaction."""

    account_id: int
    name: str
    number: str
    phone: str
    password_hash: str


def number_index(number: str) -> bytes:
    """The keyed hash by which a normalised number is found."""
    return blind_index.of_number(number)


def phone_index(phone: str) -> bytes:
    return blind_index.of_phone(phone)


def actor_of(account: Account) -> Actor:
    """The person as an actor without a session, for the audit trail."""
    return Actor(Role.APPLICANT, account.id, account.name, 0, "")


# --- registration ---------------------------------------------------------------------------------------------------


def reserve(wanted: Registration, token: str) -> str:
    """Keep a registration for 30 minutes, for the browser that gets the returned token. It blocks nobody else.

    ``token``: the browser's earlier reservation, which is replaced, or "". Raises NumberTaken.
    """
    index = number_index(wanted.number)
    if is_taken(index):
        raise NumberTaken
    _delete_reservation(token)
    delete_expired_reservations(index)
    fresh = new_token()
    account = Account(state=AccountState.RESERVED, id_type=wanted.id_type, id_index=index, name=wanted.name)
    account.id_number, account.phone, account.email = wanted.number, wanted.phone, wanted.email
    account.phone_index, account.privacy_version = phone_index(wanted.phone), wanted.privacy_version
    account.reservation_hash, account.reserved_until = token_hash(fresh), utcnow() + RESERVED_FOR
    db.session.add(account)
    return fresh


def is_taken(index: bytes, own: Account | None = None) -> bool:
    """One question for both reasons, so that they take the same time. A frozen account counts: officers decide who is
    the next to have its number. ``own``: this account, and the old record that it has claimed, do not count."""
    by_account = exists().where(Account.id_index == index, Account.state != AccountState.RESERVED)
    by_record = exists().where(LegacyHolder.id_index == index)
    if own:
        by_account = by_account.where(Account.id != own.id)
        by_record = by_record.where(LegacyHolder.id != (own.legacy_id or 0))
    return bool(db.session.scalar(select(or_(by_account, by_record))))


def _delete_reservation(token: str) -> None:
    """Delete the browser's earlier reservation, for this number or a mistyped one."""
    mine = (Account.state == AccountState.RESERVED, Account.reservation_hash == token_hash(token))
    db.session.execute(delete(Account).where(*mine))


def delete_expired_reservations(index: bytes | None = None) -> int:
    """Delete expired reservations, of one number or of all (``flask tick``); returns how many."""
    query = delete(Account).where(Account.state == AccountState.RESERVED, Account.reserved_until <= utcnow())
    gone = db.session.execute(query.where(Account.id_index == index) if index else query)
    return int(gone.rowcount)  # type: ignore[attr-defined]


def reservation(token: str) -> Account | None:
    """The valid reservation of the browser's token."""
    query = select(Account).where(Account.state == AccountState.RESERVED, Account.reserved_until > utcnow())
    return db.session.scalar(query.where(Account.reservation_hash == token_hash(token))) if token else None


def activate(token: str, password_hash: str) -> Account:
    """The first password turns the reservation into the account; the unique index is the check.

    Raises StepExpired, or NumberTaken when another person was faster.
    """
    account = reservation(token)
    if account is None:
        raise StepExpired
    if is_taken(account.id_index):
        raise NumberTaken
    account.state, account.reserved_until, account.reservation_hash = AccountState.ACTIVE, None, None
    _enter(account, password_hash)
    return account


def register_granted(wanted: Registration, password_hash: str) -> Account:
    """An account without a reservation: an officer has seen whose number it is (services.assistance).

    What stands in its way is an account in force only. Raises NumberTaken.
    """
    index = number_index(wanted.number)
    account = Account(state=AccountState.ACTIVE, id_type=wanted.id_type, id_index=index, name=wanted.name)
    account.id_number, account.phone, account.email = wanted.number, wanted.phone, wanted.email
    account.phone_index, account.privacy_version = phone_index(wanted.phone), wanted.privacy_version
    db.session.add(account)
    _enter(account, password_hash)
    return account


def _enter(account: Account, password_hash: str) -> None:
    """The first password of an account that is in force from now on; the unique index is the check."""
    try:
        set_password(account, password_hash)
        db.session.flush()
    except IntegrityError as error:
        raise NumberTaken from error
    audit.record("register", actor_of(account))
    inbox.tell(account.id, "registered", link="/apply")


# --- proving who one is -----------------------------------------------------------------------------------------------


def find(number: str) -> Account | None:
    """The account in force that has this normalised number, if any."""
    query = select(Account).where(Account.id_index == number_index(number), Account.state == AccountState.ACTIVE)
    return db.session.scalar(query)


def find_to_sign_in(number: str, name: str) -> Account | None:
    """The account in force or frozen of this number: one of this name, else the one in force.

    A frozen one stays findable, so that its owner can be told, and not a stranger.
    """
    states = (AccountState.ACTIVE, AccountState.FROZEN)
    query = select(Account).where(Account.id_index == number_index(number), Account.state.in_(states))
    found = db.session.scalars(query.order_by(Account.state, Account.created_at.desc(), Account.id.desc())).all()
    return next((account for account in found if same_name(name, account.name)), next(iter(found), None))


def known(account: Account | None) -> KnownApplicant | None:
    """A copy that outlives the transaction; opens the sealed values."""
    if account is None or account.password_hash is None:
        return None
    return KnownApplicant(account.id, account.name, account.id_number, account.phone or "", account.password_hash)


def same_name(typed: str, name: str) -> bool:
    """Names as people type them: every middle dot, full width, upper and lower case are one."""
    typed, name = (names.normalise_name(text).casefold() for text in (typed, name))
    return hmac.compare_digest(typed.encode("utf-8", "surrogatepass"), name.encode("utf-8", "surrogatepass"))


def authenticate(who: KnownApplicant | None, name: str, password: str) -> KnownApplicant | None:
    """The person, if name and password are correct. It takes as long without an account; call it outside transactions.

    Raises lib.crypto.HashingBusy.
    """
    is_right = passwords.is_correct(password, who.password_hash if who else None)
    return who if same_name(name, who.name if who else "") and is_right else None


def sign_in(who: KnownApplicant, device: str, new_hash: str | None = None) -> tuple[str, Actor]:
    """A new session after authentication. Returns the cookie's token.

    Raises StepExpired if the account changed, AccountFrozen.
    """
    account = db.session.get(Account, who.account_id)
    if account is None or account.password_hash != who.password_hash:
        raise StepExpired
    if account.state != AccountState.ACTIVE:
        raise AccountFrozen
    account.password_hash = new_hash or account.password_hash
    audit.record("sign_in", actor_of(account))
    return sessions.start(account=account, device=device), actor_of(account)


def _placeholder() -> Account:
    """A placeholder without an account, so that the same work is done."""
    return Account(id=0, uid="", name="")


def account_for_code(number: str, name: str, code: str) -> dict[str, int] | None:
    """The account whose password the code may reset, and the code's id; or None. The work is always the same.

    It may be one of the counter or one that was sent.
    """
    account = find(number)
    person = account or _placeholder()
    code_id, is_name = activation_codes.usable_id(person, code), same_name(name, person.name)
    sent_code_id = sent_codes.usable_id(CodePurpose.RESET, number, code)
    if account is None or not is_name or not (code_id or sent_code_id):
        return None
    return {"account_id": account.id, "code_id": code_id or 0, "sent_code_id": sent_code_id or 0}


# --- changing a password --------------------------------------------------------------------------------------------


def set_password(account: Account, password_hash: str) -> None:
    """Failures with the password before, or with none, say nothing about this one."""
    account.password_hash, account.password_changed_at = password_hash, utcnow()
    throttle.reset_failures(throttle.SIGN_IN.person, account.id_number)


def change_password(who: KnownApplicant, password_hash: str, device: str) -> str:
    """Set a new password after the old one was checked. All sessions end; this browser gets a new one."""
    account = db.session.get(Account, who.account_id)
    if account is None or account.password_hash != who.password_hash:
        raise StepExpired
    _after_password_change(account, password_hash, "password_change")
    return sessions.start(account=account, device=device)


def reset_password(account_id: int, code_id: int, password_hash: str, *, sent_code_id: int = 0) -> None:
    """Set a new password with a code, which is redeemed. Ends all sessions. Raises StepExpired."""
    if not (activation_codes.redeem(code_id) if code_id else sent_codes.redeem(sent_code_id)):
        raise StepExpired
    replace_password(account_id, password_hash)


def replace_password(account_id: int, password_hash: str) -> None:
    """Set a new password for a person who was proven to be the owner. Ends all sessions. Raises StepExpired."""
    account = db.session.get(Account, account_id)
    if account is None or account.state != AccountState.ACTIVE:
        raise StepExpired
    _after_password_change(account, password_hash, "password_reset")


def _after_password_change(account: Account, password_hash: str, verb: str) -> None:
    set_password(account, password_hash)
    sessions.end_all(account_id=account.id)
    known_devices.forget(account_id=account.id)
    audit.record(verb, actor_of(account))
    inbox.tell(account.id, "password_changed", link="/account")


def devices(account_id: int) -> Sequence[WebSession]:
    """The browsers with a live session, the latest used first."""
    now = utcnow()
    query = select(WebSession).where(WebSession.account_id == account_id, WebSession.ended_at.is_(None))
    query = query.where(WebSession.expires_at > now, WebSession.seen_at > now - sessions.APPLICANT_IDLE)
    return db.session.scalars(query.order_by(WebSession.seen_at.desc())).all()
