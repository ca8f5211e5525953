"""阅读须知 and the pages of questions: one view for all of them, driven by STEPS."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import me
from blueprints.wizard.shared import bp, declaration_in_hand, editable_declaration, photo_rule, step_bar, store
from forms import PAPERS, PHOTO, STEPS, Step
from lib.database import utcnow
from lib.pictures.images import PictureRefused
from lib.questions.fields import StepForm
from models import Account, Declaration, Draft, db
from services import access
from services.access import APPLICANTS, only
from services.declaration import answers, drafts, next_page
from services.marks import marks
from services.papers import papers
from services.sheet import versions as sheet_versions
from services.workflow import start as workflow_start


@bp.get("")
@only(*APPLICANTS)
def home() -> ResponseReturnValue:
    """我的申报: wherever this person goes on."""
    endpoint, values = next_page.landing(me())
    return redirect(url_for(endpoint, **values))


@bp.route("/notice", methods=["GET", "POST"])
@only(*APPLICANTS)
def notice() -> ResponseReturnValue:
    """阅读须知. Reading on begins the declaration."""
    declaration = access.open_declaration(me())
    if declaration is None and access.own_record(me()):
        return redirect(url_for("archive.own"))
    if request.method != "POST":  # HEAD changes nothing either
        bar = step_bar(declaration, "notice")
        return render_template("wizard/notice.html", bar=bar, papers=PAPERS, days=current_app.config["REVIEW_DAYS"])
    declaration = workflow_start.start(me(), db.session.get_one(Account, me().id))
    if declaration.is_editable and declaration.notice_read_at is None:
        declaration.notice_read_at = utcnow()
    db.session.commit()
    return redirect(url_for("wizard.step", step=STEPS[0]))


@bp.get("/<step:step>")
@only(*APPLICANTS)
def step(step: Step) -> ResponseReturnValue:
    declaration = _with_parked_form(step)
    draft = drafts.of(declaration, step)
    typed = MultiDict([(name, value) for name, value in draft.body]) if draft else None
    form = step.form(typed, asked=answers.asked(declaration))
    return _page(declaration, step, form, restored=draft)


def _with_parked_form(step: Step) -> Declaration:
    """The declaration; what came too late for its session stands in the page's draft."""
    declaration = editable_declaration()
    if drafts.give_back(declaration, step, request.path):
        db.session.commit()
    return declaration


@bp.post("/<step:step>")
@only(*APPLICANTS)
def save_step(step: Step) -> ResponseReturnValue:
    """Pictures first, then the draft, then what the button says: 【上一步】 【更新】 【上传】 【取正中】
    【用手机拍照】 【下一步】."""
    refused = take_photo(step)
    declaration = _still_editable(step)
    drafts.keep(declaration, step, request.form.items(multi=True))
    action = request.form.get("action", "next")
    if action == "back" or (action.startswith("crop:") and PHOTO in step.papers):
        db.session.commit()
        return redirect(_before(step)) if action == "back" else _cut_and_return(action.partition(":")[2])
    form = step.form(request.form, asked=answers.asked(declaration))
    if action != "next" or refused:
        db.session.commit()
        return _page(declaration, step, form, refused=refused) if refused else _stay(step, action)
    return _save(declaration, step, form)


def _stay(step: Step, action: str) -> ResponseReturnValue:
    """Back to the page; 【用手机拍照】 is sent on as a form, which is what that view takes."""
    if action == "hand-over" and PHOTO in step.papers:
        return redirect(url_for("wizard.begin_phone_upload", kind=PHOTO), 307)
    return redirect(_here(step, "photo" if action == "photo" else None))


def _here(step: Step, anchor: str | None) -> str:
    return url_for("wizard.step", step=step, _anchor=anchor)


def _save(declaration: Declaration, step: Step, form: StepForm) -> ResponseReturnValue:
    """A valid page is stored and its draft removed; otherwise it is shown again as typed, each problem at its field."""
    elsewhere = request.form.get("seen", "") != drafts.fingerprint(declaration, step)
    valid = form.checks()
    lacking = [kind for kind in step.papers if not papers.pages_of(declaration, kind)]
    if not valid or lacking or elsewhere:
        form.put_back_hidden()
        db.session.commit()
        return _page(declaration, step, form, lacking=lacking, elsewhere=elsewhere)
    answers.save(declaration, form)
    drafts.drop(declaration, step)
    db.session.commit()
    for question in form.questions:
        for warning in question.warnings:
            flash(warning, "y")
    return redirect(_after(declaration, step))


def _still_editable(step: Step) -> Declaration:
    """Like editable_declaration, but what was typed on a page that came too late is kept as its draft."""
    declaration = declaration_in_hand()
    if not declaration.is_editable:
        drafts.keep(declaration, step, request.form.items(multi=True))
        db.session.commit()
    return editable_declaration()


def take_photo(step: Step) -> str:
    """Store a picture sent with the page, before anything else is checked. Returns why it was refused, or nothing."""
    file = request.files.get(PHOTO)
    if PHOTO not in step.papers or file is None:
        return ""
    data, crop = file.read(), _crop()
    if not data and not file.filename:
        return ""
    editable_declaration()
    db.session.rollback()  # the picture is cleaned without holding the database
    try:
        prepared = papers.prepare_photo(store(), data, crop, photo_rule())
    except PictureRefused as error:
        return str(error)
    papers.take(editable_declaration(), next(paper for paper in PAPERS if paper.kind == PHOTO), prepared)
    db.session.commit()
    return ""


def _crop() -> tuple[float, float, float, float] | None:
    """The frame as fractions of the upright picture; None lets the middle be cut out."""
    try:
        left, top, width, height = (float(request.form[name]) for name in ("crop_x", "crop_y", "crop_w", "crop_h"))
    except (KeyError, ValueError):
        return None
    inside = 0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1 and 0 < height <= 1
    return (left, top, min(width, 1 - left), min(height, 1 - top)) if inside else None


@bp.post("/personal/crop")
@only(*APPLICANTS)
def crop_photo() -> ResponseReturnValue:
    """调整裁剪 without the rest of the page; its buttons send that along, to save_step."""
    return _cut_and_return(request.form.get("place", ""))


def _cut_and_return(place: str) -> ResponseReturnValue:
    cut_photo(place)
    return redirect(_here(STEPS[0], "photo"))


def cut_photo(place: str) -> None:
    """Cut the kept upright source anew: by the frame, or at the top, middle or bottom. Says why when it cannot be."""
    page = next(iter(papers.pages_of(editable_declaration(), PHOTO)), None)
    if page is None or page.source_address is None:
        abort(404)
    source = page.source_address
    db.session.rollback()
    try:
        prepared = papers.prepare_recrop(store(), source, _crop() or place, photo_rule())
    except PictureRefused as error:
        flash(str(error), "r")
        return
    same = [page for page in papers.pages_of(editable_declaration(), PHOTO) if page.source_address == source]
    if not same:
        abort(409)  # another photo has come meanwhile, perhaps from the phone: the old one must not take its place
    papers.turn(same[0], prepared)
    db.session.commit()


@bp.post("/<step:step>/draft")
@only(*APPLICANTS)
def keep_draft(step: Step) -> ResponseReturnValue:
    """What is typed, kept while one types."""
    kept = drafts.keep(editable_declaration(), step, request.form.items(multi=True))
    db.session.commit()
    return ("", 204) if kept else ("", 413)


@bp.get("/divisions")
@only(*APPLICANTS)
def divisions() -> Response:
    """What lies below a city or a county, for the selects."""
    found = answers.divisions_below(request.args.get("parent", ""))
    return jsonify([{"code": code, "name": name} for code, name in found.items()])


@bp.get("/department/candidates")
@only(*APPLICANTS)
def candidates() -> str:
    """The departments that match the address chosen so far, as the piece of the page that shows them."""
    step = next(step for step in STEPS if step.slug == "department")
    form = step.form(request.args, asked=answers.asked(editable_declaration()))
    return render_template("wizard/_departments.html", question=form["department_code"])


def _before(step: Step) -> str:
    position = STEPS.index(step)
    return url_for("wizard.step", step=STEPS[position - 1]) if position else url_for("wizard.notice")


def _after(declaration: Declaration, step: Step) -> str:
    """The next page; from a marked page back to the corrections: only marked pages lead while one corrects."""
    if any(view.step == step for view in marks.open_views(declaration)):
        return url_for("wizard.corrections")
    position = STEPS.index(step) + 1
    return url_for("wizard.step", step=STEPS[position]) if position < len(STEPS) else url_for("wizard.check")


def _page(declaration: Declaration, step: Step, form: StepForm, **shown: Any) -> ResponseReturnValue:
    """One template for all pages. ``refused``: why the picture was not taken; ``lacking``: papers of this page to
    upload; ``elsewhere``: the page was saved in another window meanwhile; ``restored``: the draft that fills it."""
    problems = [(question.name, question.errors_text[0]) for question in form.questions if question.errors]
    problems += [(PHOTO, shown["refused"])] if shown.get("refused") else []
    problems += [(PHOTO, "请上传一寸照片")] if shown.get("lacking") and not shown.get("refused") else []
    page = render_template(
        "wizard/step.html",
        step=step,
        form=form,
        bar=step_bar(declaration, step.slug),
        declaration=declaration,
        photo=next(iter(papers.pages_of(declaration, PHOTO)), None) if PHOTO in step.papers else None,
        marks={view.mark.target: view for view in marks.open_views(declaration)},
        problems=problems,
        seen=_seen(declaration, step, shown.get("restored")),
        number=STEPS.index(step) + 2,
        facts=_browser_facts(form),
        sheet_outdated=sheet_versions.signed_is_outdated(declaration, marks.excused(declaration)),
        **({"elsewhere": False, "restored": None} | shown),
    )
    return page, 409 if shown.get("elsewhere") else 422 if problems else 200


def _seen(declaration: Declaration, step: Step, restored: Draft | None) -> str:
    """Which saved answers the person has seen: those that a restored draft was typed over, else those of now."""
    typed = dict(restored.body) if restored else {}
    return typed.get("seen") or drafts.fingerprint(declaration, step)


def _browser_facts(form: StepForm) -> dict[str, Any]:
    """The facts that conditions on this page hang on and that are not asked on it."""
    facts = form.facts()
    conditions = [question.flags.when for question in form.questions if question.flags.when]
    names = {part.question for condition in conditions for part in condition.parts}
    return {name: facts.get(name) for name in names if name not in form._fields}
