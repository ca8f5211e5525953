"""审核: one submission, taking it and putting it back, showing the full number."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.frame import bp, desk, in_scope, looked_at, revision_of
from models import db
from services import looks, workflow
from services.access import OFFICERS, only


@bp.get("/submissions/<uid>")
@only(*OFFICERS)
def submission(uid: str) -> ResponseReturnValue:
    """Answers and papers of the latest revision; an earlier one (``?revision=1``) only to read."""
    return desk(looked_at(uid, "view", request.args.get("revision", type=int)))


@bp.post("/submissions/<uid>/claim")
@only(*OFFICERS)
def claim(uid: str) -> ResponseReturnValue:
    declaration = in_scope(uid)
    try:
        workflow.claim(declaration, me())
    except workflow.NotAllowed as error:
        db.session.rollback()
        flash(str(error), "y")
        return redirect(url_for("review.submission", uid=uid))
    db.session.commit()
    return redirect(url_for("review.submission", uid=uid))


@bp.post("/submissions/<uid>/reveal")
@only(*OFFICERS)
def reveal(uid: str) -> ResponseReturnValue:
    """Show number and phone once, and write that down. The page is the answer itself: opened again, it is masked."""
    number = request.form.get("seen", type=int)
    looks.log_look(me(), revision_of(in_scope(uid), number), ["reveal"])
    db.session.commit()
    return desk(revision_of(in_scope(uid), number), reveal=True)
