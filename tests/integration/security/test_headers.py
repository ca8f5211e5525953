"""Security headers: exact values on every status and kind of answer; nothing is kept but static files; cookies."""

from __future__ import annotations

import re

import pytest
from flask import Flask, Response

from blueprints.gate import COOKIE, STAFF_COOKIE
from lib.codes import Status
from services.access import public
from tests.support.applicant.filing import file, pages_of, words
from tests.support.people import PASSWORD, STAFF_PASSWORD

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
EXACT = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
PDF_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PICTURE_CSP = "default-src 'none'; sandbox"
TOO_MUCH = {"CONTENT_LENGTH": str(64 * 1024 * 1024 + 1)}


def checked(answer, status: int, **changed: str) -> None:
    """The status, and every security header with its exact value, once."""
    expected = EXACT | {name.replace("_", "-"): value for name, value in changed.items()}
    assert answer.status_code == status
    assert {name: answer.headers.getlist(name) for name in expected} == {name: [expected[name]] for name in expected}
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Server" not in answer.headers


def kept_by_nobody(answer) -> None:
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


@public
def broken() -> str:
    raise RuntimeError("as if something had gone wrong")


@pytest.fixture
def answering(app) -> Flask:
    """As in production: an unexpected error becomes a page."""
    app.add_url_rule("/broken", "broken", broken)
    app.config["TESTING"] = False
    return app


ANSWERS = [
    ("GET", "/", {}, 200),
    ("GET", "/guide", {}, 200),
    ("GET", "/healthz", {}, 200),
    ("GET", "/templates/sheet", {}, 200),
    ("GET", "/text-size?large=1", {}, 302),
    ("GET", "/apply", {}, 302),
    ("GET", "/staff/queue", {}, 302),
    ("POST", "/login", {"data": {"name": "张三"}}, 422),
    ("GET", "/nothing", {}, 404),
    ("GET", "/staff/nothing", {}, 404),
    ("GET", "/static/nothing.css", {}, 404),
    ("GET", "/notices/4711", {}, 404),
    ("POST", "/", {}, 405),
    ("POST", "/login", {"environ_overrides": TOO_MUCH, "data": {"name": "x"}}, 413),
    ("GET", "/broken", {}, 500),
    ("HEAD", "/", {}, 200),
    ("OPTIONS", "/", {}, 200),
    ("TRACE", "/", {}, 405),
]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    ANSWERS,
    ids=[f"{method} {path} {status}" for method, path, _s, status in ANSWERS],
)
def test_every_answer_has_the_headers_and_is_kept_by_nobody(answering, method, path, sent, status):
    answer = answering.test_client().open(path, method=method, **sent)
    checked(answer, status)
    kept_by_nobody(answer)


def test_an_unexpected_error_is_a_page_that_tells_nothing_of_itself(answering, caplog):
    answer = answering.test_client().get("/broken")
    assert "系统出错了" in words(answer.text)
    assert "gone wrong" not in answer.text
    assert "Traceback" not in answer.text
    assert "unexpected error on broken" in caplog.text


def test_a_forged_form_and_a_forbidden_view_have_the_headers(app, browser, make):
    browser.sign_in(make.account())
    app.config["WTF_CSRF_ENABLED"] = True
    checked(browser.send("/apply/submit", expect=400).response, 400)
    browser.sign_in(make.staff())
    answer = browser.open("/staff/admin/notices", expect=403).response
    checked(answer, 403)
    kept_by_nobody(answer)


def test_pages_pictures_and_documents_of_a_person_have_the_headers(make, browser):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(declaration.account)
    (photo,) = pages_of(declaration, "photo")
    for path, csp in (
        ("/apply/status", CSP),
        ("/apply/sheet.pdf", PDF_CSP),
        ("/apply/divisions?parent=210100", CSP),
        (f"/apply/pages/{photo.uid}.jpg", PICTURE_CSP),
    ):
        answer = browser.open(path).response
        checked(answer, 200, Content_Security_Policy=csp)
        kept_by_nobody(answer)


def test_a_page_shown_again_with_problems_and_one_that_was_overtaken_have_the_headers(make, browser):
    browser.sign_in(make.declaration().account)
    sent = {"action": "next", "seen": "somewhere else"}
    checked(
        browser.send(
            "/apply/education", sent | {"has_part_time": "no", "full_time_level": "junior"}, expect=409
        ).response,
        409,
    )
    checked(browser.send("/apply/papers/id_emblem", {"file": file(b"text")}, expect=422).response, 422)


# --- static files -----------------------------------------------------------------------------------------------------

TYPES = {".css": 'text/css; charset="utf-8"', ".js": 'text/javascript; charset="utf-8"', ".svg": "image/svg+xml"}


def static_files(page: str) -> list[str]:
    return sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))


def test_static_files_have_the_headers_and_are_kept_for_good(browser):
    found = static_files(browser.open("/").text)
    assert len(found) == 3
    for path in found:
        answer = browser.client.get(path)
        checked(answer, 200)
        assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert answer.headers["Content-Type"] == TYPES[path[path.rindex(".") :]]
        assert "Set-Cookie" not in answer.headers
        answer.close()


def test_a_static_file_that_the_browser_has_is_not_sent_again(browser):
    path = static_files(browser.open("/").text)[0]
    first = browser.client.get(path)
    first.close()
    answer = browser.client.get(path, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    checked(answer, 304)
    assert answer.data == b""


@pytest.mark.parametrize(
    ("method", "sent", "status"),
    [
        ("HEAD", {}, 200),
        ("GET", {"Range": "bytes=0-9"}, 206),
        ("GET", {"Range": "bytes=999999999-"}, 416),
        ("OPTIONS", {}, 405),
        ("POST", {}, 405),
    ],
)
def test_whatever_is_asked_of_a_static_file_the_answer_has_the_headers(browser, method, sent, status):
    path = static_files(browser.open("/").text)[0]
    with browser.client.open(path, method=method, headers=sent) as answer:
        checked(answer, status)
        if status >= 400:
            kept_by_nobody(answer)


@pytest.mark.parametrize("settings", [{"TRUSTED_HOSTS": "example.org"}])
def test_another_hosts_name_is_refused_with_words(browser, settings):
    for path in ("/", "/login", "/nothing"):
        answer = browser.client.get(path, headers={"Host": "example.com"})
        checked(answer, 400)
        kept_by_nobody(answer)
        assert "请核对网址" in answer.text


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "..%2fconfig.py", "", "js/", "js/nothing.js"])
def test_nothing_but_static_files_is_found_there(browser, path):
    prefix = browser.app.extensions["kuaiji.static"].prefix
    answer = browser.client.get(f"/{prefix}{path}")
    checked(answer, 404)
    kept_by_nobody(answer)


# --- cookies ----------------------------------------------------------------------------------------------------------


def cookies(answer: Response) -> dict[str, set[str]]:
    """Cookies that an answer sets: name -> attributes, without the values."""
    found = {}
    for header in answer.headers.getlist("Set-Cookie"):
        (name, *_), *attributes = (part.strip().split("=", 1) for part in header.split(";"))
        found[name] = {"=".join(attribute) for attribute in attributes}
    return found


@pytest.mark.parametrize("settings", [{"BASE_URL": "https://example.org"}, {}], ids=["https", "http"])
def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(make, browser, settings):
    account = make.account()
    sent = {"name": account.name, "number": account.id_number, "password": PASSWORD}
    secure, prefix = ({"Secure"}, "__Host-") if settings else (set(), "")
    expected = {"HttpOnly", "SameSite=Lax", "Path=/"} | secure
    page = f"{prefix}kuaiji_page"

    assert cookies(browser.client.post("/login", data=sent))[f"{prefix}{COOKIE}"] == expected
    assert cookies(browser.app.test_client().get("/login")) == {page: expected}
    assert cookies(browser.client.get("/text-size?large=1"))[f"{prefix}kuaiji_text"] >= expected


@pytest.mark.parametrize("settings", [{"BASE_URL": "https://example.org"}])
def test_cookies_of_this_host_alone_are_read_and_deleted(make, browser):
    """A browser ignores every Set-Cookie of such a name that is not secure, for all paths, and without a domain."""
    account = make.account()
    browser.send("/login", {"name": account.name, "number": account.id_number, "password": PASSWORD})
    assert account.name in browser.open("/account").text
    browser.open("/text-size?large=1", expect=302)
    assert "fs-lg" in browser.open("/").text

    for answer in (browser.send("/logout"), browser.open("/text-size?large=0", expect=302)):
        gone = {name: kept for name, kept in cookies(answer.response).items() if "Max-Age=0" in kept}
        assert gone
        for name, kept in gone.items():
            assert name.startswith("__Host-")
            assert {"Secure", "Path=/"} <= kept
    browser.open("/account", expect=302)
    assert "fs-lg" not in browser.open("/").text


@pytest.mark.parametrize(
    ("settings", "prefix", "attributes"),
    [
        ({"STAFF_TOTP": "off", "BASE_URL": "https://example.org"}, "__Host-", {"Path=/", "Secure"}),
        ({"STAFF_TOTP": "off"}, "", {"Path=/staff"}),
    ],
    ids=["https", "http"],
)
def test_an_officers_cookie_opens_the_staff_half_only(make, browser, prefix, attributes):
    officer = make.staff()
    sent = {"username": officer.username, "password": STAFF_PASSWORD}
    found = cookies(browser.client.post("/staff/login", data=sent))
    assert found[f"{prefix}{STAFF_COOKIE}"] == {"HttpOnly", "SameSite=Strict"} | attributes
    assert f"{prefix}{COOKIE}" not in found


@pytest.mark.parametrize(
    ("settings", "expected"), [({"BASE_URL": "https://example.org"}, "max-age=31536000"), ({}, None)]
)
def test_https_is_demanded_for_a_year_where_it_is_spoken(browser, expected):
    static = f"/{browser.app.extensions['kuaiji.static'].prefix}app.css"
    for path in ("/", "/nowhere", "/healthz", static):
        with browser.client.get(path) as answer:
            assert answer.headers.get("Strict-Transport-Security") == expected
