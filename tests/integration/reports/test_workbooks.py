"""Every workbook that the product makes: its header stays in view, it prints well, numbers and days are such."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from lib.clock import today
from lib.codes import Role
from lib.database import utcnow
from models import db
from services.reports import xlsx
from services.site import hints
from tests.integration.reports.test_roster import approved, export
from tests.support.office.histories import Step, happened
from tests.support.office.spreadsheets import Table, tables
from tests.support.people import EMPLOYED

ROOT = Path(__file__).resolve().parents[3]
#: Which module makes it, and where it is fetched.
STATISTICS, HEADCOUNT, ROSTER = "/staff/statistics.xlsx", "/staff/statistics/people.xlsx", "/staff/roster"
NAMING = re.compile("编号|号码|代码|编码|电话|证号")  # digits that nobody adds up
WORKBOOKS = {"tables.py": STATISTICS, "headcount_tables.py": HEADCOUNT, "roster.py": ROSTER}


@pytest.fixture
def content(make, browser, request) -> bytes:
    """The workbook of an address, of a department in which something has happened."""
    manager, officer = make.staff(Role.MANAGER, "210102"), make.staff()
    if request.param != ROSTER:
        submit = Step("submit", utcnow() - timedelta(days=3))
        happened(make, officer, submit, Step("return", utcnow() - timedelta(days=2), [("mobile", "mismatch")]))
        hints.publish(make.actor(manager), "mobile", "请填写本人正在使用的号码", None)
    approved(make, **EMPLOYED | {"applicant_name": "单小燕"})
    db.session.commit()
    browser.sign_in(manager)
    page = export(browser) if request.param == ROSTER else browser.open(request.param)
    page.response.close()
    name = unquote(page.headers["Content-Disposition"].partition("UTF-8''")[2])
    assert re.fullmatch(r"(名册|审核统计|人数统计) .+ 20\d\d-\d\d(-\d\d)?( 至 20\d\d-\d\d)?\.xlsx", name), name
    return page.data


def test_the_list_here_has_every_workbook():
    makers = {path.name for path in (ROOT / "services").rglob("*.py") if re.search(r"\bBook\b", path.read_text())}
    assert makers == {*WORKBOOKS, "xlsx.py"}


@pytest.mark.parametrize("content", WORKBOOKS.values(), indirect=True)
def test_a_workbook_is_ready_for_the_printer_and_its_columns_show_what_they_hold(content):
    found = tables(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = re.findall(r'name="_xlnm\.(\w+)" localSheetId="(\d+)"', archive.read("xl/workbook.xml").decode())
    for at, table in enumerate(found):
        assert {name for name, sheet in names if sheet == str(at)} == {"Print_Titles", "Print_Area", "_FilterDatabase"}
        assert re.search(r'<pageSetup paperSize="[89]"( fitToWidth="\d")? fitToHeight="0" orientation="land', table.xml)
        assert '<pageSetUpPr fitToPage="1"/>' in table.xml
        assert 'state="frozen"' in table.xml
        assert "第 &amp;P 页，共 &amp;N 页" in table.xml
        assert sum(count for count, _width in _widths(table)) == len(table.head)
        for title, cell in (item for row in table.rows for item in row.items()):
            assert cell.kind == "inlineStr" or not NAMING.search(title), title
            assert cell.kind in ("n", "d") or NAMING.search(title) or not re.fullmatch(r"-?[\d.]+%?", cell.text), title
            assert cell.kind == "d" or not re.fullmatch(r"\d{4}-\d\d-\d\d", cell.text), title


def _widths(table: Table) -> list[tuple[int, float]]:
    """How many columns have which width."""
    found = re.findall(r'<col min="(\d+)" max="(\d+)" width="([\d.]+)"', table.xml)
    return [(int(last) - int(first) + 1, float(width)) for first, last, width in found]


@pytest.mark.parametrize("content", [ROSTER], indirect=True)
def test_a_list_of_all_questions_prints_on_pages_that_can_be_read_with_the_name_on_each(content):
    table = tables(content)[0]
    pages = int(table.xml.partition('fitToWidth="')[2].partition('"')[0])
    assert sum(count * width for count, width in _widths(table)) / pages <= 1.1 * xlsx.WIDE[xlsx.A3]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        titles = re.search(r'Print_Titles"[^>]*>([^<]*)<', archive.read("xl/workbook.xml").decode())
    assert titles
    assert titles[1].replace("'", "") == "名册!$E:$E,名册!$1:$1"
    assert table.head[4] == "申报人姓名"
    assert len([title for title in table.rows[0] if NAMING.search(title)]) >= 7


@pytest.mark.parametrize("content", [STATISTICS], indirect=True)
def test_the_statistics_take_along_what_the_hints_have_changed(content):
    table = {table.name: table for table in tables(content)}["填写提示"]
    row = table.rows[0]
    assert (row["内容"].text, row["标记次数"].text, row["占退回(%)"].text) == ("手机号码", "1", "100")
    assert (row["填写提示"].text, row["启用日期"].text) == ("请填写本人正在使用的号码", f"{today()}")
    assert row["启用前占退回(%)"].text == "100"
    assert "启用后占退回(%)" not in row, "nothing was returned since"
