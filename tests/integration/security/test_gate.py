"""The gate: who may use which view, as data. A view that is not in the table, or does not say who may use it, fails."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from blueprints.gate import COOKIE, STAFF_COOKIE
from lib.codes import AccountState, ApiScope, Role
from lib.database import transaction_mode, utcnow
from models import db
from services.accounts import sessions
from tests.support.applicant.filing import words
from tests.support.rules.routes import EVERYBODY, NOBODY, STAFF, TABLE, TOKEN, address


def routes(app: Flask) -> dict[str, set[str]]:
    """endpoint -> methods, without those that every address answers."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.endpoint, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return found


def test_every_route_is_in_the_table_with_its_methods(app):
    table = {endpoint: set(methods) for endpoint, (methods, _who) in TABLE.items()}
    assert routes(app) == table, "give each route its row in TABLE of tests/support/rules/routes.py"


@pytest.fixture
def stubs(app) -> Flask:
    """Views that only say that they were reached: what is tested is the gate before them."""
    for endpoint, view in app.view_functions.items():

        def reached(**_values: Any) -> str:
            return "reached"

        reached.roles = view.roles  # type: ignore[attr-defined]
        app.view_functions[endpoint] = reached
    return app


def signed_in(browser, make, role: str):
    if role == TOKEN:
        browser.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {make.api_token(*ApiScope)}"
        return browser
    if role == "applicant":
        return browser.sign_in(make.account())
    return browser if role == NOBODY else browser.sign_in(make.staff(Role(role)))


def verdict(answer) -> str:
    if answer.status_code == 302:
        return f"to {answer.headers['Location']}"
    return "reached" if answer.text == "reached" else str(answer.status_code)


def expected(role: str, who: frozenset[str], path: str) -> str:
    """A session counts in its own half of the site only: staff under /staff, applicants everywhere else. A token counts
    under /api, where no session does.
    """
    if path.startswith("/api/"):
        return "reached" if who == EVERYBODY or role in who else "401"
    staff_half = path == "/staff" or path.startswith("/staff/")
    known = role not in (NOBODY, TOKEN) and (role in STAFF) == staff_half
    if who == EVERYBODY or (known and role in who):
        return "reached"
    return "403" if known else "to /staff/login" if staff_half else "to /login"


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_each_role_reaches_what_the_table_says_and_nothing_else(stubs, browser, make, role):
    signed_in(browser, make, role)
    wrong = []
    for endpoint, (methods, who) in TABLE.items():
        path = address(stubs, endpoint)
        for method in (*methods, *(("HEAD",) if "GET" in methods else ())):
            answer = browser.client.open(path, method=method)
            wanted = expected(role, who, path)
            got = verdict(answer) if method != "HEAD" or answer.status_code != 200 else "reached"
            if got != wanted:
                wrong.append(f"{role} {method} {path}: {got} instead of {wanted}")
    assert wrong == []


def test_an_officer_with_a_first_password_reaches_nothing_but_the_page_that_changes_it(stubs, browser, make):
    browser.sign_in(make.staff(first_password_at=utcnow()))
    reached = set()
    for endpoint, (methods, who) in TABLE.items():
        path = address(stubs, endpoint)
        if path.startswith("/staff") and who != EVERYBODY and "reviewer" in who:
            answers = {verdict(browser.client.open(path, method=method)) for method in methods}
            reached |= {endpoint} if answers != {"to /staff/account"} else set()
    assert reached == {"auth.staff_account"}


def test_the_table_is_not_all_open_or_all_closed():
    answers = {expected(role, who, "/staff/x") for role in EVERYBODY for _methods, who in TABLE.values()}
    assert answers == {"reached", "403", "to /staff/login"}
    assert {expected(role, frozenset({TOKEN}), "/api/v1/x") for role in EVERYBODY} == {"reached", "401"}


@pytest.mark.parametrize("path", ["/bare", "/staff/bare"])
@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_view_that_does_not_say_who_may_use_it_is_refused(app, browser, make, role, path):
    app.add_url_rule("/bare", "bare", lambda: "reached")
    app.add_url_rule("/staff/bare", "staff_bare", lambda: "reached")
    signed_in(browser, make, role)
    assert "您不能使用这个页面" in browser.open(path, expect=403).text


@pytest.mark.parametrize("role", ["system", "auditor"])
def test_a_refusal_is_a_page_that_says_what_to_do(browser, make, role):
    signed_in(browser, make, role)
    shown = words(browser.open("/staff/queue", expect=403).text)
    assert "您的账号没有使用这个页面的权限" in shown
    assert "回到工作台" in shown


@pytest.mark.parametrize(
    "path", ["/nothing", "/apply/nothing", "/staff/nothing", "/templates/../app.py", "/instance/keys.json"]
)
def test_an_address_that_does_not_exist_is_told_on_a_page_of_ours(browser, path):
    assert "没有找到这个页面" in words(browser.open(path, expect=404).text)


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/apply/submit"), ("DELETE", "/apply/personal")])
def test_a_method_that_a_view_does_not_take_is_refused(browser, make, method, path):
    signed_in(browser, make, "applicant")
    answer = browser.client.open(path, method=method)
    assert answer.status_code == 405
    assert "不能这样打开这个页面" in answer.text


# --- who a cookie is --------------------------------------------------------------------------------------------------


def token_of(*, account: Any = None, staff: Any = None) -> str:
    with transaction_mode("IMMEDIATE"):
        token = sessions.start(account=account, staff=staff)
        db.session.commit()
    return token


def test_an_applicants_token_opens_nothing_as_an_officers_and_the_other_way_round(app, browser, make):
    browser.client.set_cookie(STAFF_COOKIE, token_of(account=make.account()), path="/staff")
    browser.client.set_cookie(COOKIE, token_of(staff=make.staff()))
    assert browser.open("/staff/queue", expect=302).location == "/staff/login"
    assert browser.open("/apply", expect=302).location == "/login"


def test_an_officers_cookie_is_not_looked_at_outside_the_staff_half(app, browser, make):
    browser.client.set_cookie(STAFF_COOKIE, token_of(staff=make.staff()), path="/")
    assert browser.open("/apply", expect=302).location == "/login"
    assert "王审核" not in browser.open("/").text


@pytest.mark.parametrize("path", ["/apply", "/account"])
def test_a_frozen_account_is_signed_out_at_once(browser, make, path):
    account = make.account()
    browser.sign_in(account).open("/account")
    account.state = AccountState.FROZEN
    db.session.commit()
    assert browser.open(path, expect=302).location == "/login"


def test_an_officer_who_was_disabled_is_signed_out_at_once(browser, make):
    officer = make.staff()
    browser.sign_in(officer).open("/staff/queue")
    officer.active = False
    db.session.commit()
    assert browser.open("/staff/queue", expect=302).location == "/staff/login"


def test_an_officer_who_gets_another_role_has_it_at_once(browser, make):
    officer = make.staff()
    browser.sign_in(officer).open("/staff/queue")
    officer.role = Role.AUDITOR
    db.session.commit()
    assert "待审核" not in browser.open("/staff/queue", expect=403).text
    assert officer.name in browser.open("/staff/account").text


def test_people_are_told_apart_by_role_and_row(make):
    officer, account = make.actor(make.staff()), make.actor(make.account())
    assert (officer.get_id(), account.get_id()) == (f"reviewer:{officer.id}", f"applicant:{account.id}")
    assert (officer.is_staff, account.is_staff) == (True, False)
