"""站内消息. Texts contain no ID number and no reasons, because mail and SMS will forward them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from lib.database import utcnow
from models import InboxMessage, db


def send(
    account_id: int,
    title: str,
    body: str,
    link: str = "",
    *,
    declaration_id: int | None = None,
    visible_at: datetime | None = None,
) -> InboxMessage:
    """Send a message. ``link`` is a path of this site; the message is hidden until ``visible_at``."""
    message = InboxMessage(account_id=account_id, title=title, body=body, link=link)
    message.declaration_id, message.visible_at = declaration_id, visible_at
    db.session.add(message)
    return message


def _arrived(account_id: int) -> ColumnElement[bool]:
    """Visible messages. A decision's message is hidden as long as the decision can be undone."""
    visible = or_(InboxMessage.visible_at.is_(None), InboxMessage.visible_at <= utcnow())
    return (InboxMessage.account_id == account_id) & visible


def unread_count(account_id: int) -> int:
    unread = (_arrived(account_id), InboxMessage.read_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(InboxMessage).where(*unread)) or 0


def messages(account_id: int, limit: int = 100) -> Sequence[InboxMessage]:
    """The newest messages first."""
    query = select(InboxMessage).where(_arrived(account_id))
    return db.session.scalars(query.order_by(InboxMessage.id.desc()).limit(limit)).all()


def mark_read(account_id: int) -> None:
    """Mark all visible messages as read."""
    unread = (_arrived(account_id), InboxMessage.read_at.is_(None))
    db.session.execute(update(InboxMessage).where(*unread).values(read_at=utcnow()))
