"""On PostgreSQL: attempts at the same moment are counted one by one, and odd values are refused with a page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from lib.database import utcnow
from models import Attempt, KnownDevice, db
from services.accounts import known_devices, throttle
from tests.conftest import Browser
from tests.support.factory import Make
from tests.support.people import PASSWORD

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
NUMBER = "219900199003070011"


def test_tries_at_the_same_moment_do_not_slip_past_the_limit(app):
    at_once = 12
    barrier = threading.Barrier(at_once)

    def one(_number: int) -> bool:
        with app.app_context():
            barrier.wait()
            made = throttle.count_secret(throttle.SIGN_IN, NUMBER, throttle.AttemptSource("203.0.113.9"))
            db.session.commit()
            return made.until is None

    with ThreadPoolExecutor(at_once) as pool:
        checked = sum(pool.map(one, range(at_once)))
    assert checked == throttle.SIGN_IN.source.most


def test_a_known_browser_is_renewed(app):
    person, browser = Make(app).account(), Browser(app)
    form = {"name": person.name, "number": person.id_number, "password": PASSWORD}
    tokens = []
    for _ in range(2):
        browser.send("/login", form)
        cookie = browser.client.get_cookie("kuaiji_device", path="/login")
        assert cookie
        tokens.append(cookie.value)
    first, second = (known_devices.find(token, account_id=person.id) for token in tokens)
    assert not first
    assert second
    seen = db.session.scalars(select(KnownDevice.seen_at)).one()
    assert abs(utcnow() - seen) < timedelta(minutes=5)
    assert db.session.scalars(select(Attempt.failed)).all() == [False] * 3


@pytest.mark.parametrize(
    "path", ["/apply/pages/%00.jpg", "/apply/divisions?parent=%00", "/archive/versions/%00", "/notices/99999999999"]
)
def test_what_no_column_takes_is_no_error_of_ours(app, path):
    browser = Browser(app).sign_in(Make(app).account())
    assert browser.client.get(path).status_code in (200, 302, 400, 404)
