"""One picture of a paper: its place among the others, and the document on it cut out and made straight."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.wizard.papers import back_to, own_page
from blueprints.wizard.shared import bp, editable_declaration, send_picture, store
from forms import PAPER, PHOTO
from lib.pictures.images import PictureRefused
from lib.pictures.perspective import WHOLE_PICTURE, Corners, validated_corners
from models import PaperPage, db
from services import access
from services.access import APPLICANTS, only
from services.papers import papers
from services.sheet import reading as sheet_reading


@bp.post("/pages/<uid>/move")
@only(*APPLICANTS)
def move_page(uid: str) -> ResponseReturnValue:
    """前移, 后移 (``by``), or to the place where it was dropped (``to``, 0 is the first)."""
    declaration = editable_declaration()
    page = own_page(uid)
    pages = papers.pages_of(declaration, page.kind)
    kind, by, to = page.kind, request.form.get("by", type=int), request.form.get("to", type=int)
    if (by is None and to is None) or kind == PHOTO:
        abort(400)
    papers.move(declaration, page, pages.index(page) + by if by is not None else to or 0)
    db.session.commit()
    return back_to(kind)


def _paper_page(uid: str) -> PaperPage:
    """A picture that can be cut: any but the one-inch photo, which has a frame of its own."""
    editable_declaration()
    page = access.own_page(me(), uid)
    return page if page and page.kind != PHOTO else abort(404)


@bp.get("/pages/<uid>/source.jpg")
@only(*APPLICANTS)
def source(uid: str) -> ResponseReturnValue:
    """The uncut picture of a page."""
    page = own_page(uid)
    return send_picture(page.source_address or page.address, page.kind)


@bp.route("/pages/<uid>/crop", methods=["GET", "POST"])
@only(*APPLICANTS)
def crop_page(uid: str) -> ResponseReturnValue:
    """裁剪: four corners to drag; without scripts those that were found, margins in per cent, or no cut at all."""
    page = _paper_page(uid)
    if request.method == "GET":
        return _editor(page)
    kind, uncut = page.kind, page.source_address or page.address
    db.session.rollback()
    try:
        wanted = _wanted_corners()
        prepared = (
            papers.prepare_whole(store(), uncut, kind)
            if wanted == WHOLE_PICTURE
            else papers.prepare_straight(store(), uncut, wanted, kind)
        )
        sheet_reading.replace_cropped_page(_paper_page(uid), prepared)
    except (PictureRefused, papers.NotTaken) as error:
        db.session.rollback()
        return _editor(_paper_page(uid), str(error))
    db.session.commit()
    return redirect(url_for("wizard.papers_page", _anchor=f"paper-{kind}"))


def _editor(page: PaperPage, problem: str = "") -> ResponseReturnValue:
    known = papers.proposed_corners(page)
    shown = render_template(
        "wizard/crop.html",
        page=page,
        paper=PAPER[page.kind],
        corners=known or WHOLE_PICTURE,
        found=known is not None,
        problem=problem,
        margins=MARGINS,
    )
    return shown, 422 if problem else 200


#: Field and label of a margin to be cut away.
MARGINS = (("top", "上边"), ("right", "右边"), ("bottom", "下边"), ("left", "左边"))


def _wanted_corners() -> Corners:
    """Raises Refused for what is no quadrilateral, or no number."""
    how = request.form.get("how", "")
    if how == "whole":
        return WHOLE_PICTURE
    if how == "margins":
        top, right, bottom, left = _numbers([request.form.get(name, "") or "0" for name, _label in MARGINS])
        return validated_corners(_rectangle(left / 100, top / 100, 1 - right / 100, 1 - bottom / 100))
    return validated_corners(_numbers(request.form.get("corners", "").split(",")))


def _rectangle(left: float, top: float, right: float, bottom: float) -> Sequence[float]:
    return left, top, right, top, right, bottom, left, bottom


def _numbers(texts: Sequence[str]) -> list[float]:
    try:
        return [float(text) for text in texts]
    except ValueError as error:
        raise PictureRefused("裁剪的位置要填数字，例如 5 表示裁去 5%") from error
