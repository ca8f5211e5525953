"""Pictures that arrive piece by piece (blueprints/tus.py), what becomes of one when its last byte is there, and the key
of what a device keeps meanwhile."""

from __future__ import annotations

import base64

from flask import Response, abort, flash, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, tus, writing
from blueprints.tus import Find, ProtocolError
from blueprints.wizard.intake import settings
from blueprints.wizard.pages import back_to
from blueprints.wizard.shared import bp
from models import Upload, db, keys
from services import access
from services.access import APPLICANTS, only, public
from services.filing import intake
from services.filing.intake import After, Arrived, Outcome
from services.papers import resumable_uploads
from services.papers.resumable_uploads import Owner


def own() -> Owner:
    """The applicant's declaration in hand, while it may be changed."""
    declaration = access.open_declaration(me())
    if declaration is None or declaration.notice_read_at is None:
        raise ProtocolError(403, "请先阅读须知，再上传图片")
    if not declaration.is_editable:
        raise ProtocolError(403, "您的申报已经提交，不能再上传图片")
    return Owner(declaration)


def address(uid: str) -> str:
    return url_for("wizard.upload_piece", uid=uid)


@bp.route("/uploads", methods=["OPTIONS"])
@bp.route("/uploads/<uid>", methods=["OPTIONS"])
@public
def offer_uploads(uid: str = "") -> ResponseReturnValue:
    return tus.offer()


@bp.route("/uploads", methods=["POST"], provide_automatic_options=False)
@only(*APPLICANTS)
def begin_upload() -> ResponseReturnValue:
    return tus.collection(own, address)


@bp.route("/uploads/<uid>", methods=["HEAD", "PATCH", "DELETE", "POST"], provide_automatic_options=False)
@only(*APPLICANTS)
def upload_piece(uid: str) -> ResponseReturnValue:
    return tus.upload(own, uid)


@bp.get("/device-key")
@only(*APPLICANTS)
def device_key() -> ResponseReturnValue:
    """The key under which this person's browser keeps what is not saved (static/js/device.js), and whose it is.

    Only the signed-in person gets it, so what is kept on a device opens for no other person.
    """
    owner, key = (keys().mac(purpose, str(me().id).encode()) for purpose in ("device owner", "device key"))
    return jsonify({"owner": owner.hex()[:16], "key": base64.b64encode(key).decode()})


@bp.post("/uploads/<uid>/take")
@only(*APPLICANTS)
def take_upload(uid: str) -> ResponseReturnValue:
    """The last byte is there: judge the picture and add it to its paper, or to another one (``kind``)."""

    def answer() -> Response:
        if kind := request.form.get("kind"):
            with writing():
                resumable_uploads.redirect(own(), uid, kind)
                db.session.commit()
        return jsonify(finish_upload(own, uid))

    return tus.handle_errors(answer)


@bp.post("/uploads/<uid>/drop")
@only(*APPLICANTS)
def drop_upload(uid: str) -> ResponseReturnValue:
    """【放弃】 of a page without scripts."""
    return back_to(discard_upload(uid))


def discard_upload(uid: str) -> str:
    """Discard an upload; returns of which paper. The page may be an old one: then it is 404."""
    with writing():
        upload = _found(uid, lock=True)
        kind = upload.kind
        resumable_uploads.discard(upload)
        db.session.commit()
    return kind


@bp.post("/uploads/<uid>/keep")
@only(*APPLICANTS)
def keep_upload(uid: str) -> ResponseReturnValue:
    """【存入】 of a picture that arrived and was not added: the page was closed at that very moment."""
    kind = _found(uid).kind
    try:
        outcome = finish_upload(own, uid)
    except (ProtocolError, resumable_uploads.NotAccepted) as error:
        outcome = {"problem": str(error)}
    if problem := outcome.get("problem"):
        db.session.rollback()
        flash(problem, "r")
    return back_to(kind)


def _found(uid: str, *, lock: bool = False) -> Upload:
    try:
        return resumable_uploads.find(own(), uid, lock=lock)
    except (ProtocolError, resumable_uploads.Unknown):
        abort(404)


def finish_upload(find: Find, uid: str, after: After | None = None) -> Outcome:
    """What became of a file whose last byte has arrived.

    Asking twice (an answer that was lost, a double click, two windows) gives the same answer and one page. The picture
    is prepared without holding the database. ``after`` runs in the transaction that adds the page.
    """
    file = intake.arrived(find(), uid)
    db.session.rollback()
    if not isinstance(file, Arrived):
        return file
    try:
        prepared = intake.prepare_arrived(settings(), file)
    except intake.NOT_NOW as error:
        raise ProtocolError(503, str(error)) from error
    with writing():
        outcome = intake.settle(find(), uid, prepared, after)
        db.session.commit()
    return outcome
