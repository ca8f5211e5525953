"""Tokens of other systems: a security administrator makes one, a system administrator confirms it (docs/adr/043).

Whoever makes it sees the token, once, and cannot use it before the other one has agreed. Either of them revokes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import Select, case, or_, select, update
from sqlalchemy.orm import joinedload

from lib.codes import ApiScope, Role
from lib.crypto import new_token, token_hash
from lib.database import Prebuilt, parameter, utcnow
from models import ApiToken, Department, db
from services import audit
from services.access import Actor
from services.departments import matching

MAKERS, CONFIRMERS = (Role.SECURITY,), (Role.SYSTEM,)
READERS = (*MAKERS, *CONFIRMERS, Role.AUDITOR)
PREFIX = "kj_"  # programs that look for secrets in source code find it
WAITS = timedelta(days=14)  # a token that nobody confirms
SHOWN = 200  # the newest ones


class TokenRefused(Exception):
    """With a sentence for the administrator."""


@dataclass(frozen=True)
class ApiReader:
    """The other system behind a request. ``path``: it reads people of this department and those below."""

    id: int
    uid: str
    name: str
    department_id: int
    path: str
    scopes: frozenset[ApiScope]
    per_minute: int


@dataclass(frozen=True)
class NewToken:
    """What is asked for. ``department``: its code. ``networks``: as ``networks_of`` gives them."""

    name: str
    department: str
    scopes: Sequence[ApiScope]
    networks: Sequence[str]
    per_minute: int
    days: int


def networks_of(text: str) -> list[str]:
    """Raises ValueError."""
    parts = text.replace("，", ",").replace("、", ",").replace(",", " ").split()
    return [str(ip_network(part, strict=False)) for part in parts]


# --- for administrators -----------------------------------------------------------------------------------------------


def _visible(actor: Actor) -> Select[ApiToken]:
    query = select(ApiToken).join(Department, Department.id == ApiToken.department_id)
    query = query.where(Department.path.startswith(actor.path, autoescape=True))
    return query.options(joinedload(ApiToken.department), joinedload(ApiToken.maker))


def listing(actor: Actor) -> Sequence[ApiToken]:
    """The newest first."""
    return db.session.scalars(_visible(actor).order_by(ApiToken.made_at.desc(), ApiToken.id.desc()).limit(SHOWN)).all()


def one(actor: Actor, uid: str) -> ApiToken | None:
    return db.session.scalar(_visible(actor).where(ApiToken.uid == uid).with_for_update(of=ApiToken))


def state(row: ApiToken) -> str:
    now = utcnow()
    if row.revoked_at:
        return "revoked"
    if now >= row.expires_at or (row.confirmed_at is None and now - row.made_at >= WAITS):
        return "expired"
    return "in_use" if row.confirmed_at else "waiting"


def make(actor: Actor, new: NewToken) -> tuple[ApiToken, str]:
    """A token that nobody can use yet, and its text, which is not kept. Raises TokenRefused."""
    office = matching.one_in_scope(actor, new.department)
    if office is None:
        raise TokenRefused("请选择您范围内的部门")
    text, now = PREFIX + new_token(), utcnow()
    row = ApiToken(name=new.name, token_hash=token_hash(text), department_id=office.id, made_by=actor.id, made_at=now)
    row.scopes, row.networks = [scope.value for scope in new.scopes], list(new.networks)
    row.per_minute, row.expires_at = new.per_minute, now + timedelta(days=new.days)
    db.session.add(row)
    db.session.flush()
    _note("api_token_make", actor, row)
    return row, text


def confirm(actor: Actor, row: ApiToken) -> None:
    """Raises TokenRefused."""
    if state(row) != "waiting" or row.made_by == actor.id:
        raise TokenRefused("这个令牌不在等待确认")
    row.confirmed_by, row.confirmed_at = actor.id, utcnow()
    _note("api_token_confirm", actor, row)


def revoke(actor: Actor, row: ApiToken) -> None:
    """At once, also one that waits. Raises TokenRefused."""
    if row.revoked_at:
        raise TokenRefused("这个令牌已经作废")
    row.revoked_at = utcnow()
    _note("api_token_revoke", actor, row)


def _note(verb: str, actor: Actor, row: ApiToken) -> None:
    audit.record(verb, actor, detail=f"token {row.uid}: {', '.join(row.scopes)}")


# --- for requests -----------------------------------------------------------------------------------------------------

_OF_TOKEN = Prebuilt(
    select(
        *(ApiToken.id, ApiToken.uid, ApiToken.name, ApiToken.scopes, ApiToken.networks, ApiToken.per_minute),
        *(ApiToken.department_id, ApiToken.expires_at, Department.path),
    )
    .join(Department, Department.id == ApiToken.department_id)
    .where(ApiToken.token_hash == parameter("token"))
    .where(ApiToken.confirmed_at.is_not(None), ApiToken.revoked_at.is_(None))
)


def find(text: str, address: str) -> ApiReader | None:
    """Who sends this token from this address, if it may be used."""
    row = _OF_TOKEN.first(db.session, token=token_hash(text))
    if row is None or utcnow() >= row.expires_at or not _is_from(address, row.networks):
        return None
    scopes = frozenset(ApiScope(scope) for scope in row.scopes)
    return ApiReader(row.id, row.uid, row.name, row.department_id, row.path, scopes, row.per_minute)


def _is_from(address: str, networks: Sequence[str]) -> bool:
    if not networks:
        return True
    try:
        sender = ip_address(address)
    except ValueError:
        return False
    sender = getattr(sender, "ipv4_mapped", None) or sender
    return any(sender in ip_network(network) for network in networks)


def count(reader: ApiReader) -> int:
    """Count a request. Returns 0, or the seconds to wait when there were too many in this minute."""
    now = utcnow()
    minute = now.replace(second=0, microsecond=0)
    free = or_(ApiToken.window_at.is_(None), ApiToken.window_at != minute, ApiToken.used < reader.per_minute)
    change = update(ApiToken).where(ApiToken.id == reader.id, free)
    used = case((ApiToken.window_at == minute, ApiToken.used + 1), else_=1)
    done = db.session.execute(
        change.values(window_at=minute, used=used, last_used_at=now), execution_options={"synchronize_session": False}
    )
    return 0 if done.rowcount else 60 - now.second  # type: ignore[attr-defined]
