"""Pictures that arrive piece by piece (blueprints/tus.py), what becomes of one when its last byte is there, and the key
of what a device keeps meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from flask import abort, flash, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, tus
from blueprints.tus import Find, ProtocolError
from blueprints.wizard.papers import put
from blueprints.wizard.shared import bp, photo_rule, store
from forms import PHOTO
from lib.database import transaction_mode
from lib.pictures.images import PictureRefused
from lib.sandbox import client as sandbox
from models import PaperPage, Upload, db, keys
from services import access
from services.access import APPLICANTS, only
from services.papers import papers, resumable_uploads, virus_scan
from services.papers.resumable_uploads import Owner

Outcome = dict[str, Any]
UNFINISHED = "图片还没有传完，请接着上传"


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


@bp.route("/uploads", methods=["POST", "OPTIONS"])
@only(*APPLICANTS)
def begin_upload() -> ResponseReturnValue:
    return tus.collection(own, address)


@bp.route("/uploads/<uid>", methods=["HEAD", "PATCH", "DELETE"])
@only(*APPLICANTS)
def upload_piece(uid: str) -> ResponseReturnValue:
    return tus.upload(own, uid)


@bp.get("/device-key")
@only(*APPLICANTS)
def device_key() -> ResponseReturnValue:
    """The key under which this person's browser keeps what is not saved (static/js/device.js), and whose it is.

    Only the signed-in person gets it, so what lies on a device opens for nobody else.
    """
    owner, key = (keys().mac(purpose, str(me().id).encode()) for purpose in ("device owner", "device key"))
    return jsonify({"owner": owner.hex()[:16], "key": base64.b64encode(key).decode()})


@bp.post("/uploads/<uid>/take")
@only(*APPLICANTS)
def take_upload(uid: str) -> ResponseReturnValue:
    """The last byte is there: judge the picture and add it to its paper."""
    return tus.handle_errors(lambda: jsonify(taken(own, uid)))


@bp.post("/uploads/<uid>/drop")
@only(*APPLICANTS)
def drop_upload(uid: str) -> ResponseReturnValue:
    """【放弃】 of a page without scripts."""
    return _back_to(give_up(uid))


def give_up(uid: str) -> str:
    """Forget an upload; returns of which paper. The page may be an old one: then it is 404."""
    upload = _found(uid, lock=True)
    kind = upload.kind
    resumable_uploads.discard(upload)
    db.session.commit()
    return kind


@bp.post("/uploads/<uid>/keep")
@only(*APPLICANTS)
def keep_upload(uid: str) -> ResponseReturnValue:
    """【存入】 of a picture that arrived and was not taken: the page was closed at that very moment."""
    kind = _found(uid).kind
    try:
        outcome = taken(own, uid)
    except (ProtocolError, resumable_uploads.NotAccepted) as error:
        outcome = {"problem": str(error)}
    if problem := outcome.get("problem"):
        db.session.rollback()
        flash(problem, "r")
    return _back_to(kind)


def _found(uid: str, *, lock: bool = False) -> Upload:
    try:
        return resumable_uploads.find(own(), uid, lock=lock)
    except (ProtocolError, resumable_uploads.Unknown):
        abort(404)


def _back_to(kind: str) -> ResponseReturnValue:
    return redirect(url_for("wizard.papers_page", _anchor=f"paper-{kind}"))


def taken(find: Find, uid: str, after: Callable[[Owner, PaperPage], None] | None = None) -> Outcome:
    """What became of a file whose last byte has arrived: ``ok``, the uid of its ``page``, or the ``problem``.

    Asking twice (an answer that was lost, a double click, two windows) gives the same answer and one page. The picture
    is judged without holding the database. ``after`` runs in the transaction that adds the page.
    """
    with transaction_mode("DEFERRED"):
        owner = find()
        upload = resumable_uploads.find(owner, uid)
        if upload.outcome:
            return upload.outcome
        if not resumable_uploads.is_complete(upload):
            raise ProtocolError(409, UNFINISHED)
        kind, facts, data = owner.paper(upload.kind).kind, upload.facts, resumable_uploads.assembled(upload)
        db.session.rollback()
    try:
        prepared, problem = judged(kind, data, facts.get("crop")), ""
    except (sandbox.SandboxBusy, sandbox.SandboxUnavailable, virus_scan.Unchecked) as error:
        raise ProtocolError(503, str(error)) from error  # not the picture's fault: it can be taken later
    except PictureRefused as error:
        prepared, problem = None, str(error)
    return _settled(find, uid, prepared, problem, after)


def judged(kind: str, data: bytes, crop: list[float] | None = None) -> papers.Prepared:
    """Clean and store a picture of a paper or the photo, without holding the database. Raises Refused."""
    if kind == PHOTO:
        frame = (crop[0], crop[1], crop[2], crop[3]) if crop else None
        return papers.prepare_photo(store(), data, frame, photo_rule())
    return papers.prepare(store(), data, kind)


def _settled(
    find: Find,
    uid: str,
    prepared: papers.Prepared | None,
    problem: str,
    after: Callable[[Owner, PaperPage], None] | None,
) -> Outcome:
    """Write what became of the file, unless somebody else has by now."""
    owner = find()
    upload = resumable_uploads.find(owner, uid, lock=True)
    if upload.outcome:
        return upload.outcome
    outcome: Outcome = {"ok": False, "problem": problem}
    if prepared:
        try:
            page = put(owner.declaration, owner.paper(upload.kind), prepared, upload.facts.get("replaced", ""))
            db.session.flush()
            outcome = {"ok": True, "page": page.uid}
            if after:
                after(owner, page)
        except papers.NotTaken as error:
            outcome["problem"] = str(error)
    resumable_uploads.settle(upload, outcome)
    db.session.commit()
    return outcome
