"""忘记密码: name and number, then a code, then a new password. It never signs the person in.

The code is one of the counter's, or was sent to the verified phone.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, writing
from blueprints.account_forms import WhoForm
from blueprints.auth.forms import CodeForm, NewPasswordForm
from blueprints.auth.shared import CODE_TOO_OFTEN, bp, duration, forget, remember, remembered, to_sign_in
from lib.codes import Channel
from models import Account, db, site
from services.access import public
from services.accounts import applicants, passwords, throttle
from services.accounts.applicants import StepExpired

WRONG = "核对不一致，请检查姓名、证件号码和激活码后再试。多次不成功的，请到当地会计管理部门窗口办理"


@bp.route("/forgot", methods=["GET", "POST"])
@public
def forgot() -> ResponseReturnValue:
    """It queries nothing: everybody gets the second page."""
    form = WhoForm()
    if not form.validate_on_submit():
        return render_template("auth/forgot.html", form=form, by_sms=_by_sms()), 422 if form.is_submitted() else 200
    forget("reset")
    remember("forgot", name=form.name.data, number=form.number.data)
    return redirect(url_for("auth.forgot_code"))


@bp.route("/forgot/code", methods=["GET", "POST"])
@public
def forgot_code() -> ResponseReturnValue:
    who = remembered("forgot")
    if who is None:
        return _start_again()
    form = CodeForm(by_sms=_by_sms())
    if request.method != "POST":
        return _code_page(form)
    return _check(form, who["name"], who["number"]) if form.validate() else (_code_page(form), 422)


def _check(form: CodeForm, name: str, number: str) -> ResponseReturnValue:
    """Count, commit, check. All failures get the same answer."""
    with writing():
        made = throttle.count_secret(throttle.CODE, number, client_source())
        db.session.commit()
    if made.until:
        return _code_page(form, CODE_TOO_OFTEN[made.limited].format(duration(made.minutes))), 429
    found = applicants.account_for_code(number, name, form.code.data)
    if found is None:
        db.session.rollback()
        return _code_page(form, WRONG), 422
    with writing():
        throttle.uncount_attempt(made)
        db.session.commit()
    remember("reset", **found)
    return redirect(url_for("auth.forgot_password"))


def _code_page(form: CodeForm, problem: str = "") -> str:
    return render_template("auth/forgot_code.html", form=form, problem=problem, by_sms=_by_sms())


def _by_sms() -> bool:
    return Channel.SMS in site().channels


@bp.route("/forgot/password", methods=["GET", "POST"])
@public
def forgot_password() -> ResponseReturnValue:
    opened = remembered("reset")
    if opened is None:
        return _start_again()
    account = db.session.get_one(Account, opened["account_id"])
    form = NewPasswordForm({"name": account.name, "number": account.id_number, "phone": account.phone or ""})
    db.session.rollback()
    if not form.validate_on_submit():
        page = render_template("auth/forgot_password.html", form=form, by_sms=_by_sms())
        return page, 422 if form.is_submitted() else 200
    password_hash = passwords.hashed(form.password.data)
    try:
        with writing():
            applicants.reset_password(password_hash=password_hash, **opened)
            db.session.commit()
    except StepExpired:
        return _start_again()
    typed = remembered("forgot")
    forget("forgot", "reset")
    flash("新密码设置成功，请登录", "g")
    return to_sign_in(typed)


def _start_again() -> ResponseReturnValue:
    forget("forgot", "reset")
    flash("页面已过期，请重新填写姓名和证件号码", "y")
    return redirect(url_for("auth.forgot"))
