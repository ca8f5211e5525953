"""忘记密码: the same second screen for everyone, a code from the counter, all sessions ended, no automatic sign-in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text

from blueprints.auth.forgot import WRONG
from blueprints.gate import COOKIE
from lib.codes import AccountState
from lib.database import transaction_mode, utcnow
from models import Account, ActivationCode, Event, InboxMessage, db
from services.accounts import activation_codes, passwords
from tests.conftest import Browser
from tests.support.people import PASSWORD, id_number

TOO_OFTEN = "该证件号码在您所在的网络填错激活码的次数过多。请换用其他网络"
NEW = "另一个 password 更好"


def begin(browser, person=None, **changed) -> Browser:
    data = {"name": person.name, "number": person.id_number} if person else {"name": "单小燕", "number": id_number(999)}
    assert browser.send("/forgot", data | changed).location == "/forgot/code"
    return browser


def issue(person) -> str:
    code = activation_codes.issue(person, None)
    db.session.commit()
    return code


def masked(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def test_a_lost_password_is_replaced_with_the_counters_code(browser, another_browser, make):
    person = make.account()
    another_browser.sign_in(person)
    browser_code = issue(person)

    assert begin(browser, person).send("/forgot/code", {"code": browser_code}).location == "/forgot/password"
    page = browser.send("/forgot/password", {"password": NEW, "confirm": NEW})
    assert page.location == "/login"
    assert browser.client.get_cookie(COOKIE) is None
    assert another_browser.open("/account", expect=302).location == "/login"

    browser.send("/login", {"name": person.name, "number": person.id_number, "password": PASSWORD}, expect=422)
    browser.send("/login", {"name": person.name, "number": person.id_number, "password": NEW})
    assert db.session.scalars(select(Event.verb)).all() == ["code_issued", "password_reset", "sign_in"]
    assert db.session.scalars(select(InboxMessage.title)).all() == ["登录密码已修改"]


def test_every_reason_to_fail_has_the_same_pages_to_the_byte(app, make):
    with_code, without, frozen = (make.account(number=id_number(n)) for n in (451, 453, 455))
    issue(with_code)
    frozen.state = AccountState.FROZEN
    db.session.commit()
    make.legacy("单小燕", id_number(457))
    cases = [("单小燕", id_number(n)) for n in (451, 453, 455, 457, 999)] + [("别人", without.id_number)]
    seconds, wrong, closed = set(), set(), set()
    for name, number in cases[:5]:
        browser = begin(Browser(app), name=name, number=number)
        seconds.add(masked(browser.open("/forgot/code")))
        wrong |= {masked(browser.send("/forgot/code", {"code": "00000001"}, expect=422)) for _ in range(5)}
        closed.add(masked(browser.send("/forgot/code", {"code": "00000001"}, expect=429)))
    assert [len(pages) for pages in (seconds, wrong, closed)] == [1, 1, 1]
    assert WRONG in wrong.pop()
    assert TOO_OFTEN in closed.pop()


def test_another_name_does_not_open_with_the_right_code(browser, make):
    person = make.account()
    page = begin(browser, person, name="别人").send("/forgot/code", {"code": issue(person)}, expect=422)
    assert WRONG in page.text


def test_an_empty_code_is_not_counted(browser, make):
    page = begin(browser, make.account()).send("/forgot/code", {"code": ""}, expect=422)
    assert "请填写激活码" in page.text
    assert db.session.scalar(text("SELECT count(*) FROM attempt")) == 0


def test_names_and_numbers_must_be_filled_in(browser):
    page = browser.send("/forgot", {"name": "", "number": ""}, expect=422)
    assert "请填写姓名" in page.text
    assert "请填写证件号码" in page.text


def test_five_wrong_codes_end_the_code_and_the_counter_can_issue_another(browser, make):
    person = make.account()
    code = issue(person)
    begin(browser, person)
    for _ in range(5):
        browser.send("/forgot/code", {"code": "x"}, expect=422)
    browser.send("/forgot/code", {"code": code}, expect=429)
    with time_machine.travel(utcnow() + timedelta(days=1, minutes=1), tick=False):
        begin(browser, person).send("/forgot/code", {"code": code}, expect=429)
    assert browser.send("/forgot/code", {"code": issue(person)}).location == "/forgot/password"


def test_a_stranger_does_not_use_up_the_code_of_its_owner(browser, another_browser, make):
    person = make.account()
    code = issue(person)
    begin(another_browser, person)
    for _ in range(5):
        another_browser.send("/forgot/code", {"code": "x"}, expect=422)
    another_browser.send("/forgot/code", {"code": "x"}, expect=429)
    elsewhere: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    assert begin(browser, person).send("/forgot/code", {"code": code}, **elsewhere).location == "/forgot/password"


def test_a_code_is_used_once_even_in_two_browsers(browser, another_browser, make):
    person = make.account()
    code = issue(person)
    for one in (browser, another_browser):
        begin(one, person).send("/forgot/code", {"code": code})
    assert browser.send("/forgot/password", {"password": NEW, "confirm": NEW}).location == "/login"
    assert another_browser.send("/forgot/password", {"password": PASSWORD, "confirm": PASSWORD}).location == "/forgot"
    assert db.session.scalars(select(ActivationCode.used_at)).one()
    begin(browser, person).send("/forgot/code", {"code": code}, expect=422)


def test_an_account_frozen_meanwhile_gets_no_new_password(browser, make, monkeypatch):
    person = make.account()
    old = person.password_hash
    begin(browser, person).send("/forgot/code", {"code": issue(person)})
    hashed = passwords.hashed

    def slow(password):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE account SET state = 'frozen'"))
            db.session.commit()
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", slow)
    assert browser.send("/forgot/password", {"password": NEW, "confirm": NEW}).location == "/forgot"
    assert db.session.scalars(select(Account.password_hash)).one() == old


@pytest.mark.parametrize("path", ["/forgot/code", "/forgot/password"])
def test_later_screens_need_the_earlier_ones_and_end_after_half_an_hour(browser, make, path):
    person = make.account()
    assert browser.open(path, expect=302).location == "/forgot"
    begin(browser, person).send("/forgot/code", {"code": issue(person)})
    assert browser.open(path).status == 200
    with time_machine.travel(utcnow() + timedelta(minutes=31), tick=False):
        assert browser.open(path, expect=302).location == "/forgot"


def test_the_new_password_must_be_a_good_one(browser, make):
    person = make.account()
    begin(browser, person).send("/forgot/code", {"code": issue(person)})
    page = browser.send("/forgot/password", {"password": "12345678", "confirm": "12345678"}, expect=422)
    assert "太常见" in page.text
