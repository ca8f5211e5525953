"""Pictures that a form brings or changes. Each is prepared without holding the database, then written and committed."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, current_app, flash, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import FileStorage

from blueprints import errors, me, writing
from blueprints.wizard.shared import editable_case, own_page, shown_case
from forms import PAPER, PHOTO, SHEET
from lib.pictures.images import PictureRefused
from lib.pictures.one_inch import Crop
from models import db, store
from services.filing import adding, intake
from services.filing.intake import IntakeSettings, Pictures
from services.papers import pages, preparation
from services.papers.pages import PageNotAdded
from services.papers.virus_scan import Scanner


def settings() -> IntakeSettings:
    config = current_app.config
    scanner = Scanner(config["CLAMD"], required=config["CLAMD_FAIL"] == "closed")
    return IntakeSettings(store(), current_app.extensions["kuaiji.photo_rule"], scanner)


def sent_files(name: str) -> list[FileStorage]:
    return [file for file in request.files.getlist(name) if file.filename or file.content_length]


def add_pictures(kind: str, files: Sequence[FileStorage | bytes], replaced: str = "") -> list[str]:
    """Add pictures one by one; returns what was wrong. The first good one replaces the page of that uid, if any.

    A disk or database that fails at a later one is no error of the whole: those before it are saved.
    """
    problems, account_id, saved = [], me().id, False
    for number, file in enumerate(files, 1):
        which = f"第 {number} 张：" if len(files) > 1 else ""
        try:
            _add(kind, file if isinstance(file, bytes) else file.read(), account_id, replaced=replaced)
            replaced, saved = "", True
        except (PictureRefused, PageNotAdded) as error:
            problems.append(f"{which}{error}")
        except (OSError, DBAPIError) as error:
            failure = errors.failure_of(error) if saved else None
            if failure is None:
                raise
            problems.append(f"第 {number} 张起没有保存：{failure.advice or '系统现在不能保存，请稍后再传'}")
            break
    return problems


def add_photo(*, wanted: bool = False) -> str:
    """Add the photo that came with the form. Returns why it was refused, or nothing. ``wanted``: by 【上传】."""
    file = request.files.get(PHOTO)
    data = file.read() if file else b""
    if file is None or not (data or file.filename):
        return "请先选择照片，再点【上传】" if wanted else ""
    editable_case()
    try:
        _add(PHOTO, data, me().id, crop=_sent_crop())
    except PictureRefused as error:
        return str(error)
    return ""


def _add(kind: str, data: bytes, account_id: int, *, crop: Crop | None = None, replaced: str = "") -> None:
    db.session.rollback()
    prepared = intake.prepare(settings(), kind, data, account_id, crop)
    try:
        _write(kind, prepared, replaced)
    except StaleDataError:  # another window was faster: the file is there, so it is added to what that has saved
        _write(kind, prepared, replaced)


def _write(kind: str, prepared: Pictures, replaced: str) -> None:
    with writing():
        if replaced or kind in (PHOTO, SHEET):
            intake.add(editable_case().declaration, PAPER[kind], prepared, replaced)
        else:
            adding.add(shown_case(), PAPER[kind], prepared)
        db.session.commit()


def _sent_crop() -> Crop | None:
    """The frame that was drawn in the browser; without one the middle is cropped."""
    return intake.crop_of([request.form.get(name, "") for name in ("crop_x", "crop_y", "crop_w", "crop_h")])


def crop_photo(place: str) -> None:
    """Crop the kept upright source again: by the frame, or at the top, middle or bottom. Says why when it cannot be."""
    photo = editable_case().photo
    if photo is None or photo.source_address is None:
        abort(404)
    source, rule = photo.source_address, settings().photo_rule
    db.session.rollback()
    try:
        prepared = preparation.prepare_recrop(store(), source, _sent_crop() or place, rule)
    except PictureRefused as error:
        flash(str(error), "r")
        return
    with writing():
        now = editable_case().photo
        if now is None or now.source_address != source:
            abort(409)  # another photo has come meanwhile, perhaps from the phone: the old one must not take its place
        pages.replace_picture(now, prepared)
        db.session.commit()


def rotate_page(uid: str) -> str:
    """Turn a picture clockwise by a quarter; returns of which paper. The one-inch photo is upright, and stays 5:7."""
    page = own_page(editable_case(), uid)
    kind, address, source, corners = page.kind, page.address, page.source_address, page.crop
    if kind == PHOTO:
        abort(404)
    db.session.rollback()
    prepared = preparation.prepare_rotated(store(), address, 1, source, corners)
    with writing():
        pages.replace_picture(own_page(editable_case(), uid), prepared)
        db.session.commit()
    return kind


def delete_page(uid: str) -> str:
    """Remove a picture; returns of which paper."""
    with writing():
        page = own_page(editable_case(), uid)
        kind = page.kind
        pages.remove_page(page)
        db.session.commit()
    return kind
