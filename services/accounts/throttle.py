"""Limits attempts at secrets. Attempts are stored before the check, for known and for unknown people.

Nobody can use up the attempts of another person: docs/adr/022 says who can lock out whom, with the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, func, or_, select, update

from lib.database import advisory_lock, utcnow
from models import Attempt, db, keys


@dataclass(frozen=True)
class Limit:
    """At most ``most`` failed attempts by one subject within ``window``.

    ``first``: up to so many, if each more is the first in a while by one address at one person.
    """

    kind: str
    most: int
    window: timedelta
    first: int = 0


Subject = tuple[Limit, str]  # a limit, and the number, phone, address or name it is counted for

OFFICE_FACTOR = 10


@dataclass(frozen=True)
class AttemptSource:
    """Where an attempt comes from. ``is_office``: the operator knows that many people share this address."""

    address: str
    is_office: bool = False

    def within(self, limit: Limit) -> Subject:
        """This address, and its limit."""
        factor = OFFICE_FACTOR if self.is_office else 1
        return replace(limit, most=limit.most * factor, first=limit.first * factor), self.address

    def of(self, value: str) -> str:
        """The subject of one value at this address only."""
        return f"{self.address} {value}"


@dataclass(frozen=True)
class SecretLimits:
    """The limits on guessing one kind of secret.

    ``source``: one person's, from one address. ``person``: the same from all addresses; both count the same rows.
    ``address``: everybody's from one address. ``device``: one person's on a browser that the person has used before;
    such attempts count nowhere else.
    """

    source: Limit
    person: Limit
    address: Limit
    device: Limit | None = None


MINUTES, HOUR, DAY, WEEK = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
KEPT = WEEK + DAY  # longer than any window

SIGN_IN = SecretLimits(
    Limit("sign_in", 5, MINUTES),
    Limit("sign_in", 50, DAY, first=100),
    Limit("sign_in_address", 100, HOUR, first=1000),
    Limit("sign_in_device", 10, DAY),
)
STAFF_SIGN_IN = SecretLimits(
    Limit("staff_sign_in", 5, MINUTES),
    Limit("staff_sign_in", 50, DAY, first=100),
    Limit("staff_address", 100, HOUR, first=1000),
    Limit("staff_device", 10, DAY),
)
#: Activation codes for any purpose. A week is a code's life, and a new code starts anew.
CODE = SecretLimits(
    Limit("code", 5, WEEK), Limit("code", 50, WEEK, first=100), Limit("proof_address", 50, DAY, first=200)
)
#: 档案号, which other people may know in part.
PROOF = SecretLimits(
    Limit("proof", 5, DAY), Limit("proof", 10, DAY, first=20), Limit("proof_address", 50, DAY, first=200)
)
#: Codes that are sent: each costs money, and a stranger must not ring somebody's phone all day.
SEND_CODE = SecretLimits(
    Limit("send_code", 3, HOUR), Limit("send_code", 10, DAY, first=15), Limit("send_address", 30, DAY, first=100)
)
PASSWORD = Limit("password", 5, MINUTES)  # asked again in a session; counted for the session
OWN_DATA = Limit("own_data", 3, DAY)  # exports of one person's data
VERIFY_ADDRESS = Limit("verify_address", 30, HOUR)  # check codes of sheets that do not exist
PRINT_ADDRESS = Limit("print_address", 60, HOUR)  # codes for a print shop that do not exist
PHOTO_ADDRESS = Limit("photo_address", 30, HOUR)  # pictures of people who are not signed in

# A registration. The first two are counted for one address, and end with the account.
REGISTER, REGISTER_PHONE = Limit("register", 10, DAY), Limit("register_phone", 10, DAY)
REGISTER_OPEN = Limit("register_open", 60, timedelta(minutes=30))  # begun at an address, and not finished
REGISTER_TAKEN = Limit("register_taken", 30, DAY)  # occupied numbers: the answer says that a person is known
REGISTER_ADDRESS = Limit("register_address", 500, DAY)  # all of an address, successful or not
OWN_NUMBER = Limit("own_number", 10, DAY)  # numbers that one person corrects to, taken ones too

# A 核验申请, the first two counted for one address; and receipts that are not known.
ASSIST, ASSIST_PHONE = Limit("assist", 3, DAY), Limit("assist_phone", 5, DAY)
ASSIST_ADDRESS = Limit("assist_address", 30, DAY)
RECEIPT_ADDRESS = Limit("receipt_address", 20, HOUR)


@dataclass(frozen=True)
class CountedAttempt:
    """One stored attempt: the rows by their kinds.

    ``until``: there were too many; nothing may be checked before that time. ``limited``: what is limited: ``source``,
    ``person`` or ``address`` of a secret, else the kind of the limit.
    """

    ids: dict[str, int] = field(default_factory=dict)
    until: datetime | None = None
    limited: str = ""
    device_id: int = 0  # of the known browser for which it was counted

    @property
    def minutes(self) -> int:
        """The remaining wait."""
        return max(1, ceil((self.until - utcnow()).total_seconds() / 60)) if self.until else 0


def count_attempt(*counted: Subject) -> CountedAttempt:
    """Store an attempt for all its subjects. The caller commits before it checks anything.

    A blocked attempt is not checked, so it does not prolong the wait.
    """
    advisory_lock(db.session, *(subject(limit.kind, value) for limit, value in counted))
    waits = [(until, limit.kind) for limit, value in counted if (until := _blocked_until(limit, value))]
    if waits:
        return CountedAttempt({}, *max(waits))
    return _stored(*(_attempt(limit, value) for limit, value in counted))


def count_secret(limits: SecretLimits, person: str, source: AttemptSource, device_id: int = 0) -> CountedAttempt:
    """Store an attempt at a person's secret. The caller commits before it checks anything.

    ``device_id``: of the person's known browser, if it is one; when its own attempts are used up, it is one of many.
    """
    if limits.device and device_id:
        made = count_attempt((limits.device, str(device_id)))
        if made.until is None:
            return replace(made, device_id=device_id)
    address_limit, address = source.within(limits.address)
    advisory_lock(db.session, subject(limits.person.kind, person), subject(address_limit.kind, address))
    earlier = _failures_from(limits.person, person, source)
    most = limits.source.most
    refused = {
        "source": earlier[most - 1] + limits.source.window if len(earlier) >= most else None,
        "person": _blocked_until(limits.person, person, is_first=not earlier),
        "address": _blocked_until(address_limit, address, is_first=not earlier),
    }
    waits = [(until, limited) for limited, until in refused.items() if until and until > utcnow()]
    if waits:
        return CountedAttempt({}, *max(waits))
    return _stored(_attempt(limits.person, person, source), _attempt(address_limit, address))


def count_success(made: CountedAttempt, limits: SecretLimits, person: str, source: AttemptSource) -> None:
    """The secret was correct: earlier failures of this person here are forgotten, too.

    Those of other addresses still count, and those of this address, because many people share one.
    """
    here = _failures(limits.person, person) & (Attempt.source == _source_hash(limits.person, source))
    forgotten: list[ColumnElement[bool]] = [Attempt.id.in_(made.ids.values()), here]
    if limits.device and made.device_id:
        forgotten.append(_failures(limits.device, str(made.device_id)))
    _uncount(or_(*forgotten))


def minutes_blocked(limit: Limit, value: str) -> int:
    """The wait in minutes after too many attempts; 0 if there is none. Stores nothing."""
    return CountedAttempt({}, _blocked_until(limit, value)).minutes


def uncount_attempt(made: CountedAttempt, *limits: Limit) -> None:
    """The attempt was correct: it does not count (for these limits). Earlier failures still do."""
    kinds = {limit.kind for limit in limits} or set(made.ids)
    ids = [attempt_id for kind, attempt_id in made.ids.items() if kind in kinds]
    _uncount(Attempt.id.in_(ids))


def uncount_oldest(limit: Limit, value: str) -> None:
    """One of the counted attempts has ended well, whichever it was."""
    counted = _failures(limit, value) & (Attempt.at > utcnow() - limit.window)
    oldest = select(Attempt.id).where(counted).order_by(Attempt.at, Attempt.id).limit(1)
    _uncount(Attempt.id.in_(oldest))


def reset_failures(limit: Limit, value: str) -> None:
    """Forget earlier failures, from wherever they came. Never for an address, because many people share one."""
    _uncount(_failures(limit, value))


def failures(limit: Limit, value: str) -> int:
    """How many count now."""
    recent = _failures(limit, value) & (Attempt.at > utcnow() - limit.window)
    return db.session.scalar(select(func.count()).select_from(Attempt).where(recent)) or 0


def _uncount(which: ColumnElement[bool]) -> None:
    """No object in memory needs to follow."""
    change = update(Attempt).where(which).values(failed=False)
    db.session.execute(change, execution_options={"synchronize_session": False})


def subject(kind: str, value: str) -> bytes:
    """The keyed hash under which a number, phone, address or user name is counted. The value is not stored."""
    return keys().index(f"attempt|{kind}", value)


def _source_hash(limit: Limit, source: AttemptSource) -> bytes:
    return subject(f"{limit.kind}|source", source.address)


def _attempt(limit: Limit, value: str, source: AttemptSource | None = None) -> Attempt:
    made = Attempt(kind=limit.kind, subject=subject(limit.kind, value))
    made.source = _source_hash(limit, source) if source else None
    return made


def _stored(*attempts: Attempt) -> CountedAttempt:
    db.session.add_all(attempts)
    db.session.flush()
    return CountedAttempt({attempt.kind: attempt.id for attempt in attempts})


def _failures(limit: Limit, value: str) -> ColumnElement[bool]:
    """The rows of failures, of whatever age."""
    return and_(Attempt.kind == limit.kind, Attempt.subject == subject(limit.kind, value), Attempt.failed)


#: Built once, because each sign-in asks them: failures within a window, the latest first; one of them.
_RECENT = (
    select(Attempt.at)
    .where(Attempt.kind == bindparam("kind"), Attempt.subject == bindparam("subject"), Attempt.failed)
    .where(Attempt.at > bindparam("since"))
    .order_by(Attempt.at.desc())
)
_RECENT_FROM = _RECENT.where(Attempt.source == bindparam("source"))
_NTH = _RECENT.offset(bindparam("before", type_=Integer)).limit(1)


def _recent(limit: Limit, value: str) -> dict[str, Any]:
    return {"kind": limit.kind, "subject": subject(limit.kind, value), "since": utcnow() - limit.window}


def _failures_from(limit: Limit, person: str, source: AttemptSource) -> Sequence[datetime]:
    """When this address failed at the person within the window, the latest first."""
    return db.session.scalars(
        _RECENT_FROM,
        _recent(limit, person) | {"source": _source_hash(limit, source)},
    ).all()


def _blocked_until(limit: Limit, value: str, *, is_first: bool = False) -> datetime | None:
    """When the next attempt is allowed, if there were too many."""
    most = max(limit.most, limit.first) if is_first else limit.most
    full = db.session.scalar(_NTH, _recent(limit, value) | {"before": most - 1})
    return full + limit.window if full else None
