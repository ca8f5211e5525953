"""登录 and 退出 of applicants."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints import client_source, device_name, writing
from blueprints.account_forms import LoginForm
from blueprints.auth.shared import (
    bp,
    duration,
    end_current_session,
    forget,
    next_path,
    remembered,
    sent_device_token,
    sign_out,
    signed_in_response,
)
from blueprints.gate import signed_in
from models import Account, db
from services.access import Actor, public
from services.accounts import applicants, known_devices, passwords, throttle
from services.accounts.applicants import AccountFrozen, KnownApplicant, StepExpired
from services.accounts.throttle import CountedAttempt
from services.filing import next_page

WRONG = "姓名、证件号码或登录密码不正确，请核对后再试"
WRONG_PASSWORD = "登录密码不正确，请核对后再试"  # noqa: S105 - words
FROZEN = "该账号已被冻结，不能登录。如有疑问，请携带身份证件到当地会计管理部门核实，或者拨打咨询电话"
TOO_OFTEN = {
    "source": "该证件号码在您所在的网络登录失败的次数过多，请 {}后再试，或者换用其他网络（如手机流量）登录。"
    "忘记密码的，请使用【忘记密码】",
    "person": "该证件号码今天登录失败的次数过多，可能有人在试密码。请用以前登录过的手机或电脑登录，或者 {}后再试；"
    "着急的，请到会计管理部门窗口领取激活码，通过【忘记密码】重新设置",
    "address": "您所在的网络登录失败的次数过多，与您的证件号码无关。请 {}后再试，或者换用其他网络（如手机流量）登录；"
    "以前登录过的手机或电脑可以直接登录",
}


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """One message for all failures, and the same work for unknown numbers."""
    if request.method != "POST":
        actor = signed_in()
        return redirect(_place(actor)) if actor else _page(_filled())
    form = _sent()
    if not form.validate():
        return _page(form), 422
    made, who = _begin(form)
    if made.until:
        return _page(form, TOO_OFTEN[made.limited].format(duration(made.minutes))), 429
    proved = applicants.authenticate(who, form.name.data, form.password.data)
    if proved:
        return _enter(form, made, proved)
    return _page(form, WRONG if "number" in request.form else WRONG_PASSWORD), 422


def _who_returns() -> KnownApplicant | None:
    """Whose session timed out in this browser: the password is enough then, unless another person wants to sign in."""
    ended = g.ended
    if not ended or not ended.timed_out or not ended.account_id or "other" in request.args:
        return None
    return applicants.known(db.session.get(Account, ended.account_id))


def _sent() -> LoginForm:
    """The form, with name and number where the page did not ask for them."""
    who = None if "number" in request.form else _who_returns()
    return LoginForm(MultiDict({**request.form, "name": who.name, "number": who.number})) if who else LoginForm()


def _filled() -> LoginForm:
    """After 设置登录密码 with name and number, once: a computer may be used by others, too."""
    who = remembered("sign_in")
    forget("sign_in")
    return LoginForm(data=who) if who else LoginForm()


def _begin(form: LoginForm) -> tuple[CountedAttempt, KnownApplicant | None]:
    """Store the attempt before any check; the password is checked outside of transactions."""
    number = form.number.data
    who = applicants.known(applicants.find_to_sign_in(number, form.name.data))
    device_id = known_devices.find(sent_device_token(staff=False), account_id=who.account_id if who else 0)
    with writing():
        made = throttle.count_secret(throttle.SIGN_IN, number, client_source(), device_id)
        db.session.commit()
    return made, who


def _enter(form: LoginForm, made: CountedAttempt, who: KnownApplicant) -> ResponseReturnValue:
    new_hash = passwords.rehashed(form.password.data, who.password_hash)
    try:
        with writing():
            token, actor = applicants.sign_in(who, device_name(), new_hash)
            throttle.count_success(made, throttle.SIGN_IN, form.number.data, client_source())
            device = known_devices.remember(sent_device_token(staff=False), account_id=who.account_id)
            end_current_session()
            db.session.commit()
    except StepExpired:  # the password was changed meanwhile
        return _page(form, WRONG), 422
    except AccountFrozen:
        return _page(form, FROZEN), 422
    return signed_in_response(token, device, _place(actor), staff=False)


def _place(actor: Actor) -> str:
    """First the stored form, then the wanted page, then the next page of the declaration."""
    parked = next_page.parked_path(actor)
    endpoint, values = next_page.after_sign_in(actor)
    return parked or next_path() or url_for(endpoint, **values)


def _page(form: LoginForm, problem: str = "") -> str:
    who = None if "number" in request.form else _who_returns()
    return render_template("auth/login.html", form=form, problem=problem, next_path=next_path(), who=who)


@bp.post("/logout")
@public
def logout() -> ResponseReturnValue:
    """退出 leads to the home page (guide). It works without a session, too."""
    response = sign_out("public.home", staff=False)
    flash("您已安全退出。", "g")
    return response
