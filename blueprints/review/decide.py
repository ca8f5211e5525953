"""The verdicts: 审核通过, 退回修改, 不予采集, and what takes them back. Each on the revision that was seen.

What the applicant will read is shown before it is sent; an approval asks only when it looks like a slip (marks left).
After a verdict the next submission opens at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.marking import Said, Verb, acting, asks
from blueprints.review.next_case import next_case
from blueprints.review.shared import address_of, bp, marks_in, typed, within
from lib.codes import Role
from models import Decision, SecondLook
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


def measure(decision: Decision | SecondLook, opened: datetime | None) -> Said | None:
    """What a verdict took. A proposal is no verdict yet, and says so."""
    if isinstance(decision, Decision):
        sent = request.form
        inputs = sent.get("keys", type=int), sent.get("clicks", type=int)
        review_times.record(decision, opened, *inputs, sent.get("spent", ""))
        return None
    return f"{decision.declaration.number} 被抽中复核，由另一位工作人员同意后生效。", "b"


def verdict(verb: Callable[..., Decision | SecondLook], **said: Any) -> Verb:
    """The verb with what it is told, measured."""

    def give(case: ReviewCase, seen: int) -> Said | None:
        opened = opened_at(case)
        return measure(verb(case.declaration, me(), seen, **said), opened)

    return give


@bp.post("/submissions/<uid>/marks")
@only(*OFFICERS)
def save_marks(uid: str) -> ResponseReturnValue:
    with acting(uid) as (case, seen):
        if "revoke" not in case.verbs:
            workflow.holds(case.declaration, me(), seen)
            workflow.renew(case.declaration, me())
    flash("标记已保存。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/release")
@only(*OFFICERS)
def release(uid: str) -> ResponseReturnValue:
    with acting(uid) as (case, _seen):
        number = case.declaration.number
        workflow.release(case.declaration, me())
    flash(f"已放回 {number}，标记已保留。", "g")
    return redirect(url_for("review.queue", **within()))


@bp.post("/submissions/<uid>/return")
@only(*OFFICERS)
def send_back(uid: str) -> ResponseReturnValue:
    """First the message as the applicant will read it, then, confirmed, the return."""
    done = verdict(workflow.send_back)
    return asks(uid, "review/confirm_return.html", workflow.can_return, done) or next_case()


@bp.post("/submissions/<uid>/approve")
@only(*OFFICERS)
def approve(uid: str) -> ResponseReturnValue:
    said = {
        "id_checked": request.form.get("id_checked") == "yes",
        "sample": current_app.config["SECOND_LOOK_PERCENT"],
    }
    done, sure = verdict(workflow.approve, **said), not marks_in(request.form)
    return asks(uid, "review/confirm_approve.html", workflow.holds, done, sure=sure) or next_case()


@bp.post("/submissions/<uid>/decline")
@only(*OFFICERS)
def decline(uid: str) -> ResponseReturnValue:
    """不予采集 with a reason, chosen on a page that shows what the applicant will read."""
    said = {"reason_code": typed("decline_reason", 30), "comment": typed("decline_comment", REASON_LENGTH)}
    done, choices = verdict(workflow.decline, **said), return_reasons.of(me()).decline
    return asks(uid, "review/confirm_decline.html", workflow.holds, done, choices=choices) or next_case()


@bp.post("/submissions/<uid>/undo")
@only(*OFFICERS)
def undo(uid: str) -> ResponseReturnValue:
    """撤销 within a minute: the submission is in the officer's hands again, with its marks."""
    with acting(uid) as (case, _seen):
        workflow.undo(case.declaration, me())
    flash("已撤销刚才的决定，这份申报回到您手中。", "g")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/revoke")
@only(Role.MANAGER)
def revoke(uid: str) -> ResponseReturnValue:
    """撤销审核结果: the reason is asked for on a page that shows what the applicant will read."""

    def done(case: ReviewCase, seen: int) -> Said:
        workflow.revoke(case.declaration, me(), seen, comment=typed("why", REASON_LENGTH))
        return f"已撤销 {case.declaration.number} 的审核结果，退回申报人修改。", "g"

    return asks(uid, "review/confirm_revoke.html", workflow.can_revoke, done) or redirect(address_of(uid))


@bp.post("/submissions/<uid>/reopen")
@only(Role.MANAGER)
def reopen(uid: str) -> ResponseReturnValue:
    def done(case: ReviewCase, _seen: int) -> Said:
        workflow.reopen(case.declaration, me(), comment=typed("why", REASON_LENGTH))
        return f"已重新受理 {case.declaration.number}。", "g"

    return asks(uid, "review/confirm_reopen.html", workflow.can_reopen, done) or redirect(address_of(uid))
