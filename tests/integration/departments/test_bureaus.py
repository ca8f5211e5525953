"""新设部门: a bureau takes filings from its day on, and the page says who moves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.clock import today
from lib.codes import Role, Status
from models import db
from services.departments import administration, matching
from services.departments.reference_data import load_reference_data
from services.workflow import department_closing
from tests.conftest import ROOT
from tests.integration.departments.test_closing import told
from tests.support.applicant.filing import page, stored
from tests.support.site.command_line import runner

TREE = "/staff/admin/departments"
HEPING, NEW = "210102", "210190"
BUREAU = {
    "code": NEW,
    "name": "沈阳市样例区财政局",
    "parent": "210100",
    "phone": "024-88880000",
    "address": "样例路 1 号",
}


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def bureau(days: int = 0, **changed: str) -> dict[str, str]:
    return BUREAU | {"opens_on": (today() + timedelta(days=days)).isoformat()} | changed


def first(county: str, street: str | None = None) -> list[str]:
    return [one.code for one in matching.match("210100", county, street)]


def test_a_county_is_split_on_a_day_and_who_moves_is_told(app, make, system, browser):
    """Until its day nobody can choose the new bureau. From then on its streets are its own, and drafts choose again."""
    street, other = list(matching.streets(HEPING))[:2]
    place = {"home_street": street, "department_code": HEPING}
    draft, waiting, staying = make.declaration(**place), make.declaration(Status.SUBMITTED, **place), make.declaration()
    assert system.send(f"{TREE}/new-bureau", bureau(5)).location == f"{TREE}/{NEW}/covers"
    system.send(f"{TREE}/{NEW}/covers", {"county": HEPING, "street": [street]})

    shown = system.open(f"{TREE}/{NEW}/setup").text
    assert all(words in shown for words in ("未启用", "1 件，由沈阳市和平区财政局办结", "1 件，启用时通知申报人"))
    assert f"{HEPING} -> {NEW}" in runner(app)("departments", "check")[1]
    assert "启用" in system.open(TREE).text
    assert first(HEPING, street) == [HEPING, "210100", "210000"]
    assert department_closing.carry_out() == 0
    make.department(NEW).reopens_on = today()
    db.session.commit()
    assert department_closing.carry_out() == 1
    db.session.commit()

    assert first(HEPING, street) == [NEW, "210100", "210000"]
    assert first(HEPING, other) == [HEPING, "210100", "210000"]
    asked = [any("改由沈阳市样例区财政局受理" in body for body in told(one)) for one in (draft, waiting, staying)]
    assert asked == [True, False, False]
    assert db.session.get_one(type(waiting), waiting.id).department.code == HEPING
    browser.sign_in(draft.account)
    assert "请选择会计管理部门" in browser.send("/apply/department", page(draft, "department"), expect=422).text
    browser.send("/apply/department", page(draft, "department", department_code=NEW))
    assert stored(draft).department_code == NEW
    assert "024-88880000" in browser.open("/hotlines").text
    load_reference_data(ROOT / "data")
    assert (administration.problems(), make.department(NEW).kind) == ([], "county")


def test_a_city_is_new_and_takes_over_the_counties_of_a_closed_one(make, system):
    assert system.send(f"{TREE}/new-bureau", bureau(code="211500", parent="210000", name="样例市财政局")).location == (
        f"{TREE}/211500/setup"
    )
    closed = {"on": today().isoformat(), "successor": "211500", "officers": "move"}
    system.send(f"{TREE}/210100/close", closed)
    assert make.department(HEPING).path == "210000/211500/210102/"
    assert first(HEPING) == [HEPING, "211500", "210000"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"code": HEPING}, "已经用过（沈阳市和平区财政局）"),
        ({"code": "110101"}, "以 21 开头的 6 位"),
        ({"code": "210290"}, "应与上级部门一致，即 2101"),
        ({"code": "211500"}, "上级部门应为省财政厅"),
        ({"name": "沈阳市和平区财政局"}, "已有同名的部门"),
        ({"parent": HEPING}, "请从列表中选择上级部门"),
        ({"opens_on": "2020-01-01"}, "启用日期不能早于今天"),
        ({"phone": "123"}, "「123」"),
    ],
)
def test_a_bureau_that_cannot_be_is_refused(system, changed, message):
    assert message in system.send(f"{TREE}/new-bureau", bureau() | changed, expect=422).text
    system.open(f"{TREE}/{NEW}/setup", expect=404)


@pytest.mark.postgres
@pytest.mark.parametrize("settings", [{}], ids=["postgres"])
def test_a_county_with_more_files_than_one_batch_is_closed(make, system, settings):
    """Each batch is a transaction of its own; before the last one the successor's scope has them all already."""
    waiting = [make.declaration(Status.SUBMITTED) for _one in range(5)]
    held, record = make.declaration(Status.IN_REVIEW, officer=make.staff()), make.record()
    office, successor = make.department(HEPING), make.department("210103")
    office.closes_on, office.successor_id, office.moves_staff = today(), successor.id, True
    db.session.commit()

    done = []
    while at_once := department_closing.carry_out(at_once=2):
        db.session.commit()
        done.append(at_once)

    assert done == [3, 2, 1], "two batches with the closing itself, then one for each run"
    files = [*waiting, held, record]
    assert {db.session.get_one(type(one), one.id).department_id for one in files} == {successor.id}
    assert db.session.get_one(type(held), held.id).status == Status.SUBMITTED
    counted = system.sign_in(make.staff(Role.REVIEWER, "210103")).open("/staff/queue").text
    assert all(one.number in counted for one in (*waiting, held))
