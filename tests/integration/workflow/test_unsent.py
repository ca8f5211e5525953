"""What the applicant reads about a decision and when, and how clearly pages say that corrections are not sent yet."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from lib.codes import Role, Status
from lib.database import utcnow
from models import Declaration, Event, InboxMessage, db
from services import audit, workflow
from services.accounts import inbox
from services.corrections import reminders
from services.marks.marks import MarkRequest
from services.records import own as own_record
from services.workflow import start as workflow_start
from tests.support.applicant.filing import correct, returned, send_back, stored, submit, words

PAGES = ("/", "/account", "/inbox", "/notices", "/hotlines", "/apply/check", "/apply/education", "/apply/status")


@pytest.fixture
def declaration(make) -> Declaration:
    return returned(
        make, MarkRequest("postal_address", "", "请核对", resign=False), MarkRequest("id_emblem", "", "看不清")
    )


def later(**ahead: float) -> time_machine.travel:
    return time_machine.travel(utcnow() + timedelta(**ahead))


def opened() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Event).where(Event.verb == "open_result")) or 0


def titles(declaration: Declaration) -> list[str]:
    return [message.title for message in inbox.messages(declaration.account_id)]


# --- on every page ------------------------------------------------------------


def test_every_page_says_that_corrections_are_not_sent(declaration, browser):
    browser.sign_in(declaration.account)
    browser.open("/apply/corrections")
    for path in PAGES:
        shown = words(browser.open(path).text)
        assert "2 处" in shown, path
        assert "重新提交" in shown, path
    assert "还有 2 处没有处理" in words(browser.open("/account").text)
    correct(browser, "postal_address", explanation="无误")
    assert "还有 1 处没有处理" in words(browser.open("/account").text)
    correct(browser, "id_emblem", explanation="无误")
    for path in ("/", "/account"):
        page = browser.open(path)
        assert "您改好了 2 处，但还没有重新提交" in words(page.text)
        assert 'href="/apply/corrections"' in page.text
    browser.open("/nothing", expect=404)
    submit(browser)
    assert "重新提交" not in words(browser.open("/account").text)


def test_somebody_elses_corrections_are_nobodys_business(declaration, make, browser, another_browser):
    assert "没有处理" not in browser.open("/").text
    assert "没有处理" not in another_browser.sign_in(make.account()).open("/account").text
    browser.sign_in(make.staff())
    assert "没有处理" not in browser.open("/staff/account").text


def test_within_the_minute_of_an_undo_no_other_page_tells_of_the_return(declaration, browser):
    browser.sign_in(declaration.account)
    assert "没有处理" not in browser.open("/account").text
    with later(seconds=61):
        assert "还有 2 处没有处理" in browser.open("/account").text
    assert opened() == 0, "the reminder itself opens nothing"


# --- who has seen what ------------------------------------------------------------


@pytest.mark.parametrize("path", ["/apply/corrections", "/apply/status", "/apply/papers", "/apply/personal"])
def test_a_page_that_shows_the_result_writes_that_down_once(declaration, browser, path):
    browser.sign_in(declaration.account)
    browser.open("/account")
    assert (opened(), audit.opened_result(declaration)) == (0, False)
    for _again in range(3):
        browser.open(path)
    assert (opened(), audit.opened_result(declaration)) == (1, True)
    event = db.session.scalars(select(Event).where(Event.verb == "open_result")).one()
    assert (event.actor, event.account_id, event.revision_number) == ("applicant", declaration.account_id, 1)


def test_an_approval_counts_as_seen_when_the_record_is_opened(make, browser):
    declaration = make.declaration(Status.APPROVED)
    browser.sign_in(declaration.account).open("/archive")
    browser.open("/archive")
    assert opened() == 1


def test_what_is_seen_cannot_be_undone(make, browser):
    officer = make.actor(make.staff())
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, officer)
    workflow.approve(declaration, officer, 1)
    db.session.commit()
    browser.sign_in(declaration.account).open("/apply/status")
    with pytest.raises(workflow.Conflict, match="已经看到结果"):
        workflow.undo(stored(declaration), officer)
    db.session.rollback()


def test_an_undone_verdict_leaves_no_trace_for_the_applicant(make, browser):
    officer = make.actor(make.staff())
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, officer)
    workflow.approve(declaration, officer, 1)
    db.session.commit()
    workflow.undo(declaration, officer)
    db.session.commit()
    browser.sign_in(declaration.account)
    assert "审核通过" not in words(browser.open("/apply/status").text)
    assert browser.open("/archive", expect=302).location == "/apply"
    with later(minutes=2):
        assert "审核通过" not in titles(declaration)
    assert [item.verb for item in audit.history(declaration)] == ["create", "submit", "claim"]
    workflow.approve(stored(declaration), officer, 1)
    db.session.commit()
    browser.open("/archive")
    assert opened() == 1
    assert len(own_record.own_versions(make.actor(declaration.account))) == 1
    assert [item.verb for item in audit.history(declaration)][-1] == "approve"


def test_the_message_of_a_verdict_waits_until_it_can_no_longer_be_undone(declaration, browser):
    browser.sign_in(declaration.account)
    before = inbox.unread_count(declaration.account_id)
    assert "申报已退回" not in browser.open("/inbox").text
    browser.send("/inbox/read")
    with later(seconds=61):
        assert "申报已退回" in browser.open("/inbox").text
        assert inbox.unread_count(declaration.account_id) == 1, "it had not arrived when all was marked as read"
    assert before == 1


# --- reminders ------------------------------------------------------------


def tick() -> list[str]:
    reminders.remind_all()
    db.session.commit()
    return list(db.session.scalars(select(InboxMessage.title).order_by(InboxMessage.id)))[2:]


def test_corrections_that_were_made_and_not_sent_are_brought_to_mind_after_three_days_once(declaration, browser):
    browser.sign_in(declaration.account)
    with later(hours=2):
        browser.sign_in(declaration.account)
        correct(browser, "id_emblem", explanation="无误")
    with later(days=3):
        assert tick() == []
    with later(days=3, hours=3):
        assert tick() == ["您的修改还没有提交"]
        assert tick() == ["您的修改还没有提交"]
        assert "/apply/corrections" in browser.sign_in(declaration.account).open("/inbox").text
    with later(days=30):
        assert len(tick()) == 1


def test_a_return_that_nobody_looked_after_is_brought_to_mind_after_seven_days_once(declaration):
    for days in (3.1, 6.9):
        with later(days=days):
            assert tick() == []
    for days in (7.1, 20):
        with later(days=days):
            assert tick() == ["退回的申报等您修改"]


def test_a_second_return_has_reminders_of_its_own(declaration, make, browser):
    with later(days=8):
        assert len(tick()) == 1
        browser.sign_in(declaration.account)
        for target in ("postal_address", "id_emblem"):
            correct(browser, target, explanation="无误")
        submit(browser)
        send_back(make, stored(declaration), MarkRequest("nation", "", "请核对"))
    with later(days=16):
        assert tick().count("退回的申报等您修改") == 2


def test_what_is_with_the_office_is_nobodys_to_be_reminded_of(make):
    make.declaration(Status.SUBMITTED)
    make.declaration(Status.APPROVED)
    with later(days=40):
        assert reminders.remind_all() == 0


# --- 不予采集, 撤销, 转交 ------------------------------------------------------------


def declined(make, declaration: Declaration) -> Declaration:
    officer = make.actor(make.staff())
    workflow.claim(declaration, officer)
    workflow.decline(declaration, officer, declaration.revision_number, reason_code="", comment="不在采集范围内")
    db.session.commit()
    return declaration


def test_a_declined_person_reads_why_and_may_start_anew(make, browser):
    declaration = declined(make, make.declaration(Status.SUBMITTED))
    browser.sign_in(declaration.account)
    assert browser.open("/apply", expect=302).location == "/apply/status"
    page = browser.open("/apply/status")
    shown = words(page.text)
    for part in ("不予采集", "不在采集范围内", "沈阳市和平区财政局", "重新申报", declaration.number):
        assert part in shown
    assert opened() == 1
    assert browser.open("/apply/done", expect=302).location == "/apply"
    assert 'href="/apply/notice"' in page.text
    browser.send("/apply/notice")
    number = stored(declaration).number
    found = db.session.scalars(select(Declaration).order_by(Declaration.id)).all()
    assert [(one.status, one.number == number) for one in found] == [(Status.DECLINED, True), (Status.DRAFT, False)]
    assert browser.open("/apply", expect=302).location == "/apply/personal"


def test_a_declined_change_leaves_the_record_and_says_so(make, browser):
    record = make.record()
    change = make.change(record)
    change.notice_read_at = utcnow()
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    declined(make, change)
    browser.sign_in(record.account)
    assert browser.open("/apply", expect=302).location == "/archive"
    shown = words(browser.open("/archive").text)
    assert "您的信息变更" in shown
    assert "申请变更" in shown
    assert "不在采集范围内" in words(browser.open("/apply/status").text)
    assert workflow_start.start_change(make.actor(record.account), record).status == Status.DRAFT
    db.session.rollback()


def test_a_revoked_approval_says_why_and_leads_to_the_corrections(make, browser):
    declaration = make.declaration(Status.APPROVED)
    manager = make.actor(make.staff(Role.MANAGER))
    make.mark(declaration, "postal_address", reviewer=manager)
    workflow.revoke(declaration, manager, 1, comment="证件与本人不符")
    db.session.commit()
    browser.sign_in(declaration.account)
    assert browser.open("/apply", expect=302).location == "/apply/corrections"
    assert "证件与本人不符" in browser.open("/apply/corrections").text
    assert "撤销审核结果" in browser.open("/apply/status").text
    assert browser.open("/archive", expect=302).location == "/apply"


def test_after_a_transfer_every_page_names_the_new_office_and_the_answer_stays(make, browser):
    target = make.department("210103")
    target.phone = "024-86123456"
    here, there = make.actor(make.staff()), make.actor(make.staff(department="210103"))
    declaration = make.declaration(Status.SUBMITTED)
    old = declaration.department.name
    workflow.claim(declaration, here)
    workflow.offer(declaration, here, 1, target, "单位在沈河区")
    db.session.commit()
    browser.sign_in(declaration.account)
    assert old in browser.open("/apply/done").text
    assert target.name not in browser.open("/apply/status").text, "nobody has accepted it yet"
    workflow.answer_offer(stored(declaration), there, accept=True)
    db.session.commit()
    for path in ("/apply/status", "/apply/done"):
        shown = browser.open(path).text
        assert target.name in shown, path
        assert "024-86123456" in shown, path
    history = words(browser.open("/apply/status").text.partition("办理进度</h2>")[2])
    assert f"转交其他部门 现由{target.name}办理，电话 024-86123456" in history
    assert "单位在沈河区" not in history
    send_back(make, stored(declaration), MarkRequest("postal_address", "", "请核对"), office="210103")
    for path in ("/apply/corrections", "/apply/status"):
        assert "024-86123456" in browser.open(path).text, path
        assert old not in words(browser.open(path).text).partition("联系")[2], path
    assert stored(declaration).department_code == "210102"
