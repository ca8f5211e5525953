"""附件上传: the papers that the answers ask for, picture by picture; the commitment and 【提交】."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from blueprints import me
from blueprints.wizard.shared import bp, declaration_in_hand, editable_declaration, send_picture, step_bar, store
from forms import PAPER, PHOTO, SHEET
from lib.pictures.images import PictureRefused
from lib.questions.conditions import FormContext
from lib.questions.pages import Paper
from models import Declaration, PaperPage, db
from services import access, workflow
from services.access import APPLICANTS, only
from services.corrections import tasks as corrections
from services.declaration import answers
from services.marks import marks
from services.papers import papers, picture_advice, resumable_uploads
from services.sheet import commitment
from services.sheet import reading as sheet_reading
from services.sheet import versions as sheet_versions


@bp.get("/papers")
@only(*APPLICANTS)
def papers_page() -> ResponseReturnValue:
    return _page(editable_declaration())


def _page(
    declaration: Declaration, problems: Mapping[str, Sequence[str]] | None = None, agreed: bool = False
) -> ResponseReturnValue:
    """``problems``: what was wrong, by paper; under ``submit`` and ``agree`` what stands in the way of submitting."""
    context = answers.asked(declaration)
    page = render_template(
        "wizard/papers.html",
        declaration=declaration,
        standings=_standings(declaration, context),
        bar=step_bar(declaration, "papers", context),
        corrections={item.target: item for item in corrections.items(declaration)},
        agreed=agreed,
        commitment=commitment,
        **_for_rows(declaration, problems or {}),
    )
    return page, 422 if problems else 200


def _standings(declaration: Declaration, context: FormContext) -> list[papers.PaperState]:
    """The papers of this page: all that are asked for but the photo."""
    outdated = sheet_versions.signed_is_outdated(declaration, marks.excused(declaration))
    return [item for item in papers.standings(declaration, context, outdated) if item.paper.kind != PHOTO]


def _for_rows(declaration: Declaration, problems: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the row of a paper is drawn with, beside its standing."""
    views = {view.mark.target: view for view in marks.open_views(declaration)}
    return {
        "marks": views,
        "problems": problems,
        "sheet": SHEET,
        "advice": picture_advice.notes,
        "notes": sheet_reading.notes(declaration),
        "unfinished": resumable_uploads.unfinished(declaration),
    }


@bp.get("/papers/<kind>/row")
@only(*APPLICANTS)
def paper_row(kind: str) -> str:
    """The row of one paper alone, as it is now: for scripts, which put it in the place of the old one."""
    declaration = editable_declaration()
    found = [item for item in _standings(declaration, answers.asked(declaration)) if item.paper.kind == kind]
    if not found:
        abort(404)
    return render_template("wizard/_paper.html", item=found[0], **_for_rows(declaration, {}))


@bp.post("/papers/<kind>")
@only(*APPLICANTS)
def upload(kind: str) -> ResponseReturnValue:
    """Take the pictures sent for one paper. Each is judged for itself: a refused one does not cost the others."""
    paper = _wanted(kind)
    files = sent_files("file")
    if not files:
        return _page(editable_declaration(), {kind: ["请先选择图片，再点【上传】"]})
    if problems := take_all(paper, files):
        return _page(editable_declaration(), {kind: problems})
    return redirect(url_for("wizard.papers_page", _anchor=f"paper-{kind}"))


def sent_files(name: str) -> list[FileStorage]:
    return [file for file in request.files.getlist(name) if file.filename or file.content_length]


def take_all(paper: Paper, files: Sequence[FileStorage], replaced: str = "") -> list[str]:
    """Take pictures one by one; returns what was wrong. The first good one replaces the page of that uid, if any."""
    problems = []
    for number, file in enumerate(files, 1):
        which = f"第 {number} 张：" if len(files) > 1 else ""
        try:
            _take(paper, file.read(), replaced)
            replaced = ""
        except (PictureRefused, papers.NotTaken) as error:
            db.session.rollback()
            problems.append(f"{which}{error}")
    return problems


def _wanted(kind: str) -> Paper:
    """A paper that the answers ask for; the photo has its place on the 个人信息 page."""
    facts = answers.facts(editable_declaration())
    paper = PAPER.get(kind)
    if paper is None or kind == PHOTO or not paper.asked(facts):
        abort(404)
    return paper


def _take(paper: Paper, data: bytes, replaced: str = "") -> None:
    """Clean and store one picture without holding the database, then write its row, in the place of another."""
    db.session.rollback()
    prepared = papers.prepare(store(), data, paper.kind)
    put(editable_declaration(), paper, prepared, replaced)
    db.session.commit()


def put(declaration: Declaration, paper: Paper, prepared: papers.Prepared, replaced: str = "") -> PaperPage:
    """Add a picture to its paper, in the place of the page of the uid ``replaced``, if there is one. Not committed.

    Raises papers.NotTaken; the old page is then still there.
    """
    with db.session.begin_nested():
        old = next((page for page in papers.pages_of(declaration, paper.kind) if page.uid == replaced), None)
        place = old.position if old else None
        if old:
            papers.remove(old)
        page = sheet_reading.add_page(declaration, paper, prepared)
        page.position = page.position if place is None else place
    return page


def own_page(uid: str) -> PaperPage:
    """A picture of the declaration in hand. Somebody else's is not found."""
    return access.own_page(me(), uid) or abort(404)


def back_to(kind: str) -> Response:
    target = url_for("wizard.papers_page", _anchor=f"paper-{kind}")
    return redirect(target)  # type: ignore[return-value]


@bp.post("/pages/<uid>/delete")
@only(*APPLICANTS)
def delete_page(uid: str) -> ResponseReturnValue:
    return back_to(drop_page(uid))


def drop_page(uid: str) -> str:
    """Take a picture away; returns of which paper."""
    editable_declaration()
    page = own_page(uid)
    kind = page.kind
    papers.remove(page)
    db.session.commit()
    return kind


@bp.post("/pages/<uid>/rotate")
@only(*APPLICANTS)
def rotate_page(uid: str) -> ResponseReturnValue:
    return back_to(turn_page(uid))


def turn_page(uid: str) -> str:
    """Turn a picture clockwise by a quarter; returns of which paper. The one-inch photo is upright, and stays 5:7."""
    editable_declaration()
    page = own_page(uid)
    kind, address, source, corners = page.kind, page.address, page.source_address, page.crop
    if kind == PHOTO:
        abort(404)
    db.session.rollback()
    prepared = papers.prepare_rotated(store(), address, 1, source, corners)
    editable_declaration()
    papers.turn(own_page(uid), prepared)
    db.session.commit()
    return kind


@bp.get("/pages/<uid>.jpg")
@only(*APPLICANTS)
def picture(uid: str) -> ResponseReturnValue:
    """One picture of one's own, small with ``?small=1``."""
    page = own_page(uid)
    return send_picture(page.thumb_address if request.args.get("small") else page.address, page.kind)


@bp.post("/submit")
@only(*APPLICANTS)
def submit() -> ResponseReturnValue:
    """【提交】. A second press of the same button finds the work done and leads to the same page."""
    declaration = declaration_in_hand()
    if not declaration.is_editable:
        return redirect(url_for("wizard.done"))
    agreed = request.form.get("agree") == "yes"
    problems: dict[str, Sequence[str]] = {} if agreed else {"agree": ["请阅读并勾选同意《关于本人信息真实准确承诺函》"]}
    try:
        if agreed:
            days = current_app.config["REVIEW_DAYS"]
            workflow.submit(declaration, me(), commitment=commitment.COMMITMENT_VERSION, review_days=days)
        elif missing := workflow.missing_for_submit(declaration):
            problems["submit"] = missing
    except workflow.Incomplete as error:
        problems["submit"] = error.missing
    if problems:
        db.session.rollback()
        return _page(declaration_in_hand(), problems, agreed)
    db.session.commit()
    return redirect(url_for("wizard.done"))
