"""What the officers' views share: the case in scope, the access log, the page of one submission."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import me, writing
from blueprints.review import check_panel, viewer_pictures
from blueprints.review.submission_rows import SubmissionRows
from lib.text import one_line
from models import Record, db
from services import access, checks, workflow
from services.marks import marks, return_reasons
from services.moves import MOVES
from services.queue.filters import Filters
from services.records import view_limit
from services.review import access_log, reading
from services.review import case as review_case
from services.review import held as held_files
from services.review import page as review_page
from services.review import pictures as review_pictures
from services.review.access_log import AccessLog
from services.review.case import ReviewCase

bp = Blueprint("review", __name__, url_prefix="/staff")
bp.record(lambda state: state.app.jinja_env.globals.update(moves=MOVES))

REASON_CODE_LENGTH, COMMENT_LENGTH, MARKS_AT_MOST = 30, 200, 100


def typed(name: str, most: int, form: MultiDict[str, str] | None = None) -> str:
    """One line of a form, this request's unless given: without control characters, not longer than its column."""
    sent = request.form if form is None else form
    return one_line(sent.get(name, ""), most)


def marks_in(form: MultiDict[str, str]) -> list[marks.MarkRequest]:
    """The marks that the form of one submission holds."""
    targets = list(dict.fromkeys(form.getlist("mark")))[:MARKS_AT_MOST]
    return [
        marks.MarkRequest(
            target,
            typed(f"reason-{target}", REASON_CODE_LENGTH, form),
            typed(f"comment-{target}", COMMENT_LENGTH, form),
            resign=f"unsigned-{target}" not in form,
            page=max(0, form.get(f"page-{target}", default=1, type=int) - 1),
            rectangle=_rectangle(target, form),
        )
        for target in targets
    ]


def _rectangle(target: str, form: MultiDict[str, str]) -> list[float] | None:
    """As the viewer's script wrote it, or as four numbers that were typed."""
    drawn = typed(f"rect-{target}", 60, form)
    sides = (typed(f"rect-{target}-{side}", 10, form) for side in "ltwh")
    return review_pictures.rectangle(drawn) if drawn else review_pictures.rectangle_in_percent(*sides)


def ticks_in(form: MultiDict[str, str]) -> list[str] | None:
    """The targets ticked 没问题; None where the form does not speak of them."""
    return form.getlist("tick")[:MARKS_AT_MOST] if "ticks" in form else None


def within() -> dict[str, Any]:
    """The filters of 待办 that the officer works within, as in an address: carried along from one file to the next."""
    is_posted = request.method == "POST"
    sent = dict(parse_qsl(request.form.get("queue", "")[:300])) if is_posted else request.args.to_dict()
    return dict(Filters.read({**sent, "tab": ""}).address()) if sent else {}


def address_of(uid: str, **more: Any) -> str:
    """The page of a submission, within the same filters."""
    return url_for("review.submission", uid=uid, **within(), **more)


def in_scope(uid: str, number: int | None = None) -> ReviewCase:
    """A submission of the officer's scope: the revision of that number, or the latest one that the officer may read.

    Another county's is not found, exactly as if it did not exist.
    """
    declaration = access.office_declaration(me(), uid)
    return (declaration and review_case.of(declaration, me(), number)) or abort(404)


def in_hand(uid: str) -> ReviewCase:
    """The same for a verb, inside ``writing()``: a second officer waits here, and then sees what the first one did."""
    declaration = access.locked_declaration(me(), uid)
    return (declaration and review_case.of(declaration, me())) or abort(404)


def read_in_scope(uid: str, number: int | None = None) -> ReviewCase:
    """The same for a page, where nothing is written: plain rows instead of objects."""
    declaration = reading.declaration(me(), uid)
    return (declaration and review_case.of(declaration, me(), number)) or abort(404)


def viewed_case(uid: str, verb: str, number: int | None = None) -> ReviewCase:
    """A revision of a submission in scope, to read. The access is logged first."""
    return logged(read_in_scope(uid, number), verb)


def logged(case: ReviewCase, verb: str) -> ReviewCase:
    """The access is written down, in a short transaction of its own. What it is to show is known to be there.

    The case comes back, read again after a write.
    """
    uid, number = case.declaration.uid, case.revision.number
    if case.access_log.to_log(verb) or case.access_log.clock_to_start(verb):
        with writing():
            case = read_in_scope(uid, number)
            access_log.record(me(), case.revision, case.access_log.to_log(verb))
            if case.access_log.clock_to_start(verb):
                workflow.begin(case.declaration, me())
            db.session.commit()
        case = read_in_scope(uid, number)
    return case


def viewed_record(record: Record) -> Record:
    """A record of the officer's scope; the access, to its page or to a picture alone, is logged first.

    What it is to show is known to be there. After many in one hour the officer is asked why.
    """
    uid = record.uid
    if AccessLog(record.revision.declaration, me()).to_log("view_record"):
        with writing():
            record = record_in_scope(uid)
            if may_view := view_limit.count_view(me()):
                access_log.record(me(), record.revision, ["view_record"])
            db.session.commit()
        if not may_view:
            abort(redirect(url_for("review.many_records", record=uid)))
        record = record_in_scope(uid)
    return record


def record_in_scope(uid: str) -> Record:
    return access.office_record(me(), uid) or abort(404)


def submission_page(
    case: ReviewCase, *, reveal: bool = False, problem: workflow.NotAllowed | None = None, preloaded: bool = False
) -> ResponseReturnValue:
    """The page of one submission. ``problem``: why the last action was not taken.

    ``preloaded``: the page before loaded the first pictures, so the browser has them.
    """
    found = review_page.submission(case, reveal=reveal)
    pictures = list(viewer_pictures.of(case, review_pictures.pictures(found.papers, case.compared)))
    page = render_template(
        "review/submission.html",
        found=found,
        case=case,
        declaration=case.declaration,
        revision=case.revision,
        pictures=pictures,
        thumbs=viewer_pictures.thumbs(pictures),
        preloaded=preloaded,
        watermark=review_pictures.watermark(me().name),
        rows=SubmissionRows(found, return_reasons.of(me()), me().keys_on),
        checks=check_panel.drawn(checks.run(case.revision, me())),
        all_shown=bool(request.args.get("all")),
        within=within(),
        problem=problem,
        just_decided=held_files.just_decided(me()) if request.endpoint == "review.submission" else None,
    )
    return page, 422 if problem else 200


@bp.after_request
def say_where(response: Response) -> Response:
    """A script that asks in the background (ask.js) goes itself where the answer leads: that page is shown once."""
    if "HTTP_X_ASKS" in request_ctx.request.environ and response.location:
        response.status_code = 204
        response.set_data(b"")
    return response
