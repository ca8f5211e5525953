"""站内消息 of applicants and staff, with a copy to the outbox where mail or SMS is set up.

Texts contain no ID number and no reasons, because whoever reads along must learn neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update

from lib.codes import Role
from lib.database import utcnow
from models import Account, InboxMessage, Staff, db, site
from services.access import OFFICERS
from services.messages import outbox, texts
from services.messages.texts import OTHER, TITLE, MessageWording


def tell(
    account_id: int,
    name: str,
    values: Mapping[str, str] | None = None,
    link: str = "",
    *,
    declaration_id: int | None = None,
    visible_at: datetime | None = None,
) -> InboxMessage:
    """Send a message of services.messages.texts. ``link`` is a path of this site; hidden until ``visible_at``."""
    text = texts.written(name, values or {})
    message = InboxMessage(account_id=account_id, title=text.title, body=text.body, link=link)
    message.declaration_id, message.visible_at = declaration_id, visible_at
    db.session.add(message)
    _copy(account_id, name, text, declaration_id, visible_at)
    return message


def send(
    account_id: int,
    title: str,
    body: str,
    link: str = "",
    *,
    declaration_id: int | None = None,
    visible_at: datetime | None = None,
) -> InboxMessage:
    """Send a message in words of one's own. Its SMS says the title only."""
    message = InboxMessage(account_id=account_id, title=title, body=body, link=link)
    message.declaration_id, message.visible_at = declaration_id, visible_at
    db.session.add(message)
    if site().channels:
        text = replace(texts.written(OTHER, {TITLE: title}), title=title, body=body)
        _copy(account_id, OTHER, text, declaration_id, visible_at)
    return message


def _copy(
    account_id: int, name: str, text: MessageWording, declaration_id: int | None, visible_at: datetime | None
) -> None:
    """To the phone and the address of the account, when the message can be seen."""
    if site().channels:
        to = outbox.of_account(db.session.get_one(Account, account_id))
        outbox.post(to, name, text, declaration_id=declaration_id, due_at=visible_at)


def tell_staff(
    people: Sequence[Staff],
    name: str,
    values: Mapping[str, str] | None = None,
    link: str = "",
    *,
    declaration_id: int | None = None,
    visible_at: datetime | None = None,
) -> None:
    """The same for some of the staff; ``declaration_id`` only lets an undo take it back."""
    text = texts.written(name, values or {})
    for person in people:
        message = InboxMessage(staff_id=person.id, title=text.title, body=text.body, link=link)
        message.declaration_id, message.visible_at = declaration_id, visible_at
        db.session.add(message)
        outbox.post(outbox.of_staff(person), name, text, declaration_id=declaration_id, due_at=visible_at)


def tell_office(department_id: int, name: str, values: Mapping[str, str], link: str = "", **more: Any) -> None:
    """The managers of a department, or its officers if it has no manager."""
    here = Staff.active, Staff.department_id == department_id, Staff.role.in_(OFFICERS)
    officers = db.session.scalars(select(Staff).where(*here).order_by(Staff.created_at, Staff.id)).all()
    managers = [person for person in officers if person.role == Role.MANAGER]
    tell_staff(managers or officers, name, values, link, **more)


def _arrived(owner: ColumnElement[bool]) -> ColumnElement[bool]:
    """Visible messages. A decision's message is hidden as long as the decision can be undone."""
    return owner & or_(InboxMessage.visible_at.is_(None), InboxMessage.visible_at <= utcnow())


def _owner(account_id: int | None, staff_id: int | None) -> ColumnElement[bool]:
    return InboxMessage.account_id == account_id if staff_id is None else InboxMessage.staff_id == staff_id


def unread_count(account_id: int | None = None, *, staff_id: int | None = None) -> int:
    unread = (_arrived(_owner(account_id, staff_id)), InboxMessage.read_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(InboxMessage).where(*unread)) or 0


def messages(account_id: int | None = None, limit: int = 100, *, staff_id: int | None = None) -> Sequence[InboxMessage]:
    """The newest messages first."""
    query = select(InboxMessage).where(_arrived(_owner(account_id, staff_id)))
    return db.session.scalars(query.order_by(InboxMessage.created_at.desc(), InboxMessage.id.desc()).limit(limit)).all()


def mark_read(account_id: int | None = None, *, staff_id: int | None = None) -> None:
    """Mark all visible messages as read."""
    unread = (_arrived(_owner(account_id, staff_id)), InboxMessage.read_at.is_(None))
    db.session.execute(update(InboxMessage).where(*unread).values(read_at=utcnow()))
