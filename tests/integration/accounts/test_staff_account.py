"""我的账号 of staff, and the accounts that are made on the command line."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlparse

import pytest
from sqlalchemy import select, text

from lib.codes import Role
from lib.database import transaction_mode
from models import Event, RecoveryCode, Staff, db
from services.accounts import applicants, passwords, staff
from tests.support.office.second_factor import code, cookie, shown_secret, sign_in
from tests.support.people import STAFF_PASSWORD, id_number

NEW = "another staff 密码 2026"


@pytest.fixture
def officer(make):
    return make.staff()


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(browser, another_browser, officer):
    browser.sign_in(officer)
    another_browser.sign_in(officer)
    first = cookie(browser)
    data = {"current": STAFF_PASSWORD, "password": NEW, "confirm": NEW}
    page = browser.send("/staff/account", data)
    assert "登录密码已修改" in browser.follow(page).text
    assert cookie(browser) != first
    assert another_browser.open("/staff/account", expect=302)
    sign_in(another_browser, officer, password=NEW)


def test_the_old_password_is_asked_for_and_its_tries_are_limited(browser, officer):
    browser.sign_in(officer)
    data = {"current": "wrong", "password": NEW, "confirm": NEW}
    for _ in range(5):
        assert "登录密码不正确" in browser.send("/staff/account", data, expect=422).text
    page = browser.send("/staff/account", data | {"current": STAFF_PASSWORD}, expect=422)
    assert "请 15 分钟后再试" in page.text


@pytest.mark.parametrize(("password", "message"), [("12345678", "太常见"), ("王审核王审核王审核", "姓名")])
def test_a_weak_new_password_is_refused(browser, officer, password, message):
    data = {"current": STAFF_PASSWORD, "password": password, "confirm": password}
    assert message in browser.sign_in(officer).send("/staff/account", data, expect=422).text


def test_a_password_changed_elsewhere_in_the_same_moment_is_said(browser, officer, monkeypatch):
    browser.sign_in(officer)
    hashed = passwords.hashed

    def slow(password, *, staff=False):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE staff SET password_hash = 'x'"))
            db.session.commit()
        return hashed(password, staff=staff)

    monkeypatch.setattr(passwords, "hashed", slow)
    data = {"current": STAFF_PASSWORD, "password": NEW, "confirm": NEW}
    page = browser.send("/staff/account", data)
    assert "已在别处修改" in browser.follow(page).text


def test_the_second_factor_is_replaced_only_by_a_right_code_of_the_new_one(browser, another_browser, officer):
    browser.sign_in(officer)
    assert "再填写一次登录密码" in browser.open("/staff/account/totp").text
    browser.send("/staff/account/totp", {"current": "wrong"}, expect=422)
    browser.send("/staff/account/totp", {"current": STAFF_PASSWORD})
    page = browser.open("/staff/account/totp")
    assert 'src="data:image/svg+xml' in page.text
    secret = shown_secret(page.text)

    assert "动态验证码不正确" in browser.send("/staff/account/totp", {"code": code()}, expect=422).text
    sign_in(another_browser, officer)
    browser.send("/staff/account/totp", {"code": code(secret=secret)})
    sign_in(another_browser, officer, 422, code=code(30))
    sign_in(another_browser, officer, 422, code=code(secret=secret))
    sign_in(another_browser, officer, code=code(30, secret))


def test_a_pending_second_factor_is_for_its_owner_only(browser, make, officer):
    browser.sign_in(officer).send("/staff/account/totp", {"current": STAFF_PASSWORD})
    browser.sign_in(make.staff())
    assert "再填写一次登录密码" in browser.open("/staff/account/totp").text


def test_recovery_codes_are_shown_once_and_replace_the_earlier_ones(browser, officer):
    browser.sign_in(officer)
    assert "还没有可用的恢复码" in browser.open("/staff/account").text
    browser.send("/staff/account/codes", {"current": "wrong"}, expect=422)
    shown = [
        re.findall(
            r"<li>([2-9A-Z]{5}-[2-9A-Z]{5})</li>",
            browser.send("/staff/account/codes", {"current": STAFF_PASSWORD}, expect=200).text,
        )
        for _ in range(2)
    ]
    assert [len(codes) for codes in shown] == [10, 10]
    assert not set(shown[0]) & set(shown[1])
    assert db.session.query(RecoveryCode).count() == 10
    assert shown[1][0] not in browser.open("/staff/account/codes").text
    assert "还有 10 个恢复码可用" in browser.open("/staff/account").text


def test_codes_are_not_renewed_when_the_password_changed_in_the_same_moment(browser, officer, monkeypatch):
    browser.sign_in(officer)
    right = passwords.is_correct

    def slow(*args, **kwargs):
        is_right = right(*args, **kwargs)
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE staff SET password_hash = 'x'"))
            db.session.commit()
        return is_right

    monkeypatch.setattr(passwords, "is_correct", slow)
    assert browser.send("/staff/account/codes", {"current": STAFF_PASSWORD}).location == "/staff/account"
    assert db.session.query(RecoveryCode).count() == 0


def test_single_key_commands_are_switched_off_and_on(browser, officer):
    browser.sign_in(officer)
    for sent, kept in [({}, False), ({"keys": "on"}, True)]:
        browser.send("/staff/account/keys", sent)
        db.session.refresh(officer)
        assert officer.keys_on is kept


# --- made on the command line ---------------------------------------------------------------------------------------


def create(**changed) -> tuple[Staff, str]:
    wanted = {"username": "li.shen", "name": "李 审", "role": Role.REVIEWER, "department_code": "210102"}
    password = changed.pop("password", STAFF_PASSWORD)
    return staff.create(staff.NewStaff(**(wanted | changed)), staff.checked_hash(password, "李审"))


def test_an_account_is_made_with_its_second_factor(browser, app):
    officer, secret = create(id_number=id_number(601)[:-1] + id_number(601)[-1].lower())
    db.session.commit()
    assert officer.name == "李审"
    assert officer.id_index == applicants.number_index(id_number(601))
    sign_in(browser, officer, code=code(secret=secret))
    address = urlparse(staff.otpauth(officer.username, secret))
    assert (address.scheme, parse_qs(address.query)["secret"]) == ("otpauth", [secret])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"username": "Li"}, "用户名应为"),
        ({"username": "li shen"}, "用户名应为"),
        ({"username": "l" * 41}, "用户名应为"),
        ({"name": "1"}, "姓名"),
        ({"password": "short"}, "密码应为"),
        ({"role": Role.APPLICANT}, "没有这个角色"),
        ({"department_code": "999999"}, "没有代码为 999999 的部门"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(app, changed, message):
    with pytest.raises(staff.StaffRefused, match=message):
        create(**changed)


def test_a_user_name_is_given_once(app):
    create()
    with pytest.raises(staff.StaffRefused, match="已存在"):
        create()
    db.session.rollback()


def test_resets_end_the_sessions_and_leave_events(browser, officer):
    browser.sign_in(officer)
    staff.new_recovery_codes(officer.id, officer.uid)
    staff.reset_password(officer.username, staff.checked_hash(NEW, officer.name))
    secret = staff.reset_totp(officer.username)
    db.session.commit()
    assert browser.open("/staff/account", expect=302)
    assert staff.unused_recovery_codes(officer.id) == 0
    sign_in(browser, officer, password=NEW, code=code(secret=secret))
    verbs = db.session.scalars(select(Event.verb)).all()
    assert verbs == ["staff_reset_password", "staff_reset_totp", "staff_sign_in"]


def test_resets_refuse_what_is_not_there_or_too_weak(officer):
    with pytest.raises(staff.StaffRefused, match="没有用户名为 nobody"):
        staff.reset_totp("nobody")
    with pytest.raises(staff.StaffRefused, match="太常见"):
        staff.checked_hash("12345678", officer.name)


def test_no_secret_stands_in_the_page_cookie_in_the_open(browser, officer):
    browser.sign_in(officer).send("/staff/account/totp", {"current": STAFF_PASSWORD})
    page = html.unescape(browser.open("/staff/account/totp").text)
    secret = shown_secret(page)
    with browser.client.session_transaction() as kept:
        assert secret not in str(dict(kept))
