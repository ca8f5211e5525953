"""人数统计 as tables with their charts, for the page and the workbook."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from services.reports import charts
from services.reports.headcount import Group, Headcount, year_before
from services.reports.tables import Cell, Panel, percent
from services.reports.xlsx import Book, Column


def panels(found: Headcount) -> list[Panel]:
    return [_panel(group, found) for group in found.groups]


def _panel(group: Group, found: Headcount) -> Panel:
    head = (group.title.removeprefix("按"), "人数", "占比(%)", "上年同期", "增减", "增长(%)")
    rows: list[list[Cell]] = [
        [title, *_figures(group.people[title], group.before[title], found.total)] for title in group.shown
    ]
    total = ["合计", *_figures(found.total, found.before, found.total)]
    shown = [(title, group.people[title]) for title in group.shown]
    about = f"{found.on} 共 {found.total} 人。各项的人数见表格。"
    drawn = [charts.bars(group.name, f"{group.title}的人数", about, shown)]
    codes = dict(zip(group.titles, group.codes, strict=False))
    return Panel(
        group.name,
        group.title,
        head,
        [*rows, total] if rows else [],
        drawn,
        [*(codes.get(title, "") for title in group.shown), ""],
    )


def _figures(now: int, before: int, total: int) -> list[Cell]:
    share = percent(now / total) if total else None
    return [now, share, before, now - before, percent((now - before) / before) if before else None]


def spreadsheet(found: Headcount, folder: Path) -> IO[bytes]:
    """The caller closes the file."""
    with Book(folder) as book:
        overview = book.sheet("概况", [Column("项目", 20), Column("数值", 34), Column("说明", 30)])
        overview.add(["部门", found.office.name, "包括下级部门"])
        overview.add(["截止日期", found.on])
        overview.add(["人数", found.total, "有人员档案、没有注销或者调出"])
        overview.add(["上年同期人数", found.before, year_before(found.on)])
        for panel in panels(found):
            columns = [Column(title, 34 if at == 0 else 14) for at, title in enumerate(panel.head)]
            sheet = book.sheet(panel.title, columns)
            for cells in panel.rows:
                sheet.add(cells)
        return book.finish()
