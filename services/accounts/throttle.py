"""Limits attempts at secrets. Attempts are stored before the check, for known and unknown people alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select, update

from lib.database import advisory_lock, utcnow
from models import Attempt, db, keys


@dataclass(frozen=True)
class Limit:
    """At most ``most`` failed attempts by one subject within ``window``."""

    kind: str
    most: int
    window: timedelta


MINUTES, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)

SIGN_IN, SIGN_IN_ADDRESS = Limit("sign_in", 5, MINUTES), Limit("sign_in_address", 100, HOUR)
STAFF_SIGN_IN, STAFF_ADDRESS = Limit("staff_sign_in", 5, MINUTES), Limit("staff_address", 100, HOUR)
PASSWORD = Limit("password", 5, MINUTES)  # asked again of a person who is signed in
STAFF_PASSWORD = Limit("staff_password", 5, MINUTES)
PROOF, CODE = Limit("proof", 5, DAY), Limit("code", 5, DAY)  # 档案号; activation codes for any purpose
PROOF_ADDRESS = Limit("proof_address", 50, DAY)
VERIFY_ADDRESS = Limit("verify_address", 30, HOUR)  # check codes of sheets that do not exist
REGISTER, REGISTER_PHONE = Limit("register", 3, DAY), Limit("register_phone", 5, DAY)
REGISTER_ADDRESS = Limit("register_address", 30, DAY)
PHOTO_ADDRESS = Limit("photo_address", 30, HOUR)  # pictures of people who are not signed in

Subject = tuple[Limit, str]  # a limit, and the number, phone, address or name it is counted for


@dataclass(frozen=True)
class CountedAttempt:
    """One stored attempt. ``until``: there were too many; nothing may be checked before that time."""

    ids: tuple[int, ...]
    until: datetime | None

    @property
    def minutes(self) -> int:
        """The remaining wait."""
        return max(1, ceil((self.until - utcnow()).total_seconds() / 60)) if self.until else 0


def count_attempt(*counted: Subject) -> CountedAttempt:
    """Store an attempt for all its subjects. The caller commits before it checks anything.

    A blocked attempt is not checked, so it does not prolong the wait.
    """
    advisory_lock(db.session, *(subject(limit.kind, value) for limit, value in counted))
    attempts = [record_attempt(limit, value) for limit, value in counted]
    db.session.flush()
    waits = [until for limit, value in counted if (until := blocked_until(limit, value))]
    made = CountedAttempt(tuple(attempt.id for attempt in attempts), max(waits, default=None))
    if made.until:
        uncount_attempt(made)
    return made


def minutes_blocked(limit: Limit, value: str) -> int:
    """The wait in minutes after too many attempts; 0 if there is none. Stores nothing."""
    return CountedAttempt((), blocked_until(replace(limit, most=limit.most - 1), value)).minutes


def uncount_attempt(made: CountedAttempt) -> None:
    """The attempt was correct, or not checked: it does not count. Earlier failures still do."""
    db.session.execute(update(Attempt).where(Attempt.id.in_(made.ids)).values(failed=False))


def reset_failures(limit: Limit, value: str) -> None:
    """Forget earlier failures after a success. Never for an address, because many people share one."""
    who = (Attempt.kind == limit.kind, Attempt.subject == subject(limit.kind, value))
    db.session.execute(update(Attempt).where(*who, Attempt.failed).values(failed=False))


def subject(kind: str, value: str) -> bytes:
    """The keyed hash under which a number, phone, address or user name is counted. The value is not stored."""
    return keys().index(f"attempt|{kind}", value)


def record_attempt(limit: Limit, value: str) -> Attempt:
    """Store the attempt. The caller commits before it checks anything."""
    attempt = Attempt(kind=limit.kind, subject=subject(limit.kind, value))
    db.session.add(attempt)
    return attempt


def blocked_until(limit: Limit, value: str) -> datetime | None:
    """When the next attempt is allowed, if there were too many; includes the one just recorded."""
    who = (Attempt.kind == limit.kind, Attempt.subject == subject(limit.kind, value), Attempt.failed)
    query = select(Attempt.at).where(*who, Attempt.at > utcnow() - limit.window).order_by(Attempt.at.desc())
    times = db.session.scalars(query.limit(limit.most + 1)).all()
    return times[-1] + limit.window if len(times) > limit.most else None
