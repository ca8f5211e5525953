"""审核: one submission, taking it and putting it back, showing the full number."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import me
from blueprints.review.marking import keep_marks
from blueprints.review.shared import address_of, bp, desk, in_hand, in_scope, looked_at, marks_in, revision_of, ticks_in
from lib.database import transaction_mode
from models import db
from services import workflow
from services.access import OFFICERS, only
from services.declaration import drafts
from services.review import access_log
from services.review import page as review_page


@bp.get("/submissions/<uid>")
@only(*OFFICERS)
def submission(uid: str) -> ResponseReturnValue:
    """Answers and papers of the latest revision; an earlier one (``?revision=1``) only to read."""
    _give_back_marks(uid)
    return desk(looked_at(uid, "view", request.args.get("revision", type=int)))


def _give_back_marks(uid: str) -> None:
    """Marks of a form that came after the session's end are kept as unsent ones, as long as they still count."""
    path = url_for("review.submission", uid=uid)
    if not drafts.late_forms(me().id, path):
        return
    db.session.rollback()
    with transaction_mode("IMMEDIATE"):
        late = drafts.late_forms(me().id, path)
        form = MultiDict([(name, value) for name, value in late[0].body] if late else [])
        declaration, seen = in_scope(uid), form.get("seen", default=0, type=int)
        if review_page.may_keep_marks(declaration, me(), seen):
            keep_marks(revision_of(declaration, seen), marks_in(form), ticks_in(form))
            flash("登录超时前填写的标记已恢复，尚未发出。", "g")
        for one in late:
            db.session.delete(one)
        db.session.commit()


@bp.post("/submissions/<uid>/claim")
@only(*OFFICERS)
def claim(uid: str) -> ResponseReturnValue:
    declaration = in_hand(uid)
    try:
        workflow.claim(declaration, me())
    except workflow.NotAllowed as error:
        db.session.rollback()
        flash(str(error), "y")
        return redirect(address_of(uid))
    db.session.commit()
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/reveal")
@only(*OFFICERS)
def reveal(uid: str) -> ResponseReturnValue:
    """Show number and phone once, and write that down. The page is the answer itself: opened again, it is masked."""
    number = request.form.get("seen", type=int)
    access_log.log_look(me(), revision_of(in_scope(uid), number), ["reveal"])
    db.session.commit()
    return desk(revision_of(in_scope(uid), number), reveal=True)
