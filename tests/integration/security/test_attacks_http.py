"""What a client that is no browser tries: safe methods that write, late forms with passwords, addresses to hide in."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DataError

from app import create_app, largest_body, sender_of
from blueprints import client_source
from blueprints.admin import old_register as register_page
from blueprints.gate import MAX_VISITOR_BODY
from config import Config, TestConfig
from lib.database import utcnow
from models import Declaration, ParkedForm, db
from services.access import public
from tests.support.people import PASSWORD, STAFF_PASSWORD

SECRETS = {"current": PASSWORD, "password": "neues 密码 2026", "confirm": "neues 密码 2026", "code": "123456"}


def parked() -> list[ParkedForm]:
    db.session.rollback()
    return list(db.session.scalars(select(ParkedForm)))


def count(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_asking_for_the_head_of_a_page_begins_no_declaration(browser, make):
    browser.sign_in(make.account())
    assert browser.client.head("/apply/notice").status_code == 200
    assert count(Declaration) == 0


@pytest.mark.parametrize("path", ["/login", "/register", "/claim", "/forgot", "/staff/login"])
def test_the_head_of_a_form_is_that_of_its_page(browser, path):
    assert browser.client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/account", "/account/devices", "/apply/submit", "/apply/papers/id_card"])
def test_a_late_form_that_no_page_gives_back_is_not_kept_for_it_may_carry_a_password(browser, make, path):
    browser.sign_in(make.account())
    with time_machine.travel(utcnow() + timedelta(hours=1)):
        back = browser.send(path, SECRETS)
        assert back.location == "/login"
        assert "登录已超时，请重新登录" in browser.follow(back).text
    assert parked() == []


@pytest.mark.parametrize("path", ["/staff/account", "/staff/account/totp", "/staff/counter", "/staff/queue/search"])
def test_late_forms_of_staff_with_passwords_and_numbers_are_not_kept(browser, make, path):
    browser.sign_in(make.staff())
    with time_machine.travel(utcnow() + timedelta(hours=1)):
        browser.send(path, SECRETS | {"current": STAFF_PASSWORD})
    assert parked() == []


def test_late_marks_of_a_submission_are_kept(browser, make):
    browser.sign_in(make.staff())
    with time_machine.travel(utcnow() + timedelta(hours=1)):
        browser.send("/staff/submissions/made-up_uid/marks", {"mark": "sex"})
        browser.send("/staff/submissions/%00/marks", {"mark": "sex"})
        browser.send(f"/staff/submissions/{'x' * 300}/marks", {"mark": "sex"})
    assert [form.path for form in parked()] == ["/staff/submissions/made-up_uid/marks"]


def test_an_ended_cookie_fills_no_table(browser, make):
    browser.sign_in(make.account())
    with time_machine.travel(utcnow() + timedelta(hours=1)):
        for number in range(4):
            browser.send("/apply/personal", {"postal_address": str(number)})
            browser.send("/apply/education", {"full_time_major": str(number)})
    kept = {form.path: form.body for form in parked()}
    assert kept == {
        "/apply/personal": [["postal_address", "3"]],
        "/apply/education": [["full_time_major", "3"]],
    }
    assert len(parked()) == 2


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::a:b:c:d", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_line_are_counted_as_one_however_they_are_written(app, address, counted):
    """Attempts, and bodies on their way: one line could fill the room for all with addresses of its own."""
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_source().address == counted
    assert sender_of(0)({"REMOTE_ADDR": address}) == counted
    behind = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.1, {address}"}
    assert sender_of(1)(behind) == counted


@pytest.mark.parametrize(
    ("cookies", "most"),
    [
        ("kuaiji=x", Config.MAX_CONTENT_LENGTH),
        ("kuaiji_text=large; kuaiji_staff=x", Config.MAX_CONTENT_LENGTH),
        ("__Host-kuaiji_staff=x", Config.MAX_CONTENT_LENGTH),
        ("kuaiji_page=x; kuaiji_text=large", MAX_VISITOR_BODY),
        ("", MAX_VISITOR_BODY),
    ],
)
def test_an_officer_may_send_an_old_register_and_a_visitor_one_picture(cookies, most):
    assert largest_body({"HTTP_COOKIE": cookies} if cookies else {}) == most
    assert register_page.MOST_BYTES < Config.MAX_CONTENT_LENGTH


@public
def refused_by_the_database() -> str:
    raise DataError("SELECT 1", {}, Exception("cannot contain NUL"))


def test_a_value_that_no_column_takes_is_a_page_and_no_error_of_ours(app: Flask, browser):
    app.add_url_rule("/odd", "odd", refused_by_the_database)
    assert "无法处理这个请求" in browser.open("/odd", expect=400).text


@pytest.mark.parametrize("number", [str(2**63), "9" * 25])
@pytest.mark.parametrize("path", ["/notices/{}", "/staff/admin/notices/{}"])
def test_a_number_that_no_row_can_have_is_not_found(browser, number, path):
    assert browser.open(path.format(number), expect=404).text.count("<h1") == 1


def test_a_cursor_that_no_row_can_have_begins_at_the_top(browser):
    assert browser.open(f"/notices?after={'9' * 25}").text.count("<h1") == 1


def test_what_we_keep_is_for_our_own_user_alone(app):
    data = Path(app.config["DATA"])
    made = create_app(TestConfig(data.parent / "new"))
    with made.app_context():
        db.create_all()
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.config["DATA"].iterdir()}
        db.session.remove()
        db.engine.dispose()
    assert {name for name, mode in found.items() if mode & 0o077} == set()
    assert {"keys.json", "kuaiji.db", "kuaiji.db-wal", "uploads"} <= found.keys()
