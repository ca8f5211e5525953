"""Forged forms: every POST needs the token of its own session, and says so on a page of ours."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from blueprints import csrf
from blueprints.gate import COOKIE
from lib.codes import Role, Status
from lib.database import utcnow
from models import Draft, ParkedForm, db
from services.accounts import sessions
from tests.support.applicant.filing import filled, stored, words
from tests.support.rules.routes import APPLICANT, EVERYBODY, NOBODY, SYSTEMS, TABLE, address
from tests.support.rules.statements import counted

FORM = re.compile(r'(?s)<form\b[^>]*method="post"[^>]*>.*?</form>')


@pytest.fixture(autouse=True)
def with_tokens(app):
    app.config["WTF_CSRF_ENABLED"] = True


def token_of(page) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0])


def is_refused(page) -> bool:
    shown = words(page.text)
    return "无法处理这个请求" in shown and "页面可能已经过期。请返回上一页刷新后再试一次" in shown


def parked() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ParkedForm)) or 0


POSTS = sorted(endpoint for endpoint, (methods, who) in TABLE.items() if "POST" in methods and who != SYSTEMS)


@pytest.mark.parametrize("endpoint", POSTS)
def test_no_view_takes_a_form_without_or_with_a_foreign_token(app, browser, another_browser, make, endpoint):
    who = TABLE[endpoint][1]
    person = make.account() if who & APPLICANT or who == EVERYBODY else make.staff(Role(min(who)))
    browser.sign_in(person)
    path = address(app, endpoint)
    foreign = token_of(another_browser.open("/login"))
    for token in (None, "", "x", foreign, foreign[:-1]):
        sent = {} if token is None else {"csrf_token": token}
        assert is_refused(browser.send(path, sent, expect=400))


def test_the_token_of_another_persons_session_is_foreign(make, browser, another_browser):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    other = token_of(another_browser.sign_in(make.declaration().account).open("/apply/personal"))
    sent = filled(declaration, "education", has_part_time="no", full_time_level="junior")
    assert is_refused(browser.send("/apply/education", sent | {"csrf_token": other}, expect=400))
    own = token_of(browser.open("/apply/education"))
    assert browser.send("/apply/education", sent | {"csrf_token": own}).location == "/apply/qualification"


def test_a_visitors_token_is_worth_nothing_in_another_browser(browser, another_browser):
    token = token_of(browser.open("/register"))
    assert is_refused(another_browser.send("/register", {"csrf_token": token}, expect=400))
    browser.send("/register", {"csrf_token": token}, expect=422)


def test_each_answer_masks_the_token_anew_and_all_of_them_are_taken(make, browser):
    browser.sign_in(make.declaration().account)
    tokens = [token_of(browser.open("/apply/education")) for _ in range(3)]
    pieces = [{token[start : start + 8] for start in range(len(token) - 7)} for token in tokens]
    assert set.intersection(*pieces) == set()
    for token in tokens:
        browser.send("/account/devices", {"csrf_token": token})


def test_what_another_process_signed_is_checked_by_its_signature(make, browser, another_browser):
    token = token_of(browser.sign_in(make.declaration().account).open("/apply/education"))
    other = token_of(another_browser.sign_in(make.declaration().account).open("/apply/education"))
    csrf._signed.cache_clear()
    with time_machine.travel(utcnow() + timedelta(seconds=90)):  # signed now it would look different
        browser.send("/account/devices", {"csrf_token": token})
        assert is_refused(browser.send("/account/devices", {"csrf_token": other}, expect=400))


def test_scripts_may_send_the_token_as_a_header(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/personal"))
    sent = {"postal_address": "样例路 9 号"}
    browser.send("/apply/personal/draft", sent, expect=400)
    browser.send("/apply/personal/draft", sent, expect=204, headers={"X-CSRFToken": token})
    assert db.session.scalars(select(Draft)).one().body == [["postal_address", "样例路 9 号"]]


def test_a_token_works_in_every_tab_and_as_long_as_the_session(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/personal"))
    now = utcnow()
    for minutes in range(20, 200, 20):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            browser.open("/apply/education")
    with time_machine.travel(now + timedelta(minutes=200)):
        sent = filled(stored(declaration), "education") | {"csrf_token": token}
        assert browser.send("/apply/education", sent).location == "/apply/qualification"


def test_the_form_of_an_ended_session_is_kept_when_its_token_is_right(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/education"))
    sent = filled(declaration, "education")
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        assert is_refused(browser.send("/apply/education", sent, expect=400))
        assert is_refused(browser.send("/apply/education", sent | {"csrf_token": "x"}, expect=400))
        assert parked() == 0

        back = browser.send("/apply/education", sent | {"csrf_token": token})

        assert back.location == "/login"
        assert "您刚才填写的内容已保留" in words(browser.follow(back).text)
    assert parked() == 1


def test_the_token_of_a_session_that_was_signed_out_is_known_for_a_day(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/education"))
    sessions.end_all(account_id=declaration.account_id)
    db.session.commit()
    sent = filled(declaration, "education") | {"csrf_token": token}
    assert browser.send("/apply/education", sent).location == "/login"
    with time_machine.travel(utcnow() + timedelta(hours=25)):
        assert "没有保留" in browser.follow(browser.send("/apply/education", sent)).text
    assert parked() == 1


def test_a_vanished_cookie_leads_to_signing_in_and_what_was_typed_comes_back(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/education"))
    sent = filled(declaration, "education", full_time_school="没有丢的学校", full_time_level="college")
    browser.client.delete_cookie(COOKIE)
    browser.client.delete_cookie("session")
    assert browser.send("/apply/education", sent | {"csrf_token": "x"}).location == "/login"
    assert parked() == 0, "nobody knows whose it is"
    browser.send("/apply/papers/upload", headers={"Accept": "application/json"}, expect=(401, 404, 405))

    lost = browser.send("/apply/education", sent | {"csrf_token": token})

    assert lost.location == "/login"
    assert "您刚才填写的内容已保留" in browser.follow(lost).text
    assert "没有丢的学校" in browser.sign_in(declaration.account).open("/apply/education").text


def test_a_form_with_a_visitors_token_does_not_read_the_table_of_sessions(app, browser, another_browser):
    token = token_of(another_browser.open("/login"))
    with app.app_context(), counted() as asked:
        assert browser.send("/apply/education", {"csrf_token": token}).location == "/login"
    assert [statement for statement in asked if "web_session" in statement] == []


def test_a_page_of_before_a_new_sign_in_keeps_what_was_typed_for_its_own_person_only(make, browser):
    declaration, other = make.declaration(), make.declaration(account=make.account("别人"))
    token = token_of(browser.sign_in(declaration.account).open("/apply/education"))
    sent = filled(declaration, "education", full_time_school="没有丢的学校", full_time_level="college")
    assert is_refused(browser.sign_in(other.account).send("/apply/education", sent | {"csrf_token": token}, expect=400))
    assert parked() == 0

    back = browser.sign_in(declaration.account).send("/apply/education", sent | {"csrf_token": token})

    assert back.location == "/apply/education"
    assert "没有丢的学校" in browser.follow(back).text
    assert stored(declaration).full_time_school != "没有丢的学校", "kept as typed, not saved by a foreign token"


def test_a_form_that_is_far_too_long_is_not_kept(make, browser):
    declaration = make.declaration()
    token = token_of(browser.sign_in(declaration.account).open("/apply/education"))
    long = {"csrf_token": token, "full_time_school": "字" * 60_000, "full_time_major": "字" * 60_000, "x": "y" * 90_000}
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        assert browser.send("/apply/education", long).location == "/login"
    assert parked() == 0


PAGES = [
    (NOBODY, ["/", "/login", "/register", "/claim", "/forgot", "/staff/login"]),
    ("applicant", ["/account", "/inbox", "/apply/notice", "/apply/personal", "/apply/check", "/apply/papers"]),
    ("applicant", ["/apply/status", "/apply/department", "/apply/education", "/apply/qualification"]),
    ("reviewer", ["/staff/queue", "/staff/archive", "/staff/counter", "/staff/account"]),
    ("manager", ["/staff/admin/departments", "/staff/admin/departments/210102"]),
    ("system", ["/staff/admin/notices", "/staff/admin/notices/new"]),
]


@pytest.mark.parametrize(("role", "paths"), PAGES, ids=[f"{role} {paths[0]}" for role, paths in PAGES])
def test_every_form_that_is_posted_carries_a_token(make, browser, role, paths):
    declaration = make.declaration()
    make.papers(declaration)
    if role != NOBODY:
        browser.sign_in(declaration.account if role == "applicant" else make.staff(Role(role)))
    for path in paths:
        shown = browser.open(path).text
        forms = FORM.findall(shown)
        assert forms or path in ("/apply/status", "/inbox")
        for form in forms:
            assert 'name="csrf_token"' in form, f"{path}: {form[:200]}"
        assert shown.count('method="post"') == len(forms)


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW])
def test_every_form_of_a_submission_carries_a_token(make, browser, status):
    officer = make.staff()
    declaration = make.declaration(status, officer=officer)
    shown = browser.sign_in(officer).open(f"/staff/submissions/{declaration.uid}").text
    forms = FORM.findall(shown)
    assert forms
    assert all('name="csrf_token"' in form for form in forms)
