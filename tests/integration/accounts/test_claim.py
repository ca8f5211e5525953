"""原有用户设置密码: three screens, the second the same for everyone, one claim for each record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import create_engine, select, text

from blueprints.auth.claim import WRONG
from lib.database import utcnow
from models import Account, ActivationCode, Event, InboxMessage, LegacyHolder, db
from services.accounts import activation_codes, legacy_claim, throttle
from services.old_register import batches
from tests.conftest import Browser, Page
from tests.support.people import PASSWORD, id_number

NUMBER = id_number(401)
TOO_OFTEN = "该证件号码在您所在的网络"
ARCHIVE = {"factor": "archive_no", "archive_no": "LN20080001", "issued": "2008-06"}
FIRST = {"password": PASSWORD, "confirm": PASSWORD}


def begin(browser, name="孙立国", number=NUMBER) -> Browser:
    page = browser.send("/claim", {"name": name, "number": number})
    assert page.location == "/claim/proof"
    return browser


def prove(browser, proof, expect=302) -> Page:
    return browser.send("/claim/proof", proof, expect=expect)


def code_for(person) -> dict[str, str]:
    code = activation_codes.issue(person, None)
    db.session.commit()
    return {"factor": "activation_code", "code": code}


def masked(page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def holder() -> LegacyHolder:
    return db.session.scalars(select(LegacyHolder)).one()


def account() -> Any:
    return db.session.scalars(select(Account)).one_or_none()


def test_a_record_is_claimed_with_the_archive_number_and_one_signs_in_again(browser, make):
    make.legacy(number=NUMBER, archive_no="LN 2008-0001")
    assert prove(begin(browser), ARCHIVE).location == "/claim/password"
    page = browser.send("/claim/password", FIRST)
    assert page.location == "/login"
    assert "设置成功，请重新登录" in browser.follow(page).text
    browser.send("/login", {"name": "孙立国", "number": NUMBER, "password": PASSWORD})

    person = account()
    assert (person.name, person.id_number, person.legacy_id) == ("孙立国", NUMBER, holder().id)
    assert (person.claim_factor, person.assured, person.privacy_version) == ("archive_no", False, "2026-4")
    assert holder().claimed_at is not None
    assert db.session.scalars(select(Event.verb)).all() == ["claim_legacy", "sign_in"]
    assert db.session.scalars(select(InboxMessage.title)).all() == ["密码设置成功"]


def test_a_code_from_the_counter_assures_and_is_used_up(browser, make):
    person = make.legacy(number=NUMBER)
    person.phone = "13800130401"
    proof = code_for(person)
    proof["code"] = f" {proof['code'][:4]} {proof['code'][4:]} "
    prove(begin(browser), proof)
    browser.send("/claim/password", FIRST)
    assert (account().assured, account().phone) == (True, "13800130401")
    assert db.session.scalars(select(ActivationCode.used_at)).one() is not None


def test_old_numbers_alone_show_nothing_of_the_record_not_even_the_phone(browser, make):
    person = make.legacy(number=NUMBER, archive_no="LN 2008-0001", employer="样例县华业机械有限公司")
    person.phone = "13800130401"
    db.session.commit()
    prove(begin(browser), ARCHIVE)
    guess = browser.send("/claim/password", {"password": "13800130401", "confirm": "13800130401"}, expect=302)
    assert guess.location == "/login"  # the answer must not depend on the phone in the record
    browser.send("/login", {"name": "孙立国", "number": NUMBER, "password": "13800130401"})
    browser.send("/apply/notice")

    for path in ("/account", "/apply/personal", "/apply/department"):
        shown = browser.open(path).text
        for known in ("13800130401", "LN 2008-0001", "ZS20080001", "样例县华业机械有限公司"):
            assert known not in shown
    assert account().phone is None
    assert account().phone_index is None


@pytest.mark.parametrize(
    "proof",
    [
        ARCHIVE | {"archive_no": "ln20080001", "issued": "2008年6月"},
        ARCHIVE | {"archive_no": "ZS-2008 0001", "issued": "2008/06/12"},
        ARCHIVE | {"archive_no": "ＺＳ２００８０００１", "issued": "2008－06"},
    ],
)
def test_numbers_of_an_old_booklet_are_read_kindly(browser, make, proof):
    make.legacy(number=NUMBER)
    assert prove(begin(browser), proof).location == "/claim/password"


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        ({"factor": ""}, "请选择用什么凭证证明"),
        ({"factor": "none"}, "请从列表中选择"),
        ({"factor": "activation_code", "code": ""}, "请填写激活码"),
        ({"factor": "archive_no", "archive_no": "", "issued": "2008-06"}, "请填写档案号或证书编号"),
        ({"factor": "archive_no", "archive_no": "LN20080001"}, "请填写发证年月"),
        ({"factor": "archive_no", "archive_no": "LN20080001", "issued": "去年"}, "请按「2008-06」的样子填写发证年月"),
    ],
)
def test_an_incomplete_proof_is_said_and_not_counted(browser, make, proof, message):
    make.legacy(number=NUMBER)
    assert message in prove(begin(browser), proof, 422).text
    assert db.session.scalar(text("SELECT count(*) FROM attempt")) == 0


def test_a_number_that_cannot_be_one_is_said_at_once(browser):
    page = browser.send("/claim", {"name": "孙立国", "number": NUMBER[:-1] + "0"}, expect=422)
    assert "校验码" in page.text


def people(make) -> list[str]:
    """A number for each reason why a proof does not open a record."""
    make.legacy("孙立国", id_number(411), archive_no="LN-other")
    make.legacy("别人", id_number(413))
    make.legacy("孙立国", id_number(415), claimed_at=utcnow())
    make.legacy("孙立国", id_number(417))
    make.account("孙立国", id_number(417))
    make.legacy("孙立国", id_number(419), issued_month=None)
    return list(map(id_number, (411, 413, 415, 417, 419, 999)))


@pytest.mark.parametrize("proof", [ARCHIVE, {"factor": "activation_code", "code": "12345678"}])
def test_every_reason_to_fail_has_the_same_pages_to_the_byte(app, make, proof):
    seconds, answers = set(), set()
    for number in people(make):
        browser = begin(Browser(app), number=number)
        seconds.add(masked(browser.open("/claim/proof")))
        for status in [422] * 5 + [429]:
            answers.add((status, masked(prove(browser, proof, status))))
    assert len(seconds) == 1
    assert len(answers) == 2
    assert {status for status, _text in answers} == {422, 429}
    assert all((WRONG if status == 422 else TOO_OFTEN) in text for status, text in answers)


def test_the_page_cookie_is_as_long_for_known_as_for_unknown(app, make):
    make.legacy(number=NUMBER)
    lengths = set()
    for number in (NUMBER, id_number(999)):
        browser = begin(Browser(app), number=number)
        with browser.client.session_transaction() as kept:
            lengths.add(len(kept["claim"]))
    assert len(lengths) == 1


def test_five_wrong_proofs_close_the_day_even_for_the_right_one(browser, make):
    make.legacy(number=NUMBER)
    begin(browser)
    for _ in range(5):
        assert WRONG in prove(browser, ARCHIVE | {"issued": "2009-01"}, 422).text
    assert TOO_OFTEN in prove(browser, ARCHIVE, 429).text
    with time_machine.travel(utcnow() + timedelta(days=1, minutes=1), tick=False):
        assert prove(begin(browser), ARCHIVE).location == "/claim/password"


def test_a_stranger_does_not_use_up_the_code_of_its_owner(browser, another_browser, make):
    proof = code_for(make.legacy(number=NUMBER))
    for tried in range(45):
        throttle.count_secret(throttle.CODE, NUMBER, throttle.AttemptSource(f"203.0.113.{tried // 5}"))
    db.session.commit()
    stranger: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    begin(another_browser)
    for _ in range(5):
        another_browser.send("/claim/proof", proof | {"code": "x"}, expect=422, **stranger)
    another_browser.send("/claim/proof", proof | {"code": "x"}, expect=429, **stranger)
    assert prove(begin(browser), proof).location == "/claim/password"


def test_a_stranger_does_not_use_up_the_archive_number_of_its_owner(browser, another_browser, make):
    make.legacy(number=NUMBER)
    begin(another_browser)
    for _ in range(5):
        prove(another_browser, ARCHIVE | {"issued": "2009-01"}, 422)
    elsewhere: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    assert begin(browser).send("/claim/proof", ARCHIVE, **elsewhere).location == "/claim/password"


def test_five_wrong_codes_kill_the_code_and_a_new_one_from_the_counter_opens_again(browser, make):
    person = make.legacy(number=NUMBER)
    proof = code_for(person)
    begin(browser)
    wrong = {"factor": "activation_code", "code": "00000000" if proof["code"] != "00000000" else "11111111"}
    for _ in range(5):
        assert WRONG in prove(browser, wrong, 422).text
    assert TOO_OFTEN in prove(browser, proof, 429).text
    assert prove(browser, code_for(person)).location == "/claim/password"


def test_a_code_lives_seven_days_and_a_newer_one_ends_it(browser, make):
    person = make.legacy(number=NUMBER)
    old = code_for(person)
    new = code_for(person)
    assert WRONG in prove(begin(browser), old, 422).text
    with time_machine.travel(utcnow() + timedelta(days=7, minutes=1), tick=False):
        assert WRONG in prove(begin(browser), new, 422).text
    assert prove(begin(browser), new).location == "/claim/password"


def test_a_code_is_for_one_person_only(browser, make):
    make.legacy(number=NUMBER)
    other = make.legacy(number=id_number(403))
    assert WRONG in prove(begin(browser), code_for(other), 422).text


def test_a_try_is_a_row_before_the_proof_is_looked_at(app, browser, make, monkeypatch):
    proof = code_for(make.legacy(number=NUMBER))
    other = create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    seen = []

    def check(*args):
        with other.connect() as connection:
            seen.append(connection.scalar(text("SELECT count(*) FROM attempt")))

    monkeypatch.setattr(legacy_claim, "check_proof", check)
    assert WRONG in prove(begin(browser), proof, 422).text
    other.dispose()
    assert seen == [2]


def test_a_record_is_claimed_once_by_the_faster_browser(browser, another_browser, make):
    make.legacy(number=NUMBER)
    prove(begin(browser), ARCHIVE)
    prove(begin(another_browser), ARCHIVE)
    browser.send("/claim/password", FIRST)
    assert another_browser.send("/claim/password", FIRST).location == "/claim"
    assert db.session.scalars(select(Account.legacy_id)).all() == [holder().id]


def test_a_proof_does_not_open_the_record_of_another_person_who_came_in_its_place(browser, make):
    """The import is undone and made again between two screens; a database may give a row's number once more."""
    there = make.legacy(number=NUMBER)
    number_of_row = there.id
    prove(begin(browser), ARCHIVE)
    batches.undo("test")
    db.session.commit()
    assert browser.open("/claim/password", expect=302).location == "/claim"
    another = make.legacy("李四", id_number(403), id=number_of_row)
    assert browser.open("/claim/password", expect=302).location == "/claim"
    assert browser.send("/claim/password", FIRST).location == "/claim"
    assert (account(), another.claimed_at) == (None, None)


def test_a_code_that_ended_meanwhile_sets_no_password(browser, make):
    person = make.legacy(number=NUMBER)
    prove(begin(browser), code_for(person))
    code_for(person)
    assert browser.send("/claim/password", FIRST).location == "/claim"
    assert (account(), holder().claimed_at) == (None, None)


def test_an_account_that_appeared_meanwhile_is_not_replaced(browser, make):
    make.legacy(number=NUMBER)
    prove(begin(browser), ARCHIVE)
    make.account("孙立国", NUMBER)
    assert browser.send("/claim/password", FIRST).location == "/claim"
    assert (account().legacy_id, holder().claimed_at) == (None, None)


def test_a_reservation_that_ran_out_does_not_stand_in_the_way(browser, make):
    with time_machine.travel(utcnow() - timedelta(hours=1), tick=False):
        Browser(browser.app).send(
            "/register",
            {
                "id_type": "resident_id",
                "number": NUMBER,
                "name": "孙立国",
                "phone": "13800130401",
                "privacy": "yes",
            },
        )
    make.legacy(number=NUMBER)
    prove(begin(browser), ARCHIVE)
    assert browser.send("/claim/password", FIRST).location == "/login"


@pytest.mark.parametrize("path", ["/claim/proof", "/claim/password"])
def test_later_screens_need_the_earlier_ones_and_end_after_half_an_hour(browser, make, path):
    make.legacy(number=NUMBER)
    assert browser.open(path, expect=302).location == "/claim"
    prove(begin(browser), ARCHIVE)
    assert browser.open(path).status == 200
    with time_machine.travel(utcnow() + timedelta(minutes=31), tick=False):
        assert browser.open(path, expect=302).location == "/claim"


def test_what_one_screen_proved_does_not_open_another_way(browser, make):
    """The sealed value of a first screen, put where the last one expects its own."""
    make.legacy(number=NUMBER)
    begin(browser)
    with browser.client.session_transaction() as kept:
        kept["opened"], kept["reset"] = kept["claim"], kept["claim"]
    assert browser.open("/claim/password", expect=302).location == "/claim"
    assert browser.open("/forgot/password", expect=302).location == "/forgot"


def test_a_password_of_the_known_facts_is_refused(browser, make):
    make.legacy(number=NUMBER)
    prove(begin(browser), ARCHIVE)
    page = browser.send("/claim/password", {"password": f"x{NUMBER}", "confirm": f"x{NUMBER}"}, expect=422)
    assert "证件号码" in page.text


def test_a_try_at_a_claimed_record_is_in_the_audit_trail(browser, make):
    record = make.legacy("孙立国", NUMBER, claimed_at=utcnow())
    person = make.account("孙立国", NUMBER, legacy_id=record.id)
    assert WRONG in prove(begin(browser), ARCHIVE, 422).text
    event = db.session.scalars(select(Event)).one()
    assert (event.verb, event.actor, event.account_id) == ("claim_again", "system", person.id)


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "none"}])
def test_the_guides_own_way_where_the_operator_wants_it(browser, make, settings):
    make.legacy(number=NUMBER)
    assert WRONG in prove(begin(browser, name="别人"), {"factor": "none"}, 422).text
    assert prove(begin(browser), {"factor": "none"}).location == "/claim/password"
    browser.send("/claim/password", FIRST)
    assert account().assured is False


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "archive_no,activation_code"}])
def test_the_operators_order_of_proofs_is_the_pages(browser, make, settings):
    page = begin(browser).open("/claim/proof").text
    assert page.index('value="archive_no"') < page.index('value="activation_code"')
    assert re.search(r'value="archive_no" checked', page)
