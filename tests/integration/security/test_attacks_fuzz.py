"""Odd requests to every form, address and query: the answer is one of our pages or a refusal, never a server error."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import pytest

from forms import STEPS
from lib.codes import Role, Status
from models import db
from services import workflow
from services.declaration import answers
from tests.support.attacks.odd_requests import BODIES, MARKUP, MULTIPART, Asked, OddRequests
from tests.support.factory import Make

#: werkzeug leaves the file of a part that is cut off to the garbage collector.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")]

LARGEST_COOKIE = 2500  # bytes; browsers drop those of more than 4,096
SOAK = 10_000  # requests, of all people together
ADMINISTRATORS = ("system", "security", "auditor")
PEOPLE = ("nobody", "draft", "returned", "approved", "reviewer", "manager", *ADMINISTRATORS)


def questions() -> list[str]:
    names = [name for step in STEPS for name in step.form(None, context=answers.FormContext())._fields]
    return [part for name in names for part in (name, f"{name}-year", f"{name}-month")]


@pytest.fixture(params=PEOPLE)
def somebody(request, browser, make: Make) -> dict[str, str]:
    """Each kind of person signed in, with real values for the variable parts of addresses."""
    real = {"step": "personal", "code": "210102", "name": "commitment", "notice_id": "1", "number": "0", "page": "0"}
    real["role"] = "applicant" if request.param in ("draft", "returned", "approved") else request.param
    if request.param == "nobody":
        return real
    if request.param in ("draft", "returned", "approved"):
        declaration = make.declaration(Status(request.param))
        browser.sign_in(declaration.account)
        uid = declaration.revisions[-1].marks[0].uid if request.param == "returned" else ""
        uid = declaration.revisions[-1].uid if request.param == "approved" else uid
        return real | {"kind": "id_card", "uid": uid or declaration.uid}
    if request.param in ADMINISTRATORS:
        browser.sign_in(make.staff(Role(request.param)))
        return real | {"uid": make.staff().uid}
    officer = make.staff(Role(request.param))
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    browser.sign_in(officer)
    return real | {"uid": declaration.uid, "kind": "photo", "revision": "1"}


class Asker:
    """Sends requests with a valid CSRF token and collects those that end in an error of ours, show markup as it was
    sent, or set a cookie that has grown."""

    def __init__(self, app: Any, browser: Any, role: str) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        page = {"nobody": "/login", "applicant": "/account"}.get(role, "/staff/account")
        self.token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.open(page).text)[0]
        self.client = browser.client
        self.wrong: set[str] = set()

    def ask(self, method: str, path: str, what: str, options: dict[str, Any]) -> None:
        options["headers"] = {"X-CSRFToken": self.token} | options.get("headers", {})
        told = f"{method} {path[:60]} {what}: "
        try:
            answer = self.client.open(path, method=method, **options)
            if answer.status_code >= 500:
                self.wrong.add(f"{told}{answer.status_code}")
            if answer.mimetype == "text/html" and "Content-Encoding" not in answer.headers and MARKUP in answer.text:
                self.wrong.add(f"{told}markup as it was sent")
            if any(len(cookie) > LARGEST_COOKIE for cookie in answer.headers.getlist("Set-Cookie")):
                self.wrong.add(f"{told}a cookie has grown")
            answer.request.environ["wsgi.input"].close()
            answer.close()
        except Exception as error:
            self.wrong.add(f"{told}{type(error).__name__} {str(error)[:90]}")
        finally:
            db.session.rollback()


@pytest.mark.parametrize("rounds", [1, pytest.param(0, marks=pytest.mark.soak)], ids=["short", "long"])
def test_whatever_is_sent_the_answer_is_no_error_of_ours(app, browser, somebody, rounds):
    asker = Asker(app, browser, somebody["role"])
    requests = OddRequests(app, somebody, questions(), seed=rounds)
    asked: Asked
    for asked in islice(requests, rounds * requests.round() or SOAK // len(PEOPLE)):
        asker.ask(*asked)
    assert sorted(asker.wrong) == []


def test_no_body_is_an_error_of_ours(app, browser):
    asker = Asker(app, browser, "nobody")
    for kind, body in BODIES:
        asker.ask("POST", "/login", f"{kind[:40]} {body[:60]!r}", {"data": body, "content_type": kind})
    assert sorted(asker.wrong) == []


def test_a_part_without_a_name_is_refused_with_words(browser):
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    assert "无法处理这个请求" in browser.send("/login", body, content_type=MULTIPART, expect=400).text


def test_pairs_without_end_are_too_much(browser):
    body = b"a&" * 900_000
    refused = browser.send("/login", body, content_type="application/x-www-form-urlencoded", expect=413)
    assert "太大" in refused.text or "太多" in refused.text


LONG = {"name": "字" * 460, "number": "9" * 460, "password": "p" * 460, "username": "n" * 460, "code": "1" * 460}


@pytest.mark.parametrize("path", ["/claim", "/forgot", "/login", "/register", "/staff/login"])
def test_what_is_too_long_is_said_at_its_field_and_kept_in_no_cookie(browser, make, path):
    number = make.account().id_number
    for sent in (LONG | {"number": number}, LONG | {"name": "字" * 20}):
        page = browser.send(path, sent, expect=422)
        assert re.search("最多|应为|只能", page.text)
        assert all(len(cookie) < LARGEST_COOKIE for cookie in page.headers.getlist("Set-Cookie"))


def test_the_longest_name_leads_on_and_fits_into_the_cookie(browser, make):
    sent = {"name": "𠮷" * 50, "number": make.account().id_number}
    for path in ("/claim", "/forgot"):
        page = browser.send(path, sent)
        browser.follow(page)
        assert all(len(cookie) < LARGEST_COOKIE for cookie in page.headers.getlist("Set-Cookie"))
