"""名册: choose people and columns, say why, fetch the file when it is made (ADR 031).

Who asked is written down with who is in it before the file can be fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.review.printing import to_job
from blueprints.review.reason_field import reason_question
from blueprints.review.shared import bp, typed
from lib.clock import today
from lib.codes import QualificationLevel
from lib.questions.fields import ChoiceQuestion, DayQuestion
from lib.questions.validators import Optional, Required
from models import db
from services.access import OFFICERS, only
from services.departments import matching
from services.queue.filters import ITSELF
from services.records.filters import STATES, RecordFilters
from services.reports import exports, roster, xlsx

FORMS = {"xlsx": "Excel 表格（XLSX）", "csv": "CSV 文本"}
_FORM_HINT = "CSV 供其他系统读取，用 Excel 打开时长号码会变形"
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)  # the calendar's own ends cannot be counted from


class RosterForm(AccountForm):
    office = ChoiceQuestion("部门", validators=[Required()], hint="包括所选部门的下级部门")
    source = ChoiceQuestion("内容", roster.SOURCES, [Required()], preset=roster.RECORDS)
    since = DayQuestion("开始日期", [Optional()], hint="档案按审核通过日期，申报按提交日期；不填表示不限")
    until = DayQuestion("结束日期", [Optional()])
    form = ChoiceQuestion(
        "文件格式", FORMS, [Required()], preset="xlsx", hint="CSV 供其他系统读取，用 Excel 打开时长号码会变形"
    )
    reason = reason_question("导出事由", "核对全县会计人员人数")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.office.fixed = {office.code: office.name for office in matching.in_scope(me()) if office.active}
        self.office.data = self.office.data or next(iter(self.office.fixed))

    def validate_until(self, field: DayQuestion) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError("结束日期不能早于开始日期")
        if field.data and not _EARLIEST <= field.data <= _LATEST:
            raise ValidationError("结束日期请填写 2000 年至 2099 年之间的日期")

    def validate_since(self, field: DayQuestion) -> None:
        if field.data and field.data > today():
            raise ValidationError("开始日期不能晚于今天")
        if field.data and field.data < _EARLIEST:
            raise ValidationError("开始日期不能早于 2000 年")


@bp.get("/roster", endpoint="roster")
@only(*OFFICERS)
def roster_page() -> str:
    """With the filters of the list of records, and one of the choices of columns, in the address."""
    filters = RecordFilters.read(request.args)
    form = RosterForm(formdata=None)
    office = filters.department.removesuffix(ITSELF)
    form.office.data = office if office in form.office.fixed else form.office.data
    if filters.year:
        form.since.data, form.until.data = date(filters.year, 1, 1), min(date(filters.year, 12, 31), today())
    return _page(form, filters, _of_set(request.args.get("set", "")))


def _of_set(name: str) -> Sequence[str]:
    """The columns of a choice: those of the national platform, a kept one, or all."""
    if name == "national":
        return roster.NATIONAL
    kept = next((one.columns for one in exports.kept_columns(me()) if str(one.id) == name), None)
    return kept or tuple(roster.columns_to_choose())


def _record() -> str:
    """One record alone, from its page."""
    return request.values.get("record", "")[:24]


def _page(form: RosterForm, filters: RecordFilters, columns: Sequence[str], problem: str = "") -> str:
    carried, record = replace(filters, year=0, sort="").address(), _record()
    said = [QualificationLevel.choices().get(filters.qualification, ""), STATES.get(filters.state, "")]
    said += [f"所选的 {len(filters.employers)} 个单位"] if filters.employers else []
    said += ["只含部门本级"] if filters.department.endswith(ITSELF) else []
    said += ["只含所选的一份档案"] if record else []
    return render_template(
        "review/roster.html",
        form=form,
        carried=carried | ({"record": record} if record else {}),
        narrowed="、".join(filter(None, said)),
        columns=roster.columns_to_choose(),
        chosen=set(columns),
        sets=exports.kept_columns(me()),
        problem=problem,
    )


@bp.post("/roster")
@only(*OFFICERS)
def export_roster() -> ResponseReturnValue:
    form, filters, columns = RosterForm(), RecordFilters.read(request.form), request.form.getlist("column")[:200]
    if not form.validate_on_submit():
        return _page(form, filters, columns or _of_set("")), 422
    wanted = _wanted(form, filters, columns)
    total = roster.count(me(), wanted, roster.COUNTED_AT_MOST + 1)
    if not total:
        flash("没有符合条件的人员，没有生成名册。", "y")
        return redirect(url_for("review.roster"))
    try:
        exports.refuse_full(Path(current_app.config["DATA"]) / xlsx.FOLDER, wanted, total)
    except OSError:
        form.office.errors = ["服务器的存储空间不够，没有开始导出。请减少人员或栏目，或者联系系统管理员"]
        return _page(form, filters, columns or _of_set("")), 422
    reason = form.reason.data or ""
    busy = "您的上一份打印或名册还没有生成好，请等它生成好，或者取消它以后再导出。"
    return to_job(lambda: exports.create(me(), wanted, total, reason), busy)


def _wanted(form: RosterForm, filters: RecordFilters, columns: Sequence[str]) -> roster.RosterRequest:
    office = matching.one_in_scope(me(), form.office.data or "") or abort(404)
    return roster.RosterRequest(
        office,
        form.source.data or "",
        form.since.data,
        form.until.data,
        itself=filters.department == office.code + ITSELF,
        qualification=filters.qualification,
        employers=filters.employers,
        state=filters.state,
        record=_record(),
        columns=tuple(name for name in roster.columns_to_choose() if name in columns),
        form=form.form.data or "",
    )


@bp.post("/roster/columns")
@only(*OFFICERS)
def keep_columns() -> ResponseReturnValue:
    name, columns = typed("name", 20), request.form.getlist("column")[:200]
    filters = RecordFilters.read(request.form)
    try:
        with writing():
            exports.keep_columns(me(), name, columns)
            db.session.commit()
    except exports.ColumnsRefused as error:
        return _page(RosterForm(), filters, columns, str(error)), 422
    flash(f"已保存栏目「{name}」。", "g")
    kept = next(one.id for one in exports.kept_columns(me()) if one.name == name)
    return redirect(url_for("review.roster", set=kept, **filters.address()))


@bp.post("/roster/columns/<int:number>/drop")
@only(*OFFICERS)
def drop_columns(number: int) -> ResponseReturnValue:
    with writing():
        exports.drop_columns(me(), number)
        db.session.commit()
    return redirect(url_for("review.roster"))
