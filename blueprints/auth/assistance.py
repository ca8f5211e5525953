"""核验申请 for everybody: file it, come back with the receipt, set a password after the department's yes.

Nothing asks whether a number is known before an officer does. The receipt is sent in forms only, never in an address.
"""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, writing
from blueprints.auth.assistance_forms import AssistanceForm, ReceiptForm
from blueprints.auth.forms import NewPasswordForm
from blueprints.auth.shared import bp, duration, forget, remember, remembered
from lib.codes import AssistanceNeed, IdType
from lib.pictures.images import PictureRefused
from models import AssistanceRequest, db, store
from services.access import Actor, public
from services.accounts import passwords, throttle
from services.accounts.applicants import StepExpired
from services.accounts.throttle import CountedAttempt
from services.assistance import answers, receipts, requests
from services.assistance.requests import Asked, DocumentPicture
from services.papers import preparation, virus_scan
from services.papers.virus_scan import Scanner
from services.site import privacy

TOO_OFTEN = {
    "assist": "该证件号码在您所在的网络提交申请的次数过多，请 {}后再试。已经提交的，请凭回执编号查询，不必重复提交",
    "assist_phone": "该手机号码在您所在的网络提交申请的次数过多，请 {}后再试",
    "assist_address": "您所在的网络提交申请的次数过多，与您的证件号码无关。请 {}后再试，或者换用其他网络（如手机流量）",
}
NO_RECEIPT = "没有找到这份申请，请核对回执编号和证件号码"
RECEIPT_TOO_OFTEN = "您所在的网络查询失败的次数过多，请 {}后再试，或者换用其他网络（如手机流量）"
NO_PICTURE = "请选择证件照片"


@bp.route("/assistance", methods=["GET", "POST"])
@public
def assistance() -> ResponseReturnValue:
    """The same answer, length and work for every number: nothing is looked up."""
    form = AssistanceForm(current_app.config["LEGACY_CLAIM_FACTORS"], data=None if request.form else _known_so_far())
    if request.method != "POST":
        return _page(form)
    file = request.files.get("document")
    data = file.read() if file else b""
    if not form.validate() or not data:
        form.document.errors = [] if data else [NO_PICTURE]
        return _page(form), 422
    made = _count(form)
    if made.until:
        return _page(form, TOO_OFTEN[made.limited].format(duration(made.minutes))), 429
    try:
        picture = prepared_document(data)
    except PictureRefused as error:
        form.document.errors = [str(error)]
        _uncount(made)
        return _page(form), 422
    row_id, receipt = keep_request(asked_in(form, form.office.data or ""), picture)
    remember("assistance", request_id=row_id)
    remember("receipt", request_id=row_id, receipt=receipt)
    return redirect(url_for("auth.assistance_receipt"))


def _known_so_far() -> dict[str, str]:
    """What was typed on the page that led here, and the need that its link names."""
    typed = remembered("occupied") or remembered("claim") or remembered("forgot") or {}
    need = request.args.get("need", "")
    return typed | ({"need": need} if need in AssistanceNeed.choices() else {})


def _count(form: AssistanceForm) -> CountedAttempt:
    """By number and phone for one address, so that nobody uses up another person's; and by address."""
    source = client_source()
    with writing():
        made = throttle.count_attempt(
            (throttle.ASSIST, source.of(form.number.data)),
            (throttle.ASSIST_PHONE, source.of(form.phone.data)),
            source.within(throttle.ASSIST_ADDRESS),
        )
        db.session.commit()
    return made


def _uncount(made: CountedAttempt) -> None:
    """A picture that cannot be used is no application. It still counts for the address: decoding it is work."""
    with writing():
        throttle.uncount_attempt(made, throttle.ASSIST, throttle.ASSIST_PHONE)
        db.session.commit()


def prepared_document(data: bytes) -> DocumentPicture:
    """Scanned, decoded in the bounded child process, and in the store. Raises PictureRefused with what to do."""
    config = current_app.config
    db.session.rollback()  # slow: do not hold a transaction
    virus_scan.check(data, Scanner(config["CLAMD"], required=config["CLAMD_FAIL"] == "closed"))
    (made,) = preparation.prepare_pages(store(), data)
    return DocumentPicture(made.blob.address, made.thumb.address, made.picture.width, made.picture.height)


def asked_in(form: AssistanceForm, office: str) -> Asked:
    chosen = requests.office(office)
    assert chosen  # validated
    return Asked(
        AssistanceNeed(form.need.data or ""),
        IdType(form.id_type.data or ""),
        form.number.data,
        form.name.data,
        form.phone.data,
        form.story.data,
        chosen.id,
        privacy.VERSION,
    )


def keep_request(asked: Asked, picture: DocumentPicture | None, officer: Actor | None = None) -> tuple[int, str]:
    """The id of the row, and the receipt."""
    with writing():
        row, receipt = requests.file(asked, current_app.config["ASSISTANCE_DAYS"], picture, officer)
        db.session.commit()
        return row.id, receipt


def _page(form: AssistanceForm, problem: str = "") -> str:
    return render_template(
        "auth/assistance.html", form=form, problem=problem, days=current_app.config["ASSISTANCE_DAYS"]
    )


@bp.get("/assistance/receipt")
@public
def assistance_receipt() -> ResponseReturnValue:
    """The receipt, once, on a page to print."""
    kept = remembered("receipt")
    row = db.session.get(AssistanceRequest, kept["request_id"]) if kept else None
    if kept is None or row is None:
        return redirect(url_for("auth.assistance_return"))
    forget("receipt")
    return receipt_page("auth/assistance_receipt.html", row, kept["receipt"])


def receipt_page(template: str, row: AssistanceRequest, receipt: str) -> str:
    return_address = current_app.config["BASE_URL"] + url_for("auth.assistance_return")
    return render_template(template, row=row, receipt=receipts.grouped(receipt), return_address=return_address)


@bp.route("/assistance/return", methods=["GET", "POST"])
@public
def assistance_return() -> ResponseReturnValue:
    form = ReceiptForm()
    if not form.validate_on_submit():
        return render_template("auth/assistance_return.html", form=form), 422 if form.is_submitted() else 200
    with writing():
        made = throttle.count_attempt(client_source().within(throttle.RECEIPT_ADDRESS))
        db.session.commit()
    if made.until:
        problem = RECEIPT_TOO_OFTEN.format(duration(made.minutes))
        return render_template("auth/assistance_return.html", form=form, problem=problem), 429
    row = requests.find(form.receipt.data, form.number.data)
    if row is None:
        return render_template("auth/assistance_return.html", form=form, problem=NO_RECEIPT), 422
    remember("assistance", request_id=row.id)
    with writing():
        throttle.uncount_attempt(made)
        db.session.commit()
    return redirect(url_for("auth.assistance_answer"))


def _remembered_request() -> AssistanceRequest | None:
    kept = remembered("assistance")
    return db.session.get(AssistanceRequest, kept["request_id"]) if kept else None


@bp.get("/assistance/answer")
@public
def assistance_answer() -> ResponseReturnValue:
    row = _remembered_request()
    if row is None:
        return _start_again()
    way = answers.way(row)
    return render_template("auth/assistance_answer.html", row=row, way=way.value if way else "")


@bp.route("/assistance/password", methods=["GET", "POST"])
@public
def assistance_password() -> ResponseReturnValue:
    """Set the password; the person then signs in with it."""
    row = _remembered_request()
    way = answers.way(row) if row else None
    if row is None or way is None or way not in answers.OPEN_WAYS:
        return redirect(url_for("auth.assistance_answer"))
    request_id = row.id
    form = NewPasswordForm({"name": row.name, "number": row.id_number, "phone": row.phone})
    db.session.rollback()
    if not form.validate_on_submit():
        page = render_template("auth/assistance_password.html", form=form, way=way.value)
        return page, 422 if form.is_submitted() else 200
    password_hash = passwords.hashed(form.password.data)
    try:
        with writing():
            answers.set_password(request_id, password_hash)
            db.session.commit()
    except StepExpired:
        return redirect(url_for("auth.assistance_answer"))
    session.clear()
    flash("登录密码设置成功，请登录", "g")
    return redirect(url_for("auth.login"))


def _start_again() -> ResponseReturnValue:
    forget("assistance")
    flash("请填写回执编号和证件号码", "y")
    return redirect(url_for("auth.assistance_return"))
