"""Many records in one hour: the page that asks why, and what the manager sees of it."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.review.reason_field import reason_question
from blueprints.review.shared import bp
from lib.codes import Role
from models import db
from services.access import OFFICERS, only
from services.records import view_limit


class ViewReasonForm(AccountForm):
    reason = reason_question("查阅事由", "年度档案核查，逐份核对")


@bp.route("/archive/many", methods=["GET", "POST"])
@only(*OFFICERS)
def many_records() -> ResponseReturnValue:
    """``record``: which one was to be opened."""
    form, wanted = ViewReasonForm(), request.args.get("record", "")[:24]
    onward = url_for("review.record", uid=wanted) if wanted else url_for("review.records")
    if not view_limit.is_warned(me()):
        return redirect(onward)
    if form.validate_on_submit():
        with writing():
            view_limit.go_on(me(), form.reason.data or "")
            db.session.commit()
        return redirect(onward)
    page = render_template("review/many_records.html", form=form, most=view_limit.LIMIT.most)
    return page, 422 if request.method == "POST" else 200


@bp.get("/archive/views")
@only(Role.MANAGER)
def record_views() -> str:
    found = view_limit.warnings(me())
    return render_template("review/record_views.html", found=found, most=view_limit.LIMIT.most)
