"""Several papers chosen at once, sorted to their places; and 移动 of a picture that has come to the wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, tus, writing
from blueprints.tus import ProtocolError
from blueprints.wizard.intake import add_pictures, sent_files, settings
from blueprints.wizard.pages import back_to
from blueprints.wizard.shared import bp, editable_case, own_page, shown_case
from blueprints.wizard.uploads import own
from forms import PAPER, PHOTO, SHEET
from lib.pictures.images import PictureRefused
from models import db, store
from services.access import APPLICANTS, only
from services.filing import change, intake
from services.filing.case import DeclarationCase
from services.filing.intake import Arrived, Pictures, arrived
from services.papers import pages, sorting
from services.papers.pages import PageNotAdded
from services.papers.papers import PaperState

#: Messages wait in a cookie, which must not grow with what is sent: browsers drop a large one, and nobody reads them.
MOST_TOLD, LONGEST_TOLD = 6, 40


def _states(case: DeclarationCase) -> list[PaperState]:
    return [state for state in change.paper_states(case) if state.paper.kind != PHOTO]


@bp.get("/papers/places")
@only(*APPLICANTS)
def places() -> Response:
    """Where files with these names go, for scripts, which send each to its paper.

    ``?sheet=2``: the third one shows the printed sheet. ``sure``: which ones are told by name; ``look``: whether the
    others may be the sheet. ``taken``: papers to which pictures are on their way.
    """
    taken, names = request.args.getlist("taken"), request.args.getlist("name")
    states = [state for state in _states(shown_case()) if state.paper.kind not in taken]
    sheets = set(request.args.getlist("sheet", type=int))
    return jsonify(
        {
            "kinds": sorting.proposed(states, names, sheets),
            "sure": [bool(kind) for kind in sorting.by_name(states, names)],
            "look": sorting.is_sheet_wanted(states),
        }
    )


@bp.post("/uploads/<uid>/look")
@only(*APPLICANTS)
def look_at_upload(uid: str) -> Response:
    """Does a picture whose last byte has arrived show the printed sheet?"""

    def answer() -> Response:
        file = arrived(own(), uid)
        db.session.rollback()
        try:
            is_sheet = isinstance(file, Arrived) and intake.shows_sheet(settings(), file.data, file.account_id)
        except intake.NOT_NOW as error:
            raise ProtocolError(503, str(error)) from error
        return jsonify({"sheet": is_sheet})

    return tus.handle_errors(answer)


@bp.post("/papers")
@only(*APPLICANTS)
def add_several() -> ResponseReturnValue:
    """The same without scripts."""
    files = [(file.filename or "", file.read()) for file in sent_files("file")]
    if not files:
        flash("请先选择图片，再点【上传】", "r")
    states, names = _states(editable_case()), [name for name, _data in files]
    sheets = _sheets(states, files)
    kinds = sorting.proposed(states, names, sheets)
    problems = []
    for kind, (name, data) in zip(kinds, files, strict=True):
        found = add_pictures(kind, [data]) if kind else ["需要的附件都已上传，这张没有存入"]
        problems += [f"{_shortened(name)}：{problem}" for problem in found]
    for problem in problems[:MOST_TOLD]:
        flash(problem, "r")
    if left := len(problems[MOST_TOLD:]):
        flash(f"另有 {left} 张也没有存入，请查看各项附件", "r")
    if any(kinds):
        flash("图片已按二维码、文件名和先后顺序放好，请逐项核对；放错的，点该图片的【移动】。", "y")
    return redirect(url_for("wizard.papers_page"))


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_TOLD else f"{name[:LONGEST_TOLD]}…"


def _sheets(states: Sequence[PaperState], files: Sequence[tuple[str, bytes]]) -> set[int]:
    """Which of the files that their names do not tell is the printed sheet; one is enough."""
    if not sorting.is_sheet_wanted(states):
        return set()
    named, account_id = sorting.by_name(states, [name for name, _data in files]), me().id
    db.session.rollback()
    unknown = (at for at, kind in enumerate(named) if kind is None)
    found = (at for at in unknown if intake.shows_sheet(settings(), files[at][1], account_id))
    return set(islice(found, 1))


@bp.route("/pages/<uid>/to", methods=["GET", "POST"])
@only(*APPLICANTS)
def move_to(uid: str) -> ResponseReturnValue:
    """移动: a picture goes to another paper; of a paper with one page, the two change places."""
    case = editable_case()
    page, states = own_page(case, uid), _states(case)
    if page.kind == PHOTO:
        abort(404)
    problem = ""
    if request.method == "POST":
        kind = request.form.get("kind", "")
        if kind not in {state.paper.kind for state in states}:
            problem = "请选择这张图片是哪一项附件"
        else:
            problem = _move(uid, kind)
        if not problem:
            return back_to(kind)
        case = editable_case()
        page, states = own_page(case, uid), _states(case)
    shown = {"page": page, "paper": PAPER[page.kind], "states": states, "problem": problem, "sheet": SHEET}
    return render_template("wizard/move.html", **shown), 422 if problem else 200


def _move(uid: str, kind: str) -> str:
    """Returns why it cannot be. What becomes the sheet is read as if it were sent now."""
    page = own_page(editable_case(), uid)
    sheet = SHEET in (kind, page.kind) and kind != page.kind
    address = page.source_address or page.address
    db.session.rollback()
    try:
        prepared = intake.prepare(settings(), kind, store().get(address), me().id) if sheet else None
        with writing():
            _write(uid, kind, prepared)
            db.session.commit()
    except (PictureRefused, PageNotAdded) as error:
        db.session.rollback()
        return str(error)
    return ""


def _write(uid: str, kind: str, prepared: Pictures | None) -> None:
    now = editable_case()
    page = own_page(now, uid)
    if prepared is None:
        if SHEET in (kind, page.kind) and kind != page.kind:
            abort(409)  # it was moved meanwhile: nobody has looked which version of the sheet it shows
        pages.to_paper(now.declaration, page, PAPER[kind])
    else:
        pages.remove_page(page)
        intake.add(now.declaration, PAPER[kind], prepared)
