"""The lists of reasons: who edits which, and that nothing that was used changes."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from lib.codes import Role, Status
from models import Event, Mark, ReturnReason, db
from services.departments.reference_data import load_reference_data
from services.marks import marks, return_reasons
from tests.conftest import ROOT
from tests.support.applicant.filing import words

NEW = {"title": "缺少第二页", "advice": "请把第二页也拍下来上传", "position": "7"}


@pytest.fixture
def manager(make, browser):
    manager = make.staff(Role.MANAGER, name="赵主管")
    browser.sign_in(manager)
    return manager


@pytest.fixture
def system(make, another_browser):
    system = make.staff(Role.SYSTEM, "210000", name="钱系统")
    another_browser.sign_in(system)
    return system


def named(title: str) -> ReturnReason:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(ReturnReason).where(ReturnReason.title == title)).one()


def offered(make, officer, where: str = "question") -> list[str]:
    db.session.rollback()
    return [choice.title for choice in getattr(return_reasons.of(make.actor(officer)), where)]


def logged() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Event.detail).where(Event.verb == "reason").order_by(Event.id)))


@pytest.mark.parametrize("where", ["question", "paper", "decline"])
def test_a_manager_adds_a_reason_for_the_own_department_and_those_below(make, browser, manager, where):
    page = browser.follow(browser.send(f"/staff/admin/reasons/new/{where}", NEW))

    assert "已添加「缺少第二页」" in page.text
    made = named(NEW["title"])
    assert (made.applies_to, made.department_id, made.position) == (where, manager.department_id, 7)
    assert made.advice == NEW["advice"]
    assert logged() == [f"{made.code} added to {where}"]
    assert NEW["title"] in offered(make, manager, where)
    assert NEW["title"] not in offered(make, make.staff(department="210103"), where)


def test_the_system_administrators_reason_is_everybodys(make, another_browser, system):
    another_browser.send("/staff/admin/reasons/new/paper", NEW)
    assert named(NEW["title"]).department_id is None
    assert NEW["title"] in offered(make, make.staff(department="210283"), "paper")


def test_a_reason_without_a_place_goes_to_the_end(make, browser, manager):
    browser.send("/staff/admin/reasons/new/question", NEW | {"position": ""})
    last = max(db.session.scalars(select(ReturnReason.position).where(ReturnReason.applies_to == "question")))
    assert named(NEW["title"]).position == last


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"title": ""}, "请填写名称"),
        ({"title": "长" * 21}, "名称最多 20 个字"),
        ({"advice": " "}, "请填写给申报人的说明"),
        ({"advice": "长" * 201}, "最多 200 个字"),
        ({"position": "前面"}, "请填写 0 至 999 的整数"),
        ({"position": "1000"}, "请填写 0 至 999 的整数"),
        ({"title": "日期有误"}, "的原因中已有「日期有误」"),
        ({"title": " 日期有误 "}, "的原因中已有「日期有误」"),
    ],
)
def test_what_is_missing_too_long_or_there_already_is_said_at_its_field(browser, manager, changed, message):
    page = browser.send("/staff/admin/reasons/new/question", NEW | changed, expect=422)
    assert message in page.text
    assert 'aria-invalid="true"' in page.text
    assert logged() == []


def test_the_same_title_may_stand_on_another_list_and_in_another_office(make, browser, manager):
    browser.send("/staff/admin/reasons/new/paper", NEW | {"title": "日期有误"})
    elsewhere = make.staff(Role.MANAGER, "210103")
    browser.sign_in(elsewhere).send("/staff/admin/reasons/new/paper", NEW | {"title": "另一个"})
    browser.sign_in(manager).send("/staff/admin/reasons/new/paper", NEW | {"title": "另一个"})
    assert len(logged()) == 3


def test_editing_changes_the_list_and_no_mark_that_was_sent(make, browser, another_browser, system):
    declaration = make.declaration(Status.IN_REVIEW, officer=(officer := make.staff()))
    marks.save(declaration.revisions[-1], make.actor(officer), [marks.MarkRequest("mobile", "mismatch")])
    db.session.commit()
    before = db.session.scalars(select(Mark.reason)).one()

    another_browser.send("/staff/admin/reasons/mismatch", {"title": "不一致", "advice": "新的说明", "position": "3"})

    assert named("不一致").advice == "新的说明"
    assert db.session.scalars(select(Mark.reason)).one() == before
    assert logged() == ["mismatch edited"]


def test_a_retired_reason_is_no_longer_offered_and_can_be_put_back(make, another_browser, system):
    officer = make.staff()
    another_browser.send("/staff/admin/reasons/date_wrong/retire", {"action": "retire"})
    assert "日期有误" not in offered(make, officer)

    page = another_browser.send("/staff/admin/reasons/new/question", NEW | {"title": "日期有误"}, expect=422)
    assert "请恢复使用" in page.text

    page = another_browser.follow(another_browser.send("/staff/admin/reasons/date_wrong/retire", {"action": "restore"}))
    assert "已恢复使用「日期有误」" in page.text
    assert "日期有误" in offered(make, officer)
    assert logged() == ["date_wrong retired", "date_wrong put back"]


def test_a_reason_whose_title_is_taken_by_now_is_not_put_back(make, browser, manager):
    browser.send("/staff/admin/reasons/new/question", NEW)
    code = named(NEW["title"]).code
    browser.send(f"/staff/admin/reasons/{code}/retire", {"action": "retire"})
    db.session.add(ReturnReason(code="x", applies_to="question", title=NEW["title"], advice="请改", position=1))
    db.session.commit()

    page = browser.send(f"/staff/admin/reasons/{code}/retire", {"action": "restore"}, expect=422)

    assert "请换一个名称" in page.text
    assert db.session.get_one(ReturnReason, code).retired


@pytest.mark.parametrize("path", ["mismatch", "mismatch/retire", "unknown", "unknown/retire"])
def test_a_manager_cannot_touch_the_provinces_reasons(browser, manager, path):
    browser.send(f"/staff/admin/reasons/{path}", NEW, expect=404)
    assert db.session.query(ReturnReason).filter_by(title=NEW["title"]).count() == 0


def test_another_offices_reason_is_not_found(make, browser, manager, another_browser):
    browser.send("/staff/admin/reasons/new/question", NEW)
    code = named(NEW["title"]).code
    other = another_browser.sign_in(make.staff(Role.MANAGER, "210103"))
    assert NEW["title"] not in other.open("/staff/admin/reasons").text
    other.open(f"/staff/admin/reasons/{code}", expect=404)
    other.send(f"/staff/admin/reasons/{code}/retire", expect=404)
    assert not named(NEW["title"]).retired


def test_an_unknown_list_is_not_found(browser, manager):
    assert browser.open("/staff/admin/reasons/new/anything", expect=404).status == 404


def test_the_page_shows_the_most_used_first_and_the_provinces_for_reading(make, browser, manager):
    for title, uses, position in (("甲", 24, 1), ("丙", 50, 9), ("乙", 50, 8)):
        browser.send("/staff/admin/reasons/new/question", NEW | {"title": title, "position": str(position)})
        named(title).uses = uses
        db.session.commit()
    page = browser.open("/staff/admin/reasons")
    assert re.findall(r"<a href=\"/staff/admin/reasons/own-[0-9a-f]+\">(.)</a>", page.text) == ["乙", "丙", "甲"]
    assert "全省和上级部门的原因" in words(page.text)
    assert "/staff/admin/reasons/mismatch" not in page.text


def test_the_next_start_does_not_take_back_what_the_province_edited(make, another_browser, system):
    another_browser.send("/staff/admin/reasons/mismatch", {"title": "不一致", "advice": "新的说明", "position": "3"})
    another_browser.send("/staff/admin/reasons/date_wrong/retire", {"action": "retire"})

    assert load_reference_data(ROOT / "data")["return reasons"] == 0
    db.session.commit()

    assert named("不一致").code == "mismatch"
    assert db.session.get_one(ReturnReason, "date_wrong").retired


def test_the_lists_are_those_that_officers_choose_from():
    assert list(return_reasons.LISTS) == list(return_reasons.Reasons.__dataclass_fields__)
