"""更正证件号码: a manager corrects the number of a record's person."""

from __future__ import annotations

from datetime import date

import pytest

from lib.codes import Role, Status
from models import Account, Declaration, Event, InboxMessage, db
from tests.support.people import PASSWORD, id_number

WHY = {"reason": "注册时填错", "evidence": "已核对身份证件原件"}


@pytest.fixture
def manager(client, make):
    return client.sign_in(make.staff(Role.MANAGER, "210102"))


def test_the_record_and_the_sign_in_follow_and_the_person_is_told(manager, another_browser, make):
    record, right = make.record(), id_number(991)
    account, revision = db.session.get_one(Account, record.account_id), record.revision
    before = revision.answers
    address = f"/staff/archive/{record.uid}/number"
    db.session.rollback()

    page = manager.follow(manager.send(address, {"id_type": "resident_id", "number": right, **WHY}))

    assert "已更正证件号码" in page.text
    assert "注册时填错（已核对身份证件原件）" in page.text
    db.session.expire_all()
    assert account.id_number == right
    assert record.masked_number.endswith(right[-2:])
    assert revision.answers == before
    assert db.session.query(InboxMessage).filter_by(account_id=account.id, title="证件号码已更正").count() == 1
    assert db.session.query(Event).filter_by(verb="correct_number", account_id=account.id).count() == 1
    who = {"name": account.name, "number": right, "password": PASSWORD}
    assert another_browser.send("/login", who, expect=302).location != "/login"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"number": ""}, "请填写正确的证件号码"),
        ({"number": "219900199003070012"}, "最后一位(校验码)不对"),
        ({"reason": ""}, "请填写更正原因"),
        ({"evidence": ""}, "请填写核实依据"),
    ],
)
def test_what_is_not_right_is_named_at_its_field_and_changes_nothing(manager, make, changed, problem):
    record = make.record()
    number = db.session.get_one(Account, record.account_id).id_number
    address = f"/staff/archive/{record.uid}/number"
    db.session.rollback()

    page = manager.send(address, {"id_type": "resident_id", "number": id_number(993), **WHY} | changed, expect=422)

    assert problem in page.text
    db.session.expire_all()
    assert db.session.get_one(Account, record.account_id).id_number == number


def test_a_number_that_has_an_account_is_refused(manager, make):
    taken, record = make.account("马建军"), make.record()
    sent = {"id_type": "resident_id", "number": taken.id_number, **WHY}
    address = f"/staff/archive/{record.uid}/number"
    db.session.rollback()
    assert "这个号码已有其他账号" in manager.send(address, sent, expect=422).text


def test_only_a_manager_of_the_office_may(client, make):
    record = make.record()
    address = f"/staff/archive/{record.uid}/number"
    db.session.rollback()
    refused = (
        client.sign_in(make.staff(Role.REVIEWER, "210102")).open(address, expect=403),
        client.sign_in(make.staff(Role.MANAGER, "210202")).open(address, expect=404),
    )
    assert not any("更正证件号码" in page.text or record.name in page.text for page in refused)


def test_without_a_record_it_begins_at_the_submission(manager, another_browser, make):
    """The answers taken from the number follow in the working copy; what was submitted stays."""
    declaration, right = make.declaration(Status.SUBMITTED), id_number(992, "19880229")
    account_id, before = declaration.account_id, declaration.revisions[0].answers
    page = f"/staff/submissions/{declaration.uid}"
    assert f"{page}/number" in manager.open(page).text
    manager.open(f"{page}/number")

    sent = {"id_type": "resident_id", "number": right, **WHY}
    assert manager.send(f"{page}/number", sent).location == page
    assert "注册时填错（已核对身份证件原件）" in manager.open(f"{page}/number").text

    db.session.expire_all()
    now = db.session.get_one(Declaration, declaration.id)
    assert (now.account.id_number, now.sex, now.birth_date) == (right, "female", date(1988, 2, 29))
    assert now.revisions[0].answers == before
    assert db.session.query(InboxMessage).filter_by(account_id=account_id, title="证件号码已更正").count() == 1
    assert f"{page}/number" not in another_browser.sign_in(make.staff()).open(page).text


def test_who_has_a_record_is_corrected_there_and_another_office_reaches_neither(manager, another_browser, make):
    record, waiting = make.record(), make.declaration(Status.SUBMITTED)
    address = f"/staff/submissions/{record.revision.declaration.uid}/number"
    there, other = f"/staff/archive/{record.uid}/number", f"/staff/submissions/{waiting.uid}/number"
    assert manager.open(address, expect=302).location == there
    far = another_browser.sign_in(make.staff(Role.MANAGER, "210202"))
    far.open(address, expect=404)
    far.open(other, expect=404)
