"""A manager shares out the work of the officers: passing on what one holds, absence."""

from __future__ import annotations

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.shared import bp
from lib.clock import today
from lib.codes import Role
from models import Staff, db
from services import workflow
from services.access import only
from services.workflow import reassigning


def _officer(uid: str) -> Staff:
    """Of the manager's scope, else 404."""
    return next((one for one in reassigning.officers(me()) if one.uid == uid), None) or abort(404)


@bp.get("/officers/<uid>", endpoint="officer")
@only(Role.MANAGER)
def officer_page(uid: str) -> str:
    return _page(_officer(uid))


def _page(officer: Staff, problem: str = "") -> str:
    """``problem``: what is wrong with the day that was typed."""
    others = [one for one in reassigning.officers(me()) if one.id != officer.id and not reassigning.is_absent(one)]
    return render_template(
        "review/officer.html",
        officer=officer,
        others=others,
        held=reassigning.held(me(), officer),
        is_absent=reassigning.is_absent(officer),
        problem=problem,
        first=today(),
        last=today() + reassigning.LONGEST_ABSENCE,
    )


@bp.post("/officers/<uid>/reassign")
@only(Role.MANAGER)
def reassign(uid: str) -> ResponseReturnValue:
    """``to``: another officer, or empty for 待审核."""
    with writing():
        to = _officer(request.form["to"]) if request.form.get("to") else None
        went, left = reassigning.reassign(me(), _officer(uid), to)
        db.session.commit()
    words = f"已转给{to.name} {went} 件，请在 30 分钟内审核。" if to else f"已放回待审核 {went} 件。"
    flash(words + (f"另有 {left} 件不在其负责范围内，没有转。" if left else ""), "g" if went else "y")
    return redirect(url_for("review.officer", uid=uid))


@bp.post("/officers/<uid>/absence")
@only(Role.MANAGER)
def absence(uid: str) -> ResponseReturnValue:
    """``action=back``: the officer is back; else ``until``, the last day away."""
    is_back, typed = request.form.get("action") == "back", request.form.get("until", "").strip()
    try:
        until = None if is_back else date.fromisoformat(typed)
    except ValueError:
        return _page(_officer(uid), "请按 2026-11-23 的样子填写离岗的最后一天"), 422
    try:
        with writing():
            back = reassigning.set_absence(me(), _officer(uid), until)
            db.session.commit()
    except workflow.NotAllowed as error:
        return _page(_officer(uid), str(error)), 422
    flash("已登记回岗。" if is_back else f"已登记离岗，放回待审核 {back} 件。", "g")
    return redirect(url_for("review.officer", uid=uid))
