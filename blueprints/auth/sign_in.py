"""登录 and 退出 of applicants."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_address, device_name, writing
from blueprints.account_forms import LoginForm
from blueprints.auth.shared import bp, end_current_session, next_path, sign_out, signed_in_response
from blueprints.gate import signed_in
from models import db
from services.access import Actor, public
from services.accounts import applicants, passwords, throttle
from services.accounts.applicants import KnownApplicant, StepExpired
from services.accounts.throttle import CountedAttempt
from services.filing import next_page

WRONG = "姓名、证件号码或登录密码不正确，请核对后再试"


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """One message for all failures, and the same work for unknown numbers."""
    form = LoginForm()
    if request.method != "POST":
        actor = signed_in()
        return redirect(_place(actor)) if actor else _page(form)
    if not form.validate():
        return _page(form), 422
    made, who = _begin(form)
    if made.until:
        return _page(form, f"尝试次数过多，请 {made.minutes} 分钟后再试"), 429
    proved = applicants.authenticate(who, form.name.data, form.password.data)
    return _enter(form, made, proved) if proved else (_page(form, WRONG), 422)


def _begin(form: LoginForm) -> tuple[CountedAttempt, KnownApplicant | None]:
    """Store the attempt before any check; the password is checked outside of transactions."""
    number = form.number.data
    with writing():
        made = throttle.count_attempt((throttle.SIGN_IN, number), (throttle.SIGN_IN_ADDRESS, client_address()))
        db.session.commit()
    who = applicants.known(applicants.find(number))
    db.session.rollback()
    return made, who


def _enter(form: LoginForm, made: CountedAttempt, who: KnownApplicant) -> ResponseReturnValue:
    new_hash = passwords.rehashed(form.password.data, who.password_hash)
    try:
        with writing():
            token, actor = applicants.sign_in(who, device_name(), new_hash)
            throttle.uncount_attempt(made)
            throttle.reset_failures(throttle.SIGN_IN, form.number.data)
            end_current_session()
            db.session.commit()
    except StepExpired:  # the password was changed meanwhile
        return _page(form, WRONG), 422
    return signed_in_response(token, _place(actor), staff=False)


def _place(actor: Actor) -> str:
    """First the stored form, then the wanted page, then the next page of the declaration."""
    parked = next_page.parked_path(actor)
    endpoint, values = next_page.after_sign_in(actor)
    return parked or next_path() or url_for(endpoint, **values)


def _page(form: LoginForm, problem: str = "") -> str:
    return render_template("auth/login.html", form=form, problem=problem, next_path=next_path())


@bp.post("/logout")
@public
def logout() -> ResponseReturnValue:
    """退出 leads to the home page (guide). It works without a session, too."""
    response = sign_out("public.home", staff=False)
    flash("您已安全退出。", "g")
    return response
