"""人数统计 of a department in the officer's scope on a day, as a page and as a workbook. Counts only."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

from flask import current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.shared import bp
from blueprints.review.statistics import chosen_office
from lib.clock import today
from services.access import OFFICERS, only
from services.departments import matching
from services.reports import headcount, headcount_tables, xlsx

FIRST = date(2000, 1, 1)


def _day() -> date | None:
    """Of the address, else today; None for what is no day up to today."""
    text = request.args.get("on", "").strip()
    try:
        day = date.fromisoformat(text) if text else today()
    except ValueError:
        return None
    return day if FIRST <= day <= today() else None


@bp.get("/statistics/people", endpoint="headcount")
@only(*OFFICERS)
def headcount_page() -> ResponseReturnValue:
    """``office`` and ``on`` are in the address."""
    office, day = chosen_office(), _day()
    found = headcount.headcount(office, day or today())
    page = render_template(
        "review/headcount.html",
        office=office,
        offices=matching.in_scope(me()),
        on=request.args.get("on") or found.on,
        problem="" if day else "请选择不晚于今天的日期",
        found=found,
        before=headcount.year_before(found.on),
        panels=headcount_tables.panels(found),
    )
    return page, 200 if day else 422


@bp.get("/statistics/people.xlsx")
@only(*OFFICERS)
def export_headcount() -> ResponseReturnValue:
    """The same tables. A day that cannot be counted leads back to the page, which says why."""
    day = _day()
    if day is None:
        return headcount_page()
    found = headcount.headcount(chosen_office(), day)
    with headcount_tables.spreadsheet(found, Path(current_app.config["DATA"]) / xlsx.FOLDER) as file:
        content = BytesIO(file.read())  # some kilobytes: nothing stays open when the browser disconnects
    name = f"人数统计 {found.office.name} {found.on}.xlsx"
    return send_file(content, xlsx.TYPE, as_attachment=True, download_name=name)
