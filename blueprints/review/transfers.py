"""转交, 接手 and 复核: a submission passes to another officer or department, or waits for a second one to agree."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.decide import REASON_LENGTH
from blueprints.review.marking import Said, acting, asks, confirm, confirmed, refused
from blueprints.review.next_case import next_case
from blueprints.review.shared import address_of, bp, in_scope, typed, within
from services import workflow
from services.access import OFFICERS, only
from services.review import transfer_targets
from services.review.case import ReviewCase


@bp.post("/submissions/<uid>/take-over")
@only(*OFFICERS)
def take_over(uid: str) -> ResponseReturnValue:
    """接手 what a colleague holds, after a page that names the colleague."""
    try:
        claim = workflow.held_by_another(in_scope(uid).declaration, me())
        if not confirmed():
            return confirm("review/confirm_take_over.html", uid, holder=claim.staff.name, since=claim.claimed_at)
        with acting(uid) as (case, _seen):
            workflow.take_over(case.declaration, me())
    except workflow.NotAllowed as error:  # the page has other buttons now: it is opened anew
        with acting(uid):
            pass  # keeps a note that was written
        flash(str(error), "y")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/transfer")
@only(*OFFICERS)
def transfer(uid: str) -> ResponseReturnValue:
    """转交: first the page with the departments, then the offer. The other one accepts or sends it back."""
    case = in_scope(uid)
    offices = transfer_targets.offices(case.declaration, case.revision)
    asked = asks(uid, "review/confirm_transfer.html", workflow.holds, _offer, offices=offices)
    return asked or redirect(url_for("review.queue", **within()))


def _offer(case: ReviewCase, seen: int) -> Said:
    chosen = transfer_targets.office(case.declaration, case.revision, typed("department", 12))
    if chosen is None:
        raise workflow.NotAllowed("请选择接收部门", "department")
    workflow.offer(case.declaration, me(), seen, chosen, typed("why", REASON_LENGTH))
    return f"已将 {case.declaration.number} 转交{chosen.name}，等待对方受理。", "g"


@bp.post("/submissions/<uid>/transfer/take-back")
@only(*OFFICERS)
def take_back(uid: str) -> ResponseReturnValue:
    """收回 what waits for another department or a second officer; it is in the officer's hands again."""
    try:
        with acting(uid) as (case, _seen):
            proposed = workflow.waiting_second_look(case.declaration)
            (workflow.take_back_second_look if proposed else workflow.take_back_offer)(case.declaration, me())
    except workflow.NotAllowed as error:
        return refused(uid, error)
    flash("已收回，由您继续审核。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/transfer/answer")
@only(*OFFICERS)
def answer_transfer(uid: str) -> ResponseReturnValue:
    """受理 or 退还 what another department offers."""
    accept = request.form.get("accept") == "yes"
    try:
        with acting(uid) as (case, _seen):
            number = case.declaration.number
            workflow.answer_offer(case.declaration, me(), accept=accept, reason=typed("why", REASON_LENGTH))
    except workflow.NotAllowed as error:
        return refused(uid, error)
    flash(f"已受理 {number}，审核期限不变。" if accept else f"已退还 {number}。", "g")
    return redirect(address_of(uid) if accept else url_for("review.queue"))


@bp.post("/submissions/<uid>/second-look")
@only(*OFFICERS)
def answer_second_look(uid: str) -> ResponseReturnValue:
    """复核: agree, and the approval takes effect; else it is in this officer's hands."""
    agree = request.form.get("agree") == "yes"
    try:
        with acting(uid) as (case, seen):
            workflow.answer_second_look(case.declaration, me(), seen, agree=agree, comment=typed("why", REASON_LENGTH))
    except workflow.NotAllowed as error:
        return refused(uid, error)
    if agree:
        return next_case()
    flash("已记下不同意的原因，由您继续审核。", "g")
    return redirect(address_of(uid))
