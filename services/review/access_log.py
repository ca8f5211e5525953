"""The access log: each time staff open a person's file, an event is written that the person can read (信息查阅记录)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import func, select

from lib.database import Prebuilt, parameter, utcnow
from models import Claim, Declaration, Event, Revision, db
from services import audit, workflow
from services.access import Actor

LOGGED_EVERY = timedelta(minutes=10)  # opening the same file again within it is one access
PRELOAD = "load_ahead"  # as stored: pictures sent before the page that shows them (services.review.preload)
#: Opening a picture of a file that was just opened is no access of its own.
_COUNTS_AS = {
    "view": ("view",),
    "view_picture": ("view", "view_picture"),
    PRELOAD: ("view", "view_picture", PRELOAD),
    "view_record": ("view_record",),
}
_VERBS = ("view", "view_picture", PRELOAD, "view_record", "reveal")


_LAST = Prebuilt(
    select(Event.verb, func.max(Event.at).label("at"))
    .where(Event.declaration_id == parameter("declaration_id"), Event.staff_id == parameter("staff_id"))
    .where(Event.verb.in_(_VERBS))
    .group_by(Event.verb)
)


class AccessLog:
    """What one officer has opened of one declaration, and what the next access has to leave."""

    def __init__(self, declaration: Declaration, actor: Actor) -> None:
        self.declaration, self.actor = declaration, actor

    @cached_property
    def _last(self) -> Mapping[str, datetime]:
        return dict(_LAST.rows(db.session, declaration_id=self.declaration.id, staff_id=self.actor.id))

    def _is_logged(self, verbs: Sequence[str], since: datetime) -> bool:
        return any(self._last[verb] >= since for verb in verbs if verb in self._last)

    def to_log(self, verb: str) -> list[str]:
        """The events that this access has to leave: itself unless repeated, and ``reveal`` once for each own claim."""
        repeated = self._is_logged(_COUNTS_AS[verb], utcnow() - LOGGED_EVERY)
        found = [] if repeated else [verb]
        claim = workflow.own_claim(self.declaration, self.actor)
        if verb == "view" and claim and not self._is_logged(("reveal",), claim.claimed_at):
            found.append("reveal")
        return found

    def clock_to_start(self, verb: str) -> Claim | None:
        """The officer's claim when this is the holder's first look: the time of the review runs from it."""
        claim = workflow.own_claim(self.declaration, self.actor)
        return claim if claim and verb == "view" and claim.opened_at is None else None

    def was_preloaded(self) -> bool:
        """Did the page before this one load its pictures, so that the browser may still have them?"""
        return self._is_logged((PRELOAD,), utcnow() - LOGGED_EVERY)


def record(actor: Actor, revision: Revision, verbs: Sequence[str]) -> None:
    """Write the events. Opening a file, unlike loading its pictures in advance, keeps one's own claim alive."""
    declaration = revision.declaration
    for verb in verbs:
        audit.record(
            verb,
            actor,
            account_id=declaration.account_id,
            declaration_id=declaration.id,
            revision_number=revision.number,
        )
    if PRELOAD not in verbs:
        workflow.renew(declaration, actor)
