"""A manager passes on what an officer holds, and notes absences."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.clock import today
from lib.codes import Role, Status
from models import Declaration, Event, Staff, db
from services import workflow
from services.review import case
from tests.support.factory import Make
from tests.support.office.review_desk import holder_id


@pytest.fixture
def colleague(make):
    return make.staff(name="李审核")


@pytest.fixture
def manager(make, browser):
    manager = make.staff(Role.MANAGER, name="王主管")
    browser.sign_in(manager)
    return manager


def test_a_manager_passes_on_what_an_officer_holds(make, browser, colleague, manager):
    other, county = make.staff(name="赵审核"), make.staff(department="210103", name="钱审核")
    held = [make.declaration(Status.IN_REVIEW, officer=colleague) for _one in range(2)]
    page = browser.open("/staff/overview")
    assert f"/staff/officers/{colleague.uid}" in page.text
    page = browser.open(f"/staff/officers/{colleague.uid}")
    assert all(one.number in page.text for one in held)
    assert "钱审核" not in page.text
    browser.open(f"/staff/officers/{county.uid}", expect=404)
    browser.send(f"/staff/officers/{colleague.uid}/reassign", {"to": county.uid}, expect=404)
    answer = browser.send(f"/staff/officers/{colleague.uid}/reassign", {"to": other.uid})
    assert "已转给赵审核 2 件" in browser.follow(answer).text
    assert [holder_id(one) for one in held] == [other.id, other.id]
    event = db.session.query(Event).filter_by(declaration_id=held[0].id).order_by(Event.id.desc()).first()
    assert event
    assert (event.verb, event.staff_id) == ("reassign", manager.id)
    assert event.detail == f"from staff {colleague.id} to staff {other.id}"
    make.lapsed(held[0])
    assert [_keeps_marks(held[0], one, make) for one in (other, colleague, manager)] == [True, False, False]
    answer = browser.send(f"/staff/officers/{other.uid}/reassign", {"to": ""})
    assert "已放回待审核 1 件" in browser.follow(answer).text
    assert {workflow.standing_status(one) for one in held} == {Status.SUBMITTED}


def _keeps_marks(declaration: Declaration, officer: Staff, make: Make) -> bool:
    shown = case.of(declaration, make.actor(officer))
    return shown is not None and shown.may_keep_marks()


def test_a_manager_does_not_choose_who_reviews_the_own_file(make, browser, colleague, manager):
    other, own = make.staff(name="赵审核"), make.declaration(Status.IN_REVIEW, officer=colleague)
    manager.id_index = own.account.id_index
    db.session.commit()
    assert own.number not in browser.open(f"/staff/officers/{colleague.uid}").text
    browser.send(f"/staff/officers/{colleague.uid}/reassign", {"to": other.uid})
    assert holder_id(own) == colleague.id


def test_the_files_of_an_absent_officer_go_on(make, browser, another_browser, colleague, manager):
    held = make.declaration(Status.IN_REVIEW, officer=colleague)
    kept = make.declaration(Status.RETURNED, officer=colleague)
    kept.postal_address = "样例路 9 号"
    make.papers(kept)
    workflow.submit(kept, make.actor(kept.account), commitment="1", review_days=30)
    db.session.commit()
    another_browser.sign_in(make.staff(name="赵审核"))
    assert "李审核退回过" in another_browser.open("/staff/queue").text
    until = today() + timedelta(days=3)
    answer = browser.send(f"/staff/officers/{colleague.uid}/absence", {"until": f"{until}"})
    page = browser.follow(answer)
    assert "放回待审核 1 件" in page.text
    assert f"离岗至 {until}" in page.text
    assert holder_id(held) is None
    assert "李审核退回过" not in another_browser.open("/staff/queue").text
    assert db.session.query(Event).filter_by(verb="staff_absence").count() == 1
    browser.send(f"/staff/officers/{colleague.uid}/absence", {"action": "back"})
    assert "李审核退回过" in another_browser.open("/staff/queue").text


@pytest.mark.parametrize(
    ("day", "said"),
    [("2020-01-01", "不能早于今天"), ("2090-01-01", "一年以内"), ("next week", "请按 2026-11-23 的样子"), ("", "请按")],
)
def test_the_last_day_of_an_absence_is_from_today_on_and_within_a_year(browser, colleague, manager, day, said):
    answer = browser.send(f"/staff/officers/{colleague.uid}/absence", {"until": day}, expect=422)
    assert said in answer.text
    assert f'value="{day}"' in answer.text
    assert 'aria-describedby="until-e"' in answer.text
    assert colleague.absent_until is None


def test_the_overview_estimates_the_open_work_by_the_last_weeks(make, browser, colleague, manager):
    for _one in range(4):
        make.declaration(Status.APPROVED, officer=colleague)
    make.declaration(Status.SUBMITTED)
    page = browser.open("/staff/overview")
    assert "平均每周提交 1 件、办结 1 件" in page.text, "5 and 4 in four weeks"
    assert "现有 1 件约需 5 个工作日办完" in page.text
    assert "四周后未办结约 2 件" in page.text
