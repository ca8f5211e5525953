"""On PostgreSQL: attempts at the same moment are counted one by one, and odd values are refused with a page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from models import db
from services.accounts import throttle
from tests.conftest import Browser
from tests.support.factory import Make

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


@pytest.mark.parametrize(
    "path", ["/apply/pages/%00.jpg", "/apply/divisions?parent=%00", "/archive/versions/%00", "/notices/99999999999"]
)
def test_what_no_column_takes_is_no_error_of_ours(app, path):
    browser = Browser(app).sign_in(Make(app).account())
    assert browser.client.get(path).status_code in (200, 302, 400, 404)
