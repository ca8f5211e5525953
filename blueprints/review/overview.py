"""部门概览 of the manager, and the officer's own figures. Times are shown only to the officer they belong to."""

from __future__ import annotations

from flask import render_template

from blueprints import me
from blueprints.review.shared import bp
from lib.codes import Role
from lib.database import utcnow
from services.access import OFFICERS, only
from services.checks import duplicates
from services.queue import manager_overview
from services.reports import review_times


@bp.get("/overview", endpoint="overview")
@only(Role.MANAGER)
def overview_page() -> str:
    return render_template("review/overview.html", found=manager_overview.overview(me()))


@bp.get("/duplicates", endpoint="duplicates")
@only(Role.MANAGER)
def duplicates_page() -> str:
    """What several people share, of all that waits in the department and those below it."""
    return render_template("review/duplicates.html", found=duplicates.find(me()))


@bp.get("/own-figures")
@only(*OFFICERS)
def own_figures() -> str:
    """How much the officer has decided and how quickly, shown to that officer only."""
    now = utcnow()
    return render_template(
        "review/own_figures.html",
        own=review_times.own(me(), now),
        days=review_times.days(me(), now),
        phases=review_times.phases(me(), now),
        aim=review_times.AIM,
    )
