"""选项列表: the province edits the choices of the questions; what was answered stays readable."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from lib.codes import Role
from models import Event, Option, db
from tests.support.people import EMPLOYED

LISTS = "/staff/admin/options"
UNIT_TYPES = LISTS + "/unit_type"


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def option(title: str) -> Option:
    return db.session.scalars(select(Option).where(Option.list_name == "unit_type", Option.title == title)).one()


def test_an_added_option_is_offered_and_a_retired_one_only_to_those_who_have_it(system, another_browser, make):
    declaration = make.declaration(**EMPLOYED)
    applicant = another_browser.sign_in(declaration.account)
    code = declaration.unit_type
    title = db.session.get_one(Option, ("unit_type", code)).title
    db.session.rollback()

    page = system.follow(system.send(UNIT_TYPES, {"title": "样例类型"}))
    assert "已添加「样例类型」" in page.text
    assert "样例类型" in applicant.open("/apply/department").text

    system.send(f"{UNIT_TYPES}/{code}/retire", {"action": "retire"}, expect=302)
    other = another_browser.sign_in(make.declaration().account)
    assert f'value="{code}"' not in other.open("/apply/department").text
    db.session.rollback()
    applicant = another_browser.sign_in(declaration.account)
    assert f'value="{code}" selected' in applicant.open("/apply/department").text

    system.send(f"{UNIT_TYPES}/{code}", {"title": title + "（新）"}, expect=302)
    assert title + "（新）" in applicant.open("/apply/department").text
    details = db.session.scalars(select(Event.detail).where(Event.verb == "option").order_by(Event.id)).all()
    assert [detail.split(" ", 2)[2] for detail in details] == ["added", "retired", "edited"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"title": ""}, "请填写名称"),
        ({"title": "长" * 61}, "名称最多 60 个字"),
        ({"title": "样例", "position": "一"}, "请填写 0 至 999 的整数"),
    ],
)
def test_an_option_that_cannot_be_right_is_refused(system, data, problem):
    assert problem in system.send(UNIT_TYPES, data, expect=422).text


def test_no_two_options_of_a_list_have_one_name(system):
    system.send(UNIT_TYPES, {"title": "样例类型"})
    assert "「样例类型」已在列表中" in system.send(UNIT_TYPES, {"title": "样例类型"}, expect=422).text

    system.send(f"{UNIT_TYPES}/{option('样例类型').code}/retire", {"action": "retire"})
    assert "请恢复使用" in system.send(UNIT_TYPES, {"title": "样例类型"}, expect=422).text
    system.send(f"{UNIT_TYPES}/{option('样例类型').code}/retire", {"action": "restore"}, expect=302)
    assert not option("样例类型").retired


def test_what_a_condition_uses_and_the_last_one_of_a_list_stay(system):
    locked = db.session.scalars(select(Option).where(Option.list_name == "talent", Option.locked).limit(1)).one()
    path = f"{LISTS}/talent/{locked.code}/retire"
    db.session.rollback()
    assert "不能停用" in system.send(path, {"action": "retire"}, expect=422).text

    db.session.execute(update(Option).where(Option.list_name == "unit_type").values(retired=True, locked=False))
    db.session.commit()
    system.send(UNIT_TYPES, {"title": "样例类型"})
    last = option("样例类型").code
    assert "至少要保留一个选项" in system.send(f"{UNIT_TYPES}/{last}/retire", {"action": "retire"}, expect=422).text


def test_only_lists_that_questions_offer_can_be_edited(system):
    shown = system.open(LISTS).text
    assert "单位类型" in shown
    for path in (LISTS + "/nation", LISTS + "/no-such-list", UNIT_TYPES + "/no-such-option"):
        system.open(path, expect=404)
