"""导出我的信息 and 注销账号 of an applicant. Both ask for the password again."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from flask import abort, current_app, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.account_forms import AccountForm, SecretQuestion
from blueprints.auth.shared import bp, signed_out_response
from lib.storage import FileDamaged, FileMissing
from models import Account, db, store
from services.access import APPLICANTS, only
from services.accounts import applicants, passwords, throttle
from services.accounts.applicants import KnownApplicant, StepExpired
from services.retention import closing, own_export
from services.retention.closing import CannotClose
from services.sheet import batch_print

WRONG = "登录密码不正确，请重新填写"


class ConfirmForm(AccountForm):
    current = SecretQuestion("登录密码", "current-password")


def _person() -> KnownApplicant:
    who = applicants.known(db.session.get_one(Account, me().id))
    assert who  # a signed-in account is active and has a password
    return who


def _refused(who: KnownApplicant, form: ConfirmForm) -> int:
    """The status of a form that does not prove the person, with the reason at its field; 0 if it does."""
    if not form.validate_on_submit():
        return 422
    with writing():
        made = throttle.count_attempt((throttle.PASSWORD, f"applicant {me().session_id}"))
        db.session.commit()
    if made.until:
        form.current.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
        return 429
    if not passwords.is_correct(form.current.data, who.password_hash):
        form.current.errors = [WRONG]
        return 422
    return 0


@bp.route("/account/data", methods=["GET", "POST"])
@only(*APPLICANTS)
def own_data() -> ResponseReturnValue:
    """Ask for the file; wait for it; fetch it."""
    form = ConfirmForm()
    if not form.is_submitted():
        return _data_page(form)
    if status := _refused(_person(), form):
        return _data_page(form), status
    with writing():
        made = throttle.count_attempt((throttle.OWN_DATA, str(me().id)))
        if made.until is None:
            throttle.reset_failures(throttle.PASSWORD, f"applicant {me().session_id}")
            own_export.ask(me())
        db.session.commit()
    if made.until:
        flash("一天最多导出 3 次，请明天再试", "y")
    elif current_app.config["STARTS_DRAWERS"]:
        batch_print.start_drawer(Path(current_app.root_path))
    return redirect(url_for("auth.own_data"))


def _data_page(form: ConfirmForm) -> str:
    job = own_export.latest(me())
    return render_template(
        "auth/own_data.html", form=form, job=job, until=job and batch_print.until(job), is_open=own_export.is_open(job)
    )


@bp.get("/account/data/file")
@only(*APPLICANTS)
def own_data_file() -> ResponseReturnValue:
    job = own_export.latest(me())
    if job is None or job.address is None:
        return redirect(url_for("auth.own_data"))
    try:
        packed = store().get(job.address)
    except (FileMissing, FileDamaged):
        abort(404)
    return send_file(BytesIO(packed), own_export.TYPE, as_attachment=True, download_name=own_export.file_name(job))


@bp.route("/account/close", methods=["GET", "POST"])
@only(*APPLICANTS)
def close_account() -> ResponseReturnValue:
    """What goes and what stays, then the password."""
    form, who = ConfirmForm(), _person()
    if not form.is_submitted() or closing.obstacle(who.account_id):
        return _close_page(form)
    if status := _refused(who, form):
        return _close_page(form), status
    try:
        with writing():
            closing.close(who, me())
            db.session.commit()
    except (CannotClose, StepExpired):  # submitted in another window, or the password was changed
        flash("情况刚刚有变化，账号没有注销，请核对", "y")
        return redirect(url_for("auth.close_account"))
    response = signed_out_response(url_for("public.home"), staff=False)
    flash("账号已注销，您的个人信息已经删除", "g")  # after the session of before was cleared
    return response


def _close_page(form: ConfirmForm) -> str:
    return render_template("auth/close_account.html", form=form, obstacle=closing.obstacle(me().id))
