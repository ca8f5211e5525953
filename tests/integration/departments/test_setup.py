"""The tree of departments on its pages: zones, names, what is covered, systems of their own, missing phones."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from lib.codes import Role
from models import Event, db
from services.departments import administration, matching
from tests.support.applicant.filing import page, stored
from tests.support.people import COMPLETE

HEPING = "210102"
ZONE = {"name": "样例开发区财政局", "suffix": "kf", "parent": HEPING}
TREE = "/staff/admin/departments"
COVERS = f"{TREE}/210102-KF/covers"


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def test_a_zone_is_added_and_an_applicant_of_its_street_chooses_it(make, system, browser):
    street, other = list(matching.streets(HEPING))[:2]
    assert system.send(f"{TREE}/new", ZONE).location == COVERS
    system.send(COVERS, {"county": HEPING, "street": [street]})

    draft = make.declaration(home_street=street, department_code=None)
    offered = browser.sign_in(draft.account).open("/apply/department").text
    assert offered.index("样例开发区财政局") < offered.index("沈阳市和平区财政局")
    browser.send("/apply/department", page(draft, "department", department_code="210102-KF"))
    assert stored(draft).department_code == "210102-KF"

    system.sign_in(make.staff(Role.SYSTEM, "210000"))
    checked = system.open(f"/staff/admin/department-check?city=210100&county={HEPING}&street={street}").text
    assert re.findall(r"<th scope=\"row\"[^>]*>([^ <]+)", checked)[0] == "样例开发区财政局"
    assert "负责您所填地址所在的功能区" in checked
    elsewhere = system.open(f"/staff/admin/department-check?city=210100&county={HEPING}&street={other}").text
    assert "样例开发区财政局" not in elsewhere
    assert administration.problems() == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"suffix": "4x"}, "以字母开头"),
        ({"suffix": "A00"}, "代码 210102-A00 已经用过"),
        ({"parent": "210000-SF"}, "请从列表中选择上级部门"),
        ({"name": "沈阳市和平区财政局"}, "已有同名的部门"),
    ],
)
def test_a_zone_that_cannot_be_is_refused_and_codes_are_never_used_again(make, system, changed, message):
    system.send(f"{TREE}/new", ZONE | {"name": "撤并的开发区财政局", "suffix": "A00"})
    made = make.department("210102-A00")
    made.active = False
    db.session.commit()

    refused = system.send(f"{TREE}/new", ZONE | changed, expect=422)

    assert message in refused.text
    assert "210102-KF" not in system.open(TREE).text


def test_a_place_belongs_to_one_zone_and_the_whole_of_a_county_can_be_given(system):
    street = next(iter(matching.streets(HEPING)))
    for suffix in ("KF", "GX"):
        system.send(f"{TREE}/new", ZONE | {"name": f"样例{suffix}开发区财政局", "suffix": suffix})
    system.send(COVERS, {"county": HEPING, "street": [street]})

    taken = system.send(COVERS.replace("KF", "GX"), {"county": HEPING, "street": [street]}, expect=422)
    foreign = next(iter(matching.streets("210103")))
    system.send(COVERS.replace("KF", "GX"), {"county": HEPING, "street": [foreign]}, expect=422)
    system.send(COVERS.replace("KF", "GX"), {"county": "210103", "whole": "yes"})

    assert "已由样例KF开发区财政局负责" in taken.text
    assert [one.code for one in matching.match("210100", "210103", None)][:2] == ["210102-GX", "210103"]
    system.open(f"{TREE}/210100/covers", expect=404)


def test_people_of_a_city_with_a_system_of_its_own_are_led_there(make, system, browser):
    sent = {"name": "大连市财政局", "own_system": "yes", "system_url": "javascript:alert(1)//a.b", "system_words": ""}
    assert "请填写完整的网址" in system.send(f"{TREE}/210200/setup", sent, expect=422).text
    sent |= {"system_url": "https://dalian.example.org/kj", "system_words": "工作日开放"}
    system.send(f"{TREE}/210200/setup", sent)

    draft = make.declaration(**COMPLETE | {"home_city": "210200", "home_county": "210202", "department_code": None})
    for path in ("/", "/guide", "/hotlines"):
        assert 'href="https://dalian.example.org/kj"' in browser.open(path).text
        assert "工作日开放" in browser.open(path).text
    browser.sign_in(draft.account)
    for path in ("/apply/notice", "/apply/department"):
        assert 'href="https://dalian.example.org/kj"' in browser.open(path).text

    system.send(f"{TREE}/210200/setup", {"name": "大连市财政局"})
    assert not any(one.own_system for one in matching.match("210200", "210202", None))
    assert "example.org" not in browser.open("/").text


def test_a_new_name_is_shown_at_once_and_written_down(system):
    system.send(f"{TREE}/{HEPING}/setup", {"name": "和平区财政和金融局"})

    assert "和平区财政和金融局" in system.open("/hotlines").text
    assert db.session.scalars(select(Event.detail).where(Event.verb == "department_renamed")).one() == HEPING


def test_the_tree_counts_and_lists_those_without_a_phone(client, make):
    make.department("210103").phone = "024-86123456"
    db.session.commit()
    client.sign_in(make.staff(Role.MANAGER, "210100"))

    assert "14 个部门中，<b>13 个没有填写咨询电话</b>" in client.open(TREE).text
    missing = client.open(f"{TREE}?phone=none").text
    assert "沈阳市和平区财政局</a>" in missing
    assert "沈阳市沈河区财政局</a>" not in missing
    assert "康平县财政局</a>" in client.open(TREE, query_string={"q": "沈阳"}).text
    found = client.open(TREE, query_string={"q": "沈河\u202c"}).text
    assert "沈阳市沈河区财政局</a>" in found
    assert "沈阳市和平区财政局</a>" not in found


@pytest.mark.parametrize("path", ["new", "210102/setup", "210102/close", "210102/reopen", "210102/covers"])
def test_only_the_system_administrator_changes_the_tree(client, make, path):
    client.sign_in(make.staff(Role.MANAGER, "210000"))
    client.send(f"{TREE}/{path}", {"name": "x"}, expect=403)
    assert make.department("210102").name == "沈阳市和平区财政局"


def test_the_tree_as_text_and_what_is_wrong_in_it(app, make):
    run = app.test_cli_runner().invoke
    listed = run(args=["departments", "list", "--without-phone"]).output
    assert "210102\t沈阳市和平区财政局\t和平区" in listed
    fresh = run(args=["departments", "check"])
    assert (fresh.exit_code, fresh.output) == (0, "210000-SF：还没有负责的区划\n每个区县都有部门负责\n")

    make.department("210102").active = False
    db.session.commit()

    checked = run(args=["departments", "check"])
    assert checked.exit_code == 1
    assert "210102：没有部门负责" in checked.output
