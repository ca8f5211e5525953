"""Server-side session rows.

The cookie holds 256 random bits, the row their hash. A row ends by signing out, by idleness, by age or by a changed
password. It then opens nothing. It is kept for 24 hours, so that a form of that session is not taken for a forgery.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from lib.codes import AccountState, Role
from lib.crypto import new_token, token_hash
from lib.database import Prebuilt, parameter, utcnow
from models import Account, Attempt, Declaration, Department, PhoneUpload, PrintCode, Staff, WebSession, db
from services.access import Actor
from services.accounts import throttle
from services.departments import reference_version

APPLICANT_IDLE, APPLICANT_LIFE = timedelta(minutes=30), timedelta(hours=12)
STAFF_IDLE, STAFF_LIFE = timedelta(minutes=15), timedelta(hours=8)
RETENTION = timedelta(hours=24)
_SECRET = re.compile(r"[0-9a-f]{40}")  # of a session's forms
SEEN_INTERVAL = timedelta(minutes=1)  # how often a request updates seen_at; not with every click

_SESSION = (
    *(WebSession.id, WebSession.csrf, WebSession.seen_at, WebSession.expires_at, WebSession.ended_at),
    reference_version.column(),
)
_OF_TOKEN = WebSession.token_hash == parameter("token")
_OF_APPLICANT = Prebuilt(
    select(*_SESSION, Account.id.label("person"), Account.name, (Account.state == AccountState.ACTIVE).label("may"))
    .join(Account, Account.id == WebSession.account_id)
    .where(_OF_TOKEN)
)
_OF_STAFF = Prebuilt(
    select(
        *_SESSION,
        *(Staff.id.label("person"), Staff.name, Staff.role, Staff.id_index, Staff.active.label("may")),
        *(Staff.keys_on, Staff.queue_hidden),
        Staff.first_password_at.is_not(None).label("password_due"),
        *(Department.id.label("department_id"), Department.name.label("department_name"), Department.path),
    )
    .join(Staff, Staff.id == WebSession.staff_id)
    .join(Department, Department.id == Staff.department_id)
    .where(_OF_TOKEN)
)


@dataclass(frozen=True)
class FoundSession:
    """What a cookie's token leads to. ``actor`` is None once the session has ended; then ``csrf`` and owner count.

    ``reference_mark``: the version of the reference data, read along.
    """

    actor: Actor | None
    csrf: str
    account_id: int | None
    staff_id: int | None
    reference_mark: str | None
    stale: bool = False  # seen_at is due for an update
    timed_out: bool = False  # by idleness or age; nobody has ended it


def start(*, account: Account | None = None, staff: Staff | None = None, device: str = "") -> str:
    """A new session for a person who has just authenticated. Returns the token for the cookie."""
    token, now = new_token(), utcnow()
    life = APPLICANT_LIFE if account else STAFF_LIFE
    db.session.add(
        WebSession(
            token_hash=token_hash(token),
            account_id=account.id if account else None,
            staff_id=staff.id if staff else None,
            csrf=secrets.token_hex(20),
            device=device[:80],
            created_at=now,
            seen_at=now,
            expires_at=now + life,
        )
    )
    return token


def find(token: str, *, staff: bool) -> FoundSession | None:
    """The session behind a cookie, alive or ended less than a day ago. One small query; the session is never cached."""
    row = (_OF_STAFF if staff else _OF_APPLICANT).first(db.session, token=token_hash(token))
    if row is None:
        return None
    now = utcnow()
    idle = STAFF_IDLE if staff else APPLICANT_IDLE
    found: dict[str, Any] = (
        {"account_id": None, "staff_id": row.person} if staff else {"account_id": row.person, "staff_id": None}
    ) | {"reference_mark": row.reference_mark}
    if row.ended_at or now >= row.expires_at or now - row.seen_at >= idle or not row.may:
        timed_out = row.ended_at is None and bool(row.may)
        return (
            FoundSession(None, row.csrf, **found, timed_out=timed_out) if now - _end_of(row, idle) < RETENTION else None
        )
    actor = _staff_actor(row) if staff else Actor(Role.APPLICANT, row.person, row.name, row.id, row.csrf)
    return FoundSession(actor, row.csrf, **found, stale=now - row.seen_at >= SEEN_INTERVAL)


def of_csrf(secret: str) -> FoundSession | None:
    """The session to whose pages this secret was given: it tells whose a form is that comes without the cookie."""
    if not _SECRET.fullmatch(secret):  # a visitor's: anybody can send it, and looking for it reads the whole table
        return None
    row = db.session.scalar(select(WebSession).where(WebSession.csrf == secret))
    if row is None or utcnow() - _end_of(row, STAFF_IDLE if row.staff_id else APPLICANT_IDLE) >= RETENTION:
        return None
    return FoundSession(None, secret, row.account_id, row.staff_id, None)


def _end_of(row: Any, idle: timedelta) -> datetime:
    end: datetime = row.ended_at or min(row.expires_at, row.seen_at + idle)
    return end


def _staff_actor(row: Any) -> Actor:
    return Actor(
        row.role,
        row.person,
        row.name,
        row.id,
        row.csrf,
        department_id=row.department_id,
        department_name=row.department_name,
        path=row.path,
        id_index=row.id_index,
        keys_on=row.keys_on,
        queue_hidden=row.queue_hidden or "",
        password_due=bool(row.password_due),
    )


def touch(session_id: int) -> None:
    db.session.execute(update(WebSession).where(WebSession.id == session_id).values(seen_at=utcnow()))


def end_one(session_id: int, *, account_id: int) -> bool:
    """One of the person's own sessions, with the phone uploads that it allowed. False: it is none of them."""
    mine = select(WebSession.id).where(WebSession.id == session_id, WebSession.account_id == account_id)
    if db.session.scalar(mine) is None:
        return False
    end(session_id)
    phones = update(PhoneUpload).where(PhoneUpload.session_id == session_id, PhoneUpload.expires_at > utcnow())
    db.session.execute(phones.values(expires_at=utcnow()))
    return True


def end(session_id: int) -> None:
    _end(WebSession.id == session_id)


def end_all(*, account_id: int | None = None, staff_id: int | None = None, but: int = 0) -> None:
    """End every session of one person, except ``but``: after a changed password, or 退出其他设备.

    What others were let in for ends with them: phone uploads, even those of the remaining session, and print codes.
    """
    owner = WebSession.account_id == account_id if account_id else WebSession.staff_id == staff_id
    _end(owner, WebSession.id != but)
    if account_id:
        now, own = utcnow(), select(Declaration.id).where(Declaration.account_id == account_id)
        phones = PhoneUpload.session_id.in_(select(WebSession.id).where(owner))
        db.session.execute(update(PhoneUpload).where(phones, PhoneUpload.expires_at > now).values(expires_at=now))
        codes = PrintCode.declaration_id.in_(own)
        db.session.execute(update(PrintCode).where(codes, PrintCode.expires_at > now).values(expires_at=now))


def _end(*which: Any) -> None:
    db.session.execute(update(WebSession).where(*which, WebSession.ended_at.is_(None)).values(ended_at=utcnow()))


def delete_old() -> int:
    """Delete rows that are no longer needed; returns how many. For ``flask tick``."""
    gone = utcnow() - RETENTION
    rows = db.session.execute(delete(WebSession).where((WebSession.ended_at < gone) | (WebSession.expires_at < gone)))
    tries = db.session.execute(delete(Attempt).where(Attempt.at < utcnow() - throttle.KEPT))
    return int(rows.rowcount) + int(tries.rowcount)  # type: ignore[attr-defined]
