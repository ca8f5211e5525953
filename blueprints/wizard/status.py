"""After submitting: 申报告知, 申报进度, 撤回, 放弃变更."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.wizard.shared import bp, declaration_in_hand, latest_declaration, may
from lib.clock import today
from lib.codes import Status
from models import Decision, Declaration, db
from services import access, audit, deadlines, workflow
from services.access import APPLICANTS, only
from services.corrections import tasks as corrections
from services.declaration import answers


@bp.get("/done")
@only(*APPLICANTS)
def done() -> ResponseReturnValue:
    """申报告知. Stands as long as the office has the declaration."""
    declaration = latest_declaration()
    if declaration.status == Status.DRAFT:
        return redirect(url_for("wizard.papers_page"))
    if declaration.status not in (Status.SUBMITTED, Status.IN_REVIEW):
        return redirect(url_for("wizard.home"))
    return render_template(
        "wizard/done.html", declaration=declaration, standing=deadlines.due_state(declaration, today())
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
        standing=deadlines.due_state(declaration, today()),
        history=audit.history(declaration),
        items=corrections.items(declaration),
        verdict=_verdict(declaration),
        may_withdraw=may(declaration, "withdraw"),
        may_drop=may(declaration, "drop"),
        record=access.own_record(me()),
        next_slug=answers.first_unfinished(declaration) if declaration.is_editable else "",
    )


def _verdict(declaration: Declaration) -> Decision | None:
    """The decision that says why it was not taken in."""
    return workflow.last_decision(declaration) if declaration.status == Status.DECLINED else None


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
