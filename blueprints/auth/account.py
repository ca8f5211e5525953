"""我的账号 and 消息 of an applicant."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import device_name, me, writing
from blueprints.auth.forms import ChangePasswordForm
from blueprints.auth.shared import bp, set_device_cookie, signed_in_response
from lib.codes import Channel
from models import Account, db, site
from services import audit
from services.access import APPLICANTS, only
from services.accounts import applicants, inbox, known_devices, passwords, sessions, throttle
from services.accounts.applicants import KnownApplicant, StepExpired

WRONG = "原登录密码不正确，请重新填写"


@bp.route("/account", methods=["GET", "POST"])
@only(*APPLICANTS)
def account() -> ResponseReturnValue:
    """Change the password with the old one. All sessions end, and this browser gets a new one."""
    person = db.session.get_one(Account, me().id)
    who = applicants.known(person)
    assert who  # a signed-in account is active and has a password
    form = ChangePasswordForm({"name": who.name, "number": who.number, "phone": who.phone})
    if not form.validate_on_submit():
        return _page(person, form), 422 if form.is_submitted() else 200
    with writing():
        made = throttle.count_attempt((throttle.PASSWORD, _session()))
        db.session.commit()
    if made.until:
        form.current.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
        return _page(person, form), 429
    if not passwords.is_correct(form.current.data, who.password_hash):
        form.current.errors = [WRONG]
        return _page(person, form), 422
    return _change(who, passwords.hashed(form.password.data))


def _session() -> str:
    """Counted for the session: who holds another one keeps nobody from changing the password."""
    return f"applicant {me().session_id}"


def _change(who: KnownApplicant, password_hash: str) -> ResponseReturnValue:
    try:
        with writing():
            token = applicants.change_password(who, password_hash, device_name())
            throttle.reset_failures(throttle.PASSWORD, _session())
            device = known_devices.remember("", account_id=who.account_id)
            db.session.commit()
    except StepExpired:  # changed on another device meanwhile
        flash("登录密码刚刚已在别处修改，请核对", "y")
        return redirect(url_for("auth.account"))
    response = signed_in_response(token, device, url_for("auth.account"), staff=False)
    flash("登录密码已修改，其他设备已退出", "g")
    return response


def _page(person: Account, form: ChangePasswordForm) -> str:
    return render_template(
        "auth/account.html",
        form=form,
        account=person,
        devices=applicants.devices(person.id),
        accesses=audit.accesses(person.id),
        here=me().session_id,
        unread=inbox.unread_count(person.id),
        sms=Channel.SMS in site().channels,
        mail=Channel.EMAIL in site().channels,
    )


@bp.post("/account/devices")
@only(*APPLICANTS)
def end_other_devices() -> ResponseReturnValue:
    """退出其他设备. They are no longer known, either."""
    with writing():
        sessions.end_all(account_id=me().id, but=me().session_id)
        known_devices.forget(account_id=me().id)
        device = known_devices.remember("", account_id=me().id)
        audit.record("end_sessions", me())
        db.session.commit()
    flash("其他设备已退出登录", "g")
    response = redirect(url_for("auth.account"))
    set_device_cookie(response, device, staff=False)
    return response


@bp.post("/account/devices/<int:session_id>")
@only(*APPLICANTS)
def end_device(session_id: int) -> ResponseReturnValue:
    """退出 one device: lost, or in an internet café. Another person's session is not found."""
    with writing():
        found = sessions.end_one(session_id, account_id=me().id)
        if found:
            audit.record("end_session", me())
            db.session.commit()
    if not found:
        abort(404)
    flash("这台设备已退出登录", "g")
    return redirect(url_for("auth.account" if session_id != me().session_id else "public.home"))


@bp.get("/inbox", endpoint="inbox")
@only(*APPLICANTS)
def show_inbox() -> str:
    found = inbox.messages(me().id)
    return render_template("auth/inbox.html", messages=found, unread=inbox.unread_count(me().id))


@bp.post("/inbox/read")
@only(*APPLICANTS)
def read_inbox() -> ResponseReturnValue:
    """全部标为已读. A button, because a GET must not change anything."""
    with writing():
        inbox.mark_read(me().id)
        db.session.commit()
    return redirect(url_for("auth.inbox"))
