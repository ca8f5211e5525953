"""工作人员账号: the list, making and changing accounts, and help for those who are locked out.

Which account a role sees and may change is decided by services.administration.staff_accounts; others give a 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.admin.shared import bp
from lib import identity, names
from lib.clock import today
from lib.codes import IdType, Role
from lib.questions.fields import ChoiceQuestion, TextQuestion
from lib.questions.validators import Checked, Optional, Required
from models import Staff, db
from services.access import OFFICERS, STAFF, only
from services.accounts import passwords, staff
from services.administration import administrators, staff_accounts
from services.administration.staff_accounts import HELPERS, MANAGERS, StaffFilters
from services.departments import matching

READERS = (*MANAGERS, *HELPERS, Role.AUDITOR)


class PlaceForm(AccountForm):
    """Role and department of an officer."""

    role = ChoiceQuestion("角色", validators=[Required()])
    department = ChoiceQuestion("部门", validators=[Required()])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.role.fixed = staff_accounts.assignable_roles(me())
        self.department.fixed = {office.code: office.name for office in staff_accounts.assignable_offices(me())}


class NewStaffForm(PlaceForm):
    username = TextQuestion(
        "用户名",
        [Required()],
        clean=lambda text: names.normalise_text(text).lower(),
        hint="登录时填写，3 至 40 个小写字母、数字或 . _ -，以后不能修改",
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    name = TextQuestion("姓名", [Required(), Checked(names.name_problem)], clean=names.normalise_name)
    id_number = TextQuestion(
        "本人身份证号",
        [Optional()],
        clean=lambda text: identity.normalise_number(IdType.RESIDENT, text),
        hint="不显示，只用来避免审核本人的申报",
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )

    def validate_id_number(self, field: Field) -> None:
        if wrong := identity.number_problem(IdType.RESIDENT, field.data, today()):
            raise ValidationError(wrong)

    @property
    def wanted(self) -> staff.NewStaff:
        role, office = Role(self.role.data), self.department.data or ""
        return staff.NewStaff(self.username.data or "", self.name.data or "", role, office, self.id_number.data or "")


@bp.get("/staff", endpoint="staff")
@only(*READERS)
def list_staff() -> str:
    """The filters are in the address; what people are searched by is posted to ``search_staff``."""
    wanted = request.args
    role = wanted.get("role", "")
    return _list(
        StaffFilters(
            role=role if role in STAFF else "",
            office=wanted.get("office", "")[:12],
            state=wanted.get("state", ""),
            after=wanted.get("after", "")[:40],
        )
    )


@bp.route("/staff/search", methods=["GET", "POST"])
@only(*READERS)
def search_staff() -> ResponseReturnValue:
    text = names.normalise_text(request.form.get("q", ""))[:50]
    return _list(StaffFilters(text=text)) if text else redirect(url_for("admin.staff"))


def _list(wanted: StaffFilters) -> str:
    shown = OFFICERS if me().role == Role.MANAGER else STAFF
    return render_template(
        "admin/staff.html",
        found=staff_accounts.listing(me(), wanted),
        wanted=wanted,
        roles={role.value: role.label for role in shown},
        offices={office.code: office.title for office in matching.in_scope(me())},
        may_create=me().role in MANAGERS,
        may_propose=me().role in administrators.PROPOSERS,
        waiting=administrators.waiting(me()),
    )


@bp.route("/staff/new", methods=["GET", "POST"])
@only(*MANAGERS)
def new_staff() -> ResponseReturnValue:
    """The answer to the form is the slip: neither the password nor the secret can be shown again."""
    form = NewStaffForm()
    if not form.validate_on_submit():
        return render_template("admin/staff_new.html", form=form), 422 if form.errors else 200
    password = staff.first_password()
    password_hash = passwords.hashed(password, staff=True)
    try:
        with writing():
            row, secret = staff_accounts.create(me(), form.wanted, password_hash)
            uid = row.uid
            db.session.commit()
    except staff.StaffRefused as error:
        (form.department if "部门" in str(error) else form.username).errors = [str(error)]
        return render_template("admin/staff_new.html", form=form), 422
    return show_slip(uid, password=password, secret=secret)


def show_slip(uid: str, *, password: str = "", secret: str = "") -> str:
    """What is handed to the officer on paper, shown once."""
    import segno  # large, seldom needed

    row = staff_accounts.find(me(), uid) or abort(404)
    picture = segno.make(staff.otpauth(row.username, secret)).svg_data_uri(scale=5) if secret else ""
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    address = current_app.config["BASE_URL"] + url_for("auth.staff_login")
    return render_template(
        "admin/staff_slip.html", staff=row, address=address, password=password, secret=spaced, picture=picture
    )


@bp.get("/staff/<uid>")
@only(*READERS)
def staff_member(uid: str) -> ResponseReturnValue:
    return _member(staff_accounts.find(me(), uid) or abort(404))


def _member(row: Staff, form: PlaceForm | None = None) -> ResponseReturnValue:
    may_manage = staff_accounts.may_manage(me(), row)
    if may_manage and form is None:
        form = PlaceForm(formdata=None, data={"role": row.role.value, "department": row.department.code})
    page = render_template(
        "admin/staff_member.html",
        staff=row,
        form=form,
        may_manage=may_manage,
        may_help=staff_accounts.may_help(me(), row),
        administrators=administrators,
        sign_ins=staff_accounts.sign_ins(row),
        open_sessions=staff_accounts.open_sessions(row),
        failures=staff_accounts.failures(row),
    )
    return page, 422 if form and form.errors else 200


def _managed(uid: str) -> Staff:
    row = staff_accounts.find(me(), uid)
    return row if row and staff_accounts.may_manage(me(), row) else abort(404)


def _renewable(uid: str) -> Staff:
    row = staff_accounts.find(me(), uid) or abort(404)
    may = staff_accounts.may_manage(me(), row) or administrators.may_renew_password(me(), row)
    return row if may else abort(404)


def _helped(uid: str) -> Staff:
    row = staff_accounts.find(me(), uid)
    return row if row and staff_accounts.may_help(me(), row) else abort(404)


def changed(uid: str, message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.staff_member", uid=uid))


def _put_back(count: int) -> str:
    return f"，其手中的 {count} 份申报已放回待审核" if count else ""


@bp.post("/staff/<uid>/move")
@only(*MANAGERS)
def move_staff(uid: str) -> ResponseReturnValue:
    row, form = _managed(uid), PlaceForm()
    if form.validate_on_submit():
        try:
            with writing():
                returned = staff_accounts.move(_managed(uid), me(), Role(form.role.data), form.department.data or "")
                db.session.commit()
            return changed(uid, f"角色和部门已修改{_put_back(returned)}")
        except staff.StaffRefused as error:
            form.department.errors = [str(error)]
            row = _managed(uid)
    return _member(row, form)


@bp.post("/staff/<uid>/active")
@only(*MANAGERS)
def set_staff_active(uid: str) -> ResponseReturnValue:
    """停用, or 恢复使用 with ``action=enable``."""
    enables, returned = request.form.get("action") == "enable", 0
    with writing():
        row = _managed(uid)
        if enables:
            staff_accounts.enable(row, me())
        else:
            returned = staff_accounts.disable(row, me())
        db.session.commit()
    return changed(uid, "账号已恢复使用" if enables else f"账号已停用{_put_back(returned)}")


@bp.post("/staff/<uid>/password")
@only(*MANAGERS)
def reset_staff_password(uid: str) -> ResponseReturnValue:
    """A first password again. Who makes it does not know the second factor."""
    _renewable(uid)
    password = staff.first_password()
    password_hash = passwords.hashed(password, staff=True)
    with writing():
        staff_accounts.reset_password(_renewable(uid), me(), password_hash)
        db.session.commit()
    return show_slip(uid, password=password)


@bp.post("/staff/<uid>/totp")
@only(*HELPERS)
def reset_staff_totp(uid: str) -> ResponseReturnValue:
    """A new second factor. Who makes it does not know the password."""
    with writing():
        secret = staff.reset_totp(_helped(uid).username, me())
        db.session.commit()
    return show_slip(uid, secret=secret)


@bp.post("/staff/<uid>/unlock")
@only(*HELPERS)
def unlock_staff(uid: str) -> ResponseReturnValue:
    return _help(uid, staff_accounts.unlock, "登录失败的次数已清零，可以再试")


@bp.post("/staff/<uid>/sessions")
@only(*HELPERS)
def end_staff_sessions(uid: str) -> ResponseReturnValue:
    return _help(uid, staff_accounts.end_sessions, "该账号在所有设备上的登录已结束")


def _help(uid: str, verb: Callable[[Staff, Any], None], done: str) -> ResponseReturnValue:
    with writing():
        verb(_helped(uid), me())
        db.session.commit()
    return changed(uid, done)
