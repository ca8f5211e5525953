"""The verdicts: 审核通过, 退回修改, 不予采集, and what takes them back. Each on the revision that was seen.

What the applicant will read is shown before it is sent; an approval asks only when it looks like a slip (marks left).
After a verdict the next submission opens at once.
"""

from __future__ import annotations

from datetime import datetime

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.marking import confirm, confirmed, keep_note, refused, take_marks
from blueprints.review.next_case import next_case
from blueprints.review.shared import address_of, bp, in_hand, in_scope, marks_in, typed, within
from lib.codes import Role
from models import Decision, SecondLook, db
from services import workflow
from services.access import OFFICERS, only
from services.marks import return_reasons
from services.reports import review_times
from services.review.case import ReviewCase

REASON_LENGTH = 200


def opened_at(case: ReviewCase) -> datetime | None:
    """When the officer at hand first looked at what is held now: asked before the verb, which ends the claim."""
    claim = workflow.own_claim(case.declaration, me())
    return claim.opened_at if claim else None


def measure(decision: Decision | SecondLook, opened: datetime | None) -> None:
    """What a verdict took. A proposal is no verdict yet."""
    if isinstance(decision, Decision):
        sent = request.form
        inputs = sent.get("keys", type=int), sent.get("clicks", type=int)
        review_times.record(decision, opened, *inputs, sent.get("spent", ""))
    else:
        flash(f"{decision.declaration.number} 被抽中复核，由另一位工作人员同意后生效。", "b")


@bp.post("/submissions/<uid>/marks")
@only(*OFFICERS)
def save_marks(uid: str) -> ResponseReturnValue:
    with writing():
        case, seen = take_marks(uid)
        if "revoke" not in case.verbs:
            workflow.holds(case.declaration, me(), seen)
            workflow.renew(case.declaration, me())
        keep_note(case)
        db.session.commit()
    flash("标记已保存。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/release")
@only(*OFFICERS)
def release(uid: str) -> ResponseReturnValue:
    with writing():
        case, _seen = take_marks(uid)
        number = case.declaration.number
        workflow.release(case.declaration, me())
        keep_note(case)
        db.session.commit()
    flash(f"已放回 {number}，标记已保留。", "g")
    return redirect(url_for("review.queue", **within()))


@bp.post("/submissions/<uid>/return")
@only(*OFFICERS)
def send_back(uid: str) -> ResponseReturnValue:
    """First the message as the applicant will read it, then, confirmed, the return."""
    try:
        with writing():
            case, seen = take_marks(uid)
            workflow.can_return(case.declaration, me(), seen)
            if confirmed():
                opened = opened_at(case)
                measure(workflow.send_back(case.declaration, me(), seen), opened)
                keep_note(case)
                db.session.commit()
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    return next_case() if confirmed() else confirm("review/confirm_return.html", uid)


@bp.post("/submissions/<uid>/approve")
@only(*OFFICERS)
def approve(uid: str) -> ResponseReturnValue:
    sure = confirmed() or not marks_in(request.form)
    said = {
        "id_checked": request.form.get("id_checked") == "yes",
        "sample": current_app.config["SECOND_LOOK_PERCENT"],
    }
    try:
        with writing():
            case, seen = take_marks(uid)
            workflow.holds(case.declaration, me(), seen)
            if sure:
                opened = opened_at(case)
                measure(workflow.approve(case.declaration, me(), seen, **said), opened)
                keep_note(case)
                db.session.commit()
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    return next_case() if sure else confirm("review/confirm_approve.html", uid)


@bp.post("/submissions/<uid>/decline")
@only(*OFFICERS)
def decline(uid: str) -> ResponseReturnValue:
    """不予采集 with a reason, chosen on a page that shows what the applicant will read."""
    said = {"reason_code": typed("decline_reason", 30), "comment": typed("decline_comment", REASON_LENGTH)}
    choices = return_reasons.of(me()).decline
    workflow.holds(in_scope(uid).declaration, me(), request.form.get("seen", default=0, type=int))
    if not confirmed():
        return confirm("review/confirm_decline.html", uid, choices=choices)
    try:
        with writing():
            case, seen = take_marks(uid)
            opened = opened_at(case)
            measure(workflow.decline(case.declaration, me(), seen, **said), opened)
            keep_note(case)
            db.session.commit()
    except workflow.NotAllowed as error:
        return confirm("review/confirm_decline.html", uid, str(error), choices=choices)
    return next_case()


@bp.post("/submissions/<uid>/undo")
@only(*OFFICERS)
def undo(uid: str) -> ResponseReturnValue:
    """撤销 within a minute: the submission is in the officer's hands again, with its marks."""
    with writing():
        workflow.undo(in_hand(uid).declaration, me())
        db.session.commit()
    flash("已撤销刚才的决定，这份申报回到您手中。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/revoke")
@only(Role.MANAGER)
def revoke(uid: str) -> ResponseReturnValue:
    """撤销审核结果: the reason is asked for on a page that shows what the applicant will read."""
    try:
        with writing():
            case, seen = take_marks(uid)
            number = case.declaration.number
            workflow.can_revoke(case.declaration, me(), seen)
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    if not confirmed():
        return confirm("review/confirm_revoke.html", uid)
    try:
        with writing():
            case, seen = take_marks(uid)
            workflow.revoke(case.declaration, me(), seen, comment=typed("why", REASON_LENGTH))
            keep_note(case)
            db.session.commit()
    except workflow.NotAllowed as error:
        return confirm("review/confirm_revoke.html", uid, str(error))
    flash(f"已撤销 {number} 的审核结果，退回申报人修改。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/reopen")
@only(Role.MANAGER)
def reopen(uid: str) -> ResponseReturnValue:
    case = in_scope(uid)
    number = case.declaration.number
    try:
        workflow.can_reopen(case.declaration, me())
    except workflow.NotAllowed as error:
        return refused(uid, str(error))
    if not confirmed():
        return confirm("review/confirm_reopen.html", uid)
    try:
        with writing():
            case = in_hand(uid)
            workflow.reopen(case.declaration, me(), comment=typed("why", REASON_LENGTH))
            keep_note(case)
            db.session.commit()
    except workflow.NotAllowed as error:
        return confirm("review/confirm_reopen.html", uid, str(error))
    flash(f"已重新受理 {number}。", "g")
    return redirect(address_of(uid))
