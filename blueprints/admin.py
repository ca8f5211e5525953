"""管理: phones and hours of the departments (部门管理员), notices (系统管理员)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from blueprints import me
from blueprints.sign_in_form import AccountForm
from forms.validators import Required
from lib import identity
from lib.clock import today
from lib.codes import Role
from models import Department, Notice, db
from services import departments, events, notices
from services.access import only

bp = Blueprint("admin", __name__, url_prefix="/staff/admin")

BETWEEN_PHONES = re.compile(r"[、,，;；/\n]+|\s{2,}")
SERVICE_LINE = re.compile(r"12[0-9]{3}")  # 12345, 12366


def one_line(text: str | None) -> str:
    return identity.normalise_text(text or "")


def phone_list(text: str | None) -> str:
    """Several numbers, each in its usual shape, separated by 、."""
    parts = (part.strip() for part in BETWEEN_PHONES.split(text or ""))
    return "、".join(identity.normalise_any_phone(part) for part in parts if part)


class Day(DateField):
    """A date whose typed text stays on the page when it is wrong."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError("请按 2026-11-23 的样子填写日期") from error

    @property
    def typed(self) -> str:
        return str(self._value())


class Paragraphs(TextAreaField):
    kind = "textarea"


def at_most(count: int) -> Any:
    def check(_form: FlaskForm, field: Any) -> None:
        if field.data and len(field.data) > count:
            raise ValidationError(f"{field.label.text}最多 {count} 个字，现在是 {len(field.data)} 个")

    return check


class AdminForm(AccountForm):
    """A form of the administration; it takes fields as the others do."""


class DepartmentForm(AdminForm):
    phone = StringField("咨询电话", [at_most(60)], [phone_list], "多个号码用顿号隔开，固定电话请带区号")
    address = StringField("办公地址", [at_most(100)], [one_line])
    hours = StringField("办公时间", [at_most(60)], [one_line], "例如：工作日 8:30–11:30，13:00–17:00")
    verified_on = Day("核实日期", [Optional()], description="最近一次核对以上内容的日期")

    def validate_phone(self, field: StringField) -> None:
        for number in filter(None, (field.data or "").split("、")):
            problem = None if SERVICE_LINE.fullmatch(number) else identity.any_phone_problem(number)
            if problem:
                raise ValidationError(f"「{number}」：{problem}")

    def validate_verified_on(self, field: DateField) -> None:
        if field.data and field.data > today():
            raise ValidationError("核实日期不能晚于今天")


class NoticeForm(AdminForm):
    title = StringField("标题", [Required(), at_most(100)], [one_line])
    body = Paragraphs("正文", [Required(), at_most(20_000)], [lambda text: (text or "").strip()], "空一行分段")


@bp.get("/departments", endpoint="departments")
@only(Role.MANAGER)
def list_departments() -> str:
    rows = db.session.scalars(departments.in_scope(me())).all()
    return render_template("admin/departments.html", departments=rows)


@bp.route("/departments/<code>", methods=["GET", "POST"])
@only(Role.MANAGER)
def department(code: str) -> ResponseReturnValue:
    """Phone, address and hours of a department in the manager's scope. Others are not found."""
    found: Department = departments.one_in_scope(me(), code) or abort(404)
    form = DepartmentForm(obj=found)
    if form.validate_on_submit():
        form.populate_obj(found)
        events.record("department", me(), detail=found.code)
        name = found.name
        db.session.commit()
        flash(f"已保存{name}的联系方式", "g")
        return redirect(url_for("admin.departments"))
    if request.method == "GET" and found.verified_on is None:
        form.verified_on.data = today()
    db.session.expire(found)  # a refused form changes nothing
    return render_template("admin/department.html", department=found, form=form), 422 if form.errors else 200


@bp.get("/notices", endpoint="notices")
@only(Role.SYSTEM)
def list_notices() -> str:
    return render_template("admin/notices.html", notices=notices.everything())


@bp.route("/notices/new", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_notice() -> ResponseReturnValue:
    return _edit(Notice())


@bp.route("/notices/<int:notice_id>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def edit_notice(notice_id: int) -> ResponseReturnValue:
    return _edit(db.session.get(Notice, notice_id) or abort(404))


def _edit(notice: Notice) -> ResponseReturnValue:
    """The button says whether the notice is published (发布) or kept back (存为草稿, 撤回)."""
    form = NoticeForm(obj=notice)
    if form.validate_on_submit():
        publish = request.form.get("action") == "publish"
        notices.save(notice, me(), title=form.title.data or "", body=form.body.data or "", publish=publish)
        db.session.commit()
        flash("公告已发布" if publish else "公告已保存，没有公开", "g")
        return redirect(url_for("admin.notices"))
    return render_template("admin/notice.html", notice=notice, form=form), 422 if form.errors else 200
