"""After submitting: 申报告知, 申报进度, 撤回, 放弃变更."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints import me, writing
from blueprints.kept_parts import hole, kept, render_kept
from blueprints.template_helpers import as_datetime
from blueprints.wizard.shared import bp, case_in_hand, latest_case
from lib.clock import today
from lib.codes import Status
from models import Decision, Declaration, db
from services import access, audit, workflow
from services.access import APPLICANTS, only
from services.corrections import tasks as corrections
from services.declaration import deadlines
from services.declaration.deadlines import DueState

_END = ("会计管理部门审核", "通过后进入人员档案")
#: Status -> what is still to come.
AHEAD = {
    Status.DRAFT: ("提交申报", *_END),
    Status.SUBMITTED: _END,
    Status.IN_REVIEW: _END,
    Status.RETURNED: ("修改后重新提交", *_END),
}


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
def status() -> ResponseReturnValue:
    """申报进度: whose turn it is, until when, and what has happened."""
    case = latest_case()
    declaration, moves = case.declaration, {move.verb for move in workflow.available(case.declaration, me())}
    standing = deadlines.due_state(declaration, today())
    status_now = workflow.standing_status(declaration)
    values = {
        "kind": declaration.kind,
        "status": status_now,
        "whose_turn": standing.whose_turn,
        "has_due": standing.due_on is not None,
        "has_department": declaration.department is not None,
        "may_withdraw": "withdraw" in moves,
        "may_drop": "drop" in moves,
    }
    holes = _holes(declaration, standing, status_now)
    if verdict := _verdict(declaration):
        return render_template("wizard/status.html", verdict=verdict, record=access.own_record(me()), **values, **holes)
    if declaration.is_editable:
        items, next_slug = corrections.items(case), case.first_unfinished
        return render_template("wizard/status.html", editable=True, items=items, next_slug=next_slug, **values, **holes)
    return render_kept("wizard/status.html", holes, **values)


def _holes(declaration: Declaration, standing: DueState, status_now: Status) -> dict[str, Any]:
    department = declaration.department
    return {
        "number": declaration.number,
        "office": department.name if department else "",
        "office_phone": (department.phone if department else "") or "电话暂未公布",
        "due": kept("wizard/_due.html", standing=standing) if standing.due_on else "",
        "history": _history(declaration, AHEAD.get(status_now, ())),
    }


def _history(declaration: Declaration, ahead: tuple[str, ...]) -> Markup:
    """What has happened so far, and what is still to come; when, and in which office, goes into holes."""
    entries = audit.history(declaration)
    holes: dict[str, str] = {}
    for at, entry in enumerate(entries):
        holes[f"at_{at}"] = as_datetime(entry.at)
        if entry.office:
            holes[f"office_{at}"], holes[f"phone_{at}"] = entry.office, entry.phone or "暂未公布"
    shape = _shape(tuple((entry.verb, entry.title, bool(entry.office)) for entry in entries))
    return kept("wizard/_history.html", holes, items=shape, ahead=ahead)


@lru_cache(maxsize=500)
def _shape(entries: tuple[tuple[str, str, bool], ...]) -> tuple[tuple[str, ...], ...]:
    """Verb, title, when, office, its phone: as the template takes them."""
    return tuple(
        (verb, title, hole(f"at_{at}"), *((hole(f"office_{at}"), hole(f"phone_{at}")) if has_office else ("", "")))
        for at, (verb, title, has_office) in enumerate(entries)
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
