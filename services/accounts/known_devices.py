"""Browsers in which a person has signed in before: strangers cannot use up their attempts (docs/adr/022).

A cookie of the sign-in page holds 256 random bits, the rows their hash, one for each person of that browser. A sign-in
there still asks for everything: the token alone opens nothing.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, delete, literal, select, update

from lib.crypto import new_token, token_hash
from lib.database import UTCDateTime, utcnow
from models import KnownDevice, db

LIFE = timedelta(days=180)  # since the last sign-in
MOST = 10  # of one person


def find(token: str, *, account_id: int | None = None, staff_id: int | None = None) -> int:
    """The row's id if the person knows the browser of this token, else 0."""
    if not token:
        return 0
    query = select(KnownDevice.id).filter_by(token_hash=token_hash(token), **_owner(account_id, staff_id))
    return db.session.scalar(query.where(KnownDevice.seen_at > utcnow() - LIFE)) or 0


def remember(token: str, *, account_id: int | None = None, staff_id: int | None = None) -> str:
    """The person has signed in. Returns the browser's new token: one that somebody planted must not stay valid."""
    fresh, now = new_token(), utcnow()
    new_hash, owner = token_hash(fresh), _owner(account_id, staff_id)
    if not (token and _renew(token_hash(token), new_hash, (account_id, staff_id))):
        db.session.add(KnownDevice(token_hash=new_hash, seen_at=now, **owner))
        db.session.flush()
        _forget_surplus(owner)
    return fresh


def _renew(old_hash: bytes, new_hash: bytes, owner: tuple[int | None, int | None]) -> bool:
    """For everybody who has signed in there. Whether the owner is one of them, who is seen now."""
    is_own = KnownDevice.account_id == owner[0] if owner[0] else KnownDevice.staff_id == owner[1]
    now = literal(utcnow(), UTCDateTime())
    renewed = update(KnownDevice).where(KnownDevice.token_hash == old_hash)
    renewed = renewed.values(token_hash=new_hash, seen_at=case((is_own, now), else_=KnownDevice.seen_at))
    rows = db.session.execute(
        renewed.returning(KnownDevice.account_id, KnownDevice.staff_id),
        execution_options={"synchronize_session": False},
    )
    return owner in [tuple(row) for row in rows]


def forget(*, account_id: int | None = None, staff_id: int | None = None) -> None:
    """After a changed password, or 退出其他设备: none of the person's browsers is known any more."""
    db.session.execute(delete(KnownDevice).filter_by(**_owner(account_id, staff_id)))


def delete_old() -> int:
    """For ``flask tick``; returns how many."""
    gone = db.session.execute(delete(KnownDevice).where(KnownDevice.seen_at <= utcnow() - LIFE))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _owner(account_id: int | None, staff_id: int | None) -> dict[str, int]:
    return {"staff_id": staff_id} if staff_id is not None else {"account_id": account_id or 0}


def _forget_surplus(owner: dict[str, int]) -> None:
    latest = select(KnownDevice.id).filter_by(**owner).order_by(KnownDevice.seen_at.desc(), KnownDevice.id.desc())
    surplus = db.session.scalars(latest.offset(MOST)).all()
    if surplus:
        db.session.execute(delete(KnownDevice).where(KnownDevice.id.in_(surplus)))
