"""用手机拍照: what a phone may upload by a QR code, one paper or all of the declaration.

On the computer: the code, how far it is, 【取消】. On the phone: one page without sign-in, with the names and hints of
the papers, and nothing of the person.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, tus, writing
from blueprints.tus import ProtocolError
from blueprints.wizard.intake import sent_files, settings
from blueprints.wizard.shared import bp, editable_case
from blueprints.wizard.uploads import finish_upload
from forms import PAPER, PHOTO, SHEET, STEPS
from lib.crypto import token_hash
from lib.database import utcnow
from lib.pictures.images import PictureRefused
from models import PhoneUpload, db
from services.access import APPLICANTS, only, public
from services.filing import change, intake
from services.filing.case import DeclarationCase
from services.papers import phone_upload, picture_advice
from services.papers.pages import PageNotAdded
from services.papers.resumable_uploads import ALL_PAPERS, NotAccepted, NotAsked, Owner

phone = Blueprint("phone", __name__, url_prefix="/hand-over")

DEAD = "这个二维码已失效，请在电脑上重新打开"


# --- on the computer --------------------------------------------------------------------------------------------------


@bp.post("/papers/<kind>/hand-over")
@only(*APPLICANTS)
def begin_phone_upload(kind: str) -> ResponseReturnValue:
    """Show the QR code for one paper or for all: as a page, or as a part of one for scripts. It is shown this once."""
    import segno  # large, seldom needed

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
        title=PAPER[kind].title if kind != ALL_PAPERS else "全部附件",
        kind=kind,
        whole=kind == ALL_PAPERS,
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
    return url_for("wizard.papers_page", _anchor=None if kind == ALL_PAPERS else f"paper-{kind}")


def _own(uid: str) -> PhoneUpload:
    return phone_upload.own(me(), uid) or abort(404)


@bp.get("/hand-over/<uid>")
@only(*APPLICANTS)
def phone_upload_state(uid: str) -> ResponseReturnValue:
    """How far it is, for scripts that ask every two seconds while the code is shown."""
    row = _own(uid)
    pictures = {"pictures": phone_upload.pictures(row)} if row.kind == ALL_PAPERS else {}
    return jsonify({"state": phone_upload.state(row)} | pictures)


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


def _added(owner: Owner, kind: str) -> None:
    """The picture is added: the token of one paper has done its work."""
    if owner.phone_upload is None or not phone_upload.added(owner.phone_upload, kind):
        raise ProtocolError(404, DEAD)


@phone.route("/<path:token>", methods=["GET", "POST"])
@public
def page(token: str) -> ResponseReturnValue:
    """The phone's page: take a picture of a paper and send it, as a plain form."""
    try:
        if request.method != "POST":  # a chat program's HEAD must not bind the token to itself
            return _shown(token, _owner(token))
        if request.form.get("action") == "finish":
            return _finished(token)
        return _sent(token)
    except (ProtocolError, NotAsked):
        db.session.rollback()
        return render_template("wizard/phone_dead.html", dead=DEAD), 404


def _shown(token: str, owner: Owner, problem: str = "", kind: str = "", added: str = "") -> ResponseReturnValue:
    """``problem``: why the picture of a ``kind`` was refused; ``added``: the paper that has just got one."""
    assert owner.phone_upload
    what, ends = owner.phone_upload.kind, owner.phone_upload.expires_at
    case = DeclarationCase(owner.declaration)
    shown: dict[str, Any] = {"token": token, "problem": problem, "ends": ends, "hints": case.hints}
    shown["seconds"] = max(0, int((ends - utcnow()).total_seconds()))
    if what != ALL_PAPERS:
        paper = owner.paper(what)
        db.session.rollback()
        return render_template("wizard/phone.html", paper=paper, **shown), 422 if problem else 200
    states = [state for state in change.paper_states(case) if change.is_shown(case, state)]
    shown |= {"states": states, "printed": case.printed, "notes": case.sheet_notes, "sheet": SHEET}
    template, only_one = "wizard/phone_papers.html", request.args.get("row")
    if only_one:  # for scripts, which put it in the place of the old one
        template = "wizard/_phone_paper.html"
        shown["item"] = next((state for state in states if state.paper.kind == only_one), None) or abort(404)
    html = render_template(template, kind=kind, added=added, advice=picture_advice.notes, **shown)
    db.session.rollback()
    return html, 422 if problem else 200


def _sent(token: str) -> ResponseReturnValue:
    """Prepare the picture without holding the database, then add it. A refused one leaves the code valid."""
    kind, account_id, whole = _begun(token)
    files = sent_files("file")
    if not files:
        return _shown(token, _owner(token), "请先拍照，再点【上传】", kind)
    try:
        prepared = intake.prepare(settings(), kind, files[0].read(), account_id)
        with writing():
            owner = _owner(token, lock=True)
            intake.add(owner.declaration, owner.paper(kind), prepared)
            _added(owner, kind)
            db.session.commit()
    except (PictureRefused, PageNotAdded) as error:
        return _shown(token, _owner(token), str(error), kind)
    if whole:
        return _shown(token, _owner(token), kind=kind, added=PAPER[kind].title)
    notes = [note for one in prepared for note in picture_advice.notes(one.measures) if kind != PHOTO]
    return render_template("wizard/phone_done.html", paper=PAPER[kind], notes=notes)


def _begun(token: str) -> tuple[str, int, bool]:
    """The device has begun to send: of which paper, whose, and whether the token is good for all papers."""
    with writing():
        owner = _bound_owner(token)
        assert owner.phone_upload
        whole = owner.phone_upload.kind == ALL_PAPERS
        kind = owner.paper(request.form.get("kind", "") if whole else owner.phone_upload.kind).kind
        account_id = owner.declaration.account_id
        db.session.commit()
    return kind, account_id, whole


def _finished(token: str) -> ResponseReturnValue:
    """【拍完了】."""
    with writing():
        owner = _bound_owner(token)
        assert owner.phone_upload
        phone_upload.finish(owner.phone_upload)
        db.session.commit()
    return render_template("wizard/phone_done.html", paper=None, notes=[])


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
        outcome = finish_upload(partial(_owner, token, used=True), uid, _added)
        notes = [f"{note.words}：{note.advice}" for note in phone_upload.notes_on(outcome.get("page", ""))]
        return jsonify({"ok": outcome["ok"], "problem": outcome.get("problem", ""), "notes": notes})

    return tus.handle_errors(answer)
