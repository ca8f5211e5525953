"""窗口: look up by the full number, see the ID card, hand over a code. Every view is an event."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import AccountState, Role
from lib.database import utcnow
from models import ActivationCode, Event, db
from services.accounts import applicants, counter_desk
from tests.conftest import Page
from tests.support.people import id_number

NUMBER = id_number(611)


@pytest.fixture
def officer(browser, make):
    person = make.staff()
    browser.sign_in(person)
    return person


def look_up(browser, number=NUMBER, expect=200) -> Page:
    return browser.send("/staff/counter", {"number": number}, expect=expect)


def hidden(page) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(kind|uid)" value="([^"]*)"', page.text))


def issue(browser, page, expect=200, **changed) -> Page:
    return browser.send("/staff/counter/code", hidden(page) | {"id_checked": "yes"} | changed, expect=expect)


def code_on(page) -> str:
    return "".join(re.findall(r'receipt num">([0-9]{4}) ([0-9]{4})<', page.text)[0])


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.SECURITY, Role.AUDITOR])
def test_only_officers_stand_at_the_counter(browser, make, role):
    assert browser.sign_in(make.staff(role)).open("/staff/counter", expect=403).status == 403


def test_a_lost_password_from_the_counter_to_the_new_one(browser, another_browser, make, officer):
    person = make.account(number=NUMBER)
    page = look_up(browser, f" {NUMBER.lower()} ")
    assert person.name in page.text
    assert NUMBER not in page.text
    assert "219*************" in page.text
    slip = issue(browser, page)
    assert NUMBER not in slip.text
    assert "【忘记密码】" in slip.text

    another_browser.send("/forgot", {"name": person.name, "number": NUMBER})
    another_browser.send("/forgot/code", {"code": code_on(slip)})
    row = db.session.scalars(select(ActivationCode)).one()
    assert (row.account_id, row.legacy_id, row.issued_by) == (person.id, None, officer.id)
    events = db.session.scalars(select(Event).order_by(Event.id)).all()
    assert [(event.verb, event.staff_id, event.account_id) for event in events] == [
        ("counter_lookup", officer.id, person.id),
        ("code_issued", officer.id, person.id),
    ]


def test_a_code_for_an_unclaimed_legacy_record(browser, another_browser, make, officer):
    holder = make.legacy(number=NUMBER)
    slip = issue(browser, look_up(browser))
    assert "【原有用户设置密码】" in slip.text
    another_browser.send("/claim", {"name": holder.name, "number": NUMBER})
    proved = another_browser.send("/claim/proof", {"factor": "activation_code", "code": code_on(slip)})
    assert proved.location == "/claim/password"


def test_the_id_card_must_have_been_seen(browser, make, officer):
    make.account(number=NUMBER)
    page = issue(browser, look_up(browser), 422, id_checked="")
    assert "请勾选「我已当面核对身份证件」" in page.text
    assert hidden(page)
    assert db.session.scalars(select(ActivationCode)).all() == []


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("frozen", "账号已冻结"),
        ("claimed", "档案已被认领"),
        ("reserved", "没有这个证件号码"),
        ("nobody", "没有这个证件号码"),
    ],
)
def test_where_nothing_can_be_given_the_page_says_so(browser, make, officer, how, state):
    if how in ("frozen", "reserved"):
        person = make.account(number=NUMBER)
        person.state, person.reserved_until = AccountState[how.upper()], utcnow() + timedelta(minutes=5)
        db.session.commit()
    elif how == "claimed":
        make.legacy(number=NUMBER, claimed_at=utcnow())
    page = look_up(browser)
    assert state in page.text
    assert "发放激活码</button>" not in page.text
    assert db.session.scalars(select(Event.verb)).all() == ["counter_lookup"]


def test_an_empty_number_is_no_look(browser, officer):
    assert "请填写证件号码" in look_up(browser, " ", 422).text
    assert db.session.scalars(select(Event)).all() == []


def test_nobody_helps_themselves(browser, make, officer):
    officer.id_index = applicants.number_index(NUMBER)
    person = make.account(number=NUMBER)
    assert "不能为本人办理" in look_up(browser, expect=422).text
    browser.send("/staff/counter/code", {"kind": "account", "uid": person.uid, "id_checked": "yes"}, expect=404)


@pytest.mark.parametrize("sent", [{}, {"kind": "account", "uid": "x"}, {"kind": "legacy", "uid": "x"}, {"kind": "x"}])
def test_a_made_up_person_gets_no_code(browser, officer, sent):
    browser.send("/staff/counter/code", sent | {"id_checked": "yes"}, expect=404)
    assert db.session.scalars(select(ActivationCode)).all() == []


def test_a_record_claimed_between_look_and_code_gets_none(browser, make, officer):
    holder = make.legacy(number=NUMBER)
    page = look_up(browser)
    holder.claimed_at = utcnow()
    db.session.commit()
    issue(browser, page, 404)
    found = counter_desk.visitor("legacy", holder.uid, make.actor(officer))
    assert found
    with pytest.raises(LookupError):
        counter_desk.issue_code(found, make.actor(officer))


def test_the_person_reads_who_looked(browser, another_browser, make, officer):
    person = make.account(number=NUMBER)
    with time_machine.travel("2026-11-23T01:24:00Z", tick=False):
        browser.sign_in(officer)
        look_up(browser)
        page = another_browser.sign_in(person).open("/account").text
    assert "窗口查询" in page
    assert "2026-11-23 09:24" in page
    assert officer.department.name in page
    assert officer.name not in page


def test_the_owner_is_told_that_a_code_was_issued_for_the_account(browser, another_browser, make, officer):
    person = make.account(number=NUMBER)
    issue(browser, look_up(browser))

    told = another_browser.sign_in(person).open("/inbox").text

    assert "窗口已发出激活码" in told
    assert officer.department.name in told
