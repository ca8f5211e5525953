"""人数统计: who counts on which day, by what, and the page and workbook of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.clock import today
from lib.codes import Role, Status
from lib.database import utcnow
from models import Record, db
from services.queue import index as queue_index
from services.reports import headcount
from tests.support.office.spreadsheets import tables
from tests.support.people import EMPLOYED

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}
YEAR = timedelta(days=366)


@pytest.fixture
def people(make, officer):
    """Two here, one for more than a year; one in another county; one whose record was closed."""
    employed = EMPLOYED | {"unit_type": "private"}
    for answers in (employed, {}, OTHER_COUNTY, {}):
        make.declaration(Status.APPROVED, officer=None if answers is OTHER_COUNTY else officer, **answers)
    records = db.session.query(Record).order_by(Record.id).all()
    records[0].first_approved_at = utcnow() - YEAR
    records[3].first_approved_at, records[3].closed_at = utcnow() - YEAR, utcnow() - timedelta(days=1)
    db.session.commit()
    return records


def count(make, name: str, code: str = "210100", **when):
    found = headcount.headcount(make.department(code), when.get("on", today()))
    group = next(group for group in found.groups if group.name == name)
    return {title: (group.people[title], group.before[title]) for title in group.shown}


def test_people_are_counted_by_what_a_bureau_is_asked_for(make, people):
    found = headcount.headcount(make.department("210100"), today())
    assert (found.total, found.before) == (3, 2)
    assert count(make, "departments") == {"沈阳市和平区财政局": (2, 2), "沈阳市沈河区财政局": (1, 0)}
    assert count(make, "qualification")["中级"] == (1, 1)
    said = {"full_time_level": "college", "part_time_level": "bachelor", "birth_date": "1990-03-07"}
    counted = {"education": "bachelor", "birth_year": 1990, "unit_type": ""}
    assert headcount.counted_by(said) == counted, "the higher one of two"
    assert sum(now for now, _before in count(make, "education").values()) == 3
    assert count(make, "unit")["民营企业"] == (1, 1)
    assert sum(now for now, _before in count(make, "ages").values()) == 3
    assert headcount.headcount(make.department("210102"), today() - YEAR * 2).total == 0


def test_a_rebuild_fills_what_an_older_record_lacks(make, people):
    before = count(make, "education"), count(make, "unit"), count(make, "ages")
    for record in people:
        record.education = record.birth_year = record.unit_type = None
    db.session.commit()
    assert queue_index.is_missing()
    queue_index.rebuild()
    db.session.commit()
    assert (count(make, "education"), count(make, "unit"), count(make, "ages")) == before


def test_the_page_and_the_workbook_say_the_same(make, browser, people):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    page = browser.open("/staff/statistics/people")
    assert "按单位类型" in page.text
    assert page.text.count('<svg class="chart"') == 5
    assert f"office=210103&amp;on={today()}" in page.text
    book = browser.open("/staff/statistics/people.xlsx")
    book.response.close()
    found = {table.name: table for table in tables(book.data)}
    assert found["按单位类型"].column("人数")[-1] == "3"
    assert found["概况"].rows[1]["数值"].kind == "d"


def test_a_day_ahead_and_another_scope_are_refused(browser, officer):
    page = browser.open(f"/staff/statistics/people?on={today() + timedelta(days=1)}", expect=422)
    assert page.text.count("请选择不晚于今天的日期") == 2
    browser.open("/staff/statistics/people.xlsx?on=nonsense", expect=422)
    browser.open("/staff/statistics/people?office=210103", expect=404)
