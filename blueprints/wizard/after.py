"""After submitting: 申报告知, 申报进度, 撤回, and the corrections of a returned declaration."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.wizard.frame import bp, declaration_in_hand, editable_declaration, latest_declaration, may
from lib.clock import today
from lib.codes import EDITABLE, Status
from models import db
from services import access, answers, deadlines, events, marks, workflow
from services.access import APPLICANTS, only

EXPLANATION_LENGTH = 300


@bp.get("/done")
@only(*APPLICANTS)
def done() -> ResponseReturnValue:
    """申报告知. Stands as long as the office has the declaration."""
    declaration = latest_declaration()
    if declaration.status in EDITABLE:
        return redirect(url_for("wizard.papers_page" if declaration.status == Status.DRAFT else "wizard.corrections"))
    return render_template(
        "wizard/done.html", declaration=declaration, standing=deadlines.standing(declaration, today())
    )


@bp.get("/status")
@only(*APPLICANTS)
def status() -> str:
    """申报进度: whose turn it is, until when, and what has happened."""
    declaration = latest_declaration()
    return render_template(
        "wizard/status.html",
        declaration=declaration,
        status=workflow.standing_status(declaration),
        standing=deadlines.standing(declaration, today()),
        history=events.history(declaration),
        marks=marks.open_views(declaration),
        may_withdraw=may(declaration, "withdraw"),
        may_drop=may(declaration, "drop"),
        record=access.own_record(me()),
        next_slug=answers.first_unfinished(declaration) if declaration.is_editable else "",
    )


@bp.post("/withdraw")
@only(*APPLICANTS)
def withdraw() -> ResponseReturnValue:
    declaration = declaration_in_hand()
    try:
        workflow.withdraw(declaration, me())
    except workflow.NotAllowed:
        db.session.rollback()
        flash("审核已经开始，不能撤回。如果需要修改，请等待审核结果或联系审核部门。", "y")
        return redirect(url_for("wizard.status"))
    db.session.commit()
    flash("已撤回。修改后请重新提交。", "g")
    return redirect(url_for("wizard.home"))


@bp.post("/drop")
@only(*APPLICANTS)
def drop() -> ResponseReturnValue:
    """Give up a change; the record stays."""
    try:
        workflow.drop(declaration_in_hand(), me())
    except workflow.NotAllowed as error:
        db.session.rollback()
        flash(str(error), "y")
        return redirect(url_for("wizard.status"))
    db.session.commit()
    flash("已放弃本次变更，人员档案保持不变。", "g")
    return redirect(url_for("archive.own"))


@bp.get("/corrections")
@only(*APPLICANTS)
def corrections() -> ResponseReturnValue:
    """The marks one by one, leading to field or paper."""
    declaration = editable_declaration()
    views = marks.open_views(declaration)
    if declaration.status != Status.RETURNED:
        return redirect(url_for("wizard.home"))
    return render_template("wizard/corrections.html", declaration=declaration, marks=views)


@bp.post("/corrections/<uid>")
@only(*APPLICANTS)
def explain(uid: str) -> ResponseReturnValue:
    """Answer a mark with an explanation instead of a change."""
    declaration = editable_declaration()
    view = next((view for view in marks.open_views(declaration) if view.mark.uid == uid), None) or abort(404)
    view.mark.explanation = " ".join(request.form.get("explanation", "").split())[:EXPLANATION_LENGTH]
    db.session.commit()
    return redirect(url_for("wizard.corrections", _anchor=f"mark-{uid}"))
