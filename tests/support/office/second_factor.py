"""Staff as the tests sign them in: what the phone shows, what the page of a new second factor shows."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp

from blueprints.gate import STAFF_COOKIE
from lib.database import utcnow
from tests.conftest import Page
from tests.support.factory import TOTP_SECRET
from tests.support.people import STAFF_PASSWORD


def code(offset=0, secret=TOTP_SECRET) -> str:
    return pyotp.TOTP(secret).at(utcnow() + timedelta(seconds=offset))


def sign_in(browser, officer, expect=302, environ_overrides=None, **changed) -> Page:
    data = {"username": officer.username, "password": STAFF_PASSWORD, "code": code()} | changed
    return browser.send("/staff/login", data, expect=expect, environ_overrides=environ_overrides or {})


def shown_secret(page) -> str:
    return str(re.findall(r'密钥：<b class="num">([A-Z2-7 ]+)</b>', page)[0]).replace(" ", "")


def cookie(browser) -> str:
    found = browser.client.get_cookie(STAFF_COOKIE, path="/staff")
    return found.value if found else ""
