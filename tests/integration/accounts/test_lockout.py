"""Who can keep out whom at the sign-in: strangers, people of one network, and the owner's own browsers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from blueprints import client_source
from config import BadSetting, read_settings
from lib import crypto
from lib.database import utcnow
from models import ActivationCode, KnownDevice, db
from services.accounts import activation_codes, applicants, known_devices, staff, throttle
from tests.conftest import Browser, Page
from tests.support.office.second_factor import code
from tests.support.office.second_factor import sign_in as staff_sign_in
from tests.support.people import PASSWORD, STAFF_PASSWORD, id_number

HOME, OFFICE = "198.51.100.7", "192.0.2.1"
OFFICE_NETWORKS = {"OFFICE_NETWORKS": "127.0.0.0/8, 192.0.2.0/24,2001:db8::/48"}


def at(address: str) -> dict[str, Any]:
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def street(number: int) -> str:
    """One of many addresses of strangers."""
    return f"203.0.{number // 250}.{number % 250}"


def sign_in(browser, number, expect=302, password=PASSWORD, address=HOME) -> Page:
    data = {"name": "单小燕", "number": number, "password": password}
    return browser.send("/login", data, expect=expect, **at(address))


def guess(app, number, expect: int | tuple[int, int] = 422, address=OFFICE) -> Page:
    return sign_in(Browser(app), number, expect, "wrong", address)


def failed(number, address) -> None:
    """What a guess leaves behind, without its page."""
    assert throttle.count_secret(throttle.SIGN_IN, number, throttle.AttemptSource(address)).until is None
    db.session.commit()


def masked(page, number) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text).replace(number, "N")


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    """The passwords that reached the hash."""
    reached: list[str] = []
    check = crypto.check_password

    def counted(password_hash, password, **kwargs):
        reached.append(password)
        return check(password_hash, password, **kwargs)

    monkeypatch.setattr(crypto, "check_password", counted)
    return reached


def test_five_wrong_passwords_of_a_stranger_do_not_keep_the_owner_out(app, browser, make):
    owner = make.account()
    for _ in range(5):
        guess(app, owner.id_number)
    refused = guess(app, owner.id_number, 429)
    assert "该证件号码在您所在的网络" in refused.text
    assert "请 15 分钟后再试" in refused.text
    assert "忘记密码" in refused.text
    sign_in(browser, owner.id_number)


def test_the_owner_gets_in_on_a_new_device_although_ten_networks_used_up_the_day(app, browser, make):
    owner = make.account()
    for tried in range(50):
        failed(owner.id_number, street(tried // 5))
    refused = guess(app, owner.id_number, 429, street(0))
    assert "该证件号码今天登录失败的次数过多" in refused.text
    assert "登录过的手机或电脑" in refused.text
    sign_in(browser, owner.id_number)


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.soak)])
def test_of_ten_thousand_tries_from_fifty_networks_at_most_a_hundred_reach_the_hash(
    app, browser, another_browser, make, hashes, rounds
):
    """In the order in which most get through: ten networks use up the day, forty have a first try."""
    owner, other = make.account(), make.account()
    sign_in(browser, owner.id_number)
    hashes.clear()
    db.session.rollback()
    stranger, form = app.test_client(), {"name": owner.name, "number": owner.id_number, "password": "wrong"}
    order = [number for number in range(50) for _ in range(5 if number < 10 else 1)] + list(range(20, 30))
    statuses = Counter(stranger.post("/login", data=form, **at(street(n))).status_code for n in order * rounds)
    assert statuses == {422: 90, 429: 100 * rounds - 90}
    assert len(hashes) == 90

    sign_in(browser, owner.id_number, address=street(3))
    sign_in(another_browser, other.id_number, address=street(3))


def test_a_known_device_gets_in_beside_the_stranger_in_the_same_network(app, browser, make):
    owner = make.account()
    sign_in(browser, owner.id_number)
    browser.send("/logout")
    for _ in range(5):
        guess(app, owner.id_number, address=HOME)
    guess(app, owner.id_number, 429, HOME)
    assert sign_in(browser, owner.id_number).location == "/apply/notice"


def test_a_known_device_has_ten_tries_a_day_and_then_those_of_everybody(browser, make, hashes):
    """Somebody else may sit at it: it counts no less than other browsers, only apart."""
    owner = make.account()
    sign_in(browser, owner.id_number)
    hashes.clear()
    for _ in range(15):
        sign_in(browser, owner.id_number, 422, "wrong")
    sign_in(browser, owner.id_number, 429, "wrong")
    with time_machine.travel(utcnow() + timedelta(minutes=16), tick=False):
        for _ in range(5):
            sign_in(browser, owner.id_number, 422, "wrong")
        sign_in(browser, owner.id_number, 429)
    assert len(hashes) == 20


def exhaust(address: str, people=100) -> None:
    for serial in range(people):
        failed(id_number(serial, "19800101"), address)


def test_a_hundred_failures_of_one_network_keep_out_nobody_with_the_right_password(app, browser, make):
    person = make.account()
    exhaust(OFFICE)
    refused = guess(app, id_number(5, "19800101"), 429)
    assert "您所在的网络登录失败的次数过多，与您的证件号码无关。请 60 分钟后再试" in refused.text
    assert "手机流量" in refused.text
    sign_in(browser, person.id_number, address=OFFICE)


@pytest.fixture
def few(monkeypatch) -> None:
    """Three failures exhaust an address; six with the first ones."""
    for name in ("SIGN_IN", "STAFF_SIGN_IN"):
        limits = getattr(throttle, name)
        monkeypatch.setattr(throttle, name, replace(limits, address=replace(limits.address, most=3, first=6)))


@pytest.mark.parametrize("settings", [{}, OFFICE_NETWORKS])
def test_one_try_for_each_person_is_left_at_an_exhausted_address_and_they_have_an_end(
    app, browser, make, few, settings
):
    person = make.account()
    sign_in(browser, person.id_number)
    exhaust(OFFICE, people=3)
    guess(app, person.id_number)
    guess(app, person.id_number, 422 if settings else 429)
    exhausted = 422 if settings else 429
    for serial, status in zip(range(50, 53), (422, 422, exhausted), strict=True):
        guess(app, id_number(serial, "19800101"), status)
    sign_in(Browser(app), person.id_number, 302 if settings else 429, address=OFFICE)
    assert sign_in(browser, person.id_number, address=OFFICE).location == "/apply/notice"


@pytest.mark.parametrize("limited", ["source", "person", "address"])
def test_no_limit_tells_whether_a_number_is_known(app, make, monkeypatch, limited):
    """The same pages and headers for a known and an unknown number, whatever is limited."""
    limits = replace(getattr(throttle.SIGN_IN, limited), most=2, first=2)
    monkeypatch.setattr(throttle, "SIGN_IN", replace(throttle.SIGN_IN, **{limited: limits}))
    answers = []
    for network, number in (("198.18.0.1", make.account().id_number), ("198.18.0.2", id_number(991))):
        wrong = [guess(app, number, address=network) for _ in range(2)]
        refused = guess(app, number, 429, network)
        answers.append([(masked(page, number), sorted(page.headers.keys())) for page in (*wrong, refused)])
    assert answers[0] == answers[1]
    assert len({text for text, _headers in answers[0]}) == 2


@pytest.mark.parametrize("settings", [OFFICE_NETWORKS])
def test_the_networks_that_the_office_lists_are_told_by_address(app):
    for address, is_office in {
        "192.0.2.7": True,
        "::ffff:192.0.2.7": True,
        "2001:db8:0:9::1": True,
        "192.0.3.1": False,
        "2001:db9::1": False,
        "unix:": False,
    }.items():
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            assert client_source().is_office == is_office
    with pytest.raises(BadSetting, match=r"KUAIJI_OFFICE_NETWORKS='192\.0\.2'：应为网段，例如 192\.0\.2\.0/24"):
        read_settings({"KUAIJI_OFFICE_NETWORKS": "192.0.2"})


# --- the browsers of a person -----------------------------------------------------------------------------------------


def token(browser, staff=False) -> str:
    name, path = ("kuaiji_staff_device", "/staff/login") if staff else ("kuaiji_device", "/login")
    found = browser.client.get_cookie(name, path=path)
    return found.value if found else ""


def knows(browser, person) -> bool:
    return known_devices.find(token(browser), account_id=person.id) > 0


def test_a_browser_is_known_from_a_right_sign_in_on_and_by_a_hash(app, browser, make):
    person = make.account()
    sign_in(browser, person.id_number, 422, "wrong")
    assert not token(browser)
    page = sign_in(browser, person.id_number)
    (cookie,) = [header for header in page.headers.getlist("Set-Cookie") if header.startswith("kuaiji_device=")]
    for part in ("Max-Age=15552000", "HttpOnly", "Path=/login", "SameSite=Lax"):
        assert part in cookie
    assert knows(browser, person)
    assert token(browser).encode() not in b"".join(db.session.scalars(select(KnownDevice.token_hash)))


def test_each_sign_in_renews_the_token_for_everybody_of_that_browser(browser, another_browser, make):
    mother, son = make.account(), make.account()
    sign_in(browser, mother.id_number)
    first = token(browser)
    sign_in(browser, son.id_number)
    assert knows(browser, mother)
    assert knows(browser, son)
    another_browser.client.set_cookie("kuaiji_device", first, path="/login")
    assert not knows(another_browser, mother)


def test_the_token_of_one_person_helps_nobody_at_another(app, browser, make):
    mother, other = make.account(), make.account()
    sign_in(browser, mother.id_number)
    for _ in range(5):
        sign_in(browser, other.id_number, 422, "wrong")
    assert "请 15 分钟后再试" in sign_in(browser, other.id_number, 429).text


def change_password(browser, _person) -> None:
    new = "另一个 password 更好"
    browser.send("/account", {"current": PASSWORD, "password": new, "confirm": new})


def end_other_devices(browser, _person) -> None:
    browser.send("/account/devices")


@pytest.mark.parametrize("end", [change_password, end_other_devices])
def test_other_browsers_are_no_longer_known_after(browser, another_browser, make, end):
    person = make.account()
    for one in (another_browser, browser):
        sign_in(one, person.id_number)
    end(browser, person)
    assert knows(browser, person)
    assert not knows(another_browser, person)


def test_after_a_reset_by_the_counter_no_browser_is_known_and_the_day_starts_anew(app, browser, make):
    person = make.account()
    sign_in(browser, person.id_number)
    for _ in range(5):
        guess(app, person.id_number)
    applicants.reset_password(person.id, activation(person), person.password_hash or "")
    db.session.commit()
    assert not knows(browser, person)
    sign_in(browser, person.id_number, address=OFFICE)


def activation(person) -> int:
    activation_codes.issue(person, None)
    db.session.flush()
    return db.session.scalars(select(ActivationCode.id)).one()


def test_a_person_has_ten_known_browsers_and_each_for_half_a_year(app, browser, make):
    person = make.account()
    sign_in(browser, person.id_number)
    for _ in range(10):
        known_devices.remember("", account_id=person.id)
    db.session.commit()
    assert not knows(browser, person)
    sign_in(browser, person.id_number)
    with time_machine.travel(utcnow() + timedelta(days=180, minutes=1), tick=False):
        assert not knows(browser, person)
        assert known_devices.delete_old() == 10
    db.session.rollback()


# --- staff ------------------------------------------------------------------------------------------------------------


def test_five_wrong_passwords_of_a_stranger_do_not_keep_an_officer_out(app, browser, make):
    officer = make.staff()
    staff_sign_in(browser, officer, **at(HOME))
    for _ in range(5):
        staff_sign_in(Browser(app), officer, 422, password="wrong", **at(HOME))
    refused = staff_sign_in(Browser(app), officer, 429, password="wrong", **at(HOME))
    assert "该用户名在您所在的网络登录失败的次数过多，请 15 分钟后再试" in refused.text
    staff_sign_in(browser, officer, code=code(30), **at(HOME))
    staff.reset_password(officer.username, staff.checked_hash(STAFF_PASSWORD + " 2", officer.name))
    db.session.commit()
    assert known_devices.find(token(browser, staff=True), staff_id=officer.id) == 0


def test_a_stolen_session_does_not_keep_its_owner_from_changing_the_password(browser, another_browser, make):
    person = make.account()
    browser.sign_in(person)
    another_browser.sign_in(person)
    form = {"current": "wrong", "password": "另一个 password 更好", "confirm": "另一个 password 更好"}
    for status in [422] * 5 + [429]:
        another_browser.send("/account", form, expect=status)
    assert browser.send("/account", form | {"current": PASSWORD}).location == "/account"
