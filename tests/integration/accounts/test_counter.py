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
from tests.support.people import PASSWORD, id_number

NUMBER = id_number(611)


@pytest.fixture
def officer(browser, make):
    person = make.staff()
    browser.sign_in(person)
    return person


def look_up(browser, number=NUMBER, expect=200, name="单小燕") -> Page:
    return browser.send("/staff/counter", {"name": name, "number": number}, expect=expect)


def hidden(page) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(kind|uid|name)" value="([^"]*)"', page.text))


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
    slip = issue(browser, look_up(browser, name=holder.name))
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
    page = look_up(browser, name="孙立国" if how == "claimed" else "单小燕")
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
    sent = {"kind": "account", "uid": person.uid, "name": person.name, "id_checked": "yes"}
    browser.send("/staff/counter/code", sent, expect=404)


@pytest.mark.parametrize("sent", [{}, {"kind": "account", "uid": "x"}, {"kind": "legacy", "uid": "x"}, {"kind": "x"}])
def test_a_made_up_person_gets_no_code(browser, officer, sent):
    browser.send("/staff/counter/code", sent | {"id_checked": "yes"}, expect=404)
    assert db.session.scalars(select(ActivationCode)).all() == []


def test_a_record_claimed_between_look_and_code_gets_none(browser, make, officer):
    holder = make.legacy(number=NUMBER)
    page = look_up(browser, name=holder.name)
    holder.claimed_at = utcnow()
    db.session.commit()
    issue(browser, page, 404)
    found = counter_desk.visitor("legacy", holder.uid, holder.name, make.actor(officer))
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


@pytest.mark.parametrize("how", ["account", "legacy"])
def test_another_name_under_the_number_gets_no_code_and_is_not_told(browser, make, officer, how):
    """A code would open the account of whoever has taken the number."""
    person = make.account("马建军", number=NUMBER) if how == "account" else make.legacy("马建军", number=NUMBER)
    page = look_up(browser)
    assert "登记的姓名与本人不同" in page.text
    assert "马建军" not in page.text
    assert hidden(page) == {}
    made_up = {"kind": how, "uid": person.uid, "name": "单小燕", "id_checked": "yes"}
    browser.send("/staff/counter/code", made_up, expect=404)
    assert db.session.scalars(select(ActivationCode)).all() == []


def test_the_counter_writes_an_application_down_and_its_person_sets_the_password(
    browser, another_browser, make, officer
):
    make.account("马建军", number=NUMBER)
    look_up(browser)
    form = browser.open("/staff/assistance/new").text
    assert NUMBER in form
    asked = {"need": "occupied", "id_type": "resident_id", "number": NUMBER, "name": "单小燕", "phone": "13800137001"}
    browser.send("/staff/assistance/new", asked | {"story": "号码被占用"}, expect=422)
    sent = browser.send("/staff/assistance/new", asked | {"story": "号码被占用", "id_checked": "yes"})
    slip = browser.follow(sent)
    receipt = re.findall(r'receipt num">([0-9A-Z ]{19})<', slip.text)[0]
    place = re.findall(r'href="(/staff/assistance/[^"]+)">去办理', slip.text)[0]
    assert "已当面核对身份证件" in browser.open(place).text

    browser.send(f"{place}/decide", {"outcome": "misuse", "reason": "冒用", "evidence": "已当面核对"})
    another_browser.send("/assistance/return", {"receipt": receipt, "number": NUMBER})
    another_browser.send("/assistance/password", {"password": PASSWORD, "confirm": PASSWORD})
    another_browser.send("/login", {"name": "单小燕", "number": NUMBER, "password": PASSWORD})


def test_nobody_writes_an_application_of_their_own_down(browser, officer):
    officer.id_index = applicants.number_index(NUMBER)
    db.session.commit()
    asked = {"need": "password", "id_type": "resident_id", "number": NUMBER, "name": "王审核", "phone": "13800137001"}
    page = browser.send("/staff/assistance/new", asked | {"story": "忘记", "id_checked": "yes"}, expect=422)
    assert "不能为本人办理" in page.text
