"""会计管理部门: the tree; phones and hours, kept by each office (部门管理员); which department an address leads to."""

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
from services.departments import matching, office_tree, snapshot

BETWEEN_PHONES = re.compile(r"[、,，;；/\n]+|\s{2,}")
SERVICE_LINE = re.compile(r"12[0-9]{3}")  # 12345, 12366


def phone_list(text: str | None) -> str:
    """Several normalised numbers, separated by 、."""
    parts = (part.strip() for part in BETWEEN_PHONES.split(text or ""))
    return "、".join(identity.normalise_any_phone(part) for part in parts if part)


class OfficeForm(AdminForm):
    """How people reach a department."""

    phone = StringField("咨询电话", [max_length(60)], [phone_list], "多个号码用顿号隔开，固定电话请带区号")
    address = StringField("办公地址", [max_length(100)], [one_line])
    hours = StringField("办公时间", [max_length(60)], [one_line], "例如：工作日 8:30–11:30，13:00–17:00")

    def validate_phone(self, field: StringField) -> None:
        for number in filter(None, (field.data or "").split("、")):
            problem = None if SERVICE_LINE.fullmatch(number) else identity.any_phone_problem(number)
            if problem:
                raise ValidationError(f"「{number}」：{problem}")


class DepartmentContactForm(OfficeForm):
    verified_on = DayField("核实日期", [Optional()], description="最近一次核对以上内容的日期")

    def validate_verified_on(self, field: DateField) -> None:
        if field.data and field.data > today():
            raise ValidationError("核实日期不能晚于今天")


@bp.get("/departments", endpoint="departments")
@only(Role.MANAGER, Role.SYSTEM)
def list_departments() -> str:
    """The tree: all of it for the 系统管理员, who configures it; the own part for a manager, who fills in phones."""
    configures = me().role == Role.SYSTEM
    path = office_tree.top() if configures else me().path
    query = one_line(request.args.get("q"))[:40]
    missing = request.args.get("phone") == "none"
    whole = office_tree.of(path)
    return render_template(
        "admin/departments.html",
        root=office_tree.of(path, query, without_phone=missing, with_closed=configures),
        query=query,
        missing=missing,
        count=sum(1 for _entry in whole or ()),
        without_phone=sum(office_tree.lacks_phone(entry.office) for entry in whole or ()),
        configures=configures,
    )


@bp.route("/departments/<code>", methods=["GET", "POST"])
@only(Role.MANAGER)
def department(code: str) -> ResponseReturnValue:
    """Phone, address and hours of a department in the manager's scope. Others and closed ones give a 404."""
    node = matching.one_in_scope(me(), code)
    if node is None or not (node.active or node.is_planned):
        abort(404)
    found = db.session.get_one(Department, node.id)
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


@bp.get("/department-check", endpoint="department_check")
@only(Role.MANAGER, Role.SYSTEM)
def check_address() -> str:
    """Which departments an address leads to, in which order, and why."""
    asked = {name: request.args.get(name, "") for name in ("city", "county", "street", "affiliation")}
    counties = matching.counties(asked["city"])
    streets = matching.streets(asked["county"]) if asked["county"] in counties else {}
    county = asked["county"] if asked["county"] in counties else ""
    street = asked["street"] if asked["street"] in streets else None
    found = matching.match(asked["city"], county, street, asked["affiliation"]) if county else []
    return render_template(
        "admin/department_check.html",
        lists={
            "city": ("市", matching.cities()),
            "county": ("县(区)", counties),
            "street": ("街道(乡镇)", streets),
            "affiliation": ("单位隶属关系", snapshot.current().offered["affiliation"]),
        },
        asked=asked,
        county=county,
        found=[(match, office_tree.covers(_node(match.code))) for match in found],
    )


def _node(code: str) -> snapshot.DepartmentNode:
    return next(row for row in snapshot.current().departments if row.code == code)
