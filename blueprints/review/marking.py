"""The form of one submission: its marks and ticks go into the transaction of whatever verb was pressed.

When the verb fails, or has to be confirmed, they are saved alone; a confirm page carries them along, so that what was
shown is what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import flash, jsonify, render_template, request
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
from models import Declaration, db
from services import access, workflow
from services.access import OFFICERS, Actor, only
from services.marks import internal_notes, marks, ticks
from services.marks import phrases as own_phrases
from services.review import case as review_case
from services.review import page as review_page
from services.review.case import ReviewCase

#: What is said once something is done, and its colour.
Said = tuple[str, str]
#: A verb, and what allows it; both are told which revision was seen.
Verb = Callable[[ReviewCase, int], Said | None]
Rule = Callable[[Declaration, Actor, int], object]


def speaks_of_marks(form: MultiDict[str, str]) -> bool:
    """The form of a page that is only read (a note on a file put back) does not: nothing is taken away."""
    return "mark" in form or "ticks" in form


def replace_marks(case: ReviewCase, form: MultiDict[str, str]) -> None:
    """Make marks and ticks those of a form. What is marked is not ticked; a form without ticks leaves them alone."""
    sent, ticked = marks_in(form), ticks_in(form)
    marks.save(case.revision, me(), sent)
    if ticked is not None:
        wanted = set(ticked) & marks.markable(case.revision) - {want.target for want in sent}
        ticks.save(case.revision, me(), wanted)


def note_in(form: MultiDict[str, str]) -> str:
    return " ".join(form.get("note", "").replace("\x00", "").split())


def _keep_note(case: ReviewCase) -> None:
    if text := note_in(request.form):
        internal_notes.add(case.declaration, me(), text)


#: What is typed besides marks.
OTHER_WORDS = {"note": "内部备注", "why": "原因", "decline_comment": "补充说明"}


def other_words(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    return [(label, text) for name, label in OTHER_WORDS.items() if (text := typed(name, internal_notes.LONGEST, form))]


def revision_seen() -> int:
    """The number of the revision on the page whose form this is."""
    return request.form.get("seen", default=0, type=int)


def take_marks(uid: str) -> tuple[ReviewCase, int]:
    """Put the sent marks into the transaction of a write, where they may be set. Returns what was seen, too."""
    case, seen = in_hand(uid), revision_seen()
    if speaks_of_marks(request.form) and seen == case.revision.number and case.may_keep_marks():
        replace_marks(case, request.form)
    return case, seen


@contextmanager
def acting(uid: str) -> Iterator[tuple[ReviewCase, int]]:
    """What was pressed on a submission's page, in one transaction: the marks that were sent, the verb, which stands
    inside, and a note that was written and not saved. Gives the revision that was seen, too."""
    with writing():
        case, seen = take_marks(uid)
        may_note = case.reads_all  # asked before the verb, which may give the submission to another office
        yield case, seen
        if may_note:
            _keep_note(case)
        db.session.commit()


def save_marks_alone(uid: str) -> None:
    """Save the marks without the verb: what was typed stays even when the verb fails."""
    with writing():
        case, _seen = take_marks(uid)
        workflow.renew(case.declaration, me())
        db.session.commit()


def confirmed() -> bool:
    return request.form.get("confirmed") == "yes"


def refused(uid: str, problem: workflow.NotAllowed) -> ResponseReturnValue:
    """The submission's page again, with the reason on top, and at the field that lacks something."""
    save_marks_alone(uid)
    return submission_page(viewed_case(uid, "view"), problem=problem)


def asks(
    uid: str, template: str, may: Rule, verb: Verb, *, sure: bool = False, **more: Any
) -> ResponseReturnValue | None:
    """A verb that a page asks about first, if it ``may`` be. None: it was confirmed, or is ``sure``, and is done.

    What a field of that page lacks is said there; any other problem on the submission's page.
    """
    try:
        if not (sure or confirmed()):
            return confirm(template, uid, may, **more)
        with acting(uid) as (case, seen):
            said = verb(case, seen)
    except workflow.NotAllowed as error:
        return confirm(template, uid, may, error, **more) if error.field else refused(uid, error)
    if said:
        flash(*said)
    return None


def confirm(
    template: str, uid: str, may: Rule | None = None, problem: workflow.NotAllowed | None = None, **more: Any
) -> ResponseReturnValue:
    """A page that shows what is about to be sent, before it is. The marks are saved by then."""
    save_marks_alone(uid)
    case = in_scope(uid)
    if may:
        may(case.declaration, me(), revision_seen())
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
    if declaration and speaks_of_marks(request.form):
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
