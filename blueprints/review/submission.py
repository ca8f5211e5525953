"""审核: one submission, taking it and putting it back, showing the full number."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import me, writing
from blueprints.review.marking import acting, other_words, replace_marks, speaks_of_marks, take_marks
from blueprints.review.shared import (
    address_of,
    bp,
    in_scope,
    marks_in,
    read_in_scope,
    submission_page,
    viewed_case,
)
from models import db
from services import workflow
from services.access import OFFICERS, only
from services.declaration import drafts
from services.review import access_log
from services.review import page as review_page


@bp.route("/submissions/<uid>", methods=["GET", "POST"])
@only(*OFFICERS)
def submission(uid: str) -> ResponseReturnValue:
    """Answers and papers of the latest revision; an earlier one (``?revision=1``) only to read.

    Posted by 【返回】 of a page that asks: a note that was typed is back in its field.
    """
    _give_back_marks(uid)
    case = viewed_case(uid, "view", request.args.get("revision", type=int))
    return submission_page(case, preloaded=case.access_log.was_preloaded())


def _give_back_marks(uid: str) -> None:
    """Marks of a form that came after the session's end are kept as unsent ones, as long as they still count."""
    path = request.path
    if not drafts.has_late_forms(me().id, path):
        return
    with writing():
        late = drafts.late_forms(me().id, path)
        form = MultiDict([(name, value) for name, value in late[0].body] if late else [])
        case = in_scope(uid)
        counts, sent = form.get("seen", type=int) == case.revision.number and case.may_keep_marks(), marks_in(form)
        if counts and speaks_of_marks(form):
            replace_marks(case, form)
        if counts and sent:
            flash("登录超时前填写的标记已恢复，尚未发出。", "g")
        lost = [*([] if counts else review_page.in_words(sent, me())), *other_words(form)]
        if lost:
            flash(f"登录超时前填写的以下内容没有保存，需要时可以复制：{'；'.join(map('：'.join, lost))}", "r")
        for one in late:
            db.session.delete(one)
        db.session.commit()


@bp.post("/submissions/<uid>/claim")
@only(*OFFICERS)
def claim(uid: str) -> ResponseReturnValue:
    try:
        with acting(uid) as (case, _seen):
            workflow.claim(case.declaration, me())
    except workflow.NotAllowed as error:  # a colleague has decided meanwhile: the page is opened anew
        with acting(uid):
            pass  # keeps a note that was written
        flash(str(error), "y")
    return redirect(address_of(uid))


@bp.post("/submissions/<uid>/reveal")
@only(*OFFICERS)
def reveal(uid: str) -> ResponseReturnValue:
    """Show number and phone once, and write that down. The page is the answer itself: opened again, it is masked.

    Its form is that of the marks: those on the page are saved, and a note that was typed stays in its field.
    """
    number = request.form.get("seen", type=int)
    with writing():
        take_marks(uid)
        access_log.record(me(), in_scope(uid, number).revision, ["reveal"])
        db.session.commit()
    return submission_page(read_in_scope(uid, number), reveal=True)
