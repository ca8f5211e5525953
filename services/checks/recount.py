"""Count the automatic checks of the list again: what another person hands in, corrects or takes back changes them.

``flask tick`` does a few each minute: first what is new, with the submissions that it is like, then what was counted
longest ago. So the list says what the page of a submission says, within a minute or so of the change and a day at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from lib.database import utcnow
from models import Declaration, QueueItem, db
from services import checks
from services.queue import index as queue_index
from services.queue.filters import OFFICE_TURN

AT_ONCE = 20  # the database waits for them: some milliseconds each
OTHERS = 20
EVERY = timedelta(days=1)


def recount(most: int = AT_ONCE) -> int:
    """Returns how many lines changed."""
    due = _due(most)
    counted, others = _counted(due)
    alike = _in_hand(others - counted.keys())
    return queue_index.keep_reminders(counted | _counted(alike)[0], utcnow())


def _due(most: int) -> list[int]:
    """New ones first. Each status is one range of the index."""
    found: list[int] = []
    for is_due in (QueueItem.checked_at.is_(None), QueueItem.checked_at < utcnow() - EVERY):
        for status in OFFICE_TURN:
            query = select(QueueItem.declaration_id).where(QueueItem.status == status, is_due)
            query = query.order_by(QueueItem.checked_at).limit(most - len(found))
            found += db.session.scalars(query) if len(found) < most else ()
    return found


def _in_hand(declaration_ids: Iterable[int]) -> list[int]:
    these = sorted(declaration_ids)[:OTHERS]
    query = select(QueueItem.declaration_id).where(QueueItem.declaration_id.in_(these))
    return list(db.session.scalars(query.where(QueueItem.status.in_(OFFICE_TURN)))) if these else []


def _counted(declaration_ids: Iterable[int]) -> tuple[dict[int, int], set[int]]:
    """The reminders of each, and all submissions that they are like."""
    reminders, others = dict[int, int](), set[int]()
    for declaration_id in declaration_ids:
        revisions = db.session.get_one(Declaration, declaration_id).revisions
        reminders[declaration_id], alike = checks.counted(revisions[-1])
        others |= alike
    return reminders, others
