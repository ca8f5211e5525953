"""Staff accounts: created by commands, two factors at sign-in, recovery codes for a lost phone.

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
from lib.codes import IdType, Role
from lib.database import utcnow
from models import Department, RecoveryCode, Staff, db, keys
from services import audit
from services.access import Actor
from services.accounts import applicants, known_devices, passwords, sessions, throttle
from services.accounts.applicants import StepExpired

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


def create(
    username: str, name: str, role: Role, department_code: str, password: str, *, id_number: str = ""
) -> tuple[Staff, str]:
    """A new account and its TOTP secret, which is shown once. ``id_number`` excludes the officer's own file.

    Raises StaffRefused.
    """
    name = names.normalise_name(name)
    wrong = _username_problem(username) or names.name_problem(name) or passwords.problem(password, name=name)
    if wrong:
        raise StaffRefused(wrong)
    password_hash = passwords.hashed(password, staff=True)
    department = db.session.scalar(select(Department).where(Department.code == department_code))
    if role == Role.APPLICANT or department is None:
        raise StaffRefused("没有这个角色" if role == Role.APPLICANT else f"没有代码为 {department_code} 的部门")
    if not department.active:
        raise StaffRefused(f"{department.name}已撤并，请填写接办部门的代码")
    if db.session.scalar(select(Staff.id).where(Staff.username == username)):
        raise StaffRefused(f"用户名 {username} 已存在")
    staff = Staff(username=username, name=name, role=role, department_id=department.id, password_hash=password_hash)
    staff.id_index = (
        applicants.number_index(identity.normalise_number(IdType.RESIDENT, id_number)) if id_number else None
    )
    secret = _new_secret(staff)
    db.session.add(staff)
    db.session.flush()
    audit.record("staff_create", None, detail=f"staff {staff.uid} as {role}")
    return staff, secret


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


def disable(username: str, actor: Actor | None = None) -> Staff:
    """Block sign-in with the account and end its sessions."""
    staff = by_username(username)
    staff.active = False
    return _ended(staff, "staff_disable", actor)


def reset_password(username: str, password: str, actor: Actor | None = None) -> Staff:
    """Raises StaffRefused, also for a weak password."""
    staff = by_username(username)
    if wrong := passwords.problem(password, name=staff.name):
        raise StaffRefused(wrong)
    staff.password_hash = passwords.hashed(password, staff=True)
    throttle.reset_failures(throttle.STAFF_SIGN_IN.person, username)
    return _ended(staff, "staff_reset_password", actor)


def reset_totp(username: str, actor: Actor | None = None) -> str:
    """Set a new second factor and return its secret. Recovery codes are deleted."""
    staff = by_username(username)
    secret = _new_secret(staff)
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    _ended(staff, "staff_reset_totp", actor)
    return secret


def _ended(staff: Staff, verb: str, actor: Actor | None) -> Staff:
    sessions.end_all(staff_id=staff.id)
    known_devices.forget(staff_id=staff.id)
    audit.record(verb, actor, detail=f"staff {staff.uid}")
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
    staff.password_hash = new_hash or staff.password_hash
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
    staff.password_hash = password_hash
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
