"""Activation codes: 8 digits that an officer at the counter issues after checking the ID card.

They are for claiming a legacy record or resetting a lost password. A code is valid for seven days and one use.
Attempts are counted before the check, by number and address (``throttle.CODE``). Stored is a keyed hash of person and
code.
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from sqlalchemy import Select, select, update

from lib.crypto import new_code
from lib.database import utcnow
from models import Account, ActivationCode, LegacyHolder, db, keys
from services import audit
from services.access import Actor
from services.accounts import throttle

LIFE = timedelta(days=7)

Person = Account | LegacyHolder


def issue(person: Person, actor: Actor | None) -> str:
    """A new code for the person; older codes end, and failed attempts are reset. ``actor`` None: by a command."""
    _end_older(person)
    code, now = new_code(), utcnow()
    row = ActivationCode(code_hash=_hash(person, code), issued_at=now, expires_at=now + LIFE, **_owner_columns(person))
    row.issued_by = actor.id if actor else None
    db.session.add(row)
    throttle.reset_failures(throttle.CODE.person, person.id_number)
    is_account = isinstance(person, Account)
    audit.record("code_issued", actor, account_id=person.id if is_account else None, detail=_detail(person))
    return code


def _detail(person: Person) -> str:
    return "lost password" if isinstance(person, Account) else f"legacy record {person.uid}"


def _owner_columns(person: Person) -> dict[str, int]:
    return {"account_id": person.id} if isinstance(person, Account) else {"legacy_id": person.id}


def _hash(person: Person, code: str) -> bytes:
    return keys().mac("activation", f"{person.__tablename__}|{person.uid}".encode(), code.encode())


def _usable(person: Person) -> Select[ActivationCode]:
    query = select(ActivationCode).filter_by(**_owner_columns(person))
    return query.where(ActivationCode.used_at.is_(None), ActivationCode.expires_at > utcnow())


def _end_older(person: Person) -> None:
    for code in db.session.scalars(_usable(person)):
        code.expires_at = utcnow()


def usable_id(person: Person, code: str) -> int | None:
    """The id of the person's code, if this is it. The attempt must have been counted before."""
    row = db.session.scalar(_usable(person).order_by(ActivationCode.issued_at.desc(), ActivationCode.id.desc()))
    is_right = hmac.compare_digest(row.code_hash if row else bytes(32), _hash(person, code))
    return row.id if row and is_right else None


def redeem(code_id: int) -> bool:
    """Mark a code as used; False when it was used or has expired meanwhile."""
    row = update(ActivationCode).where(ActivationCode.id == code_id, ActivationCode.used_at.is_(None))
    used = db.session.execute(row.where(ActivationCode.expires_at > utcnow()).values(used_at=utcnow()))
    return bool(used.rowcount)  # type: ignore[attr-defined]
