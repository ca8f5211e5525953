"""登录 and 退出: forgiving input, one message, attempts that are counted before anything is checked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import create_engine, func, select, text

from blueprints.gate import COOKIE
from lib import crypto
from lib.codes import AccountState, Status
from lib.database import transaction_mode, utcnow
from models import Account, Attempt, Event, WebSession, db
from services.accounts import applicants, sessions, throttle
from tests.conftest import Page
from tests.support.people import PASSWORD, id_number

WRONG = "姓名、证件号码或登录密码不正确"
FROZEN = "该账号已被冻结，不能登录"


def sign_in(browser, person, expect=302, **changed) -> Page:
    data = {"name": person.name, "number": person.id_number, "password": PASSWORD} | changed
    return browser.send("/login", data, expect=expect)


def cookie(browser) -> str:
    found = browser.client.get_cookie(COOKIE)
    return found.value if found else ""


def masked(page) -> str:
    """A page without what differs from request to request: the form's token."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def test_a_right_sign_in_leads_to_the_notice_and_opens_a_session(browser, make):
    person = make.account()
    page = sign_in(browser, person)
    assert page.location == "/apply/notice"
    assert db.session.scalars(select(WebSession.account_id)).all() == [person.id]
    assert person.name in browser.open("/account").text


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "阿卜杜拉•买买提"},
        {"name": "  阿卜杜拉・买买提 "},
        {"number": "{small}"},
        {"number": "{spaced}"},
        {"number": "{wide}"},
    ],
)
def test_what_people_type_is_read_kindly(browser, make, typed):
    number = next(n for n in map(id_number, range(1, 99)) if n.endswith("X"))
    person = make.account("阿卜杜拉·买买提", number)
    ways = {
        "{small}": number.lower(),
        "{spaced}": f" {number[:6]} {number[6:14]} {number[14:]}",
        "{wide}": number.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}),
    }
    sign_in(browser, person, **{name: ways.get(value, value) for name, value in typed.items()})
    assert cookie(browser)


def test_an_old_number_of_15_digits_signs_in_to_its_account(browser, make):
    person = make.account()
    sign_in(browser, person, number=person.id_number[:6] + person.id_number[8:17])
    assert cookie(browser)


@pytest.mark.parametrize("field", ["name", "number", "password"])
def test_an_empty_field_is_named(browser, make, field):
    page = sign_in(browser, make.account(), expect=422, **{field: " " if field != "password" else ""})
    label = {"name": "姓名", "number": "证件号码", "password": "登录密码"}[field]
    assert f"请填写{label}" in page.text


@pytest.mark.parametrize("changed", [{"password": "wrong"}, {"name": "别人"}, {"number": id_number(999)}])
def test_whatever_is_wrong_the_message_is_one(browser, make, changed):
    page = sign_in(browser, make.account(), expect=422, **changed)
    assert WRONG in page.text
    assert not cookie(browser)


def test_known_and_unknown_numbers_get_the_same_page_up_to_the_wait(browser, another_browser, make):
    known, unknown = make.account(number=id_number(501)), id_number(503)
    for status in [422] * 5 + [429]:
        first = sign_in(browser, known, status, password="wrong")
        second = sign_in(another_browser, known, status, password="wrong", number=unknown)
        assert masked(first).replace(known.id_number, "N") == masked(second).replace(unknown, "N")
        assert set(first.headers.keys()) == set(second.headers.keys())
    assert "请 15 分钟后再试" in second.text


def test_five_failures_make_even_the_right_password_wait_a_quarter_of_an_hour(browser, make):
    person = make.account()
    for _ in range(5):
        sign_in(browser, person, 422, password="wrong")
    sign_in(browser, person, 429)
    with time_machine.travel(utcnow() + timedelta(minutes=14), tick=False):
        sign_in(browser, person, 429)
    with time_machine.travel(utcnow() + timedelta(minutes=15, seconds=1), tick=False):
        sign_in(browser, person)
    assert cookie(browser)


def test_a_right_password_ends_the_count_of_failures(browser, make):
    person = make.account()
    for _ in range(3):
        for _ in range(4):
            sign_in(browser, person, 422, password="wrong")
        sign_in(browser, person)
        assert cookie(browser)


def test_one_right_sign_in_does_not_clear_the_failures_of_its_address(browser, make, monkeypatch):
    person = make.account()
    monkeypatch.setattr(
        throttle, "SIGN_IN", replace(throttle.SIGN_IN, address=throttle.Limit("sign_in_address", 6, timedelta(hours=1)))
    )
    for serial in range(5):
        sign_in(browser, person, 422, number=id_number(701 + serial))
    sign_in(browser, person)
    sign_in(browser, person, 422, number=id_number(801))
    assert sign_in(browser, person, 429, number=id_number(803)).status == 429


def test_a_try_is_a_committed_row_before_the_password_is_looked_at(app, browser, make, monkeypatch):
    person = make.account()
    other = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    seen = []

    def check(*args, **kwargs):
        with other.connect() as connection:
            seen.append(connection.scalar(text("SELECT count(*) FROM attempt WHERE failed")))
        return False

    monkeypatch.setattr(crypto, "check_password", check)
    sign_in(browser, person, 422)
    other.dispose()
    assert seen == [2]  # for the number and for the address


def test_an_unknown_number_costs_as_much_work_as_a_known_one(browser, make, monkeypatch):
    done = []
    monkeypatch.setattr(crypto, "dummy_check", lambda *args: done.append("dummy"))
    monkeypatch.setattr(crypto, "check_password", lambda *args, **kwargs: done.append("check"))
    person = make.account()
    sign_in(browser, person, 422)
    sign_in(browser, person, 422, number=id_number(777))
    assert done == ["check", "dummy"]


@pytest.mark.parametrize(("state", "said"), [(AccountState.RESERVED, WRONG), (AccountState.FROZEN, FROZEN)])
def test_only_an_account_in_force_signs_in(browser, make, state, said):
    person = make.account()
    person.state, person.reserved_until = state, utcnow() + timedelta(minutes=5)
    db.session.commit()
    assert said in sign_in(browser, person, 422).text


def test_every_sign_in_has_a_session_of_its_own_and_ends_the_one_before(browser, make):
    person = make.account()
    sign_in(browser, person)
    first = cookie(browser)
    sign_in(browser, person)
    assert cookie(browser) != first
    ended, alive = (sessions.find(token, staff=False) for token in (first, cookie(browser)))
    assert ended
    assert alive
    assert (ended.actor, alive.account_id) == (None, person.id)
    assert alive.actor


def test_nothing_planted_in_the_page_cookie_outlives_the_sign_in(browser, make):
    with browser.client.session_transaction() as planted:
        planted["reservation"], planted["visitor"] = "planted", "planted"
    sign_in(browser, make.account())
    with browser.client.session_transaction() as kept:
        assert dict(kept) == {}


def test_a_copied_cookie_is_dead_after_signing_out(browser, another_browser, make):
    sign_in(browser, make.account())
    copied = cookie(browser)
    assert browser.send("/logout").location == "/"
    assert not cookie(browser)
    another_browser.client.set_cookie(COOKIE, copied, path="/")
    assert another_browser.open("/account", expect=302).location == "/login"


def test_signing_out_works_after_the_session_has_ended_and_for_nobody(browser, make):
    assert browser.send("/logout").location == "/"
    browser.sign_in(make.account())
    with time_machine.travel(utcnow() + timedelta(hours=2), tick=False):
        assert browser.send("/logout").location == "/"
    assert db.session.scalar(text("SELECT count(*) FROM parked_form")) == 0


def test_somebody_signed_in_is_not_asked_to_sign_in_again(browser, make):
    assert browser.sign_in(make.account()).open("/login", expect=302).location == "/apply/notice"


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/inbox", "/inbox"),
        ("/apply/status", "/apply/status"),
        ("//evil.example", "/apply/notice"),
        ("/\\evil.example", "/apply/notice"),
        ("http:///evil.example", "/apply/notice"),
        ("/inbox\n", "/apply/notice"),
        ("/inbox?x=1", "/apply/notice"),
        ("/inbox//evil.example", "/apply/notice"),
        ("/" + "x" * 300, "/apply/notice"),
    ],
)
def test_only_a_plain_path_of_this_site_is_followed(browser, make, wanted, place):
    assert sign_in(browser, make.account(), next=wanted).location == place


def test_the_wanted_path_survives_the_sign_in_page(browser):
    assert 'name="next" value="/inbox"' in browser.open("/login?next=/inbox").text


def test_a_hash_of_other_parameters_is_renewed_by_the_sign_in(app, browser, make):
    person = make.account()
    crypto.use_cheap_hashes(False)
    try:
        old = crypto.hash_password(PASSWORD, staff=False, pepper=app.extensions["kuaiji.keys"].pepper)
    finally:
        crypto.use_cheap_hashes()
    person.password_hash = old
    db.session.commit()
    sign_in(browser, person)
    db.session.refresh(person)
    assert person.password_hash != old
    sign_in(browser, person)


def test_a_password_changed_in_the_very_moment_of_the_check_does_not_sign_in(browser, make, monkeypatch):
    person = make.account()
    prove = applicants.authenticate

    def slow(who, name, password):
        with transaction_mode("IMMEDIATE"):
            db.session.execute(text("UPDATE account SET password_hash = 'x'"))
            db.session.commit()
        return prove(who, name, password)

    monkeypatch.setattr(applicants, "authenticate", slow)
    assert WRONG in sign_in(browser, person, 422).text


def test_a_busy_moment_is_a_page_of_its_own(browser, make, monkeypatch):
    def busy(*args, **kwargs):
        raise crypto.HashingBusy

    monkeypatch.setattr(crypto, "check_password", busy)
    assert "系统正忙" in sign_in(browser, make.account(), 503).text


def test_signing_in_is_an_event(browser, make):
    person = make.account()
    sign_in(browser, person)
    event = db.session.scalars(select(Event).where(Event.verb == "sign_in")).one()
    assert (event.actor, event.account_id) == ("applicant", person.id)


@pytest.mark.parametrize(
    ("status", "place"),
    [
        (Status.DRAFT, "/apply/check"),
        (Status.SUBMITTED, "/apply/status"),
        (Status.IN_REVIEW, "/apply/status"),
        (Status.RETURNED, "/apply/corrections"),
        (Status.APPROVED, "/archive"),
    ],
)
def test_one_lands_where_the_filing_stands(browser, make, status, place):
    declaration = make.declaration(status)
    assert sign_in(browser, declaration.account).location == place


def test_a_half_filled_draft_lands_on_its_first_unfinished_page(browser, make):
    declaration = make.declaration(full_time_level=None)
    assert sign_in(browser, declaration.account).location == "/apply/education"


def test_an_open_change_of_a_record_is_where_one_goes_on(browser, make):
    record = make.record()
    make.change(record)
    assert sign_in(browser, record.account).location.startswith("/apply/")


def test_no_page_or_cookie_tells_how_often_somebody_tried(browser, make):
    sign_in(browser, make.account(), 422, password="wrong")
    assert db.session.scalar(select(func.count()).select_from(Attempt)) == 2
    assert db.session.scalar(select(func.count()).select_from(Account)) == 1
    with browser.client.session_transaction() as kept:
        assert set(kept) <= {"visitor", "csrf_token", "_fresh"}
