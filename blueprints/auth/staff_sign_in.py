"""Staff sign-in with two factors. One message for all failures, the same work for unknown user names."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, device_name, writing
from blueprints.auth.forms import StaffLoginForm
from blueprints.auth.shared import (
    bp,
    duration,
    end_current_session,
    next_path,
    sent_device_token,
    sign_out,
    signed_in_response,
)
from blueprints.gate import signed_in
from models import db
from services.access import OFFICERS, Actor, public
from services.accounts import known_devices, passwords, staff, throttle
from services.accounts.applicants import StepExpired
from services.accounts.staff import KnownStaff, SecondFactor
from services.accounts.throttle import CountedAttempt
from services.filing import next_page

WRONG = "用户名、登录密码或动态验证码不正确"
TOO_OFTEN = {
    "source": "该用户名在您所在的网络登录失败的次数过多，请 {}后再试，或者换用其他网络登录",
    "person": "该用户名今天登录失败的次数过多，可能有人在试密码。请用以前登录过的电脑登录，或者 {}后再试；"
    "着急的，请联系系统管理员",
    "address": "您所在的网络登录失败的次数过多，与您的用户名无关。请 {}后再试，或者换用其他网络登录；"
    "以前登录过的电脑可以直接登录",
}


@bp.route("/staff/login", methods=["GET", "POST"])
@public
def staff_login() -> ResponseReturnValue:
    form = StaffLoginForm(with_totp=current_app.config["STAFF_TOTP"])
    if request.method != "POST":
        actor = signed_in()
        return redirect(_place(actor)) if actor else _login_page(form)
    if not form.validate():
        return _login_page(form), 422
    made, who = _begin(form)
    if made.until:
        return _login_page(form, TOO_OFTEN[made.limited].format(duration(made.minutes))), 429
    is_right = passwords.is_correct(form.password.data, who.password_hash if who else None, staff=True)
    return _enter(form, made, who) if who and is_right else (_login_page(form, WRONG), 422)


def _begin(form: StaffLoginForm) -> tuple[CountedAttempt, KnownStaff | None]:
    """Store the attempt before any check; the password is checked outside of transactions."""
    username = form.username.data
    who = staff.active_account(username)
    device_id = known_devices.find(sent_device_token(staff=True), staff_id=who.staff_id if who else 0)
    with writing():
        made = throttle.count_secret(throttle.STAFF_SIGN_IN, username, client_source(), device_id)
        db.session.commit()
    return made, who


def _enter(form: StaffLoginForm, made: CountedAttempt, who: KnownStaff) -> ResponseReturnValue:
    """After the correct password; the sign-in redeems the second factor."""
    new_hash = passwords.rehashed(form.password.data, who.password_hash, staff=True)
    try:
        with writing():
            token, actor = staff.sign_in(who, _second_factor(form, who), device_name(), new_hash)
            throttle.count_success(made, throttle.STAFF_SIGN_IN, form.username.data, client_source())
            device = known_devices.remember(sent_device_token(staff=True), staff_id=who.staff_id)
            if not made.device_id:
                staff.tell_new_device(who.staff_id)
            end_current_session()
            db.session.commit()
    except StepExpired:
        return _login_page(form, WRONG), 422
    return signed_in_response(token, device, _place(actor), staff=True)


def _second_factor(form: StaffLoginForm, who: KnownStaff) -> SecondFactor | None:
    """Raises StepExpired for a wrong code; None when the setting turns the second factor off."""
    if "code" not in form:
        return None
    factor = staff.second_factor(who, form.code.data)
    if factor is None:
        raise StepExpired
    return factor


def _place(actor: Actor) -> str:
    parked = next_page.parked_path(actor)
    wanted = next_path() if next_path().startswith("/staff/") else ""
    return parked or wanted or url_for("review.queue" if actor.role in OFFICERS else "admin.home")


def _login_page(form: StaffLoginForm, problem: str = "") -> str:
    return render_template("auth/staff_login.html", form=form, problem=problem, next_path=next_path())


@bp.post("/staff/logout")
@public
def staff_logout() -> ResponseReturnValue:
    response = sign_out("auth.staff_login", staff=True)
    flash("您已安全退出。", "g")
    return response
