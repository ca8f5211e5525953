"""The form of one submission: its marks and ticks go into the transaction of whatever verb was pressed.

When the verb fails, or has to be confirmed, they are saved alone; a confirm page carries them along, so that what was
shown is what is sent.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.shared import bp, desk, in_hand, in_scope, looked_at, marks_in, revision_of, ticks_in, within
from models import Declaration, Revision, db
from services import access, workflow
from services.marks import marks, ticks
from services.review import page as review_page


def keep_marks(revision: Revision, sent: list[marks.MarkRequest], ticked: list[str] | None) -> None:
    """Make marks and ticks those of a form. What is marked is not ticked; without word of ticks they stay.

    The form of a page that is only read (a note on a file put back) speaks of neither: nothing is taken away.
    """
    if ticked is None and not sent:
        return
    marks.keep(revision, me(), sent)
    if ticked is not None:
        wanted = set(ticked) & marks.markable(revision) - {want.target for want in sent}
        ticks.keep(revision, me(), wanted)


def take_marks(uid: str) -> tuple[Declaration, int]:
    """Put the sent marks into the transaction in hand, where they may stand. Returns what was seen, too."""
    declaration, seen = in_hand(uid), request.form.get("seen", default=0, type=int)
    if review_page.may_keep_marks(declaration, me(), seen):
        keep_marks(revision_of(declaration, seen), marks_in(request.form), ticks_in(request.form))
        workflow.renew(declaration, me())
    return declaration, seen


def keep_marks_alone(uid: str) -> None:
    """Take the verb back and save the marks all the same: what was typed stays, whatever became of the decision."""
    db.session.rollback()
    take_marks(uid)
    db.session.commit()


def confirmed() -> bool:
    return request.form.get("confirmed") == "yes"


def refused(uid: str, problem: str) -> ResponseReturnValue:
    """The submission's page again, with the reason on top."""
    keep_marks_alone(uid)
    return desk(looked_at(uid, "view"), problem=problem)


def confirm(template: str, uid: str, problem: str = "", **more: Any) -> ResponseReturnValue:
    """A page that shows what is about to be sent, before it is."""
    keep_marks_alone(uid)
    revision = revision_of(in_scope(uid), None)
    page = render_template(
        template,
        declaration=revision.declaration,
        revision=revision,
        name=revision.answers["applicant_name"],
        told=review_page.told(revision),
        ticked=ticks_in(request.form),
        sent=request.form,
        problem=problem,
        within=within(),
        **more,
    )
    return page, 422 if problem else 200


@bp.errorhandler(workflow.NotAllowed)
@bp.errorhandler(workflow.Conflict)
def conflict(error: Exception) -> ResponseReturnValue:
    """Somebody else was faster: who, when, and what of the officer's own work is kept or to be copied.

    Also where a verb is not allowed any more and its page has no better place to say so.
    """
    sent, uid = marks_in(request.form), (request.view_args or {}).get("uid", "")
    db.session.rollback()
    declaration = access.office_declaration(me(), uid)
    if declaration and sent:
        keep_marks_alone(uid)
    kept = declaration is not None and review_page.may_keep_marks(
        declaration, me(), request.form.get("seen", 0, type=int)
    )
    page = render_template(
        "review/conflict.html",
        message=str(error),
        declaration=declaration,
        kept=kept and bool(sent),
        lost=review_page.in_words(sent, me()) if declaration and not kept else [],
    )
    return page, 409
