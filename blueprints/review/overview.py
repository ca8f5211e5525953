"""部门概览 of the manager, and the officer's own figures. Nobody's times are shown to anybody else."""

from __future__ import annotations

from flask import render_template

from blueprints import me
from blueprints.review.frame import bp
from lib.codes import Role
from lib.database import utcnow
from services import overview, timing
from services.access import OFFICERS, only


@bp.get("/overview", endpoint="overview")
@only(Role.MANAGER)
def overview_page() -> str:
    return render_template("review/overview.html", found=overview.overview(me()))


@bp.get("/own-figures")
@only(*OFFICERS)
def own_figures() -> str:
    """How much oneself has decided, and how quickly: for oneself."""
    return render_template("review/own_figures.html", own=timing.own(me(), utcnow()), aim=timing.AIM)
