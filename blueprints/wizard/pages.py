"""One picture of a paper: shown, rotated, deleted, moved, and the document on it cropped and made straight."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.wizard import intake
from blueprints.wizard.shared import bp, editable_case, own_page, send_picture
from forms import PAPER, PHOTO
from lib.pictures.images import PictureRefused
from lib.pictures.perspective import WHOLE_PICTURE, Corners, validated_corners
from models import PaperPage, db, store
from services import access
from services.access import APPLICANTS, only
from services.filing import signed_sheet
from services.filing.case import DeclarationCase
from services.papers import pages, preparation
from services.papers.pages import PageNotAdded
from services.papers.preparation import Prepared


def back_to(kind: str) -> ResponseReturnValue:
    return redirect(url_for("wizard.papers_page", _anchor=f"paper-{kind}"))


def _page_to_show(uid: str) -> PaperPage:
    """A picture of the person's own, whether or not it may be changed."""
    return access.own_page(me(), uid) or abort(404)


@bp.get("/pages/<uid>.jpg")
@only(*APPLICANTS)
def picture(uid: str) -> ResponseReturnValue:
    """One picture of the person's own, small with ``?small=1``."""
    page = _page_to_show(uid)
    return send_picture(page.thumb_address if request.args.get("small") else page.address, page.kind)


@bp.get("/pages/<uid>/source.jpg")
@only(*APPLICANTS)
def source(uid: str) -> Response:
    """The uncropped picture of a page."""
    page = _page_to_show(uid)
    return send_picture(page.source_address or page.address, page.kind)


@bp.post("/pages/<uid>/delete")
@only(*APPLICANTS)
def delete_page(uid: str) -> ResponseReturnValue:
    return back_to(intake.delete_page(uid))


@bp.post("/pages/<uid>/rotate")
@only(*APPLICANTS)
def rotate_page(uid: str) -> ResponseReturnValue:
    return back_to(intake.rotate_page(uid))


@bp.post("/pages/<uid>/move")
@only(*APPLICANTS)
def move_page(uid: str) -> ResponseReturnValue:
    """前移, 后移 (``by``), or to the place where it was dropped (``to``, 0 is the first)."""
    by, to = request.form.get("by", type=int), request.form.get("to", type=int)
    with writing():
        case = editable_case()
        page = own_page(case, uid)
        kind = page.kind
        if (by is None and to is None) or kind == PHOTO:
            abort(400)
        pages.move_page(case.declaration, page, case.pages_of(kind).index(page) + by if by is not None else to or 0)
        db.session.commit()
    return back_to(kind)


def _paper_page(case: DeclarationCase, uid: str) -> PaperPage:
    """A picture that can be cropped here: any but the one-inch photo, which has a frame of its own."""
    page = own_page(case, uid)
    return page if page.kind != PHOTO else abort(404)


@bp.route("/pages/<uid>/crop", methods=["GET", "POST"])
@only(*APPLICANTS)
def crop_page(uid: str) -> ResponseReturnValue:
    """裁剪: four corners to drag; without scripts those that were found, margins in per cent, or no crop at all."""
    page = _paper_page(editable_case(), uid)
    if request.method != "POST":
        return _editor(page)
    kind, uncropped = page.kind, page.source_address or page.address
    db.session.rollback()
    try:
        prepared = _cropped(uncropped, kind)
        with writing():
            case = editable_case()
            signed_sheet.crop_page(case, _paper_page(case, uid), prepared)
            db.session.commit()
    except (PictureRefused, PageNotAdded) as error:
        return _editor(_paper_page(editable_case(), uid), str(error))
    return back_to(kind)


def _cropped(uncropped: str, kind: str) -> Prepared:
    wanted = _wanted_corners()
    if wanted == WHOLE_PICTURE:
        return preparation.prepare_whole(store(), uncropped, kind)
    return preparation.prepare_straight(store(), uncropped, wanted, kind)


def _editor(page: PaperPage, problem: str = "") -> ResponseReturnValue:
    known = pages.proposed_corners(page)
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


#: Field and label of a margin to be cropped away.
MARGINS = (("top", "上边"), ("right", "右边"), ("bottom", "下边"), ("left", "左边"))


def _wanted_corners() -> Corners:
    """Raises PictureRefused for what is no quadrilateral, or no number."""
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
