"""撤回 and 放弃变更: what can be taken back, until when, and what it is afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import Status
from models import Declaration, Event, Revision, db
from services import workflow
from services.corrections import tasks as corrections
from services.filing.case import DeclarationCase
from services.marks import marks
from services.marks.marks import MarkRequest
from tests.support.applicant.filing import correct, filled, returned, stored, submit, words


@pytest.fixture
def ready(make, browser) -> Declaration:
    """Everything is filled in and uploaded; its owner is signed in."""
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    return declaration


def revisions() -> list[Revision]:
    db.session.expire_all()
    return list(db.session.scalars(select(Revision).order_by(Revision.id)))


def explain(browser, declaration: Declaration, explanation: str) -> None:
    """Answer the one open mark with an explanation."""
    (mark,) = (item.target for item in corrections.items(DeclarationCase(stored(declaration))) if item.view)
    correct(browser, mark, explanation=explanation)


def test_a_submission_can_be_taken_back_and_sent_again(ready, browser):
    submit(browser)
    assert "撤回" in browser.open("/apply/status").text
    back = browser.send("/apply/withdraw")
    assert back.location == "/apply"
    assert stored(ready).status == Status.DRAFT

    browser.send("/apply/personal", filled(stored(ready), "personal"))
    submit(browser)
    assert [revision.number for revision in revisions()] == [1, 2]


def test_a_resubmission_taken_back_is_again_a_returned_one_with_its_marks(make, browser):
    declaration = returned(make, MarkRequest("id_emblem", "", "看不清"))
    browser.sign_in(declaration.account)
    explain(browser, declaration, "原件如此")
    submit(browser)

    browser.send("/apply/withdraw")

    assert stored(declaration).status == Status.RETURNED
    shown = words(browser.open("/apply/corrections").text)
    assert "看不清" in shown
    assert "居民身份证(国徽面) 已处理" in shown


def test_marks_come_back_even_when_an_officer_had_begun_to_mark_the_resubmission(make, browser):
    declaration = returned(make, MarkRequest("id_emblem", "", "看不清"))
    browser.sign_in(declaration.account)
    explain(browser, declaration, "原件如此")
    submit(browser)
    officer = make.actor(make.staff())
    workflow.claim(stored(declaration), officer)
    marks.save(revisions()[-1], officer, [MarkRequest("postal_address", "", "请核对")])
    workflow.release(declaration, officer)
    db.session.commit()
    browser.send("/apply/withdraw")
    submit(browser)

    browser.send("/apply/withdraw")

    assert "看不清" in words(browser.open("/apply/corrections").text)


def test_taking_back_starts_the_clock_anew(make, browser):
    with time_machine.travel(datetime(2026, 11, 23, 1, tzinfo=UTC)):
        declaration = returned(make, MarkRequest("id_emblem", "", "看不清"))
    with time_machine.travel(datetime(2026, 11, 24, 1, tzinfo=UTC)):
        browser.sign_in(declaration.account)
        explain(browser, declaration, "原件如此")
        submit(browser)
        browser.send("/apply/withdraw")
        submit(browser)
    assert stored(declaration).due_on == date(2026, 12, 8)


def test_once_an_officer_has_begun_it_cannot_be_taken_back(make, browser):
    declaration = make.declaration(Status.IN_REVIEW)
    browser.sign_in(declaration.account)
    assert 'action="/apply/withdraw"' not in browser.open("/apply/status").text

    back = browser.send("/apply/withdraw")

    assert back.location == "/apply/status"
    assert "审核已经开始，不能撤回" in words(browser.follow(back).text)
    assert stored(declaration).status == Status.IN_REVIEW


def test_a_lapsed_claim_does_not_stand_in_the_way(make, browser):
    declaration = make.declaration(Status.IN_REVIEW)
    make.lapsed(declaration)
    browser.sign_in(declaration.account)
    shown = browser.open("/apply/status")
    assert "待审核" in shown.text
    assert 'action="/apply/withdraw"' in shown.text
    browser.send("/apply/withdraw")
    assert stored(declaration).status == Status.DRAFT
    assert [event.verb for event in db.session.scalars(select(Event).order_by(Event.id))][-2:] == ["lapse", "withdraw"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETURNED])
def test_what_was_not_submitted_cannot_be_taken_back(make, browser, status):
    declaration = make.declaration(status)
    browser.sign_in(declaration.account).send("/apply/withdraw")
    assert stored(declaration).status == status


# --- giving up a change -----------------------------------------------------------------------------------------------


def test_a_change_can_be_given_up_and_the_record_stays(make, browser):
    record = make.record()
    declaration = make.change(record)
    revision = record.revision_id
    browser.sign_in(record.account)
    assert 'action="/apply/drop"' in browser.open("/apply/status").text

    assert browser.send("/apply/drop").location == "/archive"

    assert stored(declaration).status == Status.DROPPED
    assert record.revision_id == revision
    assert browser.open("/apply", expect=302).location == "/archive"
    again = make.change(record)
    assert again.number != declaration.number


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.RETURNED])
def test_a_first_declaration_is_not_given_up(make, browser, status):
    declaration = make.declaration(status)
    browser.sign_in(declaration.account)
    assert 'action="/apply/drop"' not in browser.open("/apply/status").text
    back = browser.send("/apply/drop")
    assert back.location == "/apply/status"
    assert "首次采集的申报不能放弃，可以留待以后继续填写" in words(browser.follow(back).text)
    assert stored(declaration).status == status
