"""Pictures loaded ahead: the first two of the submission that the officer opens next, which is in hand already.

Only of what the officer holds: nothing is claimed for it. It is no look either, for nobody has seen anything yet; that
they were sent stands in the audit trail all the same, so that no picture ever leaves the house unnoted.
"""

from __future__ import annotations

from sqlalchemy import select

from lib.database import utcnow
from models import Declaration, Event, Revision, db
from services import access, audit
from services.access import Actor
from services.review import access_log
from services.review import held as held_files
from services.review import rows as review_rows
from services.review.pictures import ReviewPicture, pictures

VERB = "load_ahead"
AT_MOST = 2


def following(actor: Actor, uid: str) -> Declaration | None:
    """The submission in hand that a verdict on ``uid`` leads to."""
    return next((other for other in held_files.held(actor) if other.uid != uid), None)


def first_pictures(declaration: Declaration, actor: Actor) -> list[ReviewPicture]:
    """What the viewer will open with, and the picture after it."""
    revision = access.revision_of(declaration, declaration.revision_number)
    if revision is None:
        return []
    compared = review_rows.compared_with(revision)
    masked = review_rows.Privacy(open_numbers=False, known=())
    lines = review_rows.paper_lines(review_rows.look(revision, compared, masked, {}, {}))
    there = [one for one in pictures(lines, compared) if not one.gone]
    start = next((at for at, one in enumerate(there) if one.current), 0)
    return there[start : start + AT_MOST]


def was_loaded(actor: Actor, declaration: Declaration) -> bool:
    """Did the page before this one load it, so that the browser may still have it in its memory?"""
    query = select(Event.id).where(Event.declaration_id == declaration.id, Event.staff_id == actor.id)
    query = query.where(Event.verb == VERB, Event.at >= utcnow() - access_log.LOGGED_EVERY)
    return db.session.scalar(query.limit(1)) is not None


def is_to_log(actor: Actor, declaration: Declaration) -> bool:
    return bool(access_log.looks_to_log(actor, declaration, VERB))


def log(actor: Actor, revision: Revision) -> None:
    """Write it down. Unlike a look it does not renew the claim: nobody is at work on it."""
    declaration = revision.declaration
    audit.record(
        VERB,
        actor,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        revision_number=revision.number,
    )
