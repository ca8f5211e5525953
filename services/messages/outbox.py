"""The outbox: one row a message and channel, written in the transaction that causes it; ``flask messages`` sends.

A sender takes a row with a lease, sends outside of any transaction, and writes down what became of it. docs/adr/027
says what happens when it is killed in between.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, tuple_, update

from lib.codes import Channel, OutboxState
from lib.database import utcnow
from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused
from lib.sealed import new_uid
from models import Account, OutboxMessage, Staff, db, site
from services import audit
from services.access import Actor
from services.messages.texts import MessageWording

LEASE = timedelta(minutes=5)  # far longer than a sender waits for an answer
#: Before the second try, the third, and so on. After the last one it is given up.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
KEPT = timedelta(days=90)
PAGE = 50
INTERRUPTED = "发送程序中途结束，可能已经发出"
EXPIRED = "验证码过期前没有发出"

TO_SEND = (OutboxState.WAITING, OutboxState.FAILED)


@dataclass(frozen=True)
class Contact:
    """Whom it is for, and where they are reached."""

    account_id: int | None = None
    staff_id: int | None = None
    phone: str = ""
    email: str = ""


def of_account(account: Account) -> Contact:
    return Contact(account_id=account.id, phone=account.phone or "", email=account.email or "")


def of_staff(staff: Staff) -> Contact:
    """An address that no code has verified may be somebody else's."""
    return Contact(staff_id=staff.id, email=(staff.email or "") if staff.email_verified_at else "")


def post(
    to: Contact,
    name: str,
    text: MessageWording,
    *,
    declaration_id: int | None = None,
    due_at: datetime | None = None,
    useless_from: datetime | None = None,
) -> list[OutboxMessage]:
    """One row for each channel that is set up, has a text, and reaches the person."""
    ways = ((Channel.EMAIL, to.email, text.body), (Channel.SMS, to.phone, text.sms))
    rows = [
        _row(to, channel, recipient, [text.title if channel == Channel.EMAIL else "", words])
        for channel, recipient, words in ways
        if recipient and words and channel in site().channels
    ]
    for row in rows:
        row.text_name, row.declaration_id = name, declaration_id
        row.due_at, row.useless_from = due_at or utcnow(), useless_from
        db.session.add(row)
    return rows


def _row(to: Contact, channel: Channel, recipient: str, words: list[str]) -> OutboxMessage:
    row = OutboxMessage(channel=channel, account_id=to.account_id, staff_id=to.staff_id)
    row.recipient, row.words = recipient, words
    return row


def drop_waiting(declaration_id: int) -> None:
    """The decision was taken back before anybody could be told."""
    if site().channels:
        waiting = OutboxMessage.state == OutboxState.WAITING, OutboxMessage.due_at > utcnow()
        db.session.execute(delete(OutboxMessage).where(OutboxMessage.declaration_id == declaration_id, *waiting))


# --- sending --------------------------------------------------------------------------------------------------------


def next_due(channels: Collection[Channel]) -> int | None:
    """The row to send next: codes first, which people wait for, then what waits longest, then what failed before."""
    now = utcnow()
    due = select(OutboxMessage.id).where(OutboxMessage.due_at <= now, OutboxMessage.channel.in_(channels))
    due = due.order_by(OutboxMessage.due_at).limit(1)
    queries = (
        due.where(OutboxMessage.useless_from > now, OutboxMessage.state.in_(TO_SEND)),
        *(due.where(OutboxMessage.state == state) for state in TO_SEND),
    )
    return next((found for query in queries if (found := db.session.scalar(query)) is not None), None)


def take(message_id: int) -> OutboxMessage | None:
    """Lease the row, unless another sender has it. The caller commits before it sends."""
    now, lease = utcnow(), new_uid()
    due = OutboxMessage.id == message_id, OutboxMessage.state.in_(TO_SEND), OutboxMessage.due_at <= now
    taken = {"state": OutboxState.SENDING, "lease": lease, "lease_until": now + LEASE}
    done = _change(due, **taken, tries=OutboxMessage.tries + 1)
    return db.session.get_one(OutboxMessage, message_id, populate_existing=True) if done else None


def outgoing(row: OutboxMessage) -> Outgoing:
    subject, text = row.words
    return Outgoing(row.uid, row.recipient, subject, text)


def sent(message_id: int, lease: str) -> bool:
    """Whether this sender still had it."""
    now = utcnow()
    done = {"state": OutboxState.SENT, "sent_at": now, "words_sealed": None, "problem": "", "lease": None}
    return bool(_change(_leased(message_id, lease), **done))


def not_sent(message_id: int, lease: str, tries: int, channel: Channel, why: NotSent) -> bool:
    """Again after a longer wait, or never: after so many tries, or where a second try could send it twice."""
    is_over = tries > len(WAITS) or isinstance(why, Refused) or (isinstance(why, NoAnswer) and channel == Channel.SMS)
    state = OutboxState.GIVEN_UP if is_over else OutboxState.FAILED
    due_at = utcnow() + (timedelta() if is_over else WAITS[tries - 1])
    what = {"state": state, "due_at": due_at, "problem": str(why)[:100], "lease": None}
    return bool(_change(_leased(message_id, lease), **what))


def _leased(message_id: int, lease: str) -> tuple[ColumnElement[bool], ...]:
    return OutboxMessage.id == message_id, OutboxMessage.state == OutboxState.SENDING, OutboxMessage.lease == lease


def _change(which: Sequence[ColumnElement[bool]], **values: Any) -> int:
    change = update(OutboxMessage).where(*which).values(values)
    done: Any = db.session.execute(change, execution_options={"synchronize_session": False})
    return int(done.rowcount)


def needs_care() -> bool:
    """Is there anything for ``recover``? It writes, so this is asked first."""
    return db.session.scalar(select(OutboxMessage.id).where(_lapsed()).limit(1)) is not None or bool(
        db.session.scalar(select(OutboxMessage.id).where(*_useless()).limit(1))
    )


def recover() -> int:
    """A sender was killed between sending and writing it down: mail goes again under its Message-ID, SMS does not.

    Codes that have expired are given up.
    """
    now = utcnow()
    again = {"state": OutboxState.FAILED, "due_at": now, "lease": None}
    given_up = {"state": OutboxState.GIVEN_UP, "lease": None}
    return (
        _change((_lapsed(), OutboxMessage.channel == Channel.EMAIL), **again)
        + _change((_lapsed(),), **given_up, problem=INTERRUPTED)
        + _change(_useless(), **given_up, problem=EXPIRED, words_sealed=None)
    )


def _lapsed() -> ColumnElement[bool]:
    return (OutboxMessage.state == OutboxState.SENDING) & (OutboxMessage.lease_until <= utcnow())


def _useless() -> tuple[ColumnElement[bool], ...]:
    return OutboxMessage.state.in_(TO_SEND), OutboxMessage.useless_from <= utcnow()


def delete_old() -> int:
    """For ``flask tick``; returns how many."""
    over = OutboxMessage.state.in_((OutboxState.SENT, OutboxState.GIVEN_UP))
    gone: Any = db.session.execute(delete(OutboxMessage).where(over, OutboxMessage.created_at < utcnow() - KEPT))
    return int(gone.rowcount)


# --- what became of them ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backlog:
    """``oldest``: since when the oldest message is due that has not been sent."""

    unsent: int
    given_up: int
    oldest: datetime | None


def backlog(since: datetime) -> Backlog:
    """What is due and not sent, and what was given up since then."""
    unsent = OutboxMessage.state.in_((*TO_SEND, OutboxState.SENDING)), OutboxMessage.due_at <= utcnow()
    count, oldest = db.session.execute(select(func.count(), func.min(OutboxMessage.created_at)).where(*unsent)).one()
    lost = OutboxMessage.state == OutboxState.GIVEN_UP, OutboxMessage.created_at >= since
    return Backlog(count, db.session.scalar(select(func.count()).select_from(OutboxMessage).where(*lost)) or 0, oldest)


def page(state: str, channel: str, before: str) -> list[OutboxMessage]:
    """The newest first, those older than the row ``before``; one more than a page, to see that there are more."""
    query: Select[OutboxMessage] = select(OutboxMessage)
    if state in OutboxState.choices():
        query = query.where(OutboxMessage.state == OutboxState(state))
    if channel in Channel.choices():
        query = query.where(OutboxMessage.channel == Channel(channel))
    place = OutboxMessage.created_at, OutboxMessage.id
    if row := db.session.scalar(select(OutboxMessage).where(OutboxMessage.uid == before)):
        query = query.where(tuple_(*place) < tuple_(row.created_at, row.id))
    newest = query.order_by(*(column.desc() for column in place)).limit(PAGE + 1)
    return list(db.session.scalars(newest))


def retry(uid: str, actor: Actor) -> bool:
    """Try a message again that was given up, as if it were new. False: there is none, or its code has expired."""
    row = db.session.scalar(select(OutboxMessage).where(OutboxMessage.uid == uid))
    if row is None or row.state != OutboxState.GIVEN_UP or row.words is None:
        return False
    row.state, row.tries, row.due_at, row.problem = OutboxState.WAITING, 0, utcnow(), ""
    audit.record("message_retry", actor, detail=f"{row.channel} {row.text_name}")
    return True


def last_of(declaration_id: int) -> OutboxMessage | None:
    """The newest message about a declaration that has left or should leave, if any channel is set up."""
    if not site().channels:
        return None
    about = OutboxMessage.declaration_id == declaration_id, OutboxMessage.account_id.is_not(None)
    newest = select(OutboxMessage).where(*about).order_by(OutboxMessage.channel.desc(), OutboxMessage.created_at.desc())
    return db.session.scalar(newest.limit(1))
