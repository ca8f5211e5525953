"""Reminders of a returned declaration that waits for the applicant: corrections that were made but not sent, and a
return that was left alone. Each once for each return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from lib.codes import Status
from lib.database import utcnow
from models import Declaration, Event, db
from services import audit
from services.accounts import inbox
from services.messages import texts

#: The return itself touches the row: what comes later than this is the applicant's.
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True)
class Reminder:
    """``verb``: the event that says it was sent, and its text; ``after``: how long nothing has happened."""

    verb: str
    after: timedelta
    touched: bool


REMINDERS = (Reminder("remind_unsent", timedelta(days=3), True), Reminder("remind_returned", timedelta(days=7), False))


def remind_all() -> int:
    """Leave the messages that are due; returns how many. For ``flask tick``."""
    return sum(_remind(reminder, found) for reminder in REMINDERS for found in _due(reminder, utcnow()))


def _due(reminder: Reminder, now: datetime) -> Sequence[Declaration]:
    sent = select(Event.id).where(Event.declaration_id == Declaration.id, Event.verb == reminder.verb)
    query = select(Declaration).where(
        Declaration.status == Status.RETURNED,
        Declaration.decided_at.is_not(None),
        Declaration.touched_at <= now - reminder.after,
        ~sent.where(Event.at >= Declaration.decided_at).exists(),
    )
    return [found for found in db.session.scalars(query) if _was_touched(found) is reminder.touched]


def _was_touched(declaration: Declaration) -> bool:
    """Has the applicant written anything since the return?"""
    return bool(declaration.decided_at and declaration.touched_at > declaration.decided_at + SETTLED)


def _remind(reminder: Reminder, declaration: Declaration) -> int:
    values = {texts.NUMBER: declaration.number}
    inbox.tell(declaration.account_id, reminder.verb, values, "/apply/corrections", declaration_id=declaration.id)
    audit.record(
        reminder.verb,
        None,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        revision_number=declaration.revision_number,
    )
    return 1
