"""The verdicts: 审核通过, 退回修改, 不予采集, and what takes them back. Each on the revision that was seen.

What the applicant will read is shown before it is sent; an approval asks only when it looks like a slip (marks left).
After a verdict the next submission opens at once.
"""

from __future__ import annotations

from datetime import datetime

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.marking import confirm, confirmed, refused, take_marks
from blueprints.review.next_case import onward
from blueprints.review.shared import address_of, bp, in_hand, marks_in, typed, within
from lib.codes import Role
from models import Decision, Declaration, SecondLook, db
from services import workflow
from services.access import OFFICERS, only
from services.marks import return_reasons
from services.reports import review_times
from services.review import page as review_page

REASON_LENGTH = 200


def opened_at(declaration: Declaration) -> datetime | None:
    """When the officer at hand first looked at what is held now: asked before the verb, which ends the claim."""
    claim = workflow.holder(declaration)
    return claim.opened_at if claim and claim.staff_id == me().id else None


def done(decision: Decision | SecondLook, opened: datetime | None) -> ResponseReturnValue:
    """The verdict stands: measure what it took, and on to the next. A proposal is no verdict yet."""
    if isinstance(decision, Decision):
        sent = request.form
        review_times.record(decision, opened, sent.get("keys", type=int), sent.get("clicks", type=int))
    else:
        flash(f"{decision.declaration.number} 被抽中复核，由另一位工作人员同意后生效。", "b")
    db.session.commit()
    return onward()


@bp.post("/submissions/<uid>/marks")
@only(*OFFICERS)
def save_marks(uid: str) -> ResponseReturnValue:
    declaration, seen = take_marks(uid)
    if "revoke" not in review_page.verbs_of(declaration, me()):
        workflow.own_claim(declaration, me(), seen)
    db.session.commit()
    flash("标记已保存。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/release")
@only(*OFFICERS)
def release(uid: str) -> ResponseReturnValue:
    declaration, _seen = take_marks(uid)
    workflow.release(declaration, me())
    db.session.commit()
    flash(f"已放回 {declaration.number}，标记已保留。", "g")
    return redirect(url_for("review.queue", **within()))


@bp.post("/submissions/<uid>/return")
@only(*OFFICERS)
def send_back(uid: str) -> ResponseReturnValue:
    """First the message as the applicant will read it, then, confirmed, the return. Tried either way: same checks."""
    declaration, seen = take_marks(uid)
    opened = opened_at(declaration)
    try:
        decision = workflow.send_back(declaration, me(), seen)
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    if not confirmed():
        return confirm("review/confirm_return.html", uid)
    return done(decision, opened)


@bp.post("/submissions/<uid>/approve")
@only(*OFFICERS)
def approve(uid: str) -> ResponseReturnValue:
    declaration, seen = take_marks(uid)
    left, id_checked = bool(marks_in(request.form)), request.form.get("id_checked") == "yes"
    sample, opened = current_app.config["SECOND_LOOK_PERCENT"], opened_at(declaration)
    try:
        decision = workflow.approve(declaration, me(), seen, id_checked=id_checked, sample=sample)
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    if left and not confirmed():
        return confirm("review/confirm_approve.html", uid)
    return done(decision, opened)


@bp.post("/submissions/<uid>/decline")
@only(*OFFICERS)
def decline(uid: str) -> ResponseReturnValue:
    """不予采集 with a reason, chosen on a page that shows what the applicant will read."""
    declaration, seen = take_marks(uid)
    code, comment = typed("decline_reason", 30), typed("decline_comment", REASON_LENGTH)
    choices, opened = return_reasons.of(me()).decline, opened_at(declaration)
    workflow.own_claim(declaration, me(), seen)
    if not confirmed():
        return confirm("review/confirm_decline.html", uid, choices=choices)
    try:
        decision = workflow.decline(declaration, me(), seen, reason_code=code, comment=comment)
    except workflow.NotAllowed as error:
        return confirm("review/confirm_decline.html", uid, str(error), choices=choices)
    return done(decision, opened)


@bp.post("/submissions/<uid>/undo")
@only(*OFFICERS)
def undo(uid: str) -> ResponseReturnValue:
    """撤销 within a minute: the submission is in the officer's hands again, with its marks."""
    declaration = in_hand(uid)
    workflow.undo(declaration, me())
    db.session.commit()
    flash("已撤销刚才的决定，这份申报回到您手中。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/revoke")
@only(Role.MANAGER)
def revoke(uid: str) -> ResponseReturnValue:
    """撤销审核结果: the reason is asked for on a page that shows what the applicant will read."""
    declaration, seen = take_marks(uid)
    comment = typed("why", REASON_LENGTH)
    try:
        workflow.revoke(declaration, me(), seen, comment=comment if confirmed() else "tried")
    except workflow.NotAllowed as error:
        if confirmed() and not comment:
            return confirm("review/confirm_revoke.html", uid, str(error))
        return refused(uid, str(error))
    if not confirmed():
        return confirm("review/confirm_revoke.html", uid)
    db.session.commit()
    flash(f"已撤销 {declaration.number} 的审核结果，退回申报人修改。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/reopen")
@only(Role.MANAGER)
def reopen(uid: str) -> ResponseReturnValue:
    declaration, comment = in_hand(uid), typed("why", REASON_LENGTH)
    try:
        workflow.reopen(declaration, me(), comment=comment if confirmed() else "tried")
    except workflow.NotAllowed as error:
        if confirmed() and not comment:
            return confirm("review/confirm_reopen.html", uid, str(error))
        return refused(uid, str(error))
    if not confirmed():
        return confirm("review/confirm_reopen.html", uid)
    db.session.commit()
    flash(f"已重新受理 {declaration.number}。", "g")
    return redirect(address_of(uid))
