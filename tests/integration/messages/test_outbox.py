"""The outbox: written with what causes it, sent once, tried again, given up; whatever becomes of the sender."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from commands import messages
from lib.codes import Channel, OutboxState, Status
from lib.database import transaction_mode, utcnow
from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused
from models import InboxMessage, OutboxMessage, Staff, db
from services import workflow
from services.accounts import inbox
from services.messages import outbox
from services.operations import doctor
from tests.support.site import served
from tests.support.site.message_servers import MailServer, SmsServer

BOTH = {"SMTP_URL": "console:", "SMS_URL": "console:"}
pytestmark = pytest.mark.parametrize("settings", [BOTH], ids=["both channels"])


class Recorder:
    """A sender that keeps what it is given, or does what a test wants."""

    def __init__(self, act: Any = None) -> None:
        self.got: list[Outgoing] = []
        self.act = act

    def send(self, message: Outgoing) -> None:
        self.got.append(message)
        if self.act:
            self.act()

    def check(self) -> None:
        return

    def close(self) -> None:
        return


def raising(error: BaseException) -> Recorder:
    def act() -> None:
        raise error

    return Recorder(act)


def rows(state: OutboxState | None = None) -> list[OutboxMessage]:
    db.session.rollback()
    query = select(OutboxMessage).order_by(OutboxMessage.channel, OutboxMessage.id)
    found = list(db.session.scalars(query.where(OutboxMessage.state == state) if state else query))
    db.session.expire_all()
    return found


def later(**time: float) -> Any:
    return time_machine.travel(utcnow() + timedelta(**time), tick=False)


@pytest.fixture
def person(make):
    account = make.account()
    account.email = "shan@example.org"
    db.session.commit()
    return account


@pytest.fixture
def told(person):
    """Something is said to a person with a phone and an address."""
    inbox.send(person.id, "审核通过", "您的信息已审核通过。")
    db.session.commit()
    return person


@pytest.fixture
def senders() -> Iterator[tuple[MailServer, SmsServer]]:
    with MailServer() as mail, SmsServer() as sms:
        yield mail, sms


def test_a_message_reaches_the_phone_and_the_address(told, senders):
    mail, sms = senders
    assert [(row.channel, row.state) for row in rows()] == [
        (Channel.EMAIL, OutboxState.WAITING),
        (Channel.SMS, OutboxState.WAITING),
    ]
    done = messages.send_due(5, {Channel.EMAIL: mail.sender(), Channel.SMS: sms.sender()})
    assert (done.sent, done.not_sent) == (2, 0)
    inbox.send(told.id, "第二条", "正文")
    inbox.send(told.id, "第三条", "正文")
    db.session.commit()
    way = mail.sender()
    assert messages.send_due(5, {Channel.EMAIL: way}).sent == 2
    assert (mail.connections, way._server) == (2, None), "one of each run, and it has ended"
    assert mail.letters[0]["To"] == "shan@example.org"
    assert told.phone in sms.got[0][1]
    assert "审核通过" in sms.got[0][1]
    assert told.id_number not in sms.got[0][1] + mail.letters[0].as_string()
    assert {row.words for row in rows(OutboxState.SENT)} == {None}, "no text is kept"


def test_what_is_rolled_back_is_not_sent(person):
    inbox.send(person.id, "审核通过", "您的信息已审核通过。")
    db.session.rollback()
    assert rows() == []


def test_nothing_at_rest_can_be_read_without_the_keys(told):
    with db.engine.connect() as connection:
        raw = connection.exec_driver_sql("SELECT recipient_sealed, words_sealed FROM outbox").all()
    assert len(raw) == 2
    for sealed in (part for row in raw for part in row):
        assert not any(text.encode() in sealed for text in ("13800", "example.org", "审核"))


def test_a_failing_server_is_tried_again_with_growing_waits_and_given_up(told):
    broken = raising(NotSent("the mail server answers 451"))
    waits = []
    for day in range(8):
        with later(days=day):
            messages.send_due(5, {Channel.EMAIL: broken})
            messages.send_due(5, {Channel.EMAIL: broken})  # not at once again
            waits.append(rows()[0].due_at - utcnow())
    last = rows()[0]
    assert (last.state, last.problem) == (OutboxState.GIVEN_UP, "the mail server answers 451")
    assert last.tries == len(broken.got) == len(outbox.WAITS) + 1
    assert len({message.uid for message in broken.got}) == 1, "a receiver can tell that it is the same"
    assert tuple(waits[: len(outbox.WAITS)]) == outbox.WAITS == tuple(sorted(set(outbox.WAITS)))


@pytest.mark.parametrize(
    ("error", "mail", "sms"),
    [
        (Refused("no"), OutboxState.GIVEN_UP, OutboxState.GIVEN_UP),
        (NoAnswer("no answer"), OutboxState.FAILED, OutboxState.GIVEN_UP),
        (NotSent("later"), OutboxState.FAILED, OutboxState.FAILED),
    ],
    ids=["refused", "no answer", "for now"],
)
def test_what_may_have_been_taken_is_not_sent_twice_by_sms(told, error, mail, sms):
    sender = raising(error)
    messages.send_due(5, {Channel.EMAIL: sender, Channel.SMS: sender})
    assert [row.state for row in rows()] == [mail, sms]


def test_a_sender_killed_between_sending_and_writing_it_down(told):
    """Mail goes again under its Message-ID, an SMS does not; meanwhile nobody else takes them."""
    killed = raising(SystemExit())
    for channel in (Channel.EMAIL, Channel.SMS):
        with pytest.raises(SystemExit):
            messages.send_due(5, {channel: killed})
    first, second = killed.got
    assert first.uid != second.uid
    after = {Channel.EMAIL: Recorder(), Channel.SMS: Recorder()}
    messages.send_due(5, after)
    assert [row.state for row in rows()] == [OutboxState.SENDING] * 2
    with later(minutes=6):
        messages.send_due(5, after)
        messages.send_due(5, after)
    assert [message.uid for message in after[Channel.EMAIL].got] == [first.uid]
    assert after[Channel.SMS].got == []
    assert [row.state for row in rows()] == [OutboxState.SENT, OutboxState.GIVEN_UP]
    assert rows()[1].problem == outbox.INTERRUPTED


def test_a_sender_that_comes_back_after_its_lease_changes_nothing(told):
    db.session.rollback()
    slow = outbox.take(rows()[0].id)
    assert slow
    lease, tries = slow.lease or "", slow.tries
    db.session.commit()
    with later(minutes=6):
        messages.send_due(5, {Channel.EMAIL: Recorder()})
        assert not outbox.not_sent(slow.id, lease, tries, Channel.EMAIL, NotSent("late"))
        db.session.commit()
    assert rows()[0].state == OutboxState.SENT


def both_at_once(app, person) -> list[str]:
    for number in range(15):
        inbox.send(person.id, f"消息 {number}", "正文")
    db.session.commit()
    db.session.remove()
    barrier, sender, failed = threading.Barrier(2), Recorder(), []

    def run() -> None:
        with app.app_context():
            barrier.wait()
            try:
                messages.send_due(30, {Channel.SMS: sender, Channel.EMAIL: sender})
            except Exception as error:
                failed.append(error)
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    return [message.uid for message in sender.got]


def test_two_senders_at_once_send_each_message_once(app, person):
    sent = both_at_once(app, person)
    assert len(sent) == len(set(sent)) == 30


@pytest.mark.postgres
def test_two_senders_at_once_send_each_message_once_on_postgresql(app, person):
    sent = both_at_once(app, person)
    assert len(sent) == len(set(sent)) == 30


def test_a_decision_is_told_after_the_minute_and_not_at_all_when_undone(make, officer):
    sender, declaration = Recorder(), make.declaration(Status.IN_REVIEW, officer=officer)
    senders = {Channel.SMS: sender}
    actor = make.actor(officer)
    before = len(rows())
    workflow.approve(declaration, actor, 1)
    db.session.commit()
    messages.send_due(5, senders)
    assert not any("审核通过" in message.text for message in sender.got), "it can still be undone"
    workflow.undo(declaration, actor)
    db.session.commit()
    assert len(rows()) == before
    workflow.approve(declaration, actor, 1)
    db.session.commit()
    with later(seconds=61):
        messages.send_due(5, senders)
    assert sum("审核通过" in message.text for message in sender.got) == 1
    with later(minutes=10):
        messages.send_due(5, senders)
    assert sum("审核通过" in message.text for message in sender.got) == 1


def test_the_officer_reads_whether_the_person_was_told(make, officer, browser):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    workflow.approve(declaration, make.actor(officer), 1)
    db.session.commit()
    page = f"/staff/submissions/{declaration.uid}"
    assert "短信通知：等待发送" in browser.open(page).text
    with later(seconds=61):
        messages.send_due(5, {Channel.SMS: raising(Refused("no"))})
        assert "短信通知：未发出" in browser.open(page).text


def test_nothing_is_kept_for_a_channel_that_is_not_set_up(app, person):
    app.extensions["kuaiji.site"] = app.extensions["kuaiji.site"].__class__("x", "y", frozenset({Channel.EMAIL}))
    inbox.send(person.id, "审核通过", "您的信息已审核通过。")
    db.session.commit()
    assert [row.channel for row in rows()] == [Channel.EMAIL]


def test_the_doctor_tells_of_a_server_that_is_gone_and_of_a_growing_outbox(app, told):
    config = dict(app.config) | {"SMTP_URL": f"smtp://127.0.0.1:{served.free_port()}", "MAIL_FROM": "a@example.org"}
    assert [(found.level, found.text.split("：")[0]) for found in doctor.messages(config)] == [
        ("fault", "电子邮件"),
        ("ok", "短信"),
    ]
    with later(hours=2):
        found = [one.text for one in doctor.messages(app.config) if one.level == "warning"]
        messages.send_due(5, {Channel.SMS: raising(Refused("no")), Channel.EMAIL: raising(Refused("no"))})
        after = [one.text for one in doctor.messages(app.config) if one.level == "warning"]
    assert found[0].startswith("待发消息：有 2 条到时间没有发出")
    assert after == ["待发消息：最近一天有 2 条没能发出；请看 管理 → 消息发送情况"]


def test_the_commands_say_what_they_did(app, told):
    run = app.test_cli_runner().invoke
    checked = run(args=["messages", "check"])
    assert checked.output == "电子邮件：连接正常\n短信：连接正常\n"
    assert "已发送 2 条，未被接受 0 条" in run(args=["messages", "send"]).output
    with transaction_mode("DEFERRED"):
        assert [row.state for row in rows()] == [OutboxState.SENT] * 2


def test_old_messages_are_forgotten(told):
    messages.send_due(5, {Channel.SMS: Recorder()})
    with later(days=91):
        assert outbox.delete_old() == 1, "what still waits stays"
        db.session.commit()
    assert [row.channel for row in rows()] == [Channel.EMAIL]
    assert db.session.scalars(select(InboxMessage.title)).all() == ["审核通过"]
    assert db.session.scalars(select(Staff)).all() == []
