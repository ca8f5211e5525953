"""Mail and SMS against real servers on the loopback: what arrives, and what each kind of refusal is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lib.remote.mail import Mail
from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused
from tests.support.site import served
from tests.support.site.message_servers import MailServer, SmsServer

MESSAGE = Outgoing("uid-1", "shan@example.org", "审核通过", '您的申报已审核通过 "LN1"。\n请登录查看。')
TEXT = Outgoing("uid-1", "13800130001", "", '验证码 "12345678"\n15 分钟&有效')


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def sms() -> Iterator[SmsServer]:
    with SmsServer() as server:
        yield server


def test_a_letter_arrives_as_it_was_written(mail: MailServer) -> None:
    mail.answer = "250 OK"
    mail.sender().check()
    mail.sender().send(MESSAGE)
    letter = mail.letters[-1]
    assert (letter["To"], letter["Subject"]) == (MESSAGE.to, MESSAGE.subject)
    assert letter["Message-ID"] == "<uid-1@example.org>", "the same at each try"
    assert letter.get_content().split() == MESSAGE.text.split()


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 later", NotSent), ("554 never", Refused)], ids=["for now", "for good"]
)
def test_a_mail_server_refuses(mail: MailServer, answer: str, kind: type[NotSent]) -> None:
    mail.answer = answer
    with pytest.raises(NotSent) as caught:
        mail.sender().send(MESSAGE)
    assert type(caught.value) is kind
    assert MESSAGE.to not in str(caught.value)


def test_no_mail_server_and_one_that_must_have_a_password_without_tls(mail: MailServer) -> None:
    with pytest.raises(NotSent, match="连接不上邮件服务器"):
        mail.sender(port=served.free_port()).send(MESSAGE)
    with pytest.raises(NotSent):  # never a password in the clear
        mail.sender(user="user", password="secret").send(MESSAGE)


def test_a_line_end_in_an_address_or_subject_writes_no_header(mail: MailServer) -> None:
    mail.answer = "250 OK"
    before = len(mail.letters)
    for bad in (
        Outgoing("u", "a@example.org\nBcc: b@example.org", "x", "y"),
        Outgoing("u", "a@b.cn", "x\nBcc: c", "y"),
    ):
        with pytest.raises(Refused):
            mail.sender().send(bad)
    assert len(mail.letters) == before


def test_the_address_of_a_mail_server_is_read() -> None:
    found = Mail.of("smtp://us%40er:p%3Aw@mail.example.org", "x@example.org")
    assert (found.host, found.port, found.user, found.password, found.tls_first) == (
        *("mail.example.org", 587, "us@er", "p:w"),
        False,
    )
    assert Mail.of("smtps://mail.example.org", "x@example.org").port == 465
    with pytest.raises(ValueError, match="smtp://"):
        Mail.of("http://mail.example.org", "x@example.org")


def test_what_is_filled_into_a_request_is_escaped_for_its_place(sms: SmsServer) -> None:
    sms.sender().send(TEXT)
    assert json.loads(sms.got[-1][1]) == {"to": TEXT.to, "text": TEXT.text}
    form: dict[str, Any] = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": "m={text}"}
    sms.sender(**form).send(TEXT)
    assert "&" not in sms.got[-1][1]
    assert "\n" not in sms.got[-1][1]
    sms.sender(method="GET", address=sms.address + "?to={phone}&text={text}").send(TEXT)
    path, body = sms.got[-1]
    assert path.startswith("/send?to=13800130001&text=%E9%AA%8C")
    assert body == ""
    sms.sender().check()


@pytest.mark.parametrize(("status", "kind"), [(503, NotSent), (429, NotSent), (400, Refused), (302, Refused)], ids=str)
def test_a_gateway_refuses(sms: SmsServer, status: int, kind: type[NotSent]) -> None:
    sms.status, sms.headers = status, {"Location": sms.address + "/elsewhere"}
    with pytest.raises(NotSent) as caught:
        sms.sender().send(TEXT)
    assert type(caught.value) is kind
    assert len(sms.got) == 1, "no redirect is followed"


def test_a_gateway_that_says_200_to_everything(sms: SmsServer) -> None:

    expects = sms.sender(taken=re.compile(r'"code": 0\b'))
    expects.send(TEXT)
    sms.answer = '{"code": 1007}'
    with pytest.raises(Refused):
        expects.send(TEXT)


def test_without_an_answer_nobody_knows(sms: SmsServer) -> None:
    """Slow, or ended in the middle: it may have been taken. No connection: it was not."""
    over = threading.Event()
    sms.before = lambda: over.wait(5)
    with pytest.raises(NoAnswer):
        sms.sender(timeout=0.2).send(TEXT)
    over.set()
    with pytest.raises(NotSent) as caught:
        sms.sender(address=f"http://127.0.0.1:{served.free_port()}/").send(TEXT)
    assert type(caught.value) is NotSent
