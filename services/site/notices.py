"""通知公告: published ones for everybody, all of them for their authors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, or_, select

from lib.database import Prebuilt, parameter, utcnow
from models import Notice, db
from services import audit
from services.access import Actor

PAGE = 20


@dataclass(frozen=True)
class NoticePage:
    """One page of notices, newest first. ``older``: the id after which the next page starts, None on the last."""

    notices: Sequence[Notice]
    older: int | None


def _published() -> Select[Notice]:
    return select(Notice).where(Notice.published_at <= utcnow())


def newest(count: int) -> Sequence[Any]:
    """Id, title and date of the first notices."""
    return tuple(_newest(count).rows(db.session, now=utcnow()))


@cache
def _newest(count: int) -> Prebuilt:
    query = select(Notice.id, Notice.title, Notice.published_at).where(Notice.published_at <= parameter("now"))
    return Prebuilt(query.order_by(Notice.published_at.desc(), Notice.id.desc()).limit(count))


def page(after: int | None = None) -> NoticePage:
    """The notices after the one with this id; an unknown id gives the first page."""
    query = _published()
    last = db.session.get(Notice, after) if after and 0 < after < 2**31 else None
    if last and last.published_at:
        same_time = and_(Notice.published_at == last.published_at, Notice.id < last.id)
        query = query.where(or_(Notice.published_at < last.published_at, same_time))
    found = db.session.scalars(query.order_by(Notice.published_at.desc(), Notice.id.desc()).limit(PAGE + 1)).all()
    return NoticePage(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def published(notice_id: int) -> Notice | None:
    return db.session.scalar(_published().where(Notice.id == notice_id))


def all_notices() -> Sequence[Notice]:
    """Including unpublished ones, newest first."""
    return db.session.scalars(select(Notice).order_by(Notice.id.desc())).all()


def save(notice: Notice, actor: Actor, *, title: str, body: str, publish: bool) -> None:
    """Save a notice. A published one keeps its date; withdrawing and publishing it again sets a new one."""
    notice.title, notice.body = title, body
    if publish and notice.published_at is None:
        notice.published_at = utcnow()
    elif not publish:
        notice.published_at = None
    db.session.add(notice)
    db.session.flush()
    audit.record("notice", actor, detail=f"notice {notice.id} {'published' if publish else 'kept back'}")
