"""通知公告: public ones for everybody, all of them for their authors.

Whether a notice is public follows from its moments, at each request: a scheduled one appears by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from lib.clock import day_begins
from lib.codes import NoticeState
from lib.database import LARGEST_ID, Prebuilt, parameter, utcnow
from models import Notice, NoticeFile, db
from services import audit
from services.access import Actor

PAGE = 20
MOST_FILES = 5


@dataclass(frozen=True)
class NoticePage:
    """One page of notices, newest first. ``pinned``: on the first page; ``older``: the id after which the next page
    starts, None on the last."""

    pinned: Sequence[Notice]
    notices: Sequence[Notice]
    older: int | None


@dataclass(frozen=True)
class NoticeText:
    """What its author fills in. ``starts_on`` None: at once; ``ends_on``: the last day."""

    title: str
    body: str
    pinned: bool
    starts_on: date | None
    ends_on: date | None


# --- for everybody ----------------------------------------------------------------------------------------------------


def _public(now: Any) -> ColumnElement[bool]:
    ended = or_(Notice.ends_at.is_(None), Notice.ends_at > now)
    return and_(Notice.published_at <= now, Notice.withdrawn_at.is_(None), ended)


def newest(count: int) -> Sequence[Any]:
    """Id, title, date and pin of the first notices."""
    return tuple(_newest(count).rows(db.session, now=utcnow()))


@cache
def _newest(count: int) -> Prebuilt:
    query = select(Notice.id, Notice.title, Notice.published_at, Notice.pinned).where(_public(parameter("now")))
    return Prebuilt(query.order_by(Notice.pinned.desc(), Notice.published_at.desc(), Notice.id.desc()).limit(count))


def page(after: int | None = None) -> NoticePage:
    """The notices after the one with this id; an unknown id gives the first page."""
    query = select(Notice).where(_public(utcnow()))
    newest_first = (Notice.published_at.desc(), Notice.id.desc())
    last = db.session.get(Notice, after) if after and 0 < after <= LARGEST_ID else None
    pinned = () if last else db.session.scalars(query.where(Notice.pinned).order_by(*newest_first)).all()
    query = query.where(Notice.pinned.is_(False))
    if last and last.published_at:
        same_time = and_(Notice.published_at == last.published_at, Notice.id < last.id)
        query = query.where(or_(Notice.published_at < last.published_at, same_time))
    found = db.session.scalars(query.order_by(*newest_first).limit(PAGE + 1)).all()
    return NoticePage(pinned, found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def published(notice_id: int) -> Notice | None:
    return db.session.scalar(select(Notice).where(_public(utcnow()), Notice.id == notice_id))


def file_of(notice: Notice, uid: str) -> NoticeFile | None:
    return next((file for file in notice.files if file.uid == uid), None)


# --- for their authors ------------------------------------------------------------------------------------------------


def all_notices() -> Sequence[Notice]:
    """Including those that are not public, newest first."""
    return db.session.scalars(
        select(Notice).order_by(Notice.published_at.is_(None).desc(), Notice.published_at.desc(), Notice.id.desc())
    ).all()


def state(notice: Notice, now: datetime) -> NoticeState:
    if notice.withdrawn_at:
        return NoticeState.WITHDRAWN
    if notice.published_at is None:
        return NoticeState.DRAFT
    if notice.published_at > now:
        return NoticeState.SCHEDULED
    return NoticeState.ENDED if notice.ends_at and notice.ends_at <= now else NoticeState.PUBLIC


def save(notice: Notice, actor: Actor, text: NoticeText, *, publish: bool) -> None:
    """Save a notice. One that is public keeps its date; withdrawing and publishing it again sets a new one."""
    now = utcnow()
    before = state(notice, now)
    was_public = before in (NoticeState.PUBLIC, NoticeState.ENDED)
    changed = _fill(notice, text)
    if not publish:
        notice.withdrawn_at = now if was_public else notice.withdrawn_at
        notice.published_at = notice.published_at if was_public or notice.withdrawn_at else None
    elif not was_public:
        starts_at = day_begins(text.starts_on) if text.starts_on else now
        notice.published_at, notice.withdrawn_at, notice.edited_at = max(starts_at, now), None, None
    elif changed:
        notice.edited_at = now
    db.session.add(notice)
    db.session.flush()
    audit.record("notice", actor, detail=f"notice {notice.id} {_what(state(notice, now), was_public, changed)}")


def _fill(notice: Notice, text: NoticeText) -> list[str]:
    """The names of what is another than before."""
    wanted = {
        "title": text.title,
        "body": text.body,
        "pinned": text.pinned,
        "ends_at": day_begins(text.ends_on + timedelta(days=1)) if text.ends_on else None,
    }
    changed = [name for name, value in wanted.items() if getattr(notice, name) != value]
    for name in changed:
        setattr(notice, name, wanted[name])
    return changed


def _what(after: NoticeState, was_public: bool, changed: Sequence[str]) -> str:
    if after == NoticeState.WITHDRAWN:
        return "withdrawn"
    if after == NoticeState.DRAFT:
        return "kept back"
    if was_public:
        return f"edited: {', '.join(changed) or 'nothing'}"
    return "scheduled" if after == NoticeState.SCHEDULED else "published"


def add_file(notice: Notice, actor: Actor, *, name: str, kind: str, address: str, size: int) -> bool:
    """Attach a stored file; False: there are enough."""
    if len(notice.files) >= MOST_FILES:
        return False
    notice.files.append(NoticeFile(name=name, kind=kind, address=address, size=size))
    _touch(notice)
    audit.record("notice", actor, detail=f"notice {notice.id} file added: {kind}, {size} bytes")
    return True


def remove_file(notice: Notice, file: NoticeFile, actor: Actor) -> None:
    """Take a file off. The stored bytes go with the sweep."""
    notice.files.remove(file)
    db.session.delete(file)
    _touch(notice)
    audit.record("notice", actor, detail=f"notice {notice.id} file removed: {file.kind}, {file.size} bytes")


def _touch(notice: Notice) -> None:
    if state(notice, utcnow()) == NoticeState.PUBLIC:
        notice.edited_at = utcnow()
