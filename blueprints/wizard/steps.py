"""阅读须知 and the pages of questions: one view for all of them, driven by STEPS."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2.utils import htmlsafe_json_dumps
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from blueprints import me, preparing, writing
from blueprints.kept_parts import render_kept
from blueprints.wizard import agreement, intake, photo_card
from blueprints.wizard.question_cells import QuestionCells
from blueprints.wizard.shared import (
    bp,
    case_of_request,
    editable_case,
    keep_typed,
    place,
    restored,
    save_typed,
    shown_case,
    step_bar,
    typed_of,
)
from forms import PAPERS, PHOTO, STEPS
from lib import identity
from lib.codes import AgreedKind
from lib.database import utcnow
from lib.questions.fields import StepForm
from lib.questions.pages import Paper, Step
from lib.questions.validators import problem_of
from models import Account, Declaration, Draft, db
from services import access
from services.access import APPLICANTS, only
from services.corrections.form import facts_for_browser
from services.declaration import answers, drafts, employers
from services.departments import matching
from services.filing import change, next_page, reading, saving
from services.filing.case import DeclarationCase
from services.marks import mark_views
from services.site import agreed_texts
from services.site import preparing as own_papers
from services.workflow import start as workflow_start


@bp.get("")
@only(*APPLICANTS)
def home() -> ResponseReturnValue:
    """我的申报: the page where this person continues."""
    endpoint, values = next_page.after_sign_in(me())
    return redirect(url_for(endpoint, **values))


@bp.route("/notice", methods=["GET", "POST"])
@only(*APPLICANTS)
def notice() -> ResponseReturnValue:
    """阅读须知. Reading on begins the declaration."""
    declaration = reading.open_declaration(me())
    if declaration is None and access.own_record(me()):
        return redirect(url_for("archive.own"))
    if request.method != "POST":  # HEAD changes nothing either
        bar = step_bar(case_of_request(declaration) if declaration else None, "notice")
        days, ways_on = current_app.config["REVIEW_DAYS"], matching.ways_on()
        text, own = agreed_texts.current(AgreedKind.NOTICE), None if declaration else _own_papers()
        shown: dict[str, Any] = {"bar": bar, "text": text, "papers": own or PAPERS, "own": bool(own)}
        return render_kept("wizard/notice.html", days=days, ways_on=ways_on, **shown)
    with writing():
        account = db.session.get_one(Account, me().id)
        if prepared := preparing.kept():
            account.prepared = prepared.to_keep()
        declaration = workflow_start.start(me(), account)
        if declaration.is_editable and agreement.shown(declaration)["notice_is_new"]:
            declaration.notice_read_at = utcnow()
        first = change.way(declaration)[0]
        db.session.commit()
    return redirect(url_for("wizard.step", step=first))


def _own_papers() -> tuple[Paper, ...]:
    """The papers that follow from what was answered on 准备材料, before the registration or now."""
    prepared = preparing.kept() or own_papers.of(db.session.get_one(Account, me().id).prepared)
    return tuple(own_papers.papers(prepared)) if prepared else ()


@bp.get("/<step:step>")
@only(*APPLICANTS)
def step(step: Step) -> ResponseReturnValue:
    case = shown_case()
    draft, is_parked = reading.draft(case.declaration, step.slug, request.path)
    if is_parked:
        draft = restored(case.declaration, step)
    form = step.form(typed_of(draft), context=case.context)
    if draft:
        employers.fill(form)
    return _page(case, step, form, restored=draft)


@bp.post("/<step:step>")
@only(*APPLICANTS)
def save_step(step: Step) -> ResponseReturnValue:
    """Pictures first, then the answers or their draft, then what the button says: 【上一步】 【更新】 【上传】
    【取正中】 【用手机拍照】 【下一步】."""
    refused = intake.add_photo(wanted=request.form.get("action") == "photo") if PHOTO in step.papers else ""
    try:
        return _save_or_keep(step, refused)
    except (StaleDataError, IntegrityError):  # another window, or what is saved while typing, was faster: judge by that
        return _save_or_keep(step, refused)


def _save_or_keep(step: Step, refused: str) -> ResponseReturnValue:
    case = shown_case(partial(save_typed, page=step))
    form, action = step.form(request.form, context=case.context), request.form.get("action", "next")
    if action == "next" and not refused:
        return _save(case, step, form)
    keep_typed(case.declaration, step)
    if action == "back":
        return redirect(_before(case, step))
    if action.startswith("crop:") and PHOTO in step.papers:
        return _crop_and_return(action.partition(":")[2])
    return _page(shown_case(), step, form, refused=refused) if refused else _stay(step, action)


def _stay(step: Step, action: str) -> ResponseReturnValue:
    """Back to the page; 【用手机拍照】 is sent on as a form, which is what that view takes."""
    if action == "hand-over" and PHOTO in step.papers:
        return redirect(url_for("wizard.begin_phone_upload", kind=PHOTO), 307)
    return redirect(_here(step, "photo" if action == "photo" else None))


def _here(step: Step, anchor: str | None) -> str:
    return url_for("wizard.step", step=step, _anchor=anchor)


def _save(case: DeclarationCase, step: Step, form: StepForm) -> ResponseReturnValue:
    """A valid page is stored and its draft removed; otherwise it is shown again as typed, each problem at its field."""
    declaration = case.declaration
    elsewhere = request.form.get("seen", "") != drafts.fingerprint(declaration, step)
    valid = form.checks()
    lacking = case.lacking(step)
    if not valid or lacking or elsewhere:
        form.put_back_hidden()
        keep_typed(declaration, step)
        return _page(shown_case(), step, form, lacking=lacking, elsewhere=elsewhere)
    now = saving.saved(case, step, form)
    with writing():
        saving.write(now, step)
        drafts.delete(declaration, step)
        db.session.commit()
    onward = _after(now, step)
    for question in form.questions:
        for warning in question.warnings:
            flash(warning, "y")
    return redirect(onward)


@bp.post("/personal/crop")
@only(*APPLICANTS)
def crop_photo() -> ResponseReturnValue:
    """调整裁剪 without the rest of the page; its buttons send that along, to save_step."""
    return _crop_and_return(request.form.get("place", ""))


def _crop_and_return(place: str) -> ResponseReturnValue:
    intake.crop_photo(place)
    return redirect(_here(STEPS[0], "photo"))


@bp.post("/<step:step>/draft")
@only(*APPLICANTS)
def keep_draft(step: Step) -> ResponseReturnValue:
    """What is typed, saved while one types; says what the rules find in it, by question."""
    case = shown_case()
    if not keep_typed(case.declaration, step):
        return "", 413
    found = step.form(request.form, context=case.context).remarks()
    return jsonify(found) if found else ("", 204)


@bp.get("/divisions")
@only(*APPLICANTS)
def divisions() -> Response:
    """The divisions below a city or a county, for the selects."""
    found = answers.divisions_below(request.args.get("parent", ""))
    return jsonify([{"code": code, "name": name} for code, name in found.items()])


@bp.get("/department/candidates")
@only(*APPLICANTS)
def candidates() -> str:
    """The departments that match the address chosen so far, as the piece of the page that shows them."""
    step = mark_views.step_of("department_code")
    assert step
    form = step.form(request.args, context=editable_case().context)
    return render_template("wizard/_departments.html", question=form["department_code"])


@bp.get("/places")
@only(*APPLICANTS)
def address_places() -> Response:
    """How an address may begin, for proposals while one types."""
    return jsonify(matching.places())


@bp.get("/department/employer")
@only(*APPLICANTS)
def employer() -> Response:
    """What is known of the employer with this code, for the fields that are still empty."""
    return jsonify(employers.told_by(identity.normalise_uscc(request.args.get("code", ""))))


def _before(case: DeclarationCase, step: Step) -> str:
    way = change.way(case.declaration, step)
    if position := way.index(step):
        return url_for("wizard.step", step=way[position - 1])
    return url_for("wizard.topics" if case.declaration.change_topics else "wizard.notice")


def _after(case: DeclarationCase, step: Step) -> str:
    """The next page; from a marked page back to the corrections: only marked pages lead while one corrects."""
    if any(view.step == step for view in case.open_views):
        return url_for("wizard.corrections")
    way = change.way(case.declaration, step)
    position = way.index(step) + 1
    return url_for("wizard.step", step=way[position]) if position < len(way) else url_for("wizard.check")


def _page(case: DeclarationCase, step: Step, form: StepForm, **shown: Any) -> ResponseReturnValue:
    """One template for all pages. ``refused``: why the picture was not taken; ``lacking``: papers of this page to
    upload; ``elsewhere``: the page was saved in another window meanwhile; ``restored``: the draft that fills it."""
    problems = [(question.name, problem_of(question)) for question in form.questions if question.errors]
    problems += [(PHOTO, shown["refused"])] if shown.get("refused") else []
    problems += [(PHOTO, "请上传一寸照片")] if shown.get("lacking") and not shown.get("refused") else []
    marks = {view.mark.target: view for view in case.open_views}
    holes = {
        "questions": QuestionCells(form, step, marks, hints=case.hints).html(case.declaration.account),
        "photo_card": photo_card.draw(case, step, marks, problems),
        "seen": _seen(case.declaration, step, shown.get("restored")),
        "facts": htmlsafe_json_dumps(facts_for_browser(form, form._fields)),
    }
    bar = step_bar(case, step.slug)
    values: dict[str, Any] = {"step": step, "bar": bar, "number": place(bar)}
    values["sheet_outdated"] = case.progress.sheet_outdated
    if not problems and not any(shown.values()):
        return render_kept("wizard/step.html", holes, **values)
    page = render_template("wizard/step.html", problems=problems, **values, **holes, **shown)
    return page, 409 if shown.get("elsewhere") else 422 if problems else 200


def _seen(declaration: Declaration, step: Step, restored: Draft | None) -> str:
    """Which saved answers the person has seen: those that a restored draft was typed over, else those of now."""
    typed = typed_of(restored)
    return (typed.get("seen") if typed else "") or drafts.fingerprint(declaration, step)
