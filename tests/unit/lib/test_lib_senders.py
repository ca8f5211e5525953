"""Mail and SMS against real servers on the loopback: what arrives, and what each kind of refusal is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from select import select
from socket import SHUT_RDWR
from typing import Any

import pytest

from lib.remote.mail import MOST, Mail
from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused
from tests.support.patience import PATIENCE_S
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
    with closing(mail.sender()) as sender:
        sender.send(MESSAGE)
    letter = mail.letters[-1]
    assert (letter["To"], letter["Subject"]) == (MESSAGE.to, MESSAGE.subject)
    assert letter["Message-ID"] == "<uid-1@example.org>", "the same at each try"
    assert letter.get_content().split() == MESSAGE.text.split()


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 later", NotSent), ("554 never", Refused)], ids=["for now", "for good"]
)
def test_a_mail_server_refuses(mail: MailServer, answer: str, kind: type[NotSent]) -> None:
    mail.answer = answer
    with closing(mail.sender()) as sender, pytest.raises(NotSent) as caught:
        sender.send(MESSAGE)
    assert type(caught.value) is kind
    assert MESSAGE.to not in str(caught.value)


def test_no_mail_server_and_one_that_must_have_a_password_without_tls(mail: MailServer) -> None:
    with pytest.raises(NotSent, match="连接不上邮件服务器"):
        mail.sender(port=served.free_port()).send(MESSAGE)
    with pytest.raises(NotSent):  # never a password in the clear
        mail.sender(user="user", password="secret").send(MESSAGE)


def test_letters_of_a_run_go_over_one_connection_and_a_lost_one_is_made_again(mail: MailServer) -> None:
    """Each arrives once. A refused recipient or letter leaves the connection to those after it."""
    mail.answer = "250 OK"
    letters = [Outgoing(f"uid-{number}", f"a{number}@example.org", "x", "y") for number in range(6)]
    before, had = mail.connections, len(mail.letters)
    with closing(mail.sender()) as sender:
        sender.send(letters[0])
        with pytest.raises(Refused):
            sender.send(Outgoing("uid-n", "nobody@example.org", "x", "y"))
        sender.send(letters[1])
        mail.answer = "451 later"
        with pytest.raises(NotSent):
            sender.send(letters[2])
        mail.answer = "250 OK"
        sender.send(letters[2])
        assert mail.connections == before + 1
        assert sender._server
        assert sender._server.sock
        sender._server.sock.shutdown(SHUT_RDWR)  # the server has ended it
        sender.send(letters[3])
        assert mail.connections == before + 2
        sender._carried = MOST
        sender.send(letters[4])
        assert mail.connections == before + 3
    sender.send(letters[5])
    sender.close()
    assert [letter["To"] for letter in mail.letters[had:]] == [letter.to for letter in letters]


def test_texts_of_a_run_share_connections_and_each_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway ends a connection after three without a word: the fourth goes over a new one."""
    with SmsServer(keeps=3) as sms, closing(sms.sender()) as sender:
        for number in range(7):
            sender.send(Outgoing(f"uid-{number}", f"138001300{number:02d}", "", "x"))
            if number % 3 == 2:
                assert sender._kept
                select([sender._kept.sock], [], [], 5)  # its end has arrived
        assert sms.connections == 3
        monkeypatch.setattr("lib.remote.sms.IDLE_S", 0.0)
        sender.send(TEXT)
        sender.close()
        assert sms.connections == 4
        assert [json.loads(body)["to"] for _path, body in sms.got] == [
            *(f"138001300{n:02d}" for n in range(7)),
            TEXT.to,
        ]


def test_a_text_that_got_no_answer_on_a_kept_connection_is_not_sent_again() -> None:
    with SmsServer(keeps=9) as sms, closing(sms.sender()) as sender:
        sender.send(TEXT)
        over = threading.Event()
        sms.before = lambda: over.wait(PATIENCE_S)
        assert sender._kept
        sender._kept.sock.settimeout(0.3)  # the others have all the time that they need
        with pytest.raises(NoAnswer):
            sender.send(TEXT)
        over.set()
        assert len(sms.got) == 2
        sms.before = lambda: None
        sender.send(TEXT)
        assert (len(sms.got), sms.connections) == (3, 2)


def test_a_gateway_behind_a_proxy_of_the_environment(sms: SmsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", sms.address.removesuffix("/send"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with closing(sms.sender(address="http://sms.example.org/send?a=1")) as sender:
        sender.send(TEXT)
    assert [path for path, _body in sms.got] == ["http://sms.example.org/send?a=1"]


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
    sms.before = lambda: over.wait(PATIENCE_S)
    with pytest.raises(NoAnswer):
        sms.sender(timeout=0.2).send(TEXT)
    over.set()
    with pytest.raises(NotSent) as caught:
        sms.sender(address=f"http://127.0.0.1:{served.free_port()}/").send(TEXT)
    assert type(caught.value) is NotSent
