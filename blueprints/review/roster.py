"""名册: choose a scope, say why, get a spreadsheet. What was exported, and who was in it, is written down first."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.review.reason_field import reason_question
from blueprints.review.shared import bp
from lib.clock import today
from lib.questions.fields import ChoiceQuestion, DayQuestion
from lib.questions.validators import Optional, Required
from models import db
from services.access import OFFICERS, only
from services.departments import matching
from services.reports import roster, xlsx

_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)  # the calendar's own ends cannot be counted from


class RosterForm(AccountForm):
    office = ChoiceQuestion("部门", validators=[Required()], hint="包括所选部门的下级部门")
    source = ChoiceQuestion("内容", roster.SOURCES, [Required()], preset=roster.RECORDS)
    since = DayQuestion("开始日期", [Optional()], hint="档案按审核通过日期，申报按提交日期；不填表示不限")
    until = DayQuestion("结束日期", [Optional()])
    reason = reason_question("导出事由", "核对全县会计人员人数")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.office.fixed = {office.code: office.name for office in matching.in_scope(me())}
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
    return render_template("review/roster.html", form=RosterForm())


@bp.post("/roster")
@only(*OFFICERS)
def export_roster() -> ResponseReturnValue:
    """Reading and writing the file need no lock of the database; only the log of it does."""
    form = RosterForm()
    if not form.validate_on_submit():
        return render_template("review/roster.html", form=form), 422
    wanted = _wanted(form)
    folder = Path(current_app.config["DATA"]) / xlsx.FOLDER
    try:
        with roster.one_at_a_time(folder, me()):
            made = roster.write(me(), wanted, folder)
    except roster.RosterBusy:
        form.reason.errors = ["您的另一份名册正在生成，请等它下载完再导出"]
        return render_template("review/roster.html", form=form), 409
    finally:
        db.session.rollback()
    if not made.count:
        made.file.close()
        flash("没有符合条件的人员，没有生成名册。", "y")
        return redirect(url_for("review.roster"))
    return _send(wanted, made, form.reason.data or "")


def _wanted(form: RosterForm) -> roster.RosterRequest:
    office = matching.one_in_scope(me(), form.office.data or "") or abort(404)
    return roster.RosterRequest(office, form.source.data or "", form.since.data, form.until.data)


def _send(wanted: roster.RosterRequest, made: roster.Roster, reason: str) -> Response:
    try:
        name = roster.file_name(wanted)
        with writing():
            roster.log(me(), wanted, made, reason)
            db.session.commit()
    except BaseException:
        made.file.close()
        raise
    response = send_file(made.file, xlsx.TYPE, as_attachment=True, download_name=name)
    response.content_length = made.size
    return response
