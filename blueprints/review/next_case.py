"""Where a verdict leads: to the next submission, at once. The strip with 【撤销】 is on the page that opens."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.shared import address_of, within
from models import db
from services import workflow
from services.queue import listing as queue_listing
from services.queue.filters import Filters
from services.review import held as held_files

TRIES = 5  # when colleagues take the same one at the same moment


def next_case() -> ResponseReturnValue:
    """The submission in hand that is due first, else the next one of the queue, claimed; without any the queue."""
    try:
        following = next(iter(held_files.held(me())), None) or claim_next_due(Filters.read(within()))
    except workflow.Conflict:
        following = None
    return redirect(address_of(following) if following else url_for("review.queue", **within()))


def claim_next_due(filters: Filters) -> str | None:
    """Claim what is next and return its uid; an officer who was a moment too late gets the one after it.

    None: nothing is left. Raises Conflict after some tries.
    """
    for _ in range(TRIES):
        declaration = queue_listing.next_due(me(), filters)
        if declaration is None:
            return None
        uid = declaration.uid
        try:
            with writing():
                workflow.claim(declaration, me())
                db.session.commit()
        except (workflow.Conflict, workflow.NotAllowed):
            continue
        return uid
    raise workflow.Conflict("同事们正在同时领取，请再按一次【领取下一件】。")
