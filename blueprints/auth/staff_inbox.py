"""消息 of staff: digests, records that moved away, sign-ins on new devices; and the address for a copy by mail."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, me, writing
from blueprints.account_forms import AccountForm, SecretQuestion
from blueprints.auth.ask_code import TOO_OFTEN
from blueprints.auth.contacts import WRONG_CODE, ContactCodeForm
from blueprints.auth.shared import bp, duration
from blueprints.auth.staff_account import password_is_right
from lib import identity
from lib.codes import Channel
from lib.questions.fields import TextQuestion
from lib.questions.validators import Email, Length, Optional
from models import Staff, db, site
from services.access import STAFF, only
from services.accounts import contacts, inbox, staff, throttle
from services.accounts.applicants import StepExpired
from services.accounts.staff import KnownStaff


class StaffEmailForm(AccountForm):
    email = TextQuestion(
        "电子邮箱",
        [Optional(), Length(1, 120), Email()],
        clean=identity.normalise_email,
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    current = SecretQuestion("登录密码", "current-password")


@bp.get("/staff/inbox", endpoint="staff_inbox")
@only(*STAFF)
def show_staff_inbox() -> str:
    found, unread = inbox.messages(staff_id=me().id), inbox.unread_count(staff_id=me().id)
    return render_template("auth/inbox.html", messages=found, unread=unread, staff=True)


@bp.post("/staff/inbox/read")
@only(*STAFF)
def read_staff_inbox() -> ResponseReturnValue:
    """全部标为已读."""
    with writing():
        inbox.mark_read(staff_id=me().id)
        db.session.commit()
    return redirect(url_for("auth.staff_inbox"))


@bp.route("/staff/account/email", methods=["GET", "POST"])
@only(*STAFF)
def staff_email() -> ResponseReturnValue:
    """The address for a copy of the messages; empty: none."""
    form, person = StaffEmailForm(), db.session.get_one(Staff, me().id)
    if not form.is_submitted():
        form.email.data = person.email
        return _page(form)
    who = staff.known_from(person)
    if not form.validate() or not password_is_right(form.current, who):
        return _page(form), 422
    try:
        return _change_email(form, who)
    except StepExpired:
        flash("账号刚刚已在别处修改，请核对后再试", "y")
        return redirect(url_for("auth.staff_account"))


def _change_email(form: StaffEmailForm, who: KnownStaff) -> ResponseReturnValue:
    """Where mail is set up a code goes first, and the address is the officer's when the code comes back."""
    address = form.email.data or ""
    if not address or not contacts.can_verify(Channel.EMAIL):
        with writing():
            staff.change_email(who, address)
            db.session.commit()
        flash("电子邮箱已保存" if address else "已不再发送邮件", "g")
        return redirect(url_for("auth.staff_account"))
    with writing():
        made = throttle.count_secret(throttle.SEND_CODE, who.uid, client_source())
        if made.until is None:
            staff.send_email_code(who, address)
        db.session.commit()
    if made.until:
        form.email.errors = [TOO_OFTEN[made.limited].format(duration(made.minutes))]
        return _page(form), 429
    return redirect(url_for("auth.staff_email_code"))


@bp.route("/staff/account/email/code", methods=["GET", "POST"])
@only(*STAFF)
def staff_email_code() -> ResponseReturnValue:
    """The code that was sent to a new address."""
    form = ContactCodeForm()
    if not form.validate_on_submit():
        return _code_page(form), 422 if form.is_submitted() else 200
    guesses = throttle.PASSWORD, f"staff code {me().session_id}"
    with writing():
        made = throttle.count_attempt(guesses)
        db.session.commit()
    if made.until:
        form.code.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
        return _code_page(form), 429
    try:
        with writing():
            staff.confirm_email(me().id, form.code.data or "")
            throttle.reset_failures(*guesses)
            db.session.commit()
    except StepExpired:
        form.code.errors = [WRONG_CODE]
        return _code_page(form), 422
    flash("电子邮箱已保存", "g")
    return redirect(url_for("auth.staff_account"))


def _code_page(form: ContactCodeForm) -> str:
    again = url_for("auth.staff_email")
    return render_template("auth/contact_code.html", form=form, name="电子邮箱", again=again, staff=True)


def _page(form: StaffEmailForm) -> str:
    return render_template("auth/staff_email.html", form=form, has_mail=Channel.EMAIL in site().channels)
