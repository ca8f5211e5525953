"""咨询电话: phones and hours of the departments (部门管理员)."""

from __future__ import annotations

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, StringField
from wtforms.validators import Optional, ValidationError

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, DayField, bp, max_length, one_line
from lib import identity
from lib.clock import today
from lib.codes import Role
from models import Department, db
from services import audit
from services.access import only
from services.departments import matching

BETWEEN_PHONES = re.compile(r"[、,，;；/\n]+|\s{2,}")
SERVICE_LINE = re.compile(r"12[0-9]{3}")  # 12345, 12366


def phone_list(text: str | None) -> str:
    """Several normalised numbers, separated by 、."""
    parts = (part.strip() for part in BETWEEN_PHONES.split(text or ""))
    return "、".join(identity.normalise_any_phone(part) for part in parts if part)


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
