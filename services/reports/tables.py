"""The statistics as tables with their charts: what the page shows is what the spreadsheet holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO

from lib import figures
from lib.clock import local
from services.reports import charts
from services.reports.charts import Chart, Series
from services.reports.hint_effects import OftenReturned
from services.reports.statistics import Reason, Report, Tally
from services.reports.xlsx import Book, Cell, Column

CHARTED_REASONS = 10


@dataclass(frozen=True)
class Panel:
    """A table and the charts next to it. ``codes``: where a row leads to (a department below), empty without a link."""

    name: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    charts: Sequence[Chart]
    codes: Sequence[str] = ()


_COUNTS = (
    "提交",
    "其中首次提交",
    "审核通过",
    "退回修改",
    "不予采集",
    "首次通过率(%)",
    "审核用时(天)",
    "修改用时(天)",
)


def _counts(tally: Tally) -> list[Cell]:
    return [
        tally.submitted,
        tally.first_submitted,
        *(tally.verdicts[verb] for verb in ("approve", "return", "decline")),
        percent(tally.pass_rate),
        days(tally.office_days),
        days(tally.applicant_days),
    ]


def percent(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 1)


def days(count: float | None) -> float | None:
    return None if count is None else round(count, 1)


def panels(report: Report) -> list[Panel]:
    return [_by_month(report), *([_by_department(report)] if len(report.lines) > 1 else []), _by_reason(report)]


def _by_month(report: Report) -> Panel:
    drawn_months = report.months[_empty_at_first(report) :]
    months, tallies = [month for month, _tally in drawn_months], [tally for _month, tally in drawn_months]
    rows = _folded(report.months)
    total = report.total
    span = f"{report.period.first} 至 {report.period.last}"
    drawn = [
        charts.columns(
            "volume",
            "每月提交和办结",
            f"{span}，共提交 {total.submitted} 次，办结 {total.decided} 次。各月的数字见表格。",
            months,
            [Series("提交", [t.submitted for t in tallies]), Series("办结", [t.decided for t in tallies])],
        ),
        charts.lines(
            "passed",
            "每月首次通过率",
            f"{span}，首次通过率{_told(percent(total.pass_rate), '%')}。各月的数字见表格。",
            months,
            [Series("首次通过率", [percent(t.pass_rate) for t in tallies])],
            unit="%",
            most=100,
        ),
        charts.lines(
            "days",
            "每月用时中位数（天）",
            f"{span}，审核用时{_told(days(total.office_days), ' 天')}，"
            f"修改用时{_told(days(total.applicant_days), ' 天')}。各月的数字见表格。",
            months,
            [
                Series("审核（部门）", [days(t.office_days) for t in tallies]),
                Series("修改（申报人）", [days(t.applicant_days) for t in tallies]),
            ],
        ),
    ]
    return Panel("months", "按月份", ("月份", *_COUNTS), [*rows, ["合计", *_counts(total)]], drawn)


def _empty_at_first(report: Report) -> int:
    """How many months without anything a chart leaves out at its beginning; it shows two at least."""
    empty = next((at for at, (_month, tally) in enumerate(report.months) if tally != Tally()), 0)
    return max(0, min(empty, len(report.months) - 2))


def _folded(months: Sequence[tuple[str, Tally]]) -> list[list[Cell]]:
    """A row for each month; months that follow each other and have nothing are one row."""
    rows: list[list[Cell]] = []
    for is_empty, group in groupby(months, lambda one: one[1] == Tally()):
        found = list(group)
        if is_empty and len(found) > 1:
            rows.append([f"{found[0][0]} 至 {found[-1][0]}", *_counts(Tally())])
        else:
            rows += [[month, *_counts(tally)] for month, tally in found]
    return rows


def _told(figure: float | None, unit: str) -> str:
    return "没有数据" if figure is None else f"为 {figures.figure(figure)}{unit}"


def _by_department(report: Report) -> Panel:
    rows = [[line.title, *_counts(line.tally)] for line in report.lines]
    shown = [(line.title, line.tally.decided) for line in report.lines if line.tally.decided]
    about = f"{len(report.lines)} 个部门的办结次数，共 {report.total.decided} 次。各部门的数字见表格。"
    chart = charts.bars("offices", "各部门办结次数", about, shown)
    return Panel("departments", "按部门", ("部门", *_COUNTS), rows, [chart], codes=[line.code for line in report.lines])


def _by_reason(report: Report) -> Panel:
    rows = [
        [reason.target, reason.reason, reason.count, percent(reason.count / report.marks)] for reason in report.reasons
    ]
    return Panel(
        "reasons", "退回原因", ("要求修改的内容", "原因", "次数", "占全部标记(%)"), rows, _reason_chart(report.reasons)
    )


def _reason_chart(reasons: Sequence[Reason]) -> list[Chart]:
    shown = [(f"{reason.target}：{reason.reason}"[:30], reason.count) for reason in reasons[:CHARTED_REASONS]]
    about = f"次数最多的 {len(shown)} 项。数字见表格。"
    return [charts.bars("why", "最常见的退回原因", about, shown)] if shown else []


def summary(report: Report) -> list[tuple[str, str, str]]:
    """The figures on top: title, figure, what it is made of."""
    return [(title, _figure(value, unit), made_of) for title, value, unit, made_of in _summary(report)]


def _summary(report: Report) -> list[tuple[str, float | None, str, str]]:
    """Title, number, its unit, what it is made of."""
    total = report.total
    return [
        ("提交", total.submitted, "", f"其中首次提交 {total.first_submitted}"),
        ("办结", total.decided, "", "、".join(_verdicts(total))),
        ("首次通过率", percent(total.pass_rate), "%", f"{total.first_passed} / {total.first_decided} 份"),
        ("审核用时中位数", days(total.office_days), " 天", "从提交到决定，自然日"),
        ("修改用时中位数", days(total.applicant_days), " 天", "从退回到再次提交，自然日"),
        ("撤回的决定", percent(report.undo_rate), "%", f"{report.undone} / {report.made} 次，60 秒内撤回"),
        ("复核不同意", percent(report.disagreement_rate), "%", f"{report.disagreed} / {report.looked} 份"),
        ("撤销的审核结果", report.revoked, "", "部门管理员撤销"),
    ]


def _verdicts(total: Tally) -> list[str]:
    named = (("approve", "通过"), ("return", "退回"), ("decline", "不予采集"))
    return [f"{title} {total.verdicts[verb]}" for verb, title in named]


def _figure(value: float | None, unit: str) -> str:
    return "—" if value is None else f"{figures.figure(value)}{unit}"


def spreadsheet(report: Report, often: Sequence[OftenReturned], folder: Path) -> IO[bytes]:
    """The same tables as XLSX, the figures on top first. The caller closes the file."""
    with Book(folder) as book:
        columns = [Column("项目", 20), Column("数值", 24), Column("单位", 8), Column("说明", 40)]
        overview = book.sheet("概况", columns)
        overview.add(["部门", report.office.name, None, "包括下级部门"])
        overview.add(["时间", f"{report.period.first} 至 {report.period.last}"])
        for title, value, unit, made_of in _summary(report):
            overview.add([title, value, unit.strip(), made_of])
        for panel in panels(report):
            sheet = book.sheet(
                panel.title, [Column(title, 28 if at == 0 else 16) for at, title in enumerate(panel.head)]
            )
            for cells in panel.rows:
                sheet.add(cells)
        if often:
            _add_hints(book, often)
        return book.finish()


def _add_hints(book: Book, often: Sequence[OftenReturned]) -> None:
    """退回最多的内容, and what the hints there have changed."""
    titles = ("标记次数", "占退回(%)", "填写提示", "启用日期", "启用前占退回(%)", "启用后占退回(%)")
    widths = (12, 14, 60, 14, 18, 18)
    sheet = book.sheet("填写提示", [Column("内容", 34), *map(Column, titles, widths)])
    for one in often:
        told = (one.hint.text, local(one.hint.starts_at).date()) if one.hint else (None, None)
        sheet.add([one.title, one.count, percent(one.share), *told, percent(one.before), percent(one.after)])
