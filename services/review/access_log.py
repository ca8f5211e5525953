"""The log of looks: every view of somebody's file by staff leaves an event that the person can read (信息查阅记录)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from lib.database import utcnow
from models import Claim, Declaration, Event, Revision, db
from services import audit, workflow
from services.access import Actor

LOGGED_EVERY = timedelta(minutes=10)  # further looks at the same file by the same officer are one look
#: A look at a picture of a file that was just opened is no look of its own.
_COUNTS_AS = {
    "view": ("view",),
    "view_picture": ("view", "view_picture"),
    "load_ahead": ("view", "view_picture", "load_ahead"),  # services.review.preload
    "view_record": ("view_record",),
}


def looks_to_log(actor: Actor, declaration: Declaration, verb: str) -> list[str]:
    """The events that this look has to leave: itself unless repeated, and ``reveal`` once for each own claim."""
    now = utcnow()
    repeated = _is_logged(actor, declaration, _COUNTS_AS[verb], now - LOGGED_EVERY)
    found = [] if repeated else [verb]
    claim = workflow.holder(declaration, now)
    if verb == "view" and claim and claim.staff_id == actor.id:
        revealed = _is_logged(actor, declaration, ("reveal",), claim.claimed_at)
        found += [] if revealed else ["reveal"]
    return found


def clock_to_start(actor: Actor, declaration: Declaration, verb: str) -> Claim | None:
    """The officer's claim when this is the holder's first look: the time of the review runs from it."""
    claim = workflow.holder(declaration)
    first = verb == "view" and claim is not None and claim.staff_id == actor.id and claim.opened_at is None
    return claim if first else None


def _is_logged(actor: Actor, declaration: Declaration, verbs: Sequence[str], since: datetime) -> bool:
    query = select(Event.id).where(Event.declaration_id == declaration.id, Event.staff_id == actor.id)
    return db.session.scalar(query.where(Event.verb.in_(verbs), Event.at >= since).limit(1)) is not None


def log_look(actor: Actor, revision: Revision, verbs: Sequence[str]) -> None:
    """Write the events, and keep one's own claim alive: whoever looks is at work."""
    declaration = revision.declaration
    for verb in verbs:
        audit.record(
            verb,
            actor,
            account_id=declaration.account_id,
            declaration_id=declaration.id,
            revision_number=revision.number,
        )
    workflow.renew(declaration, actor)
