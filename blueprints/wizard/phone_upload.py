"""用手机拍照: one paper that a phone may upload, by a QR code.

On the computer: the code, how far it is, 【取消】. On the phone: one page without sign-in, with the name of the paper,
its hint, and nothing of the person.
"""

from __future__ import annotations

from functools import partial

import segno
from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, tus, writing
from blueprints.tus import ProtocolError
from blueprints.wizard.intake import sent_files, settings
from blueprints.wizard.shared import bp, editable_case
from blueprints.wizard.uploads import finish_upload
from forms import PAPER, PHOTO, STEPS
from lib.crypto import token_hash
from lib.database import utcnow
from lib.pictures.images import PictureRefused
from models import PhoneUpload, db
from services.access import APPLICANTS, only, public
from services.filing import intake
from services.papers import phone_upload, picture_advice
from services.papers.pages import PageNotAdded
from services.papers.resumable_uploads import NotAccepted, Owner

phone = Blueprint("phone", __name__, url_prefix="/hand-over")

DEAD = "这个二维码已失效，请在电脑上重新打开"


# --- on the computer --------------------------------------------------------------------------------------------------


@bp.post("/papers/<kind>/hand-over")
@only(*APPLICANTS)
def begin_phone_upload(kind: str) -> ResponseReturnValue:
    """Show the QR code for one paper: as a page, or as a part of one for scripts. It is shown this once."""
    case = editable_case()
    try:
        with writing(keep=True):
            made, token = phone_upload.begin(me(), case.declaration, kind)
            db.session.commit()
    except NotAccepted:
        abort(404)
    address = current_app.config["BASE_URL"] + url_for("phone.page", token=token)
    part = request.form.get("part") == "yes"
    return render_template(
        "wizard/_phone_upload.html" if part else "wizard/phone_upload.html",
        paper=PAPER[kind],
        made=made,
        seconds=int((made.expires_at - utcnow()).total_seconds()),
        code=segno.make(address, error="m").svg_data_uri(scale=6, border=4),
        back=_place_of(kind),
        part=part,
    )


def _place_of(kind: str) -> str:
    """Where the paper is on the computer."""
    if kind == PHOTO:
        return url_for("wizard.step", step=STEPS[0], _anchor="photo")
    return url_for("wizard.papers_page", _anchor=f"paper-{kind}")


def _own(uid: str) -> PhoneUpload:
    return phone_upload.own(me(), uid) or abort(404)


@bp.get("/hand-over/<uid>")
@only(*APPLICANTS)
def phone_upload_state(uid: str) -> ResponseReturnValue:
    """How far it is, for scripts that ask every two seconds while the code is shown."""
    return jsonify({"state": phone_upload.state(_own(uid))})


@bp.post("/hand-over/<uid>/cancel")
@only(*APPLICANTS)
def cancel_phone_upload(uid: str) -> ResponseReturnValue:
    with writing():
        row = _own(uid)
        phone_upload.cancel(row)
        kind = row.kind
        db.session.commit()
    return redirect(_place_of(kind))


# --- on the phone -----------------------------------------------------------------------------------------------------


def _device() -> bytes:
    """The phone, by the page cookie that its forms depend on."""
    return token_hash(session["csrf_token"])


def _owner(token: str, *, used: bool = False, lock: bool = False) -> Owner:
    """What the token opens. Raises Unfit for every token that opens nothing.

    Guesses are not counted: 256 bits cannot be guessed, and thousands of phones share one address of their network.
    """
    if owner := phone_upload.find(token, _device(), used=used, lock=lock):
        return owner
    db.session.rollback()
    raise ProtocolError(404, DEAD)


def _bound_owner(token: str) -> Owner:
    """The same for a device that begins to send: from now on the token is its own."""
    owner = _owner(token)
    assert owner.phone_upload
    if not phone_upload.bind_device(owner.phone_upload, _device()):
        raise ProtocolError(404, DEAD)
    return owner


def _finish(owner: Owner) -> None:
    """The picture is added: the token has done its work."""
    if owner.phone_upload is None or not phone_upload.mark_used(owner.phone_upload):
        raise ProtocolError(404, DEAD)


@phone.route("/<path:token>", methods=["GET", "POST"])
@public
def page(token: str) -> ResponseReturnValue:
    """The phone's page: take one picture of one paper and send it, as a plain form."""
    try:
        if request.method != "POST":  # a chat program's HEAD must not bind the token to itself
            return _shown(token, _owner(token))
        return _sent(token)
    except ProtocolError:
        db.session.rollback()
        return render_template("wizard/phone_dead.html", dead=DEAD), 404


def _shown(token: str, owner: Owner, problem: str = "") -> ResponseReturnValue:
    assert owner.phone_upload
    paper, left = owner.paper(owner.phone_upload.kind), owner.phone_upload.expires_at - utcnow()
    db.session.rollback()
    seconds = max(0, int(left.total_seconds()))
    shown = render_template("wizard/phone.html", paper=paper, token=token, problem=problem, seconds=seconds)
    return shown, 422 if problem else 200


def _sent(token: str) -> ResponseReturnValue:
    """Prepare the picture without holding the database, then add it. A refused one leaves the code valid."""
    with writing():
        owner = _bound_owner(token)
        assert owner.phone_upload
        kind, account_id = owner.phone_upload.kind, owner.declaration.account_id
        db.session.commit()
    files = sent_files("file")
    if not files:
        return _shown(token, _owner(token), "请先拍照，再点【上传】")
    try:
        prepared = intake.prepare(settings(), kind, files[0].read(), account_id)
        with writing():
            owner = _owner(token, lock=True)
            intake.add(owner.declaration, owner.paper(kind), prepared)
            _finish(owner)
            db.session.commit()
    except (PictureRefused, PageNotAdded) as error:
        return _shown(token, _owner(token), str(error))
    return render_template(
        "wizard/phone_done.html",
        paper=PAPER[kind],
        notes=[note for one in prepared for note in picture_advice.notes(one.measures) if kind != PHOTO],
    )


@phone.route("/<token>/uploads", methods=["OPTIONS"])
@phone.route("/<token>/uploads/<uid>", methods=["OPTIONS"])
@public
def offer_uploads(token: str, uid: str = "") -> ResponseReturnValue:
    return tus.offer()


@phone.route("/<token>/uploads", methods=["POST"], provide_automatic_options=False)
@public
def begin_upload(token: str) -> ResponseReturnValue:
    return tus.collection(partial(_bound_owner, token), lambda uid: url_for("phone.upload_piece", token=token, uid=uid))


@phone.route("/<token>/uploads/<uid>", methods=["HEAD", "PATCH", "DELETE", "POST"], provide_automatic_options=False)
@public
def upload_piece(token: str, uid: str) -> ResponseReturnValue:
    return tus.upload(partial(_owner, token), uid)


@phone.post("/<token>/uploads/<uid>/take")
@public
def take_upload(token: str, uid: str) -> ResponseReturnValue:
    """The last byte is there. The answer says nothing of the page but what to improve about it."""

    def answer() -> Response:
        outcome = finish_upload(partial(_owner, token, used=True), uid, _finish)
        notes = [f"{note.words}：{note.advice}" for note in phone_upload.notes_on(outcome.get("page", ""))]
        return jsonify({"ok": outcome["ok"], "problem": outcome.get("problem", ""), "notes": notes})

    return tus.handle_errors(answer)
