"""我的账号 of staff: password, second factor, recovery codes, keys. Important changes ask for the password again."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pyotp import random_base32

from blueprints import device_name, me, writing
from blueprints.auth.forms import AccountForm, ChangePasswordForm, PasswordAgainForm, TotpForm
from blueprints.auth.shared import bp, forget, remember, remembered, signed_in_response
from lib.questions.fields import Question
from models import Staff, db
from services.access import STAFF, only
from services.accounts import known_devices, passwords, staff, throttle
from services.accounts.applicants import StepExpired
from services.accounts.staff import KnownStaff

WRONG = "登录密码不正确"


def _known() -> KnownStaff:
    return staff.known_from(db.session.get_one(Staff, me().id))


def password_is_right(field: Question, who: KnownStaff) -> bool:
    """Count the attempt, commit, check; the field gets the message."""
    session = f"staff {me().session_id}"  # who holds another one keeps nobody from it
    with writing():
        made = throttle.count_attempt((throttle.PASSWORD, session))
        db.session.commit()
    if made.until:
        field.errors = [f"尝试次数过多，请 {made.minutes} 分钟后再试"]
    elif not passwords.is_correct(field.data, who.password_hash, staff=True):
        field.errors = [WRONG]
    else:
        with writing():
            throttle.reset_failures(throttle.PASSWORD, session)
            db.session.commit()
    return not field.errors


def _changed_elsewhere() -> ResponseReturnValue:
    flash("账号刚刚已在别处修改，请核对后再试", "y")
    return redirect(url_for("auth.staff_account"))


@bp.route("/staff/account", methods=["GET", "POST"])
@only(*STAFF)
def staff_account() -> ResponseReturnValue:
    """Change the password with the old one. All sessions end, and this browser gets a new one."""
    form = ChangePasswordForm({"name": me().name})
    if not form.validate_on_submit():
        return _account_page(form), 422 if form.is_submitted() else 200
    if me().password_due and form.password.data == form.current.data:
        form.password.errors = ["请换一个与原密码不同的新密码"]
        return _account_page(form), 422
    who = _known()
    if not password_is_right(form.current, who):
        return _account_page(form), 422
    password_hash = passwords.hashed(form.password.data, staff=True)
    try:
        with writing():
            token = staff.change_password(who, password_hash, device_name())
            device = known_devices.remember("", staff_id=who.staff_id)
            db.session.commit()
    except StepExpired:
        return _changed_elsewhere()
    response = signed_in_response(token, device, url_for("auth.staff_account"), staff=True)
    flash("登录密码已修改，其他设备已退出", "g")
    return response


def _account_page(form: ChangePasswordForm) -> str:
    return render_template(
        "auth/staff_account.html",
        form=form,
        staff=db.session.get_one(Staff, me().id),
        codes_left=staff.unused_recovery_codes(me().id),
        with_totp=current_app.config["STAFF_TOTP"],
    )


@bp.route("/staff/account/totp", methods=["GET", "POST"])
@only(*STAFF)
def staff_totp() -> ResponseReturnValue:
    """重新设置动态验证码: the password, then a QR code, then the first code of the new secret."""
    pending = remembered("totp")
    if pending and pending["uid"] == _known().uid:
        return _confirm_totp(pending["secret"])
    form = PasswordAgainForm()
    if not form.validate_on_submit() or not password_is_right(form.current, who := _known()):
        return _password_page(form, "重新设置动态验证码", "auth.staff_totp")
    remember("totp", secret=random_base32(), uid=who.uid)
    return redirect(url_for("auth.staff_totp"))


def _confirm_totp(secret: str) -> ResponseReturnValue:
    import segno  # large, seldom needed

    form = TotpForm()
    if form.validate_on_submit():
        if step := staff.step_of(secret, form.code.data):
            return _change_totp(secret, step)
        form.code.errors = ["动态验证码不正确，请等验证器应用里出现新的数字再试"]
    qr = segno.make(staff.otpauth(db.session.get_one(Staff, me().id).username, secret))
    page = render_template(
        "auth/staff_totp.html", form=form, picture=qr.svg_data_uri(scale=5), secret=" ".join(_fours(secret))
    )
    return page, 422 if form.is_submitted() else 200


def _fours(secret: str) -> list[str]:
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


def _change_totp(secret: str, step: int) -> ResponseReturnValue:
    with writing():
        staff.change_totp(_known(), secret, step, me().session_id)
        db.session.commit()
    forget("totp")
    flash("动态验证码已重新设置，请从现在起使用新的；其他设备已退出", "g")
    return redirect(url_for("auth.staff_account"))


@bp.route("/staff/account/codes", methods=["GET", "POST"])
@only(*STAFF)
def staff_codes() -> ResponseReturnValue:
    """恢复码: replace them by ten new ones, shown once."""
    form = PasswordAgainForm()
    if not form.validate_on_submit() or not password_is_right(form.current, who := _known()):
        return _password_page(form, "生成新的恢复码", "auth.staff_codes")
    try:
        with writing():
            codes = staff.renew_recovery_codes(who)
            db.session.commit()
    except StepExpired:
        return _changed_elsewhere()
    return render_template("auth/staff_codes.html", codes=codes)


def _password_page(form: AccountForm, title: str, endpoint: str) -> ResponseReturnValue:
    page = render_template("auth/staff_password.html", form=form, title=title, action=url_for(endpoint))
    return page, 422 if form.is_submitted() else 200


@bp.post("/staff/account/keys")
@only(*STAFF)
def staff_keys() -> ResponseReturnValue:
    """单键操作 on the review page, on or off."""
    with writing():
        staff.set_single_keys(me().id, request.form.get("keys") == "on")
        db.session.commit()
    flash("已保存", "g")
    return redirect(url_for("auth.staff_account"))
