"""Staff sign-in with two factors. One message for all failures, the same work for unknown user names."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_address, device_name, writing
from blueprints.auth.forms import StaffLoginForm
from blueprints.auth.shared import bp, end_current_session, next_path, sign_out, signed_in_response
from blueprints.gate import signed_in
from models import db
from services.access import OFFICERS, Actor, public
from services.accounts import passwords, staff, throttle
from services.accounts.applicants import StepExpired
from services.accounts.staff import KnownStaff, SecondFactor
from services.accounts.throttle import CountedAttempt
from services.filing import next_page

WRONG = "用户名、登录密码或动态验证码不正确"


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
        return _login_page(form, f"尝试次数过多，请 {made.minutes} 分钟后再试"), 429
    is_right = passwords.is_correct(form.password.data, who.password_hash if who else None, staff=True)
    return _enter(form, made, who) if who and is_right else (_login_page(form, WRONG), 422)


def _begin(form: StaffLoginForm) -> tuple[CountedAttempt, KnownStaff | None]:
    """Store the attempt before any check; the password is checked outside of transactions."""
    name = form.username.data
    with writing():
        made = throttle.count_attempt((throttle.STAFF_SIGN_IN, name), (throttle.STAFF_ADDRESS, client_address()))
        db.session.commit()
    who = staff.active_account(name)
    db.session.rollback()
    return made, who


def _enter(form: StaffLoginForm, made: CountedAttempt, who: KnownStaff) -> ResponseReturnValue:
    """After the correct password; the sign-in redeems the second factor."""
    new_hash = passwords.rehashed(form.password.data, who.password_hash, staff=True)
    try:
        with writing():
            token, actor = staff.sign_in(who, _second_factor(form, who), device_name(), new_hash)
            throttle.uncount_attempt(made)
            throttle.reset_failures(throttle.STAFF_SIGN_IN, form.username.data)
            end_current_session()
            db.session.commit()
    except StepExpired:
        return _login_page(form, WRONG), 422
    return signed_in_response(token, _place(actor), staff=True)


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
    return parked or wanted or url_for("review.queue" if actor.role in OFFICERS else "auth.staff_account")


def _login_page(form: StaffLoginForm, problem: str = "") -> str:
    return render_template("auth/staff_login.html", form=form, problem=problem, next_path=next_path())


@bp.post("/staff/logout")
@public
def staff_logout() -> ResponseReturnValue:
    response = sign_out("auth.staff_login", staff=True)
    flash("您已安全退出。", "g")
    return response
