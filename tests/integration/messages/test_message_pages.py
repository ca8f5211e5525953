"""Texts that the 系统管理员 words, what became of messages, the inbox of staff, the managers' digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from commands import messages
from lib.clock import SHANGHAI
from lib.codes import Channel, Kind, OutboxState, Role, Status
from lib.database import utcnow
from lib.remote.senders import Refused
from models import InboxMessage, MessageText, OutboxMessage, Staff, db
from services import workflow
from services.accounts import inbox
from services.messages import texts
from services.messages.texts import KINDS
from services.queue import digest
from tests.integration.messages.test_outbox import Recorder, raising
from tests.integration.messages.test_sent_codes import code_of, delivered
from tests.support.people import STAFF_PASSWORD

pytestmark = pytest.mark.parametrize("settings", [{"SMTP_URL": "console:", "SMS_URL": "console:"}], ids=["both"])
SENT = {"title": "审核通过", "body": "您的申报 {申报编号} 通过了。", "sms": "申报 {申报编号} 通过了。"}


@pytest.fixture
def system(make, browser) -> Staff:
    person = make.staff(Role.SYSTEM, "210000", name="钱系统")
    browser.sign_in(person)
    return person


def rows() -> list[OutboxMessage]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.channel)))


def test_every_built_in_text_keeps_its_own_rules(app):
    for kind in KINDS.values():
        for part in kind.parts:
            assert texts.problem(kind, part, getattr(kind.built_in, part)) == "", (kind.name, part)
        filled = texts.example(kind, kind.built_in)
        assert not set("{}") & set(filled.title + filled.body + filled.sms)


def test_a_text_is_previewed_saved_used_and_put_back(system, browser, make):
    page = "/staff/admin/texts/approved"
    shown = browser.send(page, SENT | {"action": "preview"}, expect=200)
    assert "您的申报 LN20260000123 通过了。" in shown.text
    assert db.session.scalars(select(MessageText)).all() == []
    assert browser.send(page, SENT | {"action": "save"}).location == "/staff/admin/texts"
    person = make.account()
    inbox.tell(person.id, "approved", {texts.NUMBER: "LN1"})
    db.session.commit()
    assert db.session.scalars(select(InboxMessage.body)).one() == "您的申报 LN1 通过了。"
    assert rows()[-1].words == ["", "申报 LN1 通过了。"]
    browser.send(page, {"action": "restore"})
    assert db.session.scalars(select(MessageText)).all() == []
    assert texts.wording("approved") == KINDS["approved"].built_in


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("approved", {"sms": "您好 {姓名}"}, "不认识「{姓名}」，可以使用的有：{申报编号}、{网站名称}、{网址}"),
        ("approved", {"body": "您好 {申报编号"}, "不认识「{」"),
        ("approved", {"body": "您的证件 219900199003070117 通过"}, "消息中不能出现证件号码"),
        ("approved", {"title": " "}, "请填写"),
        ("approved", {"sms": "长" * 301}, "最多 300 个字"),
        ("reset_code", {"sms": "您的验证码"}, "请写上「{验证码}」"),
        ("reset_code", {"sms": ""}, "请填写"),
    ],
)
def test_a_text_that_cannot_be_is_refused_at_its_field(system, browser, name, changed, said):
    built_in = KINDS[name].built_in
    data = {"title": built_in.title, "body": built_in.body, "sms": built_in.sms} | changed
    page = browser.send(f"/staff/admin/texts/{name}", data | {"action": "save"}, expect=422)
    assert said in page.text
    assert f'id="{next(iter(changed))}-e"' in page.text
    assert db.session.scalars(select(MessageText)).all() == []


def test_what_became_of_messages_is_listed_masked_and_tried_again(system, browser, make):
    person = make.account()
    person.email = "shan@example.org"
    db.session.commit()
    inbox.send(person.id, "审核通过", "您的信息已审核通过。")
    db.session.commit()
    messages.send_due(5, {Channel.SMS: raising(Refused("the SMS gateway answers 400")), Channel.EMAIL: Recorder()})
    page = browser.open("/staff/admin/messages").text
    assert "s***@example.org" in page
    assert f"{person.phone[:3]}****{person.phone[-4:]}" in page
    assert person.phone not in page
    assert "the SMS gateway answers 400" in page
    assert "s***" not in browser.open("/staff/admin/messages?state=given_up&channel=sms").text
    assert "没有符合条件的消息" in browser.open("/staff/admin/messages?state=waiting").text
    mail, sms = rows()
    browser.send(f"/staff/admin/messages/{sms.uid}/retry")
    browser.send(f"/staff/admin/messages/{mail.uid}/retry")  # was sent: nothing happens
    assert [row.state for row in rows()] == [OutboxState.SENT, OutboxState.WAITING]
    again = Recorder()
    messages.send_due(5, {Channel.SMS: again, Channel.EMAIL: again})
    assert [message.to for message in again.got] == [person.phone]


def test_older_messages_are_on_the_next_page(system, browser, make, monkeypatch):
    monkeypatch.setattr("services.messages.outbox.PAGE", 2)
    person = make.account()
    for number in range(3):
        with time_machine.travel(datetime(2026, 11, 23, 9, number, tzinfo=SHANGHAI), tick=False):
            inbox.send(person.id, f"消息 {number}", "正文")
            db.session.commit()
    newest, oldest = rows()[-1], rows()[0]
    page = browser.open("/staff/admin/messages?channel=sms").text
    assert "2026-11-23 09:02" in page
    assert "2026-11-23 09:00" not in page
    assert newest.created_at > oldest.created_at
    assert "2026-11-23 09:00" in browser.open(f"/staff/admin/messages?channel=sms&before={rows()[1].uid}").text


# --- staff --------------------------------------------------------------------------------------------------------


def inbox_of(person: Staff) -> list[str]:
    return [message.body for message in inbox.messages(staff_id=person.id)]


def test_the_department_that_kept_a_record_is_told_when_it_moves(make, officer, manager, browser):
    """After the minute in which the approval can be undone, and not at all when it is."""
    there = make.staff(department="210103", name="孙审核")
    record = make.declaration(Status.APPROVED, officer=officer)
    change = make.declaration(Status.SUBMITTED, account=record.account, kind=Kind.CHANGE)
    change.department = make.department("210103")
    db.session.flush()
    workflow.claim(change, make.actor(there))
    db.session.commit()
    workflow.approve(change, make.actor(there), 1)
    db.session.commit()
    assert inbox_of(manager) == []
    workflow.undo(change, make.actor(there))
    db.session.commit()
    assert db.session.scalars(select(InboxMessage).where(InboxMessage.staff_id.is_not(None))).all() == []
    workflow.approve(change, make.actor(there), 1)
    db.session.commit()
    with time_machine.travel(change.decided_at.replace(microsecond=0) + 2 * workflow.UNDO_TIME, tick=False):
        assert inbox_of(manager) == [f"申报 {change.number} 审核通过，该人员的档案已转到沈阳市沈河区财政局。"]
        assert inbox_of(officer) == [], "its managers are told where it has some"


def at(day: int, hour: int) -> Any:
    return time_machine.travel(datetime(2026, 11, day, hour, 5, tzinfo=SHANGHAI), tick=False)


def test_managers_get_a_digest_once_on_a_working_day(make, manager):
    """2026-11-23 is a Monday. Who has nothing waiting is left alone."""
    manager.email, manager.email_verified_at = "zhao@example.org", utcnow()
    unverified = make.staff(Role.MANAGER, "210102", name="吴主管")
    unverified.email = "wu@example.org"
    idle = make.staff(Role.MANAGER, "210103", name="周主管")
    with at(20, 9):
        make.declaration(Status.SUBMITTED)
    for day, hour, told in ((22, 9, 0), (23, 7, 0), (23, 8, 1), (23, 9, 0), (24, 15, 1)):
        with at(day, hour):
            assert digest.send_all(8) == 2 * told, (day, hour)
            db.session.commit()
    with at(24, 16):
        assert len(inbox_of(manager)) == 2
        assert "等待审核的申报有 1 件，其中超期 0 件" in inbox_of(manager)[0]
        assert inbox_of(idle) == []
        assert len(inbox_of(unverified)) == 2, "on the site only"
    assert [row.recipient for row in rows() if row.text_name == "digest"] == ["zhao@example.org"] * 2


def test_staff_read_their_messages_and_nobody_elses(make, officer, colleague, browser):
    inbox.tell_staff([officer], "new_device")
    db.session.commit()
    assert "账号在新设备上登录" in browser.open("/staff/inbox").text
    browser.send("/staff/inbox/read")
    assert "未读" not in browser.open("/staff/inbox").text
    assert inbox_of(colleague) == []


def test_a_sign_in_on_a_new_device_is_told_once(make, browser, totp):
    person = make.staff()
    data = {"username": person.username, "password": STAFF_PASSWORD, "code": totp()}
    browser.send("/staff/login", data)
    assert len(inbox_of(person)) == 1
    browser.send("/staff/logout")
    with time_machine.travel(utcnow() + timedelta(minutes=2), tick=False):
        browser.send("/staff/login", data | {"code": totp()})
        assert len(inbox_of(person)) == 1, "the browser is known now"


def test_staff_set_an_address_with_the_password_and_a_code(officer, browser):
    address = "/staff/account/email"
    data = {"email": "wang@example.org", "current": "wrong"}
    browser.send(address, data, expect=422)
    page = browser.send(address, data | {"current": STAFF_PASSWORD})
    (sent,) = delivered()
    assert (page.location, sent.to) == (f"{address}/code", "wang@example.org")
    db.session.refresh(officer)
    assert officer.email is None
    assert "验证码不正确" in browser.send(page.location, {"code": "00000000"}, expect=422).text
    assert browser.send(page.location, {"code": code_of(sent)}).location == "/staff/account"
    assert 'wang@example.org <span class="tag g">已验证' in browser.open("/staff/account").text
    browser.send(address, {"email": "", "current": STAFF_PASSWORD})
    assert [message.to for message in delivered()] == ["wang@example.org"], "the old one is told"


def test_an_address_that_nobody_verified_gets_its_code_and_nothing_else(officer, browser):
    officer.email = "alt@example.org"
    db.session.commit()
    assert "未验证，收不到邮件" in browser.open("/staff/account").text
    inbox.tell_staff([officer], "new_device")
    db.session.commit()
    assert delivered() == []
    browser.send("/staff/account/email", {"email": "alt@example.org", "current": STAFF_PASSWORD})
    browser.send("/staff/account/email/code", {"code": code_of(delivered()[0])})
    assert delivered() == []
    inbox.tell_staff([officer], "new_device")
    db.session.commit()
    assert [message.to for message in delivered()] == ["alt@example.org"]
    for _guess in range(5):
        browser.send("/staff/account/email/code", {"code": "1"}, expect=422)
    browser.send("/staff/account/email/code", {"code": "1"}, expect=429)
