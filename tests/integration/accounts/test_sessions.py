"""Sessions and what depends on them: idleness, age, devices, a changed password, forms that come too late, messages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import g, session
from sqlalchemy import func, select, text

from blueprints.gate import COOKIE
from lib.crypto import token_hash
from lib.database import transaction_mode, utcnow
from models import Draft, Event, InboxMessage, ParkedForm, WebSession, db
from services.access import Actor
from services.accounts import applicants, inbox, passwords, sessions
from tests.conftest import Page
from tests.support.people import PASSWORD

NEW = "另一个 password 更好"
CHANGE = {"current": PASSWORD, "password": NEW, "confirm": NEW}


def later(**time) -> time_machine.travel:
    return time_machine.travel(utcnow() + timedelta(**time), tick=False)


def cookie(browser) -> str:
    return browser.client.get_cookie(COOKIE).value


def actor_of(token) -> Actor | None:
    found = sessions.find(token, staff=False)
    return found.actor if found else None


def sign_in(browser, person) -> Page:
    return browser.send("/login", {"name": person.name, "number": person.id_number, "password": PASSWORD})


def test_the_table_holds_no_token(browser, make):
    browser.sign_in(make.account())
    row = db.session.scalars(select(WebSession)).one()
    assert row.token_hash == token_hash(cookie(browser))
    assert cookie(browser).encode() not in row.token_hash


@pytest.mark.parametrize(("path", "idle"), [("/account", 30), ("/staff/account", 15)])
def test_idleness_ends_a_session_and_use_prolongs_it(browser, make, path, idle):
    browser.sign_in(make.staff() if "staff" in path else make.account())
    with later(minutes=idle - 1):
        browser.open(path)
    with later(minutes=2 * idle - 2):
        browser.open(path)
    with later(minutes=3 * idle - 1):
        page = browser.open(path, expect=302)
        assert page.location == ("/staff/login" if "staff" in path else "/login?next=/account")
        assert "登录已超时" in browser.follow(page).text


@pytest.mark.parametrize(("path", "hours", "step"), [("/account", 12, 25), ("/staff/account", 8, 10)])
def test_a_session_ends_with_its_age_however_busy(browser, make, path, hours, step):
    browser.sign_in(make.staff() if "staff" in path else make.account())
    for minutes in range(step, hours * 60, step):
        with later(minutes=minutes):
            browser.open(path)
    with later(hours=hours, seconds=1):
        assert browser.open(path, expect=302).location.partition("?")[0].endswith("/login")


def test_a_form_sent_after_the_end_is_kept_and_given_back_to_the_same_person(browser, make):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    typed = {"applicant_name": "单小燕", "postal_address": "样例路 99 号"}
    with later(hours=1):
        page = browser.send("/apply/personal", typed)
        assert page.location == "/login"
        assert "您刚才填写的内容已保留" in browser.follow(page).text
        assert b"\xe6\xa0\xb7\xe4\xbe\x8b" not in db.session.scalars(select(ParkedForm.body_sealed)).one()
        page = sign_in(browser, declaration.account)
        assert page.location == "/apply/personal"
        assert "样例路 99 号" in browser.follow(page).text
    assert db.session.scalar(select(func.count()).select_from(ParkedForm)) == 0
    assert db.session.scalars(select(Draft.page)).all() == ["personal"]


def test_who_comes_back_is_asked_only_for_the_password(browser, make):
    declaration = make.declaration()
    person = declaration.account
    browser.sign_in(person)
    with later(hours=1):
        page = browser.follow(browser.send("/apply/personal", {"postal_address": "样例路 99 号"}))
        assert 'name="number"' not in page.text
        assert person.name not in page.text
        assert person.id_number not in page.text, "whoever sits there now reads no more than this"
        wrong = browser.send("/login", {"password": "x" * 9}, expect=422)
        assert "登录密码不正确，请核对后再试" in wrong.text
        back = browser.send("/login", {"password": PASSWORD})
        assert back.location == "/apply/personal"
        assert "样例路 99 号" in browser.follow(back).text


def test_who_only_read_comes_back_to_that_page(browser, make):
    browser.sign_in(make.account())
    with later(hours=1):
        browser.follow(browser.open("/inbox", expect=302))
        assert browser.send("/login", {"password": PASSWORD, "next": "/inbox"}).location == "/inbox"


def test_another_person_may_sign_in_where_a_session_timed_out(browser, make):
    browser.sign_in(make.account())
    other = make.account("别人")
    with later(hours=1):
        assert 'name="number"' in browser.open("/login?other=1").text
        sign_in(browser, other)
        actor = actor_of(cookie(browser))
        assert actor
        assert actor.name == "别人"


@pytest.mark.parametrize("how", ["signed out", "password changed"])
def test_an_ended_session_is_no_half_of_a_sign_in(browser, make, how):
    person = make.account()
    browser.sign_in(person)
    if how == "signed out":
        kept = cookie(browser)
        browser.send("/logout")
        browser.client.set_cookie(COOKIE, kept)
    else:
        with transaction_mode("IMMEDIATE"):
            sessions.end_all(account_id=person.id)
            db.session.commit()
    assert 'name="number"' in browser.open("/login").text
    browser.send("/login", {"password": PASSWORD}, expect=422)


def test_a_kept_form_is_not_given_to_somebody_else(browser, make):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    with later(hours=1):
        browser.send("/apply/personal", {"postal_address": "样例路 99 号"})
        other = make.declaration(account=make.account("别人"))
        assert sign_in(browser, other.account).location == "/apply/check"
        assert "样例路 99 号" not in browser.open("/apply/personal").text


def test_a_form_kept_for_a_day_is_not_led_to_any_more(browser, make):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    with later(hours=1):
        browser.send("/apply/personal", {"postal_address": "样例路 99 号"})
    with later(hours=26):
        assert sign_in(browser, declaration.account).location == "/apply/check"


def test_a_form_that_no_page_can_give_back_does_not_lead_astray(browser, make):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    with later(hours=1):
        browser.send("/apply/submit", {"agree": "yes"})
        assert sign_in(browser, declaration.account).location == "/apply/check"


def test_a_stranger_with_no_session_at_all_parks_nothing(browser):
    assert browser.send("/apply/personal", {"postal_address": "x"}).location == "/login"
    assert db.session.scalar(select(func.count()).select_from(ParkedForm)) == 0


def test_a_made_up_cookie_opens_nothing(browser):
    browser.client.set_cookie(COOKIE, "made-up")
    assert browser.open("/account", expect=302).location == "/login"


def test_rows_that_nobody_needs_any_more_are_swept(browser, make):
    person = make.account()
    browser.send("/login", {"name": person.name, "number": person.id_number, "password": "wrong"}, expect=422)
    browser.sign_in(person).send("/logout")
    for hours, gone in [(23, 0), (25, 1), (8 * 24 - 1, 0), (8 * 24 + 1, 2)]:
        with later(hours=hours):
            assert sessions.delete_old() == gone
    db.session.commit()


# --- devices and passwords --------------------------------------------------------------------------------------------


def test_the_account_page_lists_the_devices_and_signs_the_others_out(browser, another_browser, make):
    person = make.account()
    data = {"name": person.name, "number": person.id_number, "password": PASSWORD}
    for one, agent in [(browser, "Mozilla iPhone Safari"), (another_browser, "Mozilla Windows Firefox")]:
        one.send("/login", data, headers={"User-Agent": agent})
    page = browser.open("/account").text
    assert page.index("iPhone Safari") < page.index("当前设备")
    assert "Windows 电脑 Firefox" in page
    browser.send("/account/devices")
    assert another_browser.open("/account", expect=302).location == "/login"
    page = browser.open("/account").text
    assert "Firefox" not in page
    assert "退出其他设备</button>" not in page


def test_a_device_that_has_timed_out_is_not_listed(browser, make):
    person = make.account()
    browser.sign_in(person)
    assert len(applicants.devices(person.id)) == 1
    with later(minutes=31):
        assert applicants.devices(person.id) == []


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(browser, another_browser, make):
    person = make.account()
    browser.sign_in(person)
    another_browser.sign_in(person)
    first = cookie(browser)
    page = browser.send("/account", CHANGE)
    assert "登录密码已修改" in browser.follow(page).text
    assert cookie(browser) != first
    assert actor_of(first) is None
    assert another_browser.open("/account", expect=302)
    another_browser.send("/login", {"name": person.name, "number": person.id_number, "password": NEW})
    assert db.session.scalars(select(InboxMessage.title)).all() == ["登录密码已修改"]
    assert "password_change" in db.session.scalars(select(Event.verb)).all()


def test_the_old_password_is_asked_for_and_its_tries_are_limited(browser, make):
    browser.sign_in(make.account())
    for _ in range(5):
        page = browser.send("/account", CHANGE | {"current": "wrong"}, expect=422)
        assert "原登录密码不正确" in page.text
    assert "请 15 分钟后再试" in browser.send("/account", CHANGE, expect=429).text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"current": ""}, "请填写原登录密码"),
        ({"password": "12345678", "confirm": "12345678"}, "太常见"),
        ({"confirm": "x"}, "两次填写的密码不一致"),
    ],
)
def test_a_change_that_does_not_fit_is_said_at_its_field(browser, make, changed, message):
    page = browser.sign_in(make.account()).send("/account", CHANGE | changed, expect=422)
    assert message in page.text


def test_a_password_changed_elsewhere_in_the_same_moment_is_said(browser, make, monkeypatch):
    browser.sign_in(make.account())
    hashed = passwords.hashed

    def slow(password):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE account SET password_hash = 'x'"))
            db.session.commit()
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", slow)
    page = browser.send("/account", CHANGE)
    assert "已在别处修改" in browser.follow(page).text


# --- messages -------------------------------------------------------------------------------------------------------


def test_messages_are_read_by_their_owner_and_marked_by_a_button(browser, make):
    person, other = make.account(), make.account("别人")
    inbox.send(person.id, "提交成功", "请留意审核结果。", "/apply/status")
    inbox.send(other.id, "别人的消息", "不给看")
    db.session.commit()
    page = browser.sign_in(person).open("/inbox").text
    assert "提交成功" in page
    assert 'href="/apply/status"' in page
    assert "1 条未读" in page
    assert "别人的消息" not in page
    assert "全部标为已读" in browser.open("/inbox").text
    browser.send("/inbox/read")
    assert "全部标为已读" not in browser.open("/inbox").text
    assert (inbox.unread_count(person.id), inbox.unread_count(other.id)) == (0, 1)


def test_an_empty_inbox_says_so(browser, make):
    assert "还没有消息" in browser.sign_in(make.account()).open("/inbox").text


# --- the form's token -----------------------------------------------------------------------------------------------


@pytest.fixture
def with_tokens(app):
    app.config["WTF_CSRF_ENABLED"] = True


def token_of(page) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0])


def test_a_form_without_its_token_is_refused_and_one_with_it_works(browser, make, with_tokens):
    person = make.account()
    data = {"name": person.name, "number": person.id_number, "password": PASSWORD}
    browser.send("/login", data, expect=400)
    browser.send("/login", data | {"csrf_token": token_of(browser.open("/login"))})
    browser.send("/account/devices", expect=400)
    sent = browser.send("/account/devices", {"csrf_token": token_of(browser.open("/account"))})
    assert sent.location == "/account"


def test_the_token_of_before_the_sign_in_is_worth_nothing_after_it(browser, make, with_tokens):
    person = make.account()
    before = token_of(browser.open("/login"))
    data = {"name": person.name, "number": person.id_number, "password": PASSWORD, "csrf_token": before}
    browser.send("/login", data)
    assert browser.send("/account/devices", {"csrf_token": before}, expect=400).status == 400


def test_a_late_forms_token_is_still_known_so_that_it_is_kept(browser, make, with_tokens):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    token = token_of(browser.open("/apply/personal"))
    with later(hours=1):
        assert browser.send("/apply/personal", {"csrf_token": token, "nation": "01"}).location == "/login"
    with later(hours=26):
        gone = browser.send("/apply/personal", {"csrf_token": token, "nation": "01"})
        assert "没有保留" in browser.follow(gone).text
    assert db.session.scalar(select(func.count()).select_from(ParkedForm)) == 1


def test_the_request_knows_no_person_outside_their_session(app, browser, make):
    browser.sign_in(make.account())
    with browser.client:
        browser.open("/account")
        assert g.actor.name == "单小燕"
        assert "csrf_token" in session
