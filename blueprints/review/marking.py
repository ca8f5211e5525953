"""The form of one submission: its marks and ticks go into the transaction of whatever verb was pressed.

When the verb fails, or has to be confirmed, they are saved alone; a confirm page carries them along, so that what was
shown is what is sent.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import me, writing
from blueprints.review.shared import (
    bp,
    in_hand,
    in_scope,
    marks_in,
    submission_page,
    ticks_in,
    typed,
    viewed_case,
    within,
)
from models import db
from services import access, workflow
from services.access import OFFICERS, only
from services.marks import internal_notes, marks, ticks
from services.marks import phrases as own_phrases
from services.review import case as review_case
from services.review import page as review_page
from services.review.case import ReviewCase


def replace_marks(case: ReviewCase, form: MultiDict[str, str]) -> None:
    """Make marks and ticks those of a form. What is marked is not ticked; a form without ticks leaves them as they are.

    The form of a page that is only read (a note on a file put back) has neither: nothing is taken away.
    """
    sent, ticked = marks_in(form), ticks_in(form)
    if ticked is None and not sent:
        return
    marks.save(case.revision, me(), sent)
    if ticked is not None:
        wanted = set(ticked) & marks.markable(case.revision) - {want.target for want in sent}
        ticks.save(case.revision, me(), wanted)


def note_in(form: MultiDict[str, str]) -> str:
    return " ".join(form.get("note", "").replace("\x00", "").split())


def keep_note(case: ReviewCase) -> None:
    """A note that was written and not saved goes along with whatever was pressed."""
    if (text := note_in(request.form)) and case.reads_all:
        internal_notes.add(case.declaration, me(), text)


#: What is typed besides marks.
OTHER_WORDS = {"note": "内部备注", "why": "原因", "decline_comment": "补充说明"}


def other_words(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    return [(label, text) for name, label in OTHER_WORDS.items() if (text := typed(name, internal_notes.LONGEST, form))]


def take_marks(uid: str) -> tuple[ReviewCase, int]:
    """Put the sent marks into the transaction of a write, where they may be set. Returns what was seen, too."""
    case, seen = in_hand(uid), request.form.get("seen", default=0, type=int)
    if seen == case.revision.number and case.may_keep_marks():
        replace_marks(case, request.form)
    return case, seen


def save_marks_alone(uid: str) -> None:
    """Save the marks without the verb: what was typed stays even when the verb fails."""
    with writing():
        case, _seen = take_marks(uid)
        workflow.renew(case.declaration, me())
        db.session.commit()


def confirmed() -> bool:
    return request.form.get("confirmed") == "yes"


def refused(uid: str, problem: str) -> ResponseReturnValue:
    """The submission's page again, with the reason on top."""
    save_marks_alone(uid)
    return submission_page(viewed_case(uid, "view"), problem=problem)


def confirm(template: str, uid: str, problem: str = "", **more: Any) -> ResponseReturnValue:
    """A page that shows what is about to be sent, before it is. The marks are saved by then."""
    save_marks_alone(uid)
    case = in_scope(uid)
    page = render_template(
        template,
        declaration=case.declaration,
        revision=case.revision,
        name=case.answers["applicant_name"],
        message=review_page.message(case),
        ticked=ticks_in(request.form),
        sent=request.form,
        problem=problem,
        within=within(),
        **more,
    )
    return page, 422 if problem else 200


@bp.get("/phrases")
@only(*OFFICERS)
def phrases() -> ResponseReturnValue:
    """The officer's own 常用意见, which the page asks for when the first words are about to be typed."""
    return jsonify(phrases=own_phrases.own(me()))


@bp.errorhandler(workflow.NotAllowed)
@bp.errorhandler(workflow.Conflict)
def conflict(error: Exception) -> ResponseReturnValue:
    """A colleague was faster: who, when, and which of the officer's marks are kept or to be copied.

    Also where a verb is not allowed any more and its page has no better place to say so.
    """
    sent, uid = marks_in(request.form), (request.view_args or {}).get("uid", "")
    db.session.rollback()
    declaration = access.office_declaration(me(), uid)
    if declaration and sent:
        save_marks_alone(uid)
    case = review_case.of(declaration, me()) if declaration else None
    kept = case is not None and request.form.get("seen", type=int) == case.revision.number and case.may_keep_marks()
    page = render_template(
        "review/conflict.html",
        message=str(error),
        declaration=declaration,
        marks_kept=kept and bool(sent),
        lost=[*(review_page.in_words(sent, me()) if not kept else []), *other_words(request.form)]
        if declaration
        else [],
    )
    return page, 409
