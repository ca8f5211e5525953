"""Codes that are sent: lost passwords, old records, phones and addresses to verify. No page tells who is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select

from commands import messages
from lib.codes import Channel
from lib.database import utcnow
from models import Account, InboxMessage, SentCode, db
from services.accounts import throttle
from tests.conftest import Browser
from tests.integration.messages.test_outbox import Recorder
from tests.support.people import PASSWORD, id_number

pytestmark = pytest.mark.parametrize("settings", [{"SMTP_URL": "console:", "SMS_URL": "console:"}], ids=["sms"])
NEW = "另一个 password 更好"
FIRST = {"password": NEW, "confirm": NEW}


def delivered() -> list[Any]:
    """What the phones and mailboxes get now."""
    sms, mail = Recorder(), Recorder()
    messages.send_due(5, {Channel.SMS: sms, Channel.EMAIL: mail})
    return sms.got + mail.got


def code_of(message: Any) -> str:
    found = re.search(r"\d{8}", message.text)
    assert found
    return found[0]


def later(**time: float) -> Any:
    return time_machine.travel(utcnow() + timedelta(**time), tick=False)


def verified(make, **columns) -> Account:
    return make.account(phone_verified_at=utcnow(), **columns)


def ask(browser: Browser, way: str, name: str, number: str) -> Any:
    browser.send(f"/{way}", {"name": name, "number": number})
    return browser.send(f"/{way}/sms")


def masked(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def test_a_lost_password_is_replaced_with_a_code_to_the_verified_phone(browser, make):
    person = verified(make)
    page = browser.follow(ask(browser, "forgot", person.name, person.id_number))
    assert "验证码会在一分钟左右发到该手机" in page.text
    assert person.phone[-4:] not in page.text
    (message,) = delivered()
    assert message.to == person.phone
    code = code_of(message)
    assert browser.send("/forgot/code", {"code": code}).location == "/forgot/password"
    assert browser.send("/forgot/password", FIRST).location == "/login"
    browser.send("/login", {"name": person.name, "number": person.id_number, "password": NEW})
    browser.send("/forgot", {"name": person.name, "number": person.id_number})
    browser.send("/forgot/code", {"code": code}, expect=422)  # used


@pytest.mark.parametrize("minutes", [14, 16])
def test_a_code_lives_fifteen_minutes(browser, make, minutes):
    person = verified(make)
    ask(browser, "forgot", person.name, person.id_number)
    code = code_of(delivered()[0])
    with later(minutes=minutes):
        answer = browser.send("/forgot/code", {"code": code}, expect=(302, 422))
    assert answer.location == ("/forgot/password" if minutes < 15 else "")


def test_only_a_verified_phone_that_was_not_changed_lately_gets_a_code(browser, make):
    never = make.account(name="单一")
    lately = verified(make, name="单二", phone_changed_at=utcnow() - timedelta(hours=71))
    long_ago = verified(make, name="单三", phone_changed_at=utcnow() - timedelta(hours=73))
    for person in (never, lately, long_ago):
        ask(browser, "forgot", person.name, person.id_number)
    ask(browser, "forgot", "别人", long_ago.id_number)
    assert [message.to for message in delivered()] == [long_ago.phone]


def test_an_old_record_is_claimed_with_a_code_to_the_phone_on_file(browser, make):
    holder = make.legacy("孙立国", id_number(401))
    holder.phone = "13800130444"
    db.session.commit()
    page = browser.follow(ask(browser, "claim", "孙立国", id_number(401)))
    assert page.text.index("短信验证码") < page.text.index("激活码(")  # the first proof by itself
    assert "0444" not in page.text
    (message,) = delivered()
    assert message.to == "13800130444"
    proof = {"factor": "sms_on_file", "sms_code": code_of(message)}
    assert browser.send("/claim/proof", proof).location == "/claim/password"
    assert browser.send("/claim/password", FIRST).location == "/login"
    account = db.session.scalars(select(Account)).one()
    assert (account.phone, account.assured, account.claim_factor) == ("13800130444", True, "sms_on_file")
    assert account.phone_verified_at
    browser.send("/claim", {"name": "孙立国", "number": id_number(401)})
    browser.send("/claim/proof", proof, expect=422)


@pytest.mark.parametrize("way", ["forgot", "claim"])
def test_nobody_learns_from_asking_who_is_known(app, make, way):
    """The same pages to the byte, the same statements, the same rows, until the limit."""
    known = verified(make, number=id_number(451))
    holder = make.legacy("单小燕", id_number(453))
    holder.phone = "13800130445"
    make.account(number=id_number(455))
    db.session.commit()
    pages, heads, work = set(), set(), set()
    for number in (known.id_number, id_number(453), id_number(455), id_number(999)):
        browser = Browser(app)
        browser.send(f"/{way}", {"name": "单小燕", "number": number})
        seen: list[str] = []
        heads_seen: list[object] = []
        statements: list[str] = []
        for _ in range(throttle.SEND_CODE.source.most + 1):
            with Counted(statements):
                answer = browser.send(f"/{way}/sms")
            heads_seen.append((answer.status, answer.location, sorted(answer.headers.keys())))
            seen.append(masked(browser.follow(answer)))
        assert len(set(seen)) == 2, "and then it is too often"
        pages.add(tuple(seen))
        heads.add(str(heads_seen))
        work.add(tuple(statements))
    assert [len(found) for found in (pages, heads, work)] == [1, 1, 1]
    rows = db.session.scalars(select(SentCode)).all()
    assert len(rows) == 4 * throttle.SEND_CODE.source.most
    assert len({len(row.asked_sealed or b"") for row in rows}) == 1
    assert {message.to for message in delivered()} == {known.phone if way == "forgot" else "13800130445"}


class Counted:
    """Collects the statements that run inside."""

    def __init__(self, found: list[str]) -> None:
        self.found = found

    def _note(self, _connection, _cursor, statement, *_rest) -> None:
        self.found.append(statement)

    def __enter__(self) -> None:
        event.listen(db.engine, "before_cursor_execute", self._note)

    def __exit__(self, *_error: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)


def test_a_phone_is_changed_with_the_password_and_a_code_and_the_old_one_is_told(browser, make):
    person = make.account()
    person.email, old = "shan@example.org", person.phone
    db.session.commit()
    browser.sign_in(person)
    wrong = browser.send("/account/phone", {"target": "13800130777", "current": "wrong"}, expect=422)
    assert "登录密码不正确" in wrong.text
    page = browser.send("/account/phone", {"target": "138 0013 0777", "current": PASSWORD})
    assert page.location == "/account/phone/code"
    (message,) = delivered()
    assert message.to == "13800130777"
    assert "验证码不正确" in browser.send(page.location, {"code": "00000000"}, expect=422).text
    assert db.session.get_one(Account, person.id).phone == old
    assert browser.send(page.location, {"code": code_of(message)}).location == "/account"
    assert "已验证" in browser.open("/account").text
    assert {message.to for message in delivered()} == {old, "shan@example.org"}
    assert db.session.scalars(select(InboxMessage.title)).all() == ["手机号码已更换"]
    db.session.refresh(person)
    assert (person.phone, bool(person.phone_verified_at), bool(person.phone_changed_at)) == ("13800130777", True, True)


def test_the_phone_one_has_is_verified_without_a_wait(browser, make):
    person = make.account()
    browser.sign_in(person)
    browser.send("/account/phone", {"target": person.phone, "current": PASSWORD})
    browser.send("/account/phone/code", {"code": code_of(delivered()[0])})
    ask(browser, "forgot", person.name, person.id_number)
    assert [message.to for message in delivered()] == [person.phone]


def test_an_address_is_verified_by_a_code_of_its_own(browser, make):
    person = make.account()
    browser.sign_in(person)
    browser.send("/account/email", {"target": "neu@example.org", "current": PASSWORD})
    code = code_of(delivered()[0])
    browser.send("/account/phone/code", {"code": code}, expect=422)
    browser.send("/account/email/code", {"code": code})
    db.session.refresh(person)
    assert (person.email, person.phone_verified_at) == ("neu@example.org", None)
    assert person.email_verified_at


def test_codes_are_guessed_five_times_and_asked_for_three_times(browser, make):
    browser.sign_in(make.account())
    guesses = [browser.send("/account/phone/code", {"code": "1"}, expect=(422, 429)) for _ in range(6)]
    assert [answer.status for answer in guesses] == [422] * 5 + [429]
    wanted = {"target": "13800130777", "current": PASSWORD}
    asked = [browser.send("/account/phone", wanted, expect=(302, 429)) for _ in range(4)]
    assert [answer.status for answer in asked] == [302] * 3 + [429]


def test_the_wizard_offers_to_change_the_phone_of_the_account_as_well(browser, make):
    declaration = make.declaration()
    account = declaration.account
    browser.sign_in(account)
    offer = "/account/phone?of=declaration"
    assert offer not in browser.open("/apply/check").text
    declaration.mobile = "13800130777"
    db.session.commit()
    assert offer in browser.open("/apply/check").text
    assert 'value="13800130777"' in browser.open(offer).text
    page = browser.send(offer, {"target": "13800130777", "current": PASSWORD})
    assert browser.send(page.location, {"code": code_of(delivered()[0])}).location == "/apply/check"
    assert offer not in browser.open("/apply/check").text
    db.session.refresh(account)
    assert (account.phone, bool(account.phone_changed_at)) == ("13800130777", True)
