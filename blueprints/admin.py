"""管理: phones and hours of the departments (部门管理员), notices (系统管理员), the lists of reasons (both)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, StringField, TextAreaField
from wtforms.validators import NumberRange, Optional, ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from lib import identity, names
from lib.clock import today
from lib.codes import Role
from lib.questions.validators import Required
from models import Department, Notice, ReturnReason, db
from services import audit
from services.access import only
from services.departments import matching
from services.marks import return_reasons
from services.site import notices

bp = Blueprint("admin", __name__, url_prefix="/staff/admin")

BETWEEN_PHONES = re.compile(r"[、,，;；/\n]+|\s{2,}")
SERVICE_LINE = re.compile(r"12[0-9]{3}")  # 12345, 12366


def one_line(text: str | None) -> str:
    return names.normalise_text(text or "")


def phone_list(text: str | None) -> str:
    """Several normalised numbers, separated by 、."""
    parts = (part.strip() for part in BETWEEN_PHONES.split(text or ""))
    return "、".join(identity.normalise_any_phone(part) for part in parts if part)


class DayField(DateField):
    """A date that keeps an invalid typed text on the page."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError("请按 2026-11-23 的样子填写日期") from error

    @property
    def typed(self) -> str:
        return str(self._value())


class ParagraphsField(TextAreaField):
    kind = "textarea"


def max_length(count: int) -> Any:
    def check(_form: FlaskForm, field: Any) -> None:
        if field.data and len(field.data) > count:
            raise ValidationError(f"{field.label.text}最多 {count} 个字，现在是 {len(field.data)} 个")

    return check


class AdminForm(AccountForm):
    """Base of the administration's forms."""


class DepartmentContactForm(AdminForm):
    phone = StringField("咨询电话", [max_length(60)], [phone_list], "多个号码用顿号隔开，固定电话请带区号")
    address = StringField("办公地址", [max_length(100)], [one_line])
    hours = StringField("办公时间", [max_length(60)], [one_line], "例如：工作日 8:30–11:30，13:00–17:00")
    verified_on = DayField("核实日期", [Optional()], description="最近一次核对以上内容的日期")

    def validate_phone(self, field: StringField) -> None:
        for number in filter(None, (field.data or "").split("、")):
            problem = None if SERVICE_LINE.fullmatch(number) else identity.any_phone_problem(number)
            if problem:
                raise ValidationError(f"「{number}」：{problem}")

    def validate_verified_on(self, field: DateField) -> None:
        if field.data and field.data > today():
            raise ValidationError("核实日期不能晚于今天")


class NoticeForm(AdminForm):
    title = StringField("标题", [Required(), max_length(100)], [one_line])
    body = ParagraphsField("正文", [Required(), max_length(20_000)], [lambda text: (text or "").strip()], "空一行分段")


@bp.get("/departments", endpoint="departments")
@only(Role.MANAGER)
def list_departments() -> str:
    return render_template("admin/departments.html", departments=matching.in_scope(me()))


@bp.route("/departments/<code>", methods=["GET", "POST"])
@only(Role.MANAGER)
def department(code: str) -> ResponseReturnValue:
    """Phone, address and hours of a department in the manager's scope. Others give a 404."""
    found = db.session.get_one(Department, (matching.one_in_scope(me(), code) or abort(404)).id)
    form = DepartmentContactForm(obj=found)
    if form.validate_on_submit():
        with writing():
            form.populate_obj(found)
            audit.record("department", me(), detail=found.code)
            name = found.name
            db.session.commit()
        flash(f"已保存{name}的联系方式", "g")
        return redirect(url_for("admin.departments"))
    if request.method == "GET" and found.verified_on is None:
        form.verified_on.data = today()
    return render_template("admin/department.html", department=found, form=form), 422 if form.errors else 200


@bp.get("/notices", endpoint="notices")
@only(Role.SYSTEM)
def list_notices() -> str:
    return render_template("admin/notices.html", notices=notices.all_notices())


@bp.route("/notices/new", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_notice() -> ResponseReturnValue:
    return _edit(Notice())


@bp.route("/notices/<int:notice_id>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def edit_notice(notice_id: int) -> ResponseReturnValue:
    return _edit(db.session.get(Notice, notice_id) or abort(404))


def _edit(notice: Notice) -> ResponseReturnValue:
    """The button decides whether the notice is published (发布) or unpublished (存为草稿, 撤回)."""
    form = NoticeForm(obj=notice)
    if form.validate_on_submit():
        publish = request.form.get("action") == "publish"
        with writing():
            notices.save(notice, me(), title=form.title.data or "", body=form.body.data or "", publish=publish)
            db.session.commit()
        flash("公告已发布" if publish else "公告已保存，没有公开", "g")
        return redirect(url_for("admin.notices"))
    return render_template("admin/notice.html", notice=notice, form=form), 422 if form.errors else 200


class WholeNumberField(IntegerField):
    """A whole number, with our own error message."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError("请填写 0 至 999 的整数") from error


class ReasonForm(AdminForm):
    title = StringField("名称", [Required(), max_length(20)], [one_line], "审核人员从列表中选择的名称，例如：日期有误")
    advice = ParagraphsField(
        "给申报人的说明",
        [Required(), max_length(200)],
        [one_line],
        "申报人会看到这段话，请写明怎样修改，例如：日期与证书上的不一致，请核对后修改",
    )
    position = WholeNumberField(
        "顺序",
        [Optional(), NumberRange(0, 999, "请填写 0 至 999 的整数")],
        description="列表按使用次数排列，次数相同的按这个数从小到大排列",
    )

    @property
    def wording(self) -> return_reasons.Wording:
        return return_reasons.Wording(self.title.data or "", self.advice.data or "", self.position.data or 0)


@bp.get("/reasons", endpoint="reasons")
@only(Role.MANAGER, Role.SYSTEM)
def list_reasons() -> str:
    return _reasons()


def _reasons(problem: str = "") -> str:
    return render_template("admin/reasons.html", groups=return_reasons.groups(me()), problem=problem)


@bp.route("/reasons/new/<applies_to>", methods=["GET", "POST"])
@only(Role.MANAGER, Role.SYSTEM)
def new_reason(applies_to: str) -> ResponseReturnValue:
    if applies_to not in return_reasons.LISTS:
        abort(404)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            with writing():
                return_reasons.add(me(), applies_to, form.wording)
                db.session.commit()
            return _saved(f"已添加「{form.title.data}」")
        except return_reasons.ReasonTaken as error:
            form.title.errors = [str(error)]
    return _reason_page(form, applies_to)


@bp.route("/reasons/<code>", methods=["GET", "POST"])
@only(Role.MANAGER, Role.SYSTEM)
def reason(code: str) -> ResponseReturnValue:
    """Wording and order of one reason of the own list. Others give a 404."""
    found = return_reasons.editable(me(), code) or abort(404)
    form = ReasonForm(obj=found)
    if form.validate_on_submit():
        try:
            with writing():
                return_reasons.edit(me(), found, form.wording)
                db.session.commit()
            return _saved(f"已保存「{form.title.data}」")
        except return_reasons.ReasonTaken as error:
            form.title.errors = [str(error)]
    return _reason_page(form, found.applies_to, found)


@bp.post("/reasons/<code>/retire")
@only(Role.MANAGER, Role.SYSTEM)
def retire_reason(code: str) -> ResponseReturnValue:
    """停用, or 恢复使用 with ``action=restore``."""
    found = return_reasons.editable(me(), code) or abort(404)
    retired, title = request.form.get("action") != "restore", found.title
    try:
        with writing():
            return_reasons.retire(me(), found, retired=retired)
            db.session.commit()
    except return_reasons.ReasonTaken as error:
        return _reasons(str(error)), 422
    return _saved(f"已{'停用' if retired else '恢复使用'}「{title}」")


def _saved(message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.reasons"))


def _reason_page(form: ReasonForm, applies_to: str, found: ReturnReason | None = None) -> ResponseReturnValue:
    heading = return_reasons.LISTS[applies_to]
    page = render_template("admin/reason.html", form=form, reason=found, heading=heading)
    return page, 422 if form.errors else 200
