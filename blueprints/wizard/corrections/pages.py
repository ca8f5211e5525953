"""修改: the marks of a returned declaration, one a screen, and what the corrections bring with them."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from blueprints import client_source, me, writing
from blueprints.account_forms import NUMBER_TAKEN
from blueprints.wizard import agreement
from blueprints.wizard.corrections.document_form import DocumentForm
from blueprints.wizard.corrections.screen import address, item_at, paper, questions, screen
from blueprints.wizard.corrections.screen import document as document_screen
from blueprints.wizard.intake import add_photo, add_pictures, crop_photo, delete_page, rotate_page, sent_files
from blueprints.wizard.shared import bp, editable_case, keep_typed, restored, send_picture
from blueprints.wizard.uploads import discard_upload
from forms import PHOTO, SHEET
from lib.codes import IdType, Status
from models import Declaration, db
from services import access, workflow
from services.access import APPLICANTS, only
from services.accounts import throttle
from services.accounts.applicants import NumberTaken
from services.accounts.throttle import CountedAttempt
from services.corrections import document, tasks
from services.corrections import form as correction_form
from services.corrections.tasks import CorrectionTask
from services.declaration import answers, drafts
from services.filing.case import DeclarationCase
from services.records import own as own_record

UNTOUCHED = "这一处还没有修改。请改正后再点【已修改，下一处】；原来填写的没有错的，请在下面写明情况"


@bp.get("/corrections")
@only(*APPLICANTS)
def corrections() -> ResponseReturnValue:
    """The list: what is to be done, what is done, and 【重新提交】 when nothing is left."""
    case = editable_case()
    if case.declaration.status != Status.RETURNED:
        return redirect(url_for("wizard.home"))
    found = tasks.items(case)
    last = workflow.last_decision(case.declaration)
    return render_template(
        "wizard/corrections.html",
        declaration=case.declaration,
        items=found,
        left=tasks.left(found),
        revoked=last if last and last.verb == "revoke" else None,
        **agreement.shown(case.declaration),
    )


@bp.get("/corrections/<key>")
@only(*APPLICANTS)
def correction(key: str) -> ResponseReturnValue:
    case, item = item_at(key)
    return screen(case, item, restored(case.declaration, item.draft) if item.draft else None)


@bp.post("/corrections/<key>/draft")
@only(*APPLICANTS)
def keep_correction(key: str) -> ResponseReturnValue:
    """What is typed, saved while one types."""
    case, item = item_at(key)
    saved = bool(item.draft) and keep_typed(case.declaration, item.draft)
    return ("", 204) if saved else ("", 413)


@bp.post("/corrections/<key>")
@only(*APPLICANTS)
def correct(key: str) -> ResponseReturnValue:
    """【已修改，下一处】 saves just these questions by the page's rules; the other buttons save what is typed."""
    try:
        return _corrected(key)
    except (StaleDataError, IntegrityError):  # another window, or what is saved while typing, was faster: judge by that
        return _corrected(key)


def _corrected(key: str) -> ResponseReturnValue:
    case, item = item_at(key)
    action = request.form.get("action", "next")
    if item.draft and (item.paper or action in ("back", "skip")):
        keep_typed(case.declaration, item.draft)  # the typing first: pictures are prepared without holding the database
    if action in ("back", "skip"):
        found = tasks.items(case)
        return redirect(address(tasks.before(found, key) if action == "back" else tasks.after(found, key)))
    if item.is_document:
        return _correct_document(case, item)
    return _correct_paper(item, action) if item.paper else _correct_questions(case, item)


def _correct_questions(case: DeclarationCase, item: CorrectionTask) -> ResponseReturnValue:
    assert item.step
    base = correction_form.questions_for(correction_form.stored_form(item.step, case.context), item.names)
    asked = set(request.form.getlist("asked"))  # an answer can have opened more of the page than the mark asks for
    form = correction_form.bound(item.step, case.context, base | asked, request.form)
    elsewhere = request.form.get("seen", "") != drafts.fingerprint(case.declaration, item.step, base)
    if not form.checks() or elsewhere:
        form.put_back_hidden()
        if item.draft:
            keep_typed(case.declaration, item.draft)
        return questions(case, item, form, base | asked, elsewhere=elsewhere)
    with writing(keep=True):
        answers.save(case.declaration, form)
        _explain(case.declaration, item)
        db.session.commit()
    for question in form.questions:
        for warning in question.warnings if question.name in base else ():
            flash(warning, "y")
    return _leave(case, item)


def _correct_document(case: DeclarationCase, item: CorrectionTask) -> ResponseReturnValue:
    """Nothing typed: an explanation alone. A number may be had as in a registration, with the same limits."""
    form = DocumentForm(request.form, case.declaration.account.id_type)
    if not form.is_untouched and not form.validate():
        return _refused(item, form)
    if form.is_untouched:
        with writing(keep=True):
            _explain(case.declaration, item)
            db.session.commit()
        return _leave(case, item)
    made = _count()
    if made.until:
        form.number.errors = [f"更正的次数过多，请 {made.minutes} 分钟后再试"]
        return _refused(item, form)
    try:
        return _new_number(item.key, form, made)
    except NumberTaken:
        return _refused(item, form, occupied=NUMBER_TAKEN)


def _count() -> CountedAttempt:
    taken = client_source().within(throttle.REGISTER_TAKEN)
    with writing():
        made = throttle.count_attempt((throttle.OWN_NUMBER, str(me().id)), taken)
        db.session.commit()
    return made


def _new_number(key: str, form: DocumentForm, made: CountedAttempt) -> ResponseReturnValue:
    case, item = item_at(key)
    assert item.view
    with writing(keep=True):
        document.correct(case, item.view.mark, IdType(form.id_type.data), form.number.data or "", me())
        throttle.uncount_attempt(made, throttle.REGISTER_TAKEN)
        _explain(case.declaration, item)
        db.session.commit()
    return _leave(case, item)


def _refused(item: CorrectionTask, form: DocumentForm, occupied: str = "") -> ResponseReturnValue:
    """The screen again, and what was typed is kept."""
    case, item = item_at(item.key)
    keep_typed(case.declaration, item.draft)
    if occupied:
        form.number.errors = [occupied]
    case, item = item_at(item.key)
    return document_screen(case, item, form, occupied=occupied)


def _correct_paper(item: CorrectionTask, action: str) -> ResponseReturnValue:
    """``action``: upload, rotate:<page>, delete:<page>, crop:<place>, give-up:<upload>, refresh, hand-over, next.

    Pictures sent along are added first; ``refresh`` shows what arrived in other ways.
    """
    what, _colon, which = action.partition(":")
    if what == "hand-over":  # a form again, which that view takes
        return redirect(url_for("wizard.begin_phone_upload", kind=item.target), 307)
    changes = {"rotate": rotate_page, "delete": delete_page, "crop": crop_photo, "give-up": discard_upload}
    if what in changes:
        changes[what](which)
    if what in changes or what == "refresh":
        return redirect(address(item))
    problems = _add_pictures(item, asked_to=what == "upload")
    case, item = item_at(item.key)
    if problems:
        return paper(case, item, [("paper", problem) for problem in problems])
    if what == "upload":
        return redirect(address(item))
    with writing(keep=True):
        _explain(case.declaration, item)
        db.session.commit()
    return _leave(case, item)


def _add_pictures(item: CorrectionTask, *, asked_to: bool) -> list[str]:
    """Add the pictures that came with the form; returns what was wrong with them."""
    files = sent_files(PHOTO if item.target == PHOTO else "file")
    if not files:
        return ["请先选择图片，再点【上传】"] if asked_to else []
    if item.target == PHOTO:
        refused = add_photo()
        return [refused] if refused else []
    meant = tasks.marked_page(editable_case(), item.view.mark) if item.view else None
    return add_pictures(item.target, files, replaced=meant.uid if meant else "")


def _explain(declaration: Declaration, item: CorrectionTask) -> None:
    """The explanation of an item that is dealt with; its draft is no longer of use."""
    if item.view:
        tasks.explain(declaration, item.view.mark, request.form.get("explanation", ""))
    if item.draft:
        drafts.delete(declaration, item.draft)


def _leave(case: DeclarationCase, item: CorrectionTask) -> ResponseReturnValue:
    """Go to the next open item; one that is still open stays in view, and says so."""
    found = tasks.items(DeclarationCase(case.declaration))
    now = tasks.find(found, item.key)
    if now is None or now.state != tasks.WAITING:
        return redirect(address(tasks.after(found, item.key)))
    case, now = item_at(item.key)
    return screen(case, now, problems=[(_field(now), _what_is_left(now))])


def _field(item: CorrectionTask) -> str:
    """Where on the screen the typing begins."""
    return "paper" if item.paper else "number" if item.is_document else item.names[0]


def _what_is_left(item: CorrectionTask) -> str:
    if item.view and not item.view.touched:
        return UNTOUCHED
    if item.target == SHEET:
        return "请打印现在的个人基本信息表，签名(盖章)后上传"
    return f"请上传{item.paper.title}" if item.paper else "请把这一处补充完整"


@bp.get("/returned/<kind>/<int:number>.jpg")
@only(*APPLICANTS)
def returned_picture(kind: str, number: int) -> Response:
    """A picture as it was sent with the returned revision, for its owner; the working copy may have another one."""
    revision = DeclarationCase(access.open_declaration(me()) or abort(404)).returned_revision
    page = own_record.page_of(revision, kind, number) if revision else None
    if page is None:
        abort(404)
    return send_picture(page["thumb_address" if request.args.get("small") else "address"], kind)
