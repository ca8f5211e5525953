"""【领取10件】: ten are taken at once."""

from __future__ import annotations

from blueprints.review import queue as queue_view
from lib.codes import Status
from models import db
from services import workflow
from tests.integration.queue.test_review_queue import OTHER_COUNTY, due, numbers
from tests.support.office.review_desk import holder_id


def test_ten_are_taken_by_due_date_and_lead_to_ones_own(make, browser, officer, monkeypatch):
    monkeypatch.setattr(queue_view, "TEN", 2)
    later, first, second = (due(make.declaration(Status.SUBMITTED), days) for days in (9, 1, 2))
    answer = browser.send("/staff/queue/ten")
    assert answer.location == "/staff/queue?lane=mine"
    page = browser.follow(answer)
    assert numbers(page) == [first.number, second.number]
    assert "已领取 2 件" in page.text
    assert holder_id(later) is None


def test_ten_of_nothing_are_none(browser, officer):
    assert "没有等待审核的申报" in browser.follow(browser.send("/staff/queue/ten")).text


def test_ten_never_take_another_countys_files_whatever_the_form_says(make, browser, officer):
    other = make.declaration(Status.SUBMITTED, **OTHER_COUNTY)
    for department in ("210103", "210100", "210000", ""):
        answer = browser.send("/staff/queue/ten", {"department": department})
        assert "没有等待审核的申报" in browser.follow(answer).text
    assert holder_id(other) is None


def test_ten_pass_over_what_moved_meanwhile(make, browser, officer, monkeypatch):
    gone, here = due(make.declaration(Status.SUBMITTED), 1), due(make.declaration(Status.SUBMITTED), 2)
    claim = workflow.claim

    def withdrawn_meanwhile(found, actor):
        if found.id == gone.id:
            workflow.withdraw(gone, make.actor(gone.account))
            db.session.commit()
            raise workflow.Conflict("somebody else was faster")
        return claim(found, actor)

    monkeypatch.setattr(workflow, "claim", withdrawn_meanwhile)
    page = browser.follow(browser.send("/staff/queue/ten"))
    assert numbers(page) == [here.number]
    assert "已领取 1 件" in page.text


def test_ten_that_are_always_too_late_ask_to_press_again(make, browser, officer, monkeypatch):
    make.declaration(Status.SUBMITTED)

    def always_too_late(found, actor):
        raise workflow.Conflict("somebody else was faster")

    monkeypatch.setattr(workflow, "claim", always_too_late)
    assert "请再按一次" in browser.follow(browser.send("/staff/queue/ten")).text
