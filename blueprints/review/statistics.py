"""统计 of a department in the officer's scope, as a page and as a spreadsheet. Counts only: no file is opened."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from flask import abort, current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.shared import bp
from lib.clock import today
from services.access import OFFICERS, only
from services.departments import matching, tree
from services.departments.snapshot import DepartmentNode
from services.reports import hint_effects, statistics, xlsx
from services.reports import tables as report_tables


def chosen_office() -> DepartmentNode:
    code = request.args.get("office", "")
    own = tree.load().by_id[me().department_id]
    return (matching.one_in_scope(me(), code) or abort(404)) if code else own


def _period() -> statistics.Period:
    return statistics.period(request.args.get("from", "").strip(), request.args.get("to", "").strip(), today())


@bp.get("/statistics", endpoint="statistics")
@only(*OFFICERS)
def statistics_page() -> ResponseReturnValue:
    """``office``, ``from`` and ``to`` are in the address. A span that cannot be counted is said at its field."""
    office, problem = chosen_office(), ""
    try:
        span = _period()
    except statistics.BadPeriod as error:
        problem, span = str(error), statistics.period("", "", today())
    report = None if problem else statistics.report(office, span)
    page = render_template(
        "review/statistics.html",
        office=office,
        offices=matching.in_scope(me()),
        first=request.args.get("from", span.first),
        last=request.args.get("to", span.last),
        problem=problem,
        report=report,
        summary=report_tables.summary(report) if report else (),
        panels=report_tables.panels(report) if report else (),
        often=hint_effects.often_returned(office, report) if report else (),
    )
    return page, 422 if problem else 200


@bp.get("/statistics.xlsx")
@only(*OFFICERS)
def export_statistics() -> ResponseReturnValue:
    """The same tables. A span that cannot be counted leads back to the page, which says why."""
    try:
        office = chosen_office()
        report = statistics.report(office, _period())
    except statistics.BadPeriod:
        return statistics_page()
    name = f"审核统计 {report.office.name} {report.period.first} 至 {report.period.last}.xlsx"
    often = hint_effects.often_returned(office, report)
    with report_tables.spreadsheet(report, often, Path(current_app.config["DATA"]) / xlsx.FOLDER) as file:
        content = BytesIO(file.read())  # some kilobytes: nothing stays open when the browser disconnects
    return send_file(content, xlsx.TYPE, as_attachment=True, download_name=name)
