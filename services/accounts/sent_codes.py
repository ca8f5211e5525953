"""Codes by SMS or mail: to claim a record, for a lost password, to verify a phone or an address. One use, 15 minutes.

Who asks for one at a public page gets the same answer whoever it is: the page only writes the request down. The
sending process looks for the person (``look_up``), so not even the work of the page tells who is known.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from lib.codes import CodePurpose
from lib.crypto import new_code
from lib.database import utcnow
from models import SentCode, db, keys, site
from services.messages import outbox, texts
from services.messages.outbox import Contact

LIFE = timedelta(minutes=15)
KEPT = timedelta(days=2)
COMPARED = 3  # who asks twice may type the code that came first

#: The phone of the person with this number and name that may be used for the purpose, or "".
PhoneOf = Callable[[str, str], str]


def request(purpose: CodePurpose, name: str, number: str) -> None:
    """Write down that a code was asked for. Attempts are counted before (throttle.SEND_CODE)."""
    row = _row(purpose, number)
    row.asked, row.waits = [name, number], True
    db.session.add(row)


def send(purpose: CodePurpose, subject: str, to: Contact, target: str) -> None:
    """A code to a new phone or address of a person who is signed in. ``subject``: the account's uid."""
    row = _row(purpose, subject)
    row.target = target
    db.session.add(row)
    _make(row, subject, to)


def look_up(phones: Mapping[CodePurpose, PhoneOf]) -> int:
    """Make and post the codes that were asked for by people who have such a phone; the others get none.

    Two processes at once look at different rows.
    """
    waiting = select(SentCode).where(SentCode.waits).order_by(SentCode.created_at)
    rows = db.session.scalars(waiting.with_for_update(skip_locked=True)).all()
    for row in rows:
        name, number = row.asked
        phone = phones[row.purpose](number, name)
        row.waits, row.asked = False, None
        if phone and row.expires_at > utcnow():
            _make(row, number, Contact(phone=phone))
    return len(rows)


def _row(purpose: CodePurpose, subject: str) -> SentCode:
    return SentCode(purpose=purpose, subject_index=_indexes(purpose, subject)[0], expires_at=utcnow() + LIFE)


def _make(row: SentCode, subject: str, to: Contact) -> None:
    code = new_code()
    row.code_hash = _hash(row.purpose, subject, code)
    minutes = str(int(LIFE.total_seconds()) // 60)
    name = f"{row.purpose}_code"
    text = texts.written(name, {texts.CODE: code, texts.MINUTES: minutes})
    outbox.post(to, name, text, useless_from=row.expires_at)


def _indexes(purpose: CodePurpose, subject: str) -> list[bytes]:
    return keys().indexes(f"sent_code|{purpose}", subject)


def _hash(purpose: CodePurpose, subject: str, code: str) -> bytes:
    return keys().mac("sent_code", f"{purpose}|{subject}".encode(), code.encode())


def _usable(purpose: CodePurpose, subject: str) -> Any:
    valid = SentCode.used_at.is_(None), SentCode.expires_at > utcnow(), SentCode.code_hash.is_not(None)
    query = select(SentCode).where(SentCode.subject_index.in_(_indexes(purpose, subject)), *valid)
    return query.order_by(SentCode.created_at.desc(), SentCode.id.desc()).limit(COMPARED)


def usable_id(purpose: CodePurpose, subject: str, code: str) -> int | None:
    """The id of the code that was sent, if this is it. The attempt must have been counted before."""
    if not site().channels:
        return None  # for everybody
    rows = db.session.scalars(_usable(purpose, subject)).all()
    typed = _hash(purpose, subject, code)
    fitting = [row.id for row in rows if hmac.compare_digest(row.code_hash or b"", typed)]
    return fitting[0] if fitting else None


def redeem(code_id: int) -> bool:
    """Mark a code as used; False when it was used or has expired meanwhile."""
    row = update(SentCode).where(SentCode.id == code_id, SentCode.used_at.is_(None), SentCode.expires_at > utcnow())
    used: Any = db.session.execute(row.values(used_at=utcnow()))
    return bool(used.rowcount)


def target(code_id: int) -> str:
    return db.session.get_one(SentCode, code_id).target or ""


def delete_old() -> int:
    """For ``flask tick``; returns how many."""
    gone: Any = db.session.execute(delete(SentCode).where(SentCode.expires_at < utcnow() - KEPT))
    return int(gone.rowcount)
