"""Staff sign-in with two factors, one's own account, and the accounts made on the command line."""

from __future__ import annotations

import re

import pytest
import time_machine
from sqlalchemy import create_engine, select, text

from blueprints.auth.staff_sign_in import WRONG
from blueprints.gate import COOKIE
from lib import crypto
from lib.codes import Role
from lib.database import transaction_mode
from models import Event, ParkedForm, Staff, db
from services.accounts import applicants, passwords, sessions, staff
from services.administration import staff_accounts
from tests.support.office.second_factor import code, cookie, sign_in
from tests.support.people import PASSWORD, STAFF_PASSWORD

NEW = "another staff 密码 2026"


def masked(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


@pytest.fixture
def officer(make):
    return make.staff()


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.REVIEWER, "/staff/queue"),
        (Role.MANAGER, "/staff/queue"),
        (Role.SYSTEM, "/staff/admin"),
        (Role.SECURITY, "/staff/admin"),
        (Role.AUDITOR, "/staff/admin"),
    ],
)
def test_both_factors_open_a_session_and_lead_to_the_work(browser, make, role, place):
    assert sign_in(browser, make.staff(role)).location == place
    page = browser.open("/staff/account")
    assert "王审核" in page.text
    assert db.session.scalars(select(Event.verb)).all() == ["staff_sign_in"]


def test_the_user_name_and_the_code_are_read_kindly(browser, officer):
    now = code()
    page = sign_in(browser, officer, username=f" {officer.username.upper()} ", code=f"{now[:3]} {now[3:]}")
    assert page.location == "/staff/queue"


@pytest.mark.parametrize(
    "changed", [{"username": "nobody"}, {"password": "wrong"}, {"code": "000000"}, {"code": "ABCDE-FGHJK"}]
)
def test_whatever_is_wrong_the_message_is_one(browser, officer, changed):
    page = sign_in(browser, officer, 422, **changed)
    assert WRONG in page.text
    assert not cookie(browser)


@pytest.mark.parametrize("field", ["username", "password", "code"])
def test_an_empty_field_is_named(browser, officer, field):
    label = {"username": "用户名", "password": "登录密码", "code": "动态验证码"}[field]
    assert f"请填写{label}" in sign_in(browser, officer, 422, **{field: ""}).text


def test_known_and_unknown_names_get_the_same_page_up_to_the_wait(browser, another_browser, officer):
    with time_machine.travel("2026-11-23T09:00:15Z", tick=False):  # the page shows the code that was sent
        for status in [422] * 5 + [429]:
            first = sign_in(browser, officer, status, password="wrong")
            second = sign_in(another_browser, officer, status, password="wrong", username="nobody")
            assert masked(first).replace(officer.username, "N") == masked(second).replace("nobody", "N")
        sign_in(browser, officer, 429)
    with time_machine.travel("2026-11-23T09:15:16Z", tick=False):
        sign_in(browser, officer)


def test_a_try_is_a_committed_row_before_the_password_is_looked_at(app, browser, officer, monkeypatch):
    other = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    seen = []

    def check(*args, **kwargs):
        with other.connect() as connection:
            seen.append(connection.scalar(text("SELECT count(*) FROM attempt WHERE failed")))
        return False

    monkeypatch.setattr(crypto, "check_password", check)
    sign_in(browser, officer, 422)
    other.dispose()
    assert seen == [2]


def test_a_code_counts_once(browser, another_browser, officer):
    now = code()
    assert sign_in(browser, officer, code=now).location == "/staff/queue"
    assert sign_in(another_browser, officer, 422, code=now).location == ""


def test_a_code_older_than_the_last_one_used_does_not_count(browser, officer):
    assert sign_in(browser, officer, code=code(30)).location == "/staff/queue"
    assert sign_in(browser, officer, 422, code=code()).location == ""


@pytest.mark.parametrize(("offset", "status"), [(-60, 422), (-30, 302), (30, 302), (90, 422)])
def test_a_clock_may_be_off_by_half_a_minute(browser, officer, offset, status):
    with time_machine.travel("2026-11-23T09:00:15Z", tick=False):
        assert sign_in(browser, officer, status, code=code(offset)).status == status


def test_two_browsers_with_one_code_at_the_same_moment(officer, app):
    """Both have checked the code; only one uses it up."""
    who = staff.known_from(officer)
    factor = staff.second_factor(who, code())
    staff.sign_in(who, factor, "")
    with pytest.raises(applicants.StepExpired):
        staff.sign_in(who, factor, "")
    db.session.rollback()


def test_a_password_changed_in_the_very_moment_of_the_check_does_not_sign_in(browser, officer, monkeypatch):
    right = passwords.is_correct

    def slow(*args, **kwargs):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE staff SET password_hash = 'x'"))
            db.session.commit()
        return right(*args, **kwargs)

    monkeypatch.setattr(passwords, "is_correct", slow)
    assert WRONG in sign_in(browser, officer, 422).text


def test_a_recovery_code_stands_in_once(browser, another_browser, officer):
    codes = staff.new_recovery_codes(officer.id, officer.uid)
    db.session.commit()
    assert len(set(codes)) == 10
    sign_in(browser, officer, code=codes[3].lower().replace("-", " "))
    sign_in(another_browser, officer, 422, code=codes[3])
    assert db.session.scalars(select(Event.detail)).one() == "recovery code"
    assert staff.unused_recovery_codes(officer.id) == 9


def test_a_recovery_code_is_for_one_person_only(browser, make, officer):
    other = make.staff()
    codes = staff.new_recovery_codes(other.id, other.uid)
    db.session.commit()
    assert WRONG in sign_in(browser, officer, 422, code=codes[0]).text


def test_a_disabled_account_does_not_sign_in_and_its_session_is_over(browser, officer):
    sign_in(browser, officer)
    staff_accounts.disable(officer, None)
    db.session.commit()
    assert browser.open("/staff/account", expect=302).location == "/staff/login"
    assert WRONG in sign_in(browser, officer, 422, code=code(30)).text


def test_an_account_without_a_second_factor_does_not_sign_in(browser, officer):
    officer.totp_secret = None
    db.session.commit()
    assert WRONG in sign_in(browser, officer, 422).text


@pytest.mark.parametrize("settings", [{"STAFF_TOTP": "off"}])
def test_where_the_operator_does_without_the_page_does_not_ask(browser, officer, settings):
    assert 'name="code"' not in browser.open("/staff/login").text
    browser.send("/staff/login", {"username": officer.username, "password": STAFF_PASSWORD})
    assert "登录时不要求动态验证码" in browser.open("/staff/account").text


def test_the_staff_cookie_stays_with_the_staff_pages(browser, make, officer):
    sign_in(browser, officer)
    assert browser.client.get_cookie(COOKIE) is None
    assert browser.open("/account", expect=302).location == "/login"
    applicant = browser.sign_in(make.account())
    assert applicant.open("/staff/account").status == 200


def test_signing_out_ends_the_session(browser, officer):
    sign_in(browser, officer)
    copied = cookie(browser)
    assert browser.send("/staff/logout").location == "/staff/login"
    ended = sessions.find(copied, staff=True)
    assert ended
    assert ended.actor is None
    assert browser.open("/staff/login").status == 200


def test_somebody_signed_in_is_led_to_the_work(browser, officer):
    assert browser.sign_in(officer).open("/staff/login", expect=302).location == "/staff/queue"


@pytest.mark.parametrize(("wanted", "place"), [("/staff/archive", "/staff/archive"), ("/inbox", "/staff/queue")])
def test_the_wanted_page_is_followed_among_the_staff_pages_only(browser, officer, wanted, place):
    assert sign_in(browser, officer, next=wanted).location == place


@pytest.mark.parametrize(
    ("path", "place"),
    [("/staff/submissions/abc/return", "/staff/submissions/abc"), ("/staff/account", "/staff/queue")],
)
def test_a_form_that_came_too_late_leads_back_to_its_submission(browser, officer, path, place):
    parked = ParkedForm(staff_id=officer.id, path=path)
    parked.body = [["a", "b"]]
    db.session.add(parked)
    db.session.commit()
    assert sign_in(browser, officer).location == place


def test_a_hash_of_other_parameters_is_renewed_by_the_sign_in(app, browser, officer):
    crypto.use_cheap_hashes(False)
    try:
        old = crypto.hash_password(STAFF_PASSWORD, staff=False, pepper=app.extensions["kuaiji.keys"].pepper)
    finally:
        crypto.use_cheap_hashes()
    officer.password_hash = old
    db.session.commit()
    sign_in(browser, officer)
    db.session.refresh(officer)
    assert officer.password_hash != old


def test_an_applicants_password_does_not_open_the_staff_page(browser, make):
    person = make.account()
    data = {"username": person.id_number, "password": PASSWORD, "code": code()}
    assert WRONG in browser.send("/staff/login", data, expect=422).text
    assert db.session.scalars(select(Staff)).all() == []
