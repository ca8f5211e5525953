"""Staff accounts: how they are made, two factors at sign-in, recovery codes for a lost phone.

A TOTP code is accepted once (``totp_last_step``). Argon2 is slow: callers hash and check between two transactions, so
these functions take and return plain values.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

import pyotp
from sqlalchemy import delete, select, update

from lib import identity, names
from lib.codes import CodePurpose, IdType, Role
from lib.database import advisory_lock, utcnow
from models import Department, RecoveryCode, Staff, db, keys
from services import audit
from services.access import Actor
from services.accounts import applicants, inbox, known_devices, passwords, sent_codes, sessions, throttle
from services.accounts.applicants import StepExpired
from services.messages import outbox, texts
from services.messages.outbox import Contact

ISSUER = "会计人员信息采集平台"
STEP = 30  # seconds of one TOTP step; one step before and after is accepted, too, for inexact clocks
RECOVERY_CODES = 10
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 O 1 I
USERNAME_LENGTH = (3, 40)


class StaffRefused(Exception):
    """The staff account cannot be created or found; the message says why."""


@dataclass(frozen=True)
class KnownStaff:
    """A copy of the data for checking a sign-in after the end of the transaction."""

    staff_id: int
    uid: str
    password_hash: str
    secret: str | None
    last_step: int


@dataclass(frozen=True)
class SecondFactor:
    """The correct second factor: a TOTP step, or the row of a recovery code."""

    step: int = 0
    recovery_id: int = 0


# --- accounts -------------------------------------------------------------------------------------------------------


def checked_hash(password: str, name: str) -> str:
    """The hash of a new password. Raises StaffRefused for a weak one. Outside of transactions: hashing is slow."""
    if wrong := passwords.problem(password, name=name):
        raise StaffRefused(wrong)
    return passwords.hashed(password, staff=True)


def first_password() -> str:
    """80 random bits, to be handed over and changed at the first sign-in: ``7XKQ-M2PD-9HRT-C4WV``."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


@dataclass(frozen=True)
class NewStaff:
    """What is said of an officer whose account is made. ``id_number`` excludes the officer's own file."""

    username: str
    name: str
    role: Role
    department_code: str
    id_number: str = ""


def create(new: NewStaff, password_hash: str, actor: Actor | None = None) -> tuple[Staff, str]:
    """A new account and its TOTP secret, which is shown once. Raises StaffRefused."""
    name = names.normalise_name(new.name)
    if wrong := _username_problem(new.username) or names.name_problem(name):
        raise StaffRefused(wrong)
    if new.role == Role.APPLICANT:
        raise StaffRefused("没有这个角色")
    office = office_of(new.department_code)
    advisory_lock(db.session, keys().index("staff", new.username))
    if db.session.scalar(select(Staff.id).where(Staff.username == new.username)):
        raise StaffRefused(f"用户名 {new.username} 已存在")
    row = Staff(username=new.username, name=name, role=new.role, department_id=office.id, password_hash=password_hash)
    number = identity.normalise_number(IdType.RESIDENT, new.id_number)
    _set_number(row, number)
    secret = _new_secret(row)
    db.session.add(row)
    db.session.flush()
    audit.record("staff_create", actor, detail=f"staff {row.uid} as {new.role} at {office.code}")
    return row, secret


def _set_number(row: Staff, number: str) -> None:
    row.id_number, row.id_index = number or None, applicants.number_index(number) if number else None


def set_number(username: str, number: str) -> None:
    """The officer's own ID number, normalised. Raises StaffRefused."""
    row = by_username(username)
    _set_number(row, number)
    audit.record("staff_number", None, detail=f"staff {row.uid}")


def office_of(code: str) -> Department:
    """Raises StaffRefused."""
    office = db.session.scalar(select(Department).where(Department.code == code))
    if office is None:
        raise StaffRefused(f"没有代码为 {code} 的部门")
    if not office.active:
        raise StaffRefused(f"{office.name}已撤并，请填写接办部门的代码")
    return office


def _username_problem(username: str) -> str | None:
    least, most = USERNAME_LENGTH
    is_plain = username.isascii() and username.replace("-", "").replace("_", "").replace(".", "").isalnum()
    fits = least <= len(username) <= most and is_plain and username == username.lower()
    return None if fits else f"用户名应为 {least} 至 {most} 个小写字母、数字或 . _ -"


def by_username(username: str) -> Staff:
    """Raises StaffRefused when there is none."""
    staff = db.session.scalar(select(Staff).where(Staff.username == username))
    if staff is None:
        raise StaffRefused(f"没有用户名为 {username} 的工作人员")
    return staff


def reset_password(username: str, password_hash: str, actor: Actor | None = None) -> Staff:
    """Raises StaffRefused."""
    staff = by_username(username)
    staff.password_hash = password_hash
    throttle.reset_failures(throttle.STAFF_SIGN_IN.person, username)
    return ended(staff, "staff_reset_password", actor)


def reset_totp(username: str, actor: Actor | None = None) -> str:
    """Set a new second factor and return its secret. Recovery codes are deleted."""
    staff = by_username(username)
    secret = _new_secret(staff)
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    ended(staff, "staff_reset_totp", actor)
    return secret


def ended(staff: Staff, verb: str, actor: Actor | None, detail: str = "") -> Staff:
    """After a change by somebody else: its sessions end, and no browser is known any more."""
    sessions.end_all(staff_id=staff.id)
    known_devices.forget(staff_id=staff.id)
    audit.record(verb, actor, detail=f"staff {staff.uid} {detail}".rstrip())
    return staff


# --- the second factor ----------------------------------------------------------------------------------------------


def _new_secret(staff: Staff) -> str:
    staff.totp_secret, staff.totp_last_step = pyotp.random_base32(), 0
    return str(staff.totp_secret)


def otpauth(username: str, secret: str) -> str:
    """The URL in the QR code for authenticator apps."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def step_of(secret: str, code: str, last_step: int = 0) -> int:
    """The TOTP step of this code, later than ``last_step``; 0 for a wrong code."""
    totp, now = pyotp.TOTP(secret, interval=STEP), int(utcnow().timestamp()) // STEP
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    fitting = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    return max((step for step in fitting if step > last_step), default=0)


def _recovery_hash(uid: str, code: str) -> bytes:
    compact = "".join(letter for letter in code.upper() if letter.isalnum())
    return keys().mac("recovery", uid.encode(), compact.encode())


def new_recovery_codes(staff_id: int, uid: str) -> list[str]:
    """Replace the recovery codes. They are shown only once."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    codes = [
        "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)
    ]
    rows = [RecoveryCode(staff_id=staff_id, code_hash=_recovery_hash(uid, code)) for code in codes]
    db.session.add_all(rows)
    return codes


def _recovery_id(who: KnownStaff, code: str) -> int:
    unused = (RecoveryCode.staff_id == who.staff_id, RecoveryCode.used_at.is_(None))
    query = select(RecoveryCode.id).where(*unused, RecoveryCode.code_hash == _recovery_hash(who.uid, code))
    return db.session.scalar(query) or 0


# --- sign-in ----------------------------------------------------------------------------------------------------------


def active_account(username: str) -> KnownStaff | None:
    """The active account of a user name, as a copy for use after the transaction."""
    staff = db.session.scalar(select(Staff).where(Staff.username == username, Staff.active))
    return known_from(staff) if staff else None


def known_from(staff: Staff) -> KnownStaff:
    return KnownStaff(staff.id, staff.uid, staff.password_hash, staff.totp_secret, staff.totp_last_step)


def second_factor(who: KnownStaff, code: str) -> SecondFactor | None:
    """The second factor that the typed code matches, if any; ``sign_in`` redeems it."""
    if who.secret and (step := step_of(who.secret, code, who.last_step)):
        return SecondFactor(step=step)
    recovery = _recovery_id(who, code)
    return SecondFactor(recovery_id=recovery) if recovery else None


def sign_in(
    who: KnownStaff, factor: SecondFactor | None, device: str, new_hash: str | None = None
) -> tuple[str, Actor]:
    """A new session; redeems the second factor (None: the setting turns it off). Raises StepExpired."""
    staff = db.session.get(Staff, who.staff_id)
    if staff is None or not staff.active or staff.password_hash != who.password_hash:
        raise StepExpired
    if factor and not _redeem(who.staff_id, factor):
        raise StepExpired
    staff.password_hash, staff.last_sign_in_at = new_hash or staff.password_hash, utcnow()
    actor = actor_of(staff)
    audit.record("staff_sign_in", actor, detail="recovery code" if factor and factor.recovery_id else "")
    return sessions.start(staff=staff, device=device), actor


def actor_of(staff: Staff) -> Actor:
    """The officer outside of a request, with the department's scope."""
    office = staff.department
    return Actor(
        *(staff.role, staff.id, staff.name, 0, ""),
        department_id=office.id,
        department_name=office.name,
        path=office.path,
        id_index=staff.id_index,
        password_due=staff.first_password_at is not None,
    )


def _redeem(staff_id: int, factor: SecondFactor) -> bool:
    if factor.step:
        later = update(Staff).where(Staff.id == staff_id, Staff.totp_last_step < factor.step)
        used = db.session.execute(later.values(totp_last_step=factor.step))
    else:
        unused = update(RecoveryCode).where(RecoveryCode.id == factor.recovery_id, RecoveryCode.used_at.is_(None))
        used = db.session.execute(unused.values(used_at=utcnow()))
    return bool(used.rowcount)  # type: ignore[attr-defined]


# --- own account ------------------------------------------------------------------------------------------------------


def change_password(who: KnownStaff, password_hash: str, device: str) -> str:
    """Set a new password after the old one was checked. All sessions end; this browser gets a new one."""
    staff = _unchanged(who)
    staff.password_hash, staff.first_password_at = password_hash, None
    sessions.end_all(staff_id=staff.id)
    known_devices.forget(staff_id=staff.id)
    audit.record("staff_password_change", actor_of(staff))
    return sessions.start(staff=staff, device=device)


def change_totp(who: KnownStaff, secret: str, step: int, session_id: int) -> None:
    """Set a new second factor after its code was checked (``step``). All other sessions end."""
    staff = _unchanged(who)
    staff.totp_secret, staff.totp_last_step = secret, step
    sessions.end_all(staff_id=staff.id, but=session_id)
    audit.record("staff_totp_change", actor_of(staff))


def change_email(who: KnownStaff, email: str) -> None:
    """For a copy of the messages, none without one. Nothing is sent to it until it is verified."""
    _set_email(_unchanged(who), email, verified=False)


def send_email_code(who: KnownStaff, email: str) -> None:
    """To a new address. Attempts are counted before (throttle.SEND_CODE)."""
    staff = _unchanged(who)
    sent_codes.send(CodePurpose.EMAIL, staff.uid, Contact(staff_id=staff.id, email=email), email)


def confirm_email(staff_id: int, code: str) -> None:
    """The code is right: the address that it was sent to is the officer's. Raises StepExpired for any other code."""
    staff = db.session.get_one(Staff, staff_id)
    code_id = sent_codes.usable_id(CodePurpose.EMAIL, staff.uid, code)
    if code_id is None or not sent_codes.redeem(code_id):
        raise StepExpired
    _set_email(staff, sent_codes.target(code_id), verified=True)


def _set_email(staff: Staff, email: str, *, verified: bool) -> None:
    """The earlier address gets a message."""
    before = outbox.of_staff(staff)
    staff.email, staff.email_verified_at = email, utcnow() if verified else None
    audit.record("staff_email_change", actor_of(staff))
    if before.email and before.email != email:
        outbox.post(before, "email_changed", texts.written("email_changed", {}))


def tell_new_device(staff_id: int) -> None:
    """A sign-in in a browser in which the officer has not signed in before."""
    inbox.tell_staff([db.session.get_one(Staff, staff_id)], "new_device", link="/staff/account")


def renew_recovery_codes(who: KnownStaff) -> list[str]:
    staff = _unchanged(who)
    audit.record("staff_recovery_codes", actor_of(staff))
    return new_recovery_codes(staff.id, staff.uid)


def set_single_keys(staff_id: int, on: bool) -> None:
    """Single-key commands on the review page, on or off."""
    db.session.get_one(Staff, staff_id).keys_on = on


def unused_recovery_codes(staff_id: int) -> int:
    query = select(RecoveryCode.id).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    return len(db.session.scalars(query).all())


def _unchanged(who: KnownStaff) -> Staff:
    staff = db.session.get(Staff, who.staff_id)
    if staff is None or not staff.active or staff.password_hash != who.password_hash:
        raise StepExpired
    return staff
