"""A manager shares out the work of the officers: passing on what one holds, absence."""

from __future__ import annotations

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.shared import bp
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
    officer = _officer(uid)
    others = [one for one in reassigning.officers(me()) if one.id != officer.id and not reassigning.is_absent(one)]
    held = reassigning.held(me(), officer)
    return render_template(
        "review/officer.html", officer=officer, others=others, held=held, is_absent=reassigning.is_absent(officer)
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
    """``until``: the last day away; empty: back."""
    try:
        until = date.fromisoformat(request.form["until"]) if request.form.get("until") else None
        with writing():
            back = reassigning.set_absence(me(), _officer(uid), until)
            db.session.commit()
    except (ValueError, workflow.NotAllowed):
        flash("请选择离岗的最后一天，不早于今天。", "r")
        return redirect(url_for("review.officer", uid=uid))
    flash(f"已登记离岗，放回待审核 {back} 件。" if until else "已登记回岗。", "g")
    return redirect(url_for("review.officer", uid=uid))
