"""What one person tries on another's file: a file of another person looks like one that does not exist, to the byte."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from forms import SHEET
from lib.codes import Role, Status
from models import Declaration, Event, Record, WebSession, db
from services import workflow
from tests.support.applicant.filing import add_photo, filled, pages_of, stored
from tests.support.office.second_factor import code, shown_secret
from tests.support.people import STAFF_PASSWORD, id_number

OFFICE_PATHS = [
    ("GET", "/staff/submissions/{declaration}"),
    ("GET", "/staff/submissions/{declaration}?revision=1"),
    ("GET", "/staff/submissions/{declaration}/pictures/1/photo/0"),
    ("GET", "/staff/submissions/{declaration}/pictures/1/id_card/0?thumb=1"),
    ("GET", "/staff/submissions/{declaration}/pictures/1/photo/0?preload=1"),
    ("GET", "/staff/submissions/{declaration}/pictures/1/before/photo/0"),
    ("GET", "/staff/submissions/{declaration}/pictures/1/photo/0/view"),
    ("GET", "/staff/submissions/{declaration}/preload"),
    ("GET", "/staff/archive/{record}"),
    ("GET", "/staff/archive/{record}/pictures/photo/0"),
    ("POST", "/staff/archive/{record}/reveal"),
    *(
        ("POST", f"/staff/submissions/{{declaration}}/{verb}")
        for verb in (
            *("claim", "release", "marks", "return", "approve", "decline", "undo", "revoke", "reopen", "take-over"),
            *("transfer", "transfer/take-back", "transfer/answer", "second-look", "notes", "reveal"),
        )
    ),
]
OWN_PATHS = [
    ("GET", "/apply/pages/{page}.jpg"),
    ("POST", "/apply/pages/{page}/delete"),
    ("POST", "/apply/pages/{page}/rotate"),
    ("POST", "/apply/corrections/{mark}"),
]


def answer(browser: Any, method: str, path: str) -> tuple[Any, ...]:
    """Status, body without its token, header names, place; the page cookie is there already."""
    db.session.rollback()
    browser.client.get("/staff/account" if path.startswith("/staff") else "/account")
    found = browser.client.open(path, method=method, data={"seen": "1", "mark": "sex", "confirmed": "yes"})
    db.session.rollback()
    text = re.sub(r'(csrf_token" value=|csrf-token" content=)"[^"]*"', "", found.text)
    return found.status_code, text, sorted(name for name, _value in found.headers), found.headers.get("Location")


def events() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Event)) or 0


@pytest.mark.parametrize("department", ["210381", "210300", "210100-none"])
def test_another_offices_file_is_not_found_and_looks_like_none(browser, make, department):
    if department == "210100-none":  # of the own office, but the officer's own file
        account = make.account(number=id_number(907))
        browser.sign_in(make.staff(Role.MANAGER, id_index=account.id_index))
    else:
        account = make.account()
        browser.sign_in(make.staff(Role.MANAGER, department))
    declaration = make.declaration(Status.APPROVED, account)
    record = db.session.scalars(select(Record)).one()
    names, before = {"declaration": declaration.uid, "record": record.uid}, events()
    for method, path in OFFICE_PATHS:
        foreign = answer(browser, method, path.format_map(names))
        assert foreign == answer(browser, method, path.format(declaration="A" * 16, record="A" * 16))
        assert foreign[0] == 404
    db.session.expire_all()
    assert (events(), db.session.get_one(Declaration, declaration.id).status) == (before, Status.APPROVED)


def test_another_applicants_picture_or_mark_is_not_found(browser, make):
    theirs, mine = make.declaration(Status.RETURNED), make.declaration(Status.RETURNED)
    page, mark = pages_of(theirs, SHEET)[0].uid, theirs.revisions[-1].marks[0].uid
    browser.sign_in(mine.account)
    for method, path in OWN_PATHS:
        foreign = answer(browser, method, path.format(page=page, mark=mark))
        assert foreign == answer(browser, method, path.format(page="A" * 16, mark="A" * 16))
        assert foreign[0] == 404
    assert pages_of(theirs, SHEET)[0].uid == page


def test_another_applicants_approved_version_is_not_found(browser, make):
    theirs, mine = make.declaration(Status.APPROVED), make.declaration(Status.APPROVED)
    browser.sign_in(mine.account)
    for path in ("/archive/versions/{}", "/archive/versions/{}/photo/0.jpg"):
        foreign = answer(browser, "GET", path.format(theirs.revisions[0].uid))
        assert foreign == answer(browser, "GET", path.format("A" * 16))
        assert foreign[0] == 404


PLANTED = {
    "id": "1",
    "uid": "x",
    "account_id": "1",
    "status": "approved",
    "kind": "change",
    "number": "LN20260000001",
    "version": "99",
    "revision_number": "7",
    "department_id": "1",
    "due_on": "2030-01-01",
    "id_number": "219900199003070011",
    "id_type": "passport",
    "assured": "yes",
    "notice_read_at": "2026-01-01",
    "mobile_sealed": "x",
    "name_differs": "no",
}


def test_a_page_takes_its_own_questions_and_nothing_else(browser, make):
    declaration = make.declaration()
    add_photo(declaration)
    counted = ("version", "touched_at", "progress")  # every save renews them
    names = [column.name for column in Declaration.__table__.columns if column.name not in counted]
    before = {name: getattr(stored(declaration), name) for name in names if not name.endswith("_sealed")}
    browser.sign_in(declaration.account)
    for slug in ("personal", "department", "education", "qualification"):
        browser.send(f"/apply/{slug}", filled(stored(declaration), slug) | PLANTED)
    now = stored(declaration)
    assert {name: getattr(now, name) for name in before} == before
    assert now.account.id_type == "resident_id"


@pytest.mark.parametrize("department", ["210381", "999999", "210100'--", ""])
def test_an_office_that_the_address_does_not_lead_to_is_refused(browser, make, department):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    before = stored(declaration).department_id
    browser.send("/apply/department", filled(declaration, "department", department_code=department), expect=422)
    assert stored(declaration).department_id == before


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "activation_code"}])
@pytest.mark.parametrize("factor", ["none", "archive_no", "id_picture", "", "ACTIVATION_CODE"])
def test_a_proof_that_the_operator_does_not_offer_opens_nothing(browser, make, settings, factor):
    holder = make.legacy()
    browser.send("/claim", {"name": holder.name, "number": holder.id_number})
    proof = {"factor": factor, "archive_no": holder.archive_no, "issued": holder.issued_month, "code": "12345678"}
    browser.send("/claim/proof", proof, expect=422)
    assert browser.open("/claim/password", expect=302).location == "/claim"


def test_a_new_second_factor_ends_the_sessions_on_other_devices(browser, another_browser, make):
    officer = make.staff()
    another_browser.sign_in(officer)
    browser.sign_in(officer).send("/staff/account/totp", {"current": STAFF_PASSWORD})
    secret = shown_secret(browser.open("/staff/account/totp").text)
    browser.send("/staff/account/totp", {"code": code(secret=secret)})
    browser.open("/staff/account")
    another_browser.open("/staff/account", expect=302)
    assert db.session.scalar(select(func.count()).select_from(WebSession).where(WebSession.ended_at.is_(None))) == 1


def test_a_code_given_out_for_an_account_stands_where_its_owner_sees_it(browser, another_browser, make):
    account = make.account()
    browser.sign_in(make.staff(department="210381"))
    sent = {"kind": "account", "uid": account.uid, "name": account.name, "id_checked": "yes"}
    browser.send("/staff/counter/code", sent, expect=200)
    assert "窗口发放激活码" in another_browser.sign_in(account).open("/account").text


def test_an_officer_whose_account_was_disabled_in_mid_review_decides_nothing(browser, make):
    officer = make.staff()
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    browser.sign_in(officer)
    officer.active = False
    db.session.commit()
    browser.send(f"/staff/submissions/{declaration.uid}/approve", {"seen": "1", "confirmed": "yes"})
    db.session.expire_all()
    assert db.session.get_one(Declaration, declaration.id).status == Status.IN_REVIEW
