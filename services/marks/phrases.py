"""常用意见: words that an officer has written to several applicants, offered again where the next ones are written.

Nothing is kept for it: the marks that were sent are asked. What was written once only is somebody's own matter.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from lib.database import utcnow
from models import Decision, Mark, db
from services.access import Actor
from services.marks import marks
from services.moves import RETURNING

LATELY = timedelta(days=180)
AT_LEAST, AT_MOST = 2, 20  # submissions that have it; phrases that are offered


def own(actor: Actor) -> list[str]:
    """The officer's own words of the last half year, the most used first."""
    times = func.count(Mark.revision_id.distinct())
    query = (
        select(Mark.comment)
        .join(Decision, Decision.revision_id == Mark.revision_id)
        .where(Decision.staff_id == actor.id, Decision.at > utcnow() - LATELY, Decision.verb.in_(RETURNING))
        .where(Mark.staff_id == actor.id, Mark.state.in_(marks.SENT), Mark.comment != "")
        .group_by(Mark.comment)
        .having(times >= AT_LEAST)
        .order_by(times.desc(), Mark.comment)
    )
    return list(db.session.scalars(query.limit(AT_MOST)))
