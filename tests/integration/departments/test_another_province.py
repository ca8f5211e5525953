"""An installation of another province: its divisions, departments and the letters of its numbers are data."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from lib.codes import Status
from models import Department, DepartmentDivision, Division, db
from services.departments import office_tree
from services.departments.reference_data import load_reference_data

DIVISIONS = """code,name,level,parent
220000,吉林省,province,
220100,长春市,city,220000
220102,南关区,county,220100
220200,吉林市,city,220000
"""
DEPARTMENTS = """code,name,parent,own_system
220000-ZX,样例示范区财政局,220000,0
220200,,220000,1
"""


@pytest.fixture
def jilin(app, tmp_path):
    for model in (DepartmentDivision, Department, Division):
        db.session.execute(delete(model))
    (tmp_path / "divisions.csv").write_text(DIVISIONS)
    (tmp_path / "departments.csv").write_text(DEPARTMENTS)
    load_reference_data(tmp_path)
    db.session.commit()


def test_its_departments_follow_from_its_files(jilin, client):
    rows = {row.code: row for row in db.session.scalars(select(Department))}
    assert {code: row.own_system for code, row in rows.items()} == {
        "220000": False,
        "220000-ZX": False,
        "220100": False,
        "220102": False,
        "220200": True,
    }
    assert rows["220000-ZX"].path == "220000/220000-ZX/"
    assert office_tree.top() == "220000/"
    for page in ("/", "/guide"):
        text = client.open(page).text
        assert "吉林市" in text
        assert "大连" not in text


@pytest.mark.parametrize("settings", [{"NUMBER_PREFIX": "JL"}])
def test_its_numbers_begin_with_its_letters_and_are_found(app, make, officer, browser):
    number = make.declaration(Status.SUBMITTED).number
    assert number.startswith("JL20")
    for asked in (number.removeprefix("JL"), number[-3:], f"LN{number[2:]}"):
        found = "JL20" in browser.open(f"/staff/queue?q={asked}").text
        assert found == (not asked.startswith("LN")), asked
