"""立即注册: a complete form is kept for its browser; the first password activates the account."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, preparing, writing
from blueprints.account_forms import NUMBER_TAKEN
from blueprints.auth.forms import NewPasswordForm, RegisterForm
from blueprints.auth.shared import bp, duration, remember, to_sign_in
from lib.codes import IdType
from models import Account, db
from services.access import public
from services.accounts import applicants, passwords, throttle
from services.accounts.applicants import NumberTaken, Registration, StepExpired
from services.accounts.throttle import CountedAttempt
from services.site import privacy

TOKEN = "reservation"  # noqa: S105 - the name under which the page cookie holds it


@bp.route("/register", methods=["GET", "POST"])
@public
def register() -> ResponseReturnValue:
    """Only a complete, valid form reveals whether a number is free, with one message for all reasons."""
    form, prepared = RegisterForm(), preparing.kept()
    if request.method != "POST":
        form.id_type.data = prepared.id_type if prepared else form.id_type.data
        return _page(form)
    if not form.validate():
        return _page(form), 422
    made = _begin(form)
    if made.until:
        page = render_template("auth/register_wait.html", limited=made.limited, wait=duration(made.minutes))
        return page, 429
    try:
        with writing():
            token = applicants.reserve(_wanted(form), session.get(TOKEN, ""))
            throttle.uncount_attempt(made, throttle.REGISTER_TAKEN)
            db.session.commit()
    except NumberTaken:
        with writing():
            throttle.uncount_attempt(made, throttle.REGISTER_OPEN)
            db.session.commit()
        remember("occupied", **{name: form[name].data for name in ("id_type", "number", "name", "phone")})
        return _page(form, occupied=NUMBER_TAKEN), 409
    session[TOKEN] = token
    return redirect(url_for("auth.register_password"))


def _begin(form: RegisterForm) -> CountedAttempt:
    """Count by risk. A browser that changes its registration has no second one open."""
    source = client_source()
    by_address = [throttle.REGISTER_TAKEN, throttle.REGISTER_ADDRESS]
    if applicants.reservation(session.get(TOKEN, "")) is None:
        by_address.append(throttle.REGISTER_OPEN)
    with writing():
        made = throttle.count_attempt(
            (throttle.REGISTER, source.of(form.number.data)),
            (throttle.REGISTER_PHONE, source.of(form.phone.data)),
            *map(source.within, by_address),
        )
        db.session.commit()
    return made


def _finish(number: str, phone: str) -> None:
    """The registration has ended well: what was counted on the way is forgotten."""
    source = client_source()
    throttle.reset_failures(throttle.REGISTER, source.of(number))
    throttle.reset_failures(throttle.REGISTER_PHONE, source.of(phone))
    throttle.uncount_oldest(*source.within(throttle.REGISTER_OPEN))


def _wanted(form: RegisterForm) -> Registration:
    return Registration(
        IdType(form.id_type.data or ""),
        form.number.data,
        form.name.data,
        form.phone.data,
        form.email.data or "",
        privacy.VERSION,
    )


def _page(form: RegisterForm, occupied: str = "") -> str:
    return render_template("auth/register.html", form=form, occupied=occupied)


@bp.route("/register/password", methods=["GET", "POST"])
@public
def register_password() -> ResponseReturnValue:
    """设置登录密码, only with the reservation of this browser. Leads to the sign-in page (guide)."""
    token = session.get(TOKEN, "")
    account = applicants.reservation(token)
    if account is None:
        return _start_again()
    form = NewPasswordForm(_personal(account))
    db.session.rollback()  # hashing is slow: do not hold a transaction
    if not form.validate_on_submit():
        return render_template("auth/register_password.html", form=form), 422 if form.is_submitted() else 200
    password_hash, prepared = passwords.hashed(form.password.data), preparing.kept()
    try:
        with writing():
            account = applicants.activate(token, password_hash)
            account.prepared = prepared.to_keep() if prepared else None
            _finish(account.id_number, account.phone or "")
            typed = _personal(account)
            db.session.commit()
    except StepExpired:
        return _start_again()
    except NumberTaken:
        return _page(RegisterForm(formdata=None), occupied=NUMBER_TAKEN), 409
    session.pop(TOKEN)
    session.pop(preparing.KEPT, None)
    flash("注册成功，请登录", "g")
    return to_sign_in(typed)


def _personal(account: Account) -> dict[str, str]:
    return {"name": account.name, "number": account.id_number, "phone": account.phone or ""}


def _start_again() -> ResponseReturnValue:
    session.pop(TOKEN, None)
    flash("注册信息已过期，请重新填写", "y")
    return redirect(url_for("auth.register"))
