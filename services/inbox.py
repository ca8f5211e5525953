"""站内消息: what the site tells a person. Texts carry no ID number and no reasons: mail and SMS will carry them on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update

from lib.database import utcnow
from models import InboxMessage, db


def tell(account_id: int, title: str, body: str, link: str = "") -> InboxMessage:
    """Leave a message. ``link`` is a path of this site."""
    message = InboxMessage(account_id=account_id, title=title, body=body, link=link)
    db.session.add(message)
    return message


def unread_count(account_id: int) -> int:
    unread = (InboxMessage.account_id == account_id, InboxMessage.read_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(InboxMessage).where(*unread)) or 0


def messages(account_id: int, limit: int = 100) -> Sequence[InboxMessage]:
    """The newest messages first."""
    query = select(InboxMessage).where(InboxMessage.account_id == account_id)
    return db.session.scalars(query.order_by(InboxMessage.id.desc()).limit(limit)).all()


def mark_read(account_id: int) -> None:
    """Everything that has arrived so far counts as read."""
    unread = (InboxMessage.account_id == account_id, InboxMessage.read_at.is_(None))
    db.session.execute(update(InboxMessage).where(*unread).values(read_at=utcnow()))
