"""立即注册: one sentence for every reason, a reservation that keeps out nobody, and the first password decides."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import create_engine, func, select, text

from blueprints.auth.register import NUMBER_TAKEN
from lib.codes import AccountState, IdType
from lib.database import transaction_mode, utcnow
from models import Account, Attempt, Event, InboxMessage, LegacyHolder, db
from services.accounts import applicants, passwords, throttle
from services.accounts.throttle import Limit
from tests.conftest import Browser, Page
from tests.support.people import PASSWORD, id_number

NUMBER = id_number(301)
FORM = {
    "id_type": "resident_id",
    "number": NUMBER,
    "name": "单小燕",
    "phone": "13800130301",
    "email": "",
    "privacy": "yes",
}
FIRST = {"password": PASSWORD, "confirm": PASSWORD}


def register(browser, expect=302, **changed) -> Page:
    return browser.send("/register", FORM | changed, expect=expect)


def masked(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def account() -> Any:
    return db.session.scalars(select(Account)).one_or_none()


def test_registering_setting_the_password_and_signing_in(browser):
    assert register(browser).location == "/register/password"
    reserved = account()
    assert (reserved.state, reserved.password_hash) == (AccountState.RESERVED, None)

    page = browser.send("/register/password", FIRST)
    assert page.location == "/login"
    assert "注册成功，请登录" in browser.follow(page).text
    browser.send("/login", {"name": "单小燕", "number": NUMBER, "password": PASSWORD})

    person = account()
    assert (person.state, person.id_type, person.id_number) == (AccountState.ACTIVE, IdType.RESIDENT, NUMBER)
    assert (person.name, person.phone, person.email, person.privacy_version) == (
        "单小燕",
        "13800130301",
        None,
        "2026-4",
    )
    assert (person.reserved_until, person.reservation_hash) == (None, None)
    assert db.session.scalars(select(Event.verb)).all() == ["register", "sign_in"]
    assert db.session.scalars(select(InboxMessage.title)).all() == ["注册成功"]


def test_what_is_typed_is_made_uniform(browser):
    small = next(number for number in map(id_number, range(1, 99)) if number.endswith("X"))
    register(
        browser, number=f" {small.lower()} ", name="阿卜杜拉•买买提", phone="138 0013-0301", email=" a@example.com "
    )
    person = account()
    assert (person.id_number, person.name, person.phone) == (small, "阿卜杜拉·买买提", "13800130301")
    assert person.email == "a@example.com"


def test_what_is_pasted_from_a_pdf_and_from_a_phones_contacts_is_what_it_looks_like(browser):
    register(
        browser,
        number=f"\u2068{NUMBER}\u2069",
        name="\ufeff⻢⼩⻰",
        phone="\u202d+86 138-0013-0301\u202c",
        email="１２３45＠qq。com",
    )
    person = account()
    assert (person.id_number, person.name, person.phone) == (NUMBER, "马小龙", "13800130301")
    assert person.email == "12345@qq.com"
    browser.send("/register/password", FIRST)
    browser.send("/login", {"name": "⻢小⻰", "number": f"{NUMBER}\u200b", "password": PASSWORD})


def test_an_old_number_is_the_same_person(browser, make):
    make.account(number=NUMBER)
    page = register(browser, 409, number=NUMBER[:6] + NUMBER[8:17])
    assert NUMBER_TAKEN in page.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id_type": ""}, "请选择证件类型"),
        ({"id_type": "library_card"}, "请从列表中选择证件类型"),
        ({"number": ""}, "请填写证件号码"),
        ({"number": NUMBER[:-1] + "0"}, "校验码"),
        ({"name": ""}, "请填写姓名"),
        ({"name": "单1"}, "姓名"),
        ({"phone": ""}, "请填写手机号码"),
        ({"phone": "1380013"}, "手机号码"),
        ({"email": "nobody"}, "name@example.com"),
        ({"email": "王小明@qq.com"}, "@ 前面只能用英文字母、数字和符号，不能有「王」"),
        ({"privacy": ""}, "请勾选「我已阅读并同意《个人信息告知》」"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_looked_up(browser, changed, message):
    page = register(browser, 422, **changed)
    assert message in page.text
    assert account() is None
    assert db.session.scalar(text("SELECT count(*) FROM attempt")) == 0


def test_a_passport_is_registered_by_its_own_rule(browser):
    register(browser, id_type="passport", number="e12345678")
    assert (account().id_type, account().id_number) == (IdType.PASSPORT, "E12345678")


@pytest.fixture
def occupied(make):
    """A number in each of the ways in which it can be taken."""

    def taken(how):
        if how == "account":
            make.account(number=NUMBER)
        elif how == "frozen":
            make.account(number=NUMBER).state = AccountState.FROZEN
            db.session.commit()
        elif how == "legacy":
            make.legacy(number=NUMBER)
        else:
            make.legacy(number=NUMBER, claimed_at=utcnow())

    return taken


WAYS = ["account", "frozen", "legacy", "claimed"]


@pytest.mark.parametrize("how", WAYS)
def test_an_occupied_number_has_one_sentence_whatever_the_reason(browser, occupied, how):
    occupied(how)
    page = register(browser, 409)
    assert NUMBER_TAKEN in page.text
    assert page.text.count("/hotlines") >= 2
    for way in ("原有用户设置密码", "忘记密码", "咨询电话"):
        assert way in page.text
    assert len(db.session.scalars(select(Account.id)).all()) <= 1


def test_the_page_of_an_occupied_number_is_the_same_to_the_byte(make, app):
    make.account(number=id_number(311))
    make.legacy(number=id_number(313))
    make.legacy(number=id_number(315), claimed_at=utcnow())
    pages = [
        masked(register(Browser(app), 409, number=number)).replace(number, "N")
        for number in map(id_number, (311, 313, 315))
    ]
    assert len(set(pages)) == 1


def test_the_same_browser_renews_its_own_reservation(browser):
    register(browser, phone="13800130302")
    with time_machine.travel(utcnow() + timedelta(minutes=20), tick=False):
        register(browser, phone="13800130303")
    with time_machine.travel(utcnow() + timedelta(minutes=45), tick=False):
        assert browser.open("/register/password").status == 200
    assert account().phone == "13800130303"


def test_a_mistyped_number_is_let_go_by_the_next_try(browser, another_browser):
    register(browser, number=id_number(303))
    register(browser)
    assert register(another_browser, number=id_number(303), phone="13800130305").location == "/register/password"


def test_a_reservation_ends_after_half_an_hour(browser, another_browser):
    register(browser)
    with time_machine.travel(utcnow() + timedelta(minutes=31), tick=False):
        assert browser.open("/register/password", expect=302).location == "/register"
        register(another_browser)
        another_browser.send("/register/password", FIRST)
    assert account().state == AccountState.ACTIVE


def test_a_strangers_form_does_not_keep_the_number_from_its_owner(browser, another_browser):
    """The first who sets a password has the account; the other one reads what everybody reads."""
    register(another_browser, name="陌生人")
    register(browser)
    assert browser.send("/register/password", FIRST).location == "/login"
    late = another_browser.send("/register/password", FIRST, expect=409)
    assert NUMBER_TAKEN in late.text
    assert another_browser.open("/register").status == 200
    people = db.session.scalars(select(Account.name).where(Account.state == AccountState.ACTIVE)).all()
    assert people == ["单小燕"]


def test_a_record_imported_meanwhile_is_not_registered_over(browser, make):
    register(browser)
    make.legacy(number=NUMBER)
    assert NUMBER_TAKEN in browser.send("/register/password", FIRST, expect=409).text
    assert account().state == AccountState.RESERVED


def test_the_unique_index_is_the_check(browser, monkeypatch):
    """Another person takes the number between our question and our update."""
    monkeypatch.setattr(applicants, "is_taken", lambda _index: False)
    register(browser)
    set_password = applicants.set_password

    def sneaky(person, password_hash):
        db.session.execute(
            text(
                "INSERT INTO account (uid, state, id_type, id_number_sealed, id_index, name, password_hash, assured,"
                " privacy_version, created_at) VALUES ('u', 'active', 'resident_id', x'00', :index, '别人', 'x', 1, '',"
                " '2026-01-01')"
            ),
            {"index": person.id_index},
        )
        set_password(person, password_hash)

    monkeypatch.setattr(applicants, "set_password", sneaky)
    assert NUMBER_TAKEN in browser.send("/register/password", FIRST, expect=409).text


def test_the_password_page_needs_the_browser_that_registered(browser, another_browser):
    assert another_browser.open("/register/password", expect=302).location == "/register"
    register(browser)
    assert another_browser.open("/register/password", expect=302).location == "/register"
    assert another_browser.send("/register/password", FIRST).location == "/register"
    assert account().state == AccountState.RESERVED


@pytest.mark.parametrize(
    ("password", "confirm", "message"),
    [
        ("", "", "请填写登录密码"),
        ("short", "short", "密码应为 8 至 64 个字符"),
        ("12345678", "12345678", "太常见"),
        (f"x{NUMBER}", f"x{NUMBER}", "证件号码"),
        ("单小燕单小燕单小燕", "单小燕单小燕单小燕", "姓名"),
        ("x13800130301", "x13800130301", "手机号码"),
        (PASSWORD, PASSWORD + " ", "两次填写的密码不一致"),
    ],
)
def test_a_bad_first_password_is_refused_with_the_reason(browser, password, confirm, message):
    register(browser)
    page = browser.send("/register/password", {"password": password, "confirm": confirm}, expect=422)
    assert message in page.text
    assert account().state == AccountState.RESERVED


def test_a_reservation_that_ends_while_the_password_is_hashed_makes_no_account(browser, monkeypatch):
    register(browser)
    hashed = passwords.hashed

    def slow(password):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE account SET reserved_until = '2026-01-01 00:00:00'"))
            db.session.commit()
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", slow)
    assert browser.send("/register/password", FIRST).location == "/register"
    assert account().state == AccountState.RESERVED


ELSEWHERE: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}


@pytest.mark.parametrize("known", [True, False])
def test_a_number_is_tried_ten_times_a_day_at_one_address_whether_it_is_known_or_not(app, make, known):
    if known:
        make.account(number=NUMBER)
    for serial in range(10):
        register(Browser(app), 409 if known else 302, phone=f"1380013031{serial}")
    page = register(Browser(app), 429, phone="13800130329")
    assert "该证件号码在您所在的网络注册的次数过多。请 24 小时后再试" in page.text
    Browser(app).send("/register", FORM, 409 if known else 302, **ELSEWHERE)
    with time_machine.travel(utcnow() + timedelta(days=1, minutes=1), tick=False):
        register(Browser(app), 409 if known else 302)


@pytest.mark.parametrize(
    ("limit", "hours", "says"),
    [
        ("REGISTER_PHONE", 24, "该手机号码在您所在的网络注册的次数过多。请 24 小时后再试"),
        ("REGISTER_ADDRESS", 24, "您所在的网络今天注册的次数过多，与您的证件号码无关。请 24 小时后再试"),
        ("REGISTER_OPEN", 0.5, "您所在的网络有太多注册没有完成，与您的证件号码无关。请 30 分钟后再试"),
    ],
)
def test_phone_and_address_are_limited_too_and_the_page_says_which(app, monkeypatch, limit, hours, says):
    monkeypatch.setattr(throttle, limit, Limit(limit.lower(), 2, timedelta(hours=hours)))
    for serial in (321, 323):
        register(Browser(app), number=id_number(serial))
    page = register(Browser(app), 429, number=id_number(325))
    assert says in page.text
    assert ("放宽限制" in page.text) == (limit != "REGISTER_PHONE")
    Browser(app).send("/register", FORM, **ELSEWHERE)


def test_a_class_registers_behind_one_address(app):
    """More than thirty of them; half correct a mistake first."""
    for serial in range(32):
        pupil, number = Browser(app), id_number(serial, "20010907")
        for _form in range(1 + serial % 2):
            register(pupil, number=number, phone=f"138001304{serial:02d}")
        assert pupil.send("/register/password", FIRST).location == "/login"
    counted = select(func.count()).where(Attempt.failed, Attempt.kind != throttle.REGISTER_ADDRESS.kind)
    assert db.session.scalar(counted) == 0


def test_registrations_that_nobody_finishes_are_limited_and_a_correction_is_none_of_them(app, browser, monkeypatch):
    monkeypatch.setattr(throttle, "REGISTER_OPEN", Limit("register_open", 3, timedelta(minutes=30)))
    for _form in range(5):
        register(browser)
    for serial in (331, 333):
        register(Browser(app), number=id_number(serial))
    register(Browser(app), 429, number=id_number(335))
    browser.send("/register/password", FIRST)
    assert register(Browser(app), number=id_number(335)).location == "/register/password"


def test_registrations_that_were_given_up_before_keep_no_class_out(app, monkeypatch):
    """They count no more; so what is finished today is taken from today's."""
    monkeypatch.setattr(throttle, "REGISTER_OPEN", Limit("register_open", 3, timedelta(minutes=30)))
    for serial in (351, 353, 355):
        register(Browser(app), number=id_number(serial))
    with time_machine.travel(utcnow() + timedelta(days=1), tick=False):
        for serial in range(5):
            pupil = Browser(app)
            register(pupil, number=id_number(serial, "20010907"), phone=f"138001305{serial:02d}")
            assert pupil.send("/register/password", FIRST).location == "/login"


@pytest.mark.parametrize("settings", [{}, {"OFFICE_NETWORKS": "127.0.0.0/8, 192.0.2.0/24,2001:db8::/48"}])
def test_asking_for_occupied_numbers_is_limited_by_address_and_less_so_where_the_office_says(
    app, make, monkeypatch, settings
):
    monkeypatch.setattr(throttle, "REGISTER_TAKEN", Limit("register_taken", 2, timedelta(days=1)))
    for serial in (341, 343, 345):
        make.account(number=id_number(serial))
    for serial in (341, 343):
        register(Browser(app), 409, number=id_number(serial))
    register(Browser(app), 409 if settings else 429, number=id_number(345))
    free = register(Browser(app), 302 if settings else 429, number=id_number(347))
    assert free.location == ("/register/password" if settings else "")


def test_tries_are_rows_before_the_number_is_looked_up(app, browser, monkeypatch):
    other = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    seen = []

    def reserve(wanted, token):
        with other.connect() as connection:
            seen.append(connection.scalar(text("SELECT count(*) FROM attempt")))
        raise applicants.NumberTaken

    monkeypatch.setattr(applicants, "reserve", reserve)
    register(browser, 409)
    other.dispose()
    assert seen == [5]


def test_expired_reservations_are_swept(browser):
    register(browser)
    assert applicants.delete_expired_reservations() == 0
    with time_machine.travel(utcnow() + timedelta(minutes=31), tick=False):
        assert applicants.delete_expired_reservations() == 1
    db.session.commit()
    assert account() is None


def test_a_legacy_record_stays_unclaimed_by_a_registration(browser, make):
    make.legacy(number=NUMBER)
    register(browser, 409)
    assert db.session.scalars(select(LegacyHolder.claimed_at)).all() == [None]
    assert account() is None
