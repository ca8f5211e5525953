"""管理员账号: a security administrator proposes and disables, a system administrator confirms (docs/adr/036)."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.admin.shared import bp
from blueprints.admin.staff import NewStaffForm, changed, show_slip
from models import Staff, db
from services.access import only
from services.accounts import passwords, staff
from services.accounts.staff import StaffRefused
from services.administration import administrators, staff_accounts
from services.administration.administrators import CONFIRMERS, PROPOSERS

SETTLED = "这个账号已经处理过。初始密码只显示一次：没有交给本人的，请重新生成初始密码"


class NewAdministratorForm(NewStaffForm):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.role.fixed = administrators.roles()


@bp.route("/staff/new-administrator", methods=["GET", "POST"])
@only(*PROPOSERS)
def new_administrator() -> ResponseReturnValue:
    """The answer to the form is the slip with the second factor; the password comes with the confirmation."""
    form = NewAdministratorForm()
    if not form.validate_on_submit():
        return render_template("admin/administrator_new.html", form=form), 422 if form.errors else 200
    nobody_knows = passwords.hashed(staff.first_password(), staff=True)
    try:
        with writing():
            row, secret = administrators.propose(me(), form.wanted, nobody_knows)
            uid = row.uid
            db.session.commit()
    except StaffRefused as error:
        (form.username if "用户名" in str(error) else form.role).errors = [str(error)]
        return render_template("admin/administrator_new.html", form=form), 422
    return show_slip(uid, secret=secret)


@bp.post("/staff/<uid>/propose")
@only(*PROPOSERS)
def propose_administrator(uid: str) -> ResponseReturnValue:
    """Propose to enable a disabled administrator; with ``action=disable`` disable one at once."""
    try:
        with writing():
            row = _found(uid)
            if request.form.get("action") == "disable":
                said = _disable(row)
            else:
                said = _propose(row)
            db.session.commit()
        return changed(uid, said)
    except StaffRefused as error:
        flash(str(error), "r")
        return redirect(url_for("admin.staff_member", uid=uid))


def _disable(row: Staff) -> str:
    if not administrators.may_disable(me(), row):
        abort(404)
    staff_accounts.disable(row, me())
    return "账号已停用"


def _propose(row: Staff) -> str:
    if not administrators.may_propose(me(), row):
        abort(404)
    administrators.propose_enabling(me(), row)
    return "已提出，请系统管理员确认"


@bp.post("/staff/<uid>/decide")
@only(*CONFIRMERS, *PROPOSERS)
def decide_administrator(uid: str) -> ResponseReturnValue:
    """确认启用, or with ``action=refuse`` 不同意 or 撤回. A new account's first password is shown once."""
    password = staff.first_password()
    password_hash = passwords.hashed(password, staff=True)
    with writing():
        row, is_new = _found(uid), False
        if row.proposed_by is None:  # a second click, or a page that was open for long
            return changed(uid, SETTLED)
        if request.form.get("action") != "refuse":
            if not administrators.may_decide(me(), row):
                abort(404)
            is_new = administrators.confirm(me(), row, password_hash)
        elif administrators.may_decide(me(), row) or administrators.may_withdraw(me(), row):
            administrators.give_up(me(), row)
        else:
            abort(404)
        is_active = row.active
        db.session.commit()
    if is_new:
        return show_slip(uid, password=password)
    return changed(uid, "账号已启用" if is_active else "没有启用，账号仍为停用")


def _found(uid: str) -> Staff:
    return staff_accounts.find(me(), uid) or abort(404)
