"""工作日历: a year at a glance, the State Council's notice pasted in, single days (系统管理员)."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, DayField, ParagraphsField, bp, max_length, one_line
from lib.clock import today
from lib.codes import Role
from lib.questions.fields import ChoiceQuestion
from lib.questions.validators import Required
from models import db
from services.access import only
from services.departments import holiday_notice, snapshot, working_days
from services.departments.holiday_notice import HolidayNotice, NoticeUnreadable
from services.workflow import due_dates

LONGEST_NOTICE = 5000  # characters
KIND_TITLES = {"holiday": "休", "workday": "班"}
BY_THE_WEEK = "week"
DAY_KINDS = {"holiday": "休息", "workday": "上班", BY_THE_WEEK: "按星期"}


@dataclass(frozen=True)
class Month:
    """``weeks``: seven days each, None outside of the month."""

    number: int
    weeks: list[list[date | None]]


class NoticeTextForm(AdminForm):
    text = ParagraphsField(
        "通知全文",
        [Required(), max_length(LONGEST_NOTICE)],
        [lambda text: (text or "").strip()],
        "粘贴国务院办公厅关于部分节假日安排的通知，连同标题",
    )
    source = StringField("文号", [max_length(60)], [one_line], "可以不填，例如：国办发明电〔2026〕×号")

    notice: HolidayNotice

    def validate_text(self, field: ParagraphsField) -> None:
        try:
            self.notice = holiday_notice.read(field.data or "")
        except NoticeUnreadable as error:
            raise ValidationError("；".join(error.problems[:3])) from error


class SingleDayForm(AdminForm):
    day = DayField("日期", [Required()], description="例如：2026-11-23")
    kind = ChoiceQuestion("这一天", DAY_KINDS, [Required()], kind="radio", preset="holiday")
    basis = StringField("依据", [Required(), max_length(60)], [one_line], "例如：省政府办公厅通知的文号")


@bp.get("/calendar", endpoint="calendar")
@only(Role.SYSTEM)
def calendar_page() -> ResponseReturnValue:
    return _page(NoticeTextForm(formdata=None), SingleDayForm(formdata=None))


@bp.post("/calendar/notice", endpoint="calendar_notice")
@only(Role.SYSTEM)
def take_notice() -> ResponseReturnValue:
    """Shows the year as the notice makes it; with ``action=adopt`` the same text is entered."""
    form = NoticeTextForm()
    if not form.validate():
        return _page(form, SingleDayForm(formdata=None)), 422
    if request.form.get("action") != "adopt":
        return _preview(form)
    with writing():
        working_days.adopt(me(), form.notice, form.source.data or "")
        db.session.commit()
    flash(
        f"已按通知更新 {form.notice.year} 年的工作日历，审核期限在几分钟内重新计算，期限有变化的申报人会收到消息", "g"
    )
    return redirect(url_for("admin.calendar", year=form.notice.year))


@bp.post("/calendar/day", endpoint="calendar_day")
@only(Role.SYSTEM)
def set_day() -> ResponseReturnValue:
    form = SingleDayForm()
    if not form.validate():
        return _page(NoticeTextForm(formdata=None), form), 422
    day: date = form.day.data
    kind = "" if form.kind.data == BY_THE_WEEK else form.kind.data
    with writing():
        working_days.set_day(me(), day, kind, form.basis.data or "")
        db.session.commit()
    flash(f"已更新 {day.isoformat()}，审核期限在几分钟内重新计算", "g")
    return redirect(url_for("admin.calendar", year=day.year))


def _page(form: NoticeTextForm, single: SingleDayForm) -> str:
    years = working_days.years()
    year = request.args.get("year", today().year, type=int)
    if years and year not in range(years[-1], years[0] + 2):
        abort(404)
    found = working_days.of_year(year)
    return render_template(
        "admin/calendar.html",
        found=found,
        years=years,
        months=_months(year),
        titles=KIND_TITLES,
        form=form,
        single=single,
    )


def _preview(form: NoticeTextForm) -> str:
    notice, before = form.notice, snapshot.current().calendar.kinds
    moved = due_dates.moved_by(working_days.with_notice(notice))
    changed = _changed(before, notice)
    return render_template(
        "admin/calendar_preview.html",
        notice=notice,
        form=form,
        months=_months(notice.year),
        titles=KIND_TITLES,
        changed=changed,
        moved=moved,
    )


def _changed(before: Mapping[date, str], notice: HolidayNotice) -> list[tuple[date, str, str]]:
    """Days that become another kind: day, kind until now, kind from now on."""
    after = notice.kinds
    days = {day for day in before if day.year == notice.year} | set(after)
    return [(day, before.get(day, ""), after.get(day, "")) for day in sorted(days) if before.get(day) != after.get(day)]


def _months(year: int) -> list[Month]:
    weeks = Weeks()
    return [
        Month(
            month,
            [
                [date(year, month, day) if day else None for day in week]
                for week in weeks.monthdayscalendar(year, month)
            ],
        )
        for month in range(1, 13)
    ]
