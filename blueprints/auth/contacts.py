"""手机号码 and 电子邮箱 of an applicant: changed with the password, verified by a code where one can be sent."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from blueprints import client_source, me, writing
from blueprints.account_forms import AccountForm, SecretQuestion
from blueprints.auth.ask_code import TOO_OFTEN
from blueprints.auth.forms import ONE_TIME, compact
from blueprints.auth.shared import bp, duration
from lib import identity
from lib.codes import Channel
from lib.questions.fields import TextQuestion
from lib.questions.validators import Checked, Email, Length, Required
from models import Account, db
from services.access import APPLICANTS, only
from services.accounts import contacts, passwords, throttle
from services.accounts.applicants import StepExpired
from services.filing import reading

WRONG_PASSWORD, WRONG_CODE = "登录密码不正确，请重新填写", "验证码不正确，或者已经过期，请核对后再填，或者重新获取"
NAMES = {Channel.SMS: "手机号码", Channel.EMAIL: "电子邮箱"}


class PhoneForm(AccountForm):
    target = TextQuestion(
        "手机号码",
        [Required(), Checked(identity.phone_problem)],
        clean=identity.normalise_phone,
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    current = SecretQuestion("登录密码", "current-password")


class EmailForm(AccountForm):
    target = TextQuestion(
        "电子邮箱",
        [Required(), Length(1, 120), Email()],
        clean=identity.normalise_email,
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    current = SecretQuestion("登录密码", "current-password")


class ContactCodeForm(AccountForm):
    code = TextQuestion("验证码", [Required()], clean=compact, hint="8 位数字", render_kw=ONE_TIME)


@bp.route("/account/phone", methods=["GET", "POST"])
@only(*APPLICANTS)
def change_phone() -> ResponseReturnValue:
    return _change(PhoneForm(), Channel.SMS)


@bp.route("/account/email", methods=["GET", "POST"])
@only(*APPLICANTS)
def change_email() -> ResponseReturnValue:
    return _change(EmailForm(), Channel.EMAIL)


@bp.route("/account/phone/code", methods=["GET", "POST"])
@only(*APPLICANTS)
def confirm_phone() -> ResponseReturnValue:
    return _confirm(Channel.SMS)


@bp.route("/account/email/code", methods=["GET", "POST"])
@only(*APPLICANTS)
def confirm_email() -> ResponseReturnValue:
    return _confirm(Channel.EMAIL)


def _me() -> Account:
    return db.session.get_one(Account, me().id)


def _change(form: PhoneForm | EmailForm, channel: Channel) -> ResponseReturnValue:
    person, can_verify = _me(), contacts.can_verify(channel)
    page = {"form": form, "name": NAMES[channel], "can_verify": can_verify, "is_phone": channel == Channel.SMS}
    page["back"] = _back()
    if not form.is_submitted():
        now = person.phone if channel == Channel.SMS else person.email
        form.target.data = (_declared_phone() if channel == Channel.SMS else "") or now
        return render_template("auth/contact.html", **page)
    if not form.validate() or not _password_is_right(form.current, person):
        return render_template("auth/contact.html", **page), 422
    target = form.target.data or ""
    if not can_verify:
        with writing():
            contacts.change(_me(), channel, target, me())
            db.session.commit()
        return _changed(channel)
    if wait := _send_code(channel, target):
        form.target.errors = [wait]
        return render_template("auth/contact.html", **page), 429
    endpoint = "auth.confirm_phone" if channel == Channel.SMS else "auth.confirm_email"
    return redirect(url_for(endpoint, of=_offered()))


def _offered() -> str | None:
    """The address says that the wizard has offered it: with the phone of the declaration, and back to it."""
    return "declaration" if request.args.get("of") == "declaration" else None


def _declared_phone() -> str:
    declaration = reading.open_declaration(me()) if _offered() else None
    return (declaration.mobile if declaration else "") or ""


def _back() -> str:
    return url_for("wizard.check" if _offered() else "auth.account")


def _send_code(channel: Channel, target: str) -> str:
    """Why none is sent, or nothing."""
    with writing():
        person = _me()
        made = throttle.count_secret(throttle.SEND_CODE, person.uid, client_source())
        if made.until is None:
            contacts.send_code(person, channel, target)
        db.session.commit()
    return TOO_OFTEN[made.limited].format(duration(made.minutes)) if made.until else ""


def _password_is_right(field: Field, person: Account) -> bool:
    """Count the attempt, commit, check; the field gets the message."""
    password_hash, session = person.password_hash, f"applicant {me().session_id}"
    with writing():
        made = throttle.count_attempt((throttle.PASSWORD, session))
        db.session.commit()
    if made.until:
        field.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
    elif not passwords.is_correct(field.data, password_hash):
        field.errors = [WRONG_PASSWORD]
    else:
        with writing():
            throttle.reset_failures(throttle.PASSWORD, session)
            db.session.commit()
    return not field.errors


def _confirm(channel: Channel) -> ResponseReturnValue:
    form = ContactCodeForm()
    if not form.validate_on_submit():
        return _code_page(form, channel), 422 if form.is_submitted() else 200
    with writing():
        made = throttle.count_attempt((throttle.PASSWORD, f"code {me().session_id}"))
        db.session.commit()
    if made.until:
        form.code.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
        return _code_page(form, channel), 429
    try:
        with writing():
            contacts.confirm(_me(), channel, form.code.data or "", me())
            throttle.reset_failures(throttle.PASSWORD, f"code {me().session_id}")
            db.session.commit()
    except StepExpired:
        form.code.errors = [WRONG_CODE]
        return _code_page(form, channel), 422
    return _changed(channel)


def _changed(channel: Channel) -> ResponseReturnValue:
    flash(f"{NAMES[channel]}已保存", "g")
    return redirect(_back())


def _code_page(form: ContactCodeForm, channel: Channel) -> str:
    again = url_for("auth.change_phone" if channel == Channel.SMS else "auth.change_email", of=_offered())
    return render_template("auth/contact_code.html", form=form, name=NAMES[channel], again=again)
