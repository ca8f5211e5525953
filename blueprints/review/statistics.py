"""统计 of a department in the officer's scope, as a page and as a spreadsheet. Counts only: nobody's file is read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from flask import abort, current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.frame import bp
from lib.clock import today
from models import Department, db
from services import departments, spreadsheet, statistics, statistics_panels
from services.access import OFFICERS, only


def _office() -> Department:
    code = request.args.get("office", "")
    own = db.session.get_one(Department, me().department_id)
    return (departments.one_in_scope(me(), code) or abort(404)) if code else own


def _period() -> statistics.Period:
    return statistics.period(request.args.get("from", "").strip(), request.args.get("to", "").strip(), today())


@bp.get("/statistics", endpoint="statistics")
@only(*OFFICERS)
def statistics_page() -> ResponseReturnValue:
    """``office``, ``from`` and ``to`` are in the address. A span that cannot be counted is said at its field."""
    office, problem = _office(), ""
    try:
        span = _period()
    except statistics.BadPeriod as error:
        problem, span = str(error), statistics.period("", "", today())
    report = None if problem else statistics.report(office, span)
    page = render_template(
        "review/statistics.html",
        office=office,
        offices=db.session.scalars(departments.in_scope(me())).all(),
        first=request.args.get("from", span.first),
        last=request.args.get("to", span.last),
        problem=problem,
        report=report,
        summary=statistics_panels.summary(report) if report else (),
        panels=statistics_panels.panels(report) if report else (),
    )
    return page, 422 if problem else 200


@bp.get("/statistics.xlsx")
@only(*OFFICERS)
def export_statistics() -> ResponseReturnValue:
    """The same tables. A span that cannot be counted leads back to the page, which says why."""
    try:
        report = statistics.report(_office(), _period())
    except statistics.BadPeriod:
        return statistics_page()
    name = f"统计-{report.office.name}-{report.period.first}-{report.period.last}.xlsx"
    with statistics_panels.spreadsheet(report, Path(current_app.config["DATA"]) / spreadsheet.FOLDER) as file:
        content = BytesIO(file.read())  # some kilobytes: nothing is left open, whoever hangs up
    return send_file(content, spreadsheet.TYPE, as_attachment=True, download_name=name)
