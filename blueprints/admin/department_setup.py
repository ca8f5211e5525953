"""The 系统管理员 keeps up the tree of departments: zones, names, what is covered, systems of their own, 撤并."""

from __future__ import annotations

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, DayField, bp, max_length, one_line
from lib.clock import today
from lib.codes import DepartmentKind, Role
from lib.questions.fields import ChoiceQuestion, ConfirmQuestion
from lib.questions.validators import Optional, Required
from models import Department, db
from services.access import only
from services.departments import administration, matching, office_tree, snapshot, tree
from services.departments.administration import COVERING, DepartmentRefused, OwnSystem
from services.departments.snapshot import DepartmentNode
from services.workflow import department_changes, department_closing

WEB_ADDRESS = re.compile(r"https?://[^\s/\"'<>]+\.[^\s\"'<>]+")
OFFICERS = {"move": "转到接办部门", "disable": "停用账号"}


class ZoneForm(AdminForm):
    name = StringField("名称", [Required(), max_length(60)], [one_line], "例如：样例经济开发区财政局")
    parent = ChoiceQuestion("上级部门", {}, [Required()], hint="代码取上级部门的行政区划代码")
    suffix = StringField(
        "代码后缀",
        [Required(), max_length(5)],
        [lambda text: one_line(text).upper()],
        "1 至 5 个大写字母或数字，以字母开头，例如 KF。代码用过后不能再用，也不能修改",
    )


class SetupForm(AdminForm):
    name = StringField("名称", [Required(), max_length(60)], [one_line], "已经申报的人员和打印的信息表也会显示新名称")
    own_system = ConfirmQuestion("使用自己的采集系统，本平台不受理（下级部门一并设置）")
    system_url = StringField(
        "采集系统的网址", [max_length(200)], [one_line], "以 https:// 或 http:// 开头；在首页、阅读须知等处显示"
    )
    system_words = StringField("给申报人的说明", [max_length(100)], [one_line], "显示在网址旁边，例如办理时间")

    def validate_system_url(self, field: Field) -> None:
        if field.data and not WEB_ADDRESS.fullmatch(field.data):
            raise ValidationError("请填写完整的网址，例如 https://example.org/")


class ClosingForm(AdminForm):
    on = DayField("撤并日期", [Required()], description="从这一天起不再受理；填今天的，提交后立即生效")
    successor = ChoiceQuestion("接办部门", {}, [Optional()], hint="接收未办结的申报、人员档案、负责范围和下级部门")
    officers = ChoiceQuestion("工作人员", OFFICERS, [Required()], kind="radio")


class ReopeningForm(AdminForm):
    on = DayField("恢复日期", [Required()], description="填今天的，提交后立即恢复")


@bp.route("/departments/new", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_zone() -> ResponseReturnValue:
    form = ZoneForm()
    form.parent.fixed = administration.parents()
    if form.validate_on_submit():
        try:
            with writing():
                given = form.name.data or "", form.suffix.data or "", form.parent.data or ""
                code = administration.add_zone(me(), *given).code
                db.session.commit()
            flash(f"已添加{form.name.data}，请选择它负责的街道", "g")
            return redirect(url_for("admin.department_covers", code=code))
        except DepartmentRefused as refused:
            _show(form, refused)
    return render_template("admin/department_new.html", form=form), 422 if form.errors else 200


@bp.route("/departments/<code>/setup", methods=["GET", "POST"])
@only(Role.SYSTEM)
def department_setup(code: str) -> ResponseReturnValue:
    node = _node(code)
    form = SetupForm(obj=node)
    if request.method == "GET":
        form.own_system.data = "yes" if node.own_system else None
    if form.validate_on_submit():
        try:
            with writing():
                system = OwnSystem(bool(form.own_system.data), form.system_url.data or "", form.system_words.data or "")
                administration.edit(me(), _row(code), form.name.data or "", system)
                db.session.commit()
            return _saved(code, f"已保存{form.name.data}")
        except DepartmentRefused as refused:
            _show(form, refused)
    return _setup_page(node, form)


def _setup_page(node: DepartmentNode, form: SetupForm, reopening: ReopeningForm | None = None) -> ResponseReturnValue:
    by_id = tree.load().by_id
    if reopening is None:
        reopening = ReopeningForm(formdata=None)
        reopening.on.data = node.reopens_on or today()
    if node.is_planned:
        reopening.on.label.text, reopening.on.description = "启用日期", "填今天的，提交后立即启用"
    page = render_template(
        "admin/department_setup.html",
        office=node,
        form=form,
        covers=office_tree.covers(node),
        covering=node.kind in COVERING,
        successor=by_id.get(node.successor_id or 0),
        overdue=node.active and node.closes_on is not None and node.closes_on <= today(),
        reopening=reopening,
        is_province=node.kind == DepartmentKind.PROVINCE,
        changes=department_changes.coming(node.code),
    )
    return page, 422 if form.errors or reopening.errors else 200


@bp.route("/departments/<code>/covers", methods=["GET", "POST"])
@only(Role.SYSTEM)
def department_covers(code: str) -> ResponseReturnValue:
    """All of a county or single streets, one county at a time."""
    node = _node(code)
    if node.kind not in COVERING:
        abort(404)
    county, problem = request.values.get("county", ""), ""
    county = county if len(county) == 6 and county in snapshot.current().divisions else _own_county(node)
    chosen, whole = request.form.getlist("street"), request.form.get("whole") == "yes"
    if request.method == "POST":
        try:
            with writing():
                administration.cover(me(), _row(code), county, chosen, whole=whole)
                db.session.commit()
            flash(f"已保存{node.name}的负责范围", "g")
            return redirect(url_for("admin.department_covers", code=code, county=county))
        except DepartmentRefused as refused:
            problem = str(refused)
    else:
        covered = office_tree.coverage(code)
        chosen, whole = list(covered.get(county, ())), county in covered and not covered[county]
    page = render_template(
        "admin/department_covers.html",
        office=node,
        covers=office_tree.covers(node),
        county=county,
        counties=_counties(node),
        streets=matching.streets(county),
        chosen=chosen,
        whole=whole,
        problem=problem,
    )
    return page, 422 if problem else 200


def _counties(node: DepartmentNode) -> dict[str, dict[str, str]]:
    """Cities with the counties that the department may cover: of its city, else of the province."""
    city, cities = f"{node.code[:4]}00", matching.cities()
    return {name: dict(matching.counties(code)) for code, name in cities.items() if code == city or city not in cities}


def _own_county(node: DepartmentNode) -> str:
    """Where the page begins: what is covered already, the county of the code, else the first one."""
    counties = [code for found in _counties(node).values() for code in found]
    return next((code for code in (*office_tree.coverage(node.code), node.code[:6]) if code in counties), counties[0])


@bp.route("/departments/<code>/close", methods=["GET", "POST"])
@only(Role.SYSTEM)
def close_department(code: str) -> ResponseReturnValue:
    """撤并: on which day, who takes over, and what becomes of the officers."""
    node = _node(code)
    if not node.active or node.kind == DepartmentKind.PROVINCE:
        abort(404)
    form = ClosingForm()
    form.successor.fixed = department_closing.successors(_row(code))
    if form.validate_on_submit() and form.on.data:
        try:
            with writing():
                moves = form.officers.data == "move"
                department_closing.plan(me(), _row(code), form.on.data, form.successor.data or "", moves_staff=moves)
                db.session.commit()
            is_now = form.on.data <= today()
            return _saved(code, f"{node.name}已撤并" if is_now else f"{node.name}将于 {form.on.data} 撤并")
        except DepartmentRefused as refused:
            _show(form, refused)
    if request.method == "GET":
        _fill_in_plan(form, _row(code))
    affected = department_closing.affected(_row(code))
    page = render_template("admin/department_close.html", office=node, form=form, affected=affected)
    return page, 422 if form.errors else 200


def _fill_in_plan(form: ClosingForm, row: Department) -> None:
    successor = tree.load().by_id.get(row.successor_id or 0)
    form.on.data, form.successor.data = row.closes_on, successor.code if successor else None
    form.officers.data = "disable" if row.moves_staff is False else "move"


@bp.post("/departments/<code>/reopen")
@only(Role.SYSTEM)
def reopen_department(code: str) -> ResponseReturnValue:
    """恢复, or with ``action=cancel`` forget what is planned. A new bureau gets its day here, too."""
    node, form = _node(code), ReopeningForm()
    if request.form.get("action") == "cancel":
        with writing():
            department_closing.cancel(me(), _row(code))
            db.session.commit()
        return _saved(code, "已取消安排")
    if form.validate() and form.on.data:
        try:
            with writing():
                department_closing.plan_reopening(me(), _row(code), form.on.data)
                db.session.commit()
            is_now = form.on.data <= today()
            word = "启用" if node.is_planned else "恢复"
            return _saved(code, f"已{word}{node.name}" if is_now else f"{node.name}将于 {form.on.data} {word}")
        except DepartmentRefused as refused:
            _show(form, refused)
    return _setup_page(node, SetupForm(formdata=None, obj=node), form)


def _node(code: str) -> DepartmentNode:
    return tree.load().by_code.get(code) or abort(404)


def _row(code: str) -> Department:
    return db.session.get_one(Department, _node(code).id)


def _show(form: AdminForm, refused: DepartmentRefused) -> None:
    form[refused.field].errors = [str(refused)]


def _saved(code: str, message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.department_setup", code=code))
