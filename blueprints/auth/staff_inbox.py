"""消息 of staff: digests, records that moved away, sign-ins on new devices; and the address for a copy by mail."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.account_forms import AccountForm, SecretQuestion
from blueprints.auth.shared import bp
from blueprints.auth.staff_account import password_is_right
from lib.codes import Channel
from lib.questions.fields import TextQuestion
from lib.questions.validators import Email, Length, Optional
from models import Staff, db, site
from services.access import STAFF, only
from services.accounts import inbox, staff
from services.accounts.applicants import StepExpired


class StaffEmailForm(AccountForm):
    email = TextQuestion(
        "电子邮箱", [Optional(), Length(1, 120), Email()], render_kw={"autocomplete": "email", "inputmode": "email"}
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
        with writing():
            staff.change_email(who, form.email.data or "")
            db.session.commit()
        flash("电子邮箱已保存" if form.email.data else "已不再发送邮件", "g")
    except StepExpired:
        flash("账号刚刚已在别处修改，请核对后再试", "y")
    return redirect(url_for("auth.staff_account"))


def _page(form: StaffEmailForm) -> str:
    return render_template("auth/staff_email.html", form=form, has_mail=Channel.EMAIL in site().channels)
