"""Odd values in every form, address and query: the answer is one of our pages or a refusal, never a server error."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from forms import STEPS
from lib.codes import Role, Status
from models import db
from services import workflow
from services.declaration import answers
from tests.support.factory import Make, picture

pytestmark = pytest.mark.slow

MARKUP = "\"'><img src=x onerror=alert(1)>"
HUGE = "9" * 4000
VALUES = (
    "",
    "\x00",
    "a\x00b",
    MARKUP,
    HUGE,
    "9" * 25,
    "-1",
    "1e309",
    "nan",
    "²",
    "１２３",
    "‮abc",
    "💥" * 60,
    "2026-02-30",
    "0000-00-00",
    "\r\nSet-Cookie: a=b",
    "%s%n{{7*7}}",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
)
#: Every name that a view reads from a form or a query, besides those of the wizard's questions.
NAMES = (
    "name number password confirm current id_type phone email privacy factor code archive_no issued username "
    "id_checked kind uid next large small thumb after q tab revision seen mark confirmed action agree explanation "
    "parent place crop_x crop_y crop_w crop_h keys title body address hours verified_on "
    "reason-sex comment-sex reason-photo comment-photo unsigned-sex page-photo rect-photo rect-photo-l rect-photo-t "
    "rect-photo-w rect-photo-h tick ticks queue note why accept agree decline_reason decline_comment department "
    "comment lane kind due from to since until office source reason position advice all preload before clicks"
).split()


def questions() -> list[str]:
    names = [name for step in STEPS for name in step.form(None, context=answers.FormContext())._fields]
    return [part for name in names for part in (name, f"{name}-year", f"{name}-month")]


def addresses(app: Flask, values: tuple[str, ...], real: dict[str, str]) -> list[tuple[str, str]]:
    """(method, path) of every route of this person, each variable part replaced by a real value and by odd ones."""
    found = []
    for rule in app.url_map.iter_rules():
        roles = getattr(app.view_functions[rule.endpoint], "roles", None)
        if real["role"] not in (roles or {"nobody"}):
            continue
        paths = {_filled(rule.rule, lambda name: real.get(name, "1"))}
        paths |= {_filled(rule.rule, lambda _name, odd=odd: quote(odd)) for odd in values if odd and rule.arguments}
        found += [
            (method, path) for path in sorted(paths) for method in rule.methods or () if method in ("GET", "POST")
        ]
    return found


def _filled(rule: str, value: Any) -> str:
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda match: value(match.group(1)), rule)


@pytest.fixture(params=["nobody", "draft", "returned", "approved", "reviewer", "manager", "system"])
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
    if request.param == "system":
        browser.sign_in(make.staff(Role.SYSTEM))
        return real
    officer = make.staff(Role(request.param))
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    browser.sign_in(officer)
    return real | {"uid": declaration.uid, "kind": "photo", "revision": "1"}


class Asker:
    """Sends requests and collects those that end in an error of ours, or that show markup as it was sent."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.wrong: set[str] = set()

    def ask(self, method: str, path: str, what: str, **options: Any) -> None:
        if path.endswith("logout"):
            return
        try:
            answer = self.browser.client.open(path, method=method, **options)
            if answer.status_code >= 500:
                self.wrong.add(f"{method} {path[:60]} {what}: {answer.status_code}")
            if answer.mimetype == "text/html" and MARKUP in answer.text:
                self.wrong.add(f"{method} {path[:60]} {what}: markup as it was sent")
        except Exception as error:
            self.wrong.add(f"{method} {path[:60]} {what}: {type(error).__name__} {str(error)[:90]}")
        finally:
            db.session.rollback()


def test_odd_addresses_are_answered(app, browser, somebody):
    asker = Asker(browser)
    for method, path in addresses(app, VALUES, somebody):
        asker.ask(method, path, "")
    assert sorted(asker.wrong) == []


def test_odd_values_in_forms_and_queries_are_answered(app, browser, somebody):
    asker, names = Asker(browser), NAMES + questions()
    for method, path in addresses(app, (), somebody):
        for odd in VALUES:
            sent: dict[str, Any] = {name: [odd, odd] for name in names}
            options: dict[str, Any] = {"data": sent} if method == "POST" else {"query_string": sent}
            if odd == HUGE:
                options = {"data": {name: [odd[:300]] for name in names}} if method == "POST" else {}
            asker.ask(method, path, repr(odd[:12]), **options)
    assert sorted(asker.wrong) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param((b"\xff\xfe\x00=\xed\xa0\x80", "application/x-www-form-urlencoded"), id="bytes that are no text"),
        pytest.param((b"&" * 5000 + b"=&%zz=%", "application/x-www-form-urlencoded"), id="thousands of parts"),
        pytest.param((b"x=" + b"y" * 600_000, "application/x-www-form-urlencoded"), id="a field of 600 KB"),
        pytest.param((b"--x\r\n\r\n", "multipart/form-data"), id="no boundary"),
        pytest.param(
            (b"--x\r\nContent-Disposition: form-data\r\n\r\n\x00", "multipart/form-data; boundary=x"), id="cut off"
        ),
        pytest.param(
            (
                b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 500 + b"--x--",
                "multipart/form-data; boundary=x",
            ),
            id="500 parts",
        ),
        pytest.param((b'{"a": "\\ud800"}', "application/json"), id="json"),
    ],
)
def test_odd_bodies_are_answered(app, browser, somebody, body):
    asker = Asker(browser)
    for method, path in addresses(app, (), somebody):
        if method == "POST":
            asker.ask(method, path, "", data=body[0], content_type=body[1])
    assert sorted(asker.wrong) == []


def test_files_where_text_is_expected_and_text_where_files_are(app, browser, somebody):
    asker, names = Asker(browser), [*NAMES, *questions(), "file", "photo"]
    for method, path in addresses(app, (), somebody):
        if method == "POST":
            asker.ask(method, path, "files", data={name: (io.BytesIO(b"x"), f"{name}\x00.jpg") for name in names})
            asker.ask(method, path, "text", data={"file": "text", "photo": "text", "action": "photo"})
            for name in ("../../a.jpg", "\u202egpj.exe", "", " ", "a" * 4000, MARKUP):
                asker.ask(method, path, "name", data={"file": (io.BytesIO(picture()), name)})
    assert sorted(asker.wrong) == []


HEADERS = [
    {"Cookie": "kuaiji=\x80\xff; kuaiji_staff=;;kuaiji_page=.eJ"},
    {"Cookie": "kuaiji=" + "x" * 8000},
    {"Host": "evil.example"},
    {"Host": "a b/c@d"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "x\"'<"},
    {"User-Agent": MARKUP},
    {"Accept-Language": "\xff"},
    {"Range": "bytes=0-99999999999999999999"},
    {"If-Modified-Since": "99999999999"},
    {"Content-Length": "-1"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers.values()))[:20])
def test_odd_headers_are_answered(app, browser, somebody, headers):
    asker = Asker(browser)
    for method, path in addresses(app, (), somebody):
        if method == "GET":
            asker.ask(method, path, "", headers=headers)
    assert sorted(asker.wrong) == []
