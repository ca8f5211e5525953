"""修改: the marks of a returned declaration, one a screen, and what the corrections bring with them."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.wizard.correction_screen import address, item_at, paper, questions, screen
from blueprints.wizard.papers import drop_page, sent_files, take_all, turn_page
from blueprints.wizard.shared import bp, editable_declaration, send_picture
from blueprints.wizard.steps import cut_photo, take_photo
from blueprints.wizard.uploads import give_up
from forms import PHOTO, SHEET, STEPS
from lib.codes import Status
from models import Declaration, db
from services import access, workflow
from services.access import APPLICANTS, only
from services.corrections import form as correction_form
from services.corrections import tasks as walk
from services.corrections.tasks import CorrectionTask
from services.declaration import answers, drafts
from services.marks import marks
from services.records import own as own_record
from services.sheet import commitment

UNTOUCHED = "这一处还没有修改。请改正后再点【已修改，下一处】；原来填写的没有错的，请在下面写明情况"


@bp.get("/corrections")
@only(*APPLICANTS)
def corrections() -> ResponseReturnValue:
    """The list: what is to be done, what is done, and 【重新提交】 when nothing is left."""
    declaration = editable_declaration()
    if declaration.status != Status.RETURNED:
        return redirect(url_for("wizard.home"))
    found = walk.items(declaration)
    last = workflow.last_decision(declaration)
    return render_template(
        "wizard/corrections.html",
        declaration=declaration,
        items=found,
        left=walk.left(found),
        revoked=last if last and last.verb == "revoke" else None,
        commitment=commitment,
    )


@bp.get("/corrections/<key>")
@only(*APPLICANTS)
def correction(key: str) -> ResponseReturnValue:
    declaration, _found, item = item_at(key)
    if item.draft and drafts.give_back(declaration, item.draft, request.path):
        db.session.commit()
    return screen(declaration, item)


@bp.post("/corrections/<key>/draft")
@only(*APPLICANTS)
def keep_correction(key: str) -> ResponseReturnValue:
    """What is typed, kept while one types."""
    declaration, _found, item = item_at(key)
    kept = bool(item.draft) and drafts.keep(declaration, item.draft, request.form.items(multi=True))
    db.session.commit()
    return ("", 204) if kept else ("", 413)


@bp.post("/corrections/<key>")
@only(*APPLICANTS)
def correct(key: str) -> ResponseReturnValue:
    """【已修改，下一处】 saves just these questions by the page's rules; the other buttons keep what is typed."""
    declaration, found, item = item_at(key)
    if item.draft:
        drafts.keep(declaration, item.draft, request.form.items(multi=True))
    action = request.form.get("action", "next")
    if action in ("back", "skip"):
        db.session.commit()
        return redirect(address(walk.before(found, key) if action == "back" else walk.after(found, key)))
    if item.paper:
        db.session.commit()  # the typing first: pictures are cleaned without holding the database
        return _correct_paper(item, action)
    return _correct_questions(declaration, item)


def _correct_questions(declaration: Declaration, item: CorrectionTask) -> ResponseReturnValue:
    assert item.step
    context = answers.asked(declaration)
    base = correction_form.questions_for(correction_form.stored_form(item.step, context), item.names)
    asked = set(request.form.getlist("asked"))  # an answer can have opened more of the page than the mark asks for
    form = correction_form.bound(item.step, context, base | asked, request.form)
    elsewhere = request.form.get("seen", "") != drafts.fingerprint(declaration, item.step, base)
    if not form.checks() or elsewhere:
        form.put_back_hidden()
        db.session.commit()
        return questions(declaration, item, form, base | asked, elsewhere=elsewhere)
    answers.save(declaration, form)
    for question in form.questions:
        for warning in question.warnings if question.name in base else ():
            flash(warning, "y")
    return _leave(declaration, item)


def _correct_paper(item: CorrectionTask, action: str) -> ResponseReturnValue:
    """``action``: upload, rotate:<page>, delete:<page>, crop:<place>, give-up:<upload>, refresh, hand-over, next.

    Pictures sent along are taken first; ``refresh`` shows what arrived in other ways.
    """
    what, _colon, which = action.partition(":")
    if what == "refresh":
        return redirect(address(item))
    if what == "hand-over":
        return redirect(
            url_for("wizard.begin_phone_upload", kind=item.target), 307
        )  # a form again, which that view takes
    if what in ("rotate", "delete", "crop", "give-up"):
        {"rotate": turn_page, "delete": drop_page, "crop": cut_photo, "give-up": give_up}[what](which)
        return redirect(address(item))
    problems = _take(item, asked_to=what == "upload")
    declaration, _found, item = item_at(item.key)
    if problems:
        return paper(declaration, item, [("paper", problem) for problem in problems])
    return redirect(address(item)) if what == "upload" else _leave(declaration, item)


def _take(item: CorrectionTask, *, asked_to: bool) -> list[str]:
    """Take the pictures that came with the form; returns what was wrong with them."""
    assert item.paper
    files = sent_files(PHOTO if item.target == PHOTO else "file")
    if not files:
        return ["请先选择图片，再点【上传】"] if asked_to else []
    if item.target == PHOTO:
        refused = take_photo(STEPS[0])
        return [refused] if refused else []
    meant = walk.marked_page(editable_declaration(), item.view.mark) if item.view else None
    return take_all(item.paper, files, replaced=meant.uid if meant else "")


def _leave(declaration: Declaration, item: CorrectionTask) -> ResponseReturnValue:
    """Save the explanation and go to the next open item; one that is still open stays in view, and says so."""
    if item.view:
        walk.explain(declaration, item.view.mark, request.form.get("explanation", ""))
    if item.draft:
        drafts.drop(declaration, item.draft)
    db.session.flush()
    found = walk.items(declaration)
    now = walk.find(found, item.key)
    db.session.commit()
    if now and now.state == walk.WAITING:
        return screen(declaration, now, [("paper" if now.paper else now.names[0], _what_is_left(now))])
    return redirect(address(walk.after(found, item.key)))


def _what_is_left(item: CorrectionTask) -> str:
    if item.view and not item.view.touched:
        return UNTOUCHED
    if item.target == SHEET:
        return "请打印现在的个人基本信息表，签名(盖章)后上传"
    return f"请上传{item.paper.title}" if item.paper else "请把这一处补充完整"


@bp.get("/returned/<kind>/<int:number>.jpg")
@only(*APPLICANTS)
def returned_picture(kind: str, number: int) -> Response:
    """A picture as it was sent with the returned revision, for its owner; the working copy may have another by now."""
    declaration = access.open_declaration(me()) or abort(404)
    revision = marks.returned_revision(declaration) if declaration.status == Status.RETURNED else None
    page = own_record.page_of(revision, kind, number) if revision else None
    if page is None:
        abort(404)
    return send_picture(page["thumb_address" if request.args.get("small") else "address"], kind)
