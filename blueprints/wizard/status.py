"""After submitting: 申报告知, 申报进度, 撤回, 放弃变更."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.wizard.shared import bp, case_in_hand, latest_case
from lib.clock import today
from lib.codes import Status
from models import Decision, Declaration, db
from services import access, audit, workflow
from services.access import APPLICANTS, only
from services.corrections import tasks as corrections
from services.declaration import deadlines


@bp.get("/done")
@only(*APPLICANTS)
def done() -> ResponseReturnValue:
    """申报告知. Shown as long as the office has the declaration."""
    declaration = latest_case().declaration
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
    case = latest_case()
    declaration, moves = case.declaration, {move.verb for move in workflow.available(case.declaration, me())}
    verdict = _verdict(declaration)
    return render_template(
        "wizard/status.html",
        declaration=declaration,
        status=workflow.standing_status(declaration),
        standing=deadlines.due_state(declaration, today()),
        history=audit.history(declaration),
        items=corrections.items(case),
        verdict=verdict,
        may_withdraw="withdraw" in moves,
        may_drop="drop" in moves,
        record=access.own_record(me()) if verdict else None,
        next_slug=case.first_unfinished if declaration.is_editable else "",
    )


def _verdict(declaration: Declaration) -> Decision | None:
    """The decision that says why it was not taken in."""
    return workflow.last_decision(declaration) if declaration.status == Status.DECLINED else None


@bp.post("/withdraw")
@only(*APPLICANTS)
def withdraw() -> ResponseReturnValue:
    try:
        with writing():
            workflow.withdraw(case_in_hand().declaration, me())
            db.session.commit()
    except workflow.NotAllowed:
        flash("审核已经开始，不能撤回。如果需要修改，请等待审核结果或联系审核部门。", "y")
        return redirect(url_for("wizard.status"))
    flash("已撤回。修改后请重新提交。", "g")
    return redirect(url_for("wizard.home"))


@bp.post("/drop")
@only(*APPLICANTS)
def drop() -> ResponseReturnValue:
    """Give up a change; the record stays."""
    try:
        with writing():
            workflow.drop(case_in_hand().declaration, me())
            db.session.commit()
    except workflow.NotAllowed as error:
        flash(str(error), "y")
        return redirect(url_for("wizard.status"))
    flash("已放弃本次变更，人员档案保持不变。", "g")
    return redirect(url_for("archive.own"))
