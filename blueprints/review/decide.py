"""The form of one submission: its marks and its verb are one transaction, on the revision that was seen.

When the verb fails, or has to be confirmed, the marks are saved alone. A decision is shown before it is taken (退回) or
when it looks like a slip (审核通过 with marks left); the confirm page carries the marks along: what was shown is sent.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.frame import bp, desk, in_hand, in_scope, marks_in, revision_of
from models import Declaration, db
from services import access, marks, review, workflow
from services.access import OFFICERS, only


def _take_marks(uid: str) -> tuple[Declaration, int]:
    """Put the sent marks into the transaction in hand, where they may stand. Returns what was seen, too."""
    declaration, seen = in_hand(uid), request.form.get("seen", default=0, type=int)
    if review.may_keep_marks(declaration, me(), seen):
        marks.keep(revision_of(declaration, seen), me(), marks_in(request.form))
        workflow.renew(declaration, me())
    return declaration, seen


def _keep_marks_alone(uid: str) -> None:
    """Take the verb back and save the marks all the same: what was typed stays, whatever became of the decision."""
    db.session.rollback()
    _take_marks(uid)
    db.session.commit()


def _confirmed() -> bool:
    return request.form.get("confirmed") == "yes"


@bp.post("/submissions/<uid>/marks")
@only(*OFFICERS)
def save_marks(uid: str) -> ResponseReturnValue:
    declaration, seen = _take_marks(uid)
    workflow.own_claim(declaration, me(), seen)
    db.session.commit()
    flash("标记已保存。", "g")
    return redirect(url_for("review.submission", uid=uid))


@bp.post("/submissions/<uid>/release")
@only(*OFFICERS)
def release(uid: str) -> ResponseReturnValue:
    declaration, _seen = _take_marks(uid)
    workflow.release(declaration, me())
    db.session.commit()
    flash(f"已放回 {declaration.number}，标记已保留。", "g")
    return redirect(url_for("review.queue"))


@bp.post("/submissions/<uid>/return")
@only(*OFFICERS)
def send_back(uid: str) -> ResponseReturnValue:
    """First the message as the applicant will read it, then, confirmed, the return. Tried either way: same checks."""
    declaration, seen = _take_marks(uid)
    try:
        workflow.send_back(declaration, me(), seen)
    except workflow.NotAllowed as error:
        return _refused(uid, str(error))
    if not _confirmed():
        return _confirm("review/confirm_return.html", uid)
    db.session.commit()
    flash(f"已退回 {declaration.number}。", "g")
    return redirect(url_for("review.queue"))


@bp.post("/submissions/<uid>/approve")
@only(*OFFICERS)
def approve(uid: str) -> ResponseReturnValue:
    declaration, seen = _take_marks(uid)
    left = bool(marks_in(request.form))
    try:
        workflow.approve(declaration, me(), seen, id_checked=request.form.get("id_checked") == "yes")
    except workflow.NotAllowed as error:
        return _refused(uid, str(error))
    if left and not _confirmed():
        return _confirm("review/confirm_approve.html", uid)
    db.session.commit()
    flash(f"{declaration.number} 已审核通过。", "g")
    return redirect(url_for("review.queue"))


def _refused(uid: str, problem: str) -> ResponseReturnValue:
    _keep_marks_alone(uid)
    return desk(revision_of(in_scope(uid), None), problem=problem)


def _confirm(template: str, uid: str) -> str:
    _keep_marks_alone(uid)
    revision = revision_of(in_scope(uid), None)
    return render_template(
        template,
        declaration=revision.declaration,
        revision=revision,
        name=revision.answers["applicant_name"],
        told=review.told(revision),
        id_checked=request.form.get("id_checked") == "yes",
    )


@bp.errorhandler(workflow.Conflict)
def conflict(error: workflow.Conflict) -> ResponseReturnValue:
    """Somebody else was faster: who, when, and what of the officer's own work is kept or to be copied."""
    sent, uid = marks_in(request.form), (request.view_args or {}).get("uid", "")
    db.session.rollback()
    if declaration := access.office_declaration(me(), uid):
        _keep_marks_alone(uid)
    kept = declaration is not None and review.may_keep_marks(declaration, me(), request.form.get("seen", 0, type=int))
    page = render_template(
        "review/conflict.html",
        message=str(error),
        declaration=declaration,
        kept=kept and bool(sent),
        lost=review.in_words(sent) if declaration and not kept else [],
    )
    return page, 409
