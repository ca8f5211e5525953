"""Whether a number is known cannot be told by the time: CPU of the whole request, real hashes, medians.

Registration says that a number is taken, and counts who asks (docs/adr/022).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from itertools import count
from time import process_time
from typing import Any

import pytest
from flask.testing import FlaskClient

from commands import messages
from lib import crypto
from lib.codes import Channel
from lib.database import utcnow
from tests.integration.messages.test_outbox import Recorder
from tests.support.people import id_number

pytestmark = [pytest.mark.soak, pytest.mark.slow]
PEOPLE, MOST_S = 60, 0.002
BY_NUMBER = {"factor": "archive_no", "archive_no": "LN00000000", "issued": "2001-06"}
BY_SMS = {"factor": "sms_on_file", "sms_code": "00000001"}
#: Path and what is sent; SENT: the messages that wait are sent to the gateway, which is nobody's waiting time.
SENT: tuple[str, dict[str, str]] = ("", {})
WAYS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "sign in": [("/login", {"password": "wrong password"})],
    "forgotten": [("/forgot", {}), ("/forgot/code", {"code": "00000001"})],
    "claim": [("/claim", {}), ("/claim/proof", BY_NUMBER)],
}
WAYS_BY_SMS = {
    "sign in": WAYS["sign in"],
    "forgotten": [("/forgot", {}), ("/forgot/sms", {}), SENT, ("/forgot/code", {"code": "00000001"})],
    "claim": [("/claim", {}), ("/claim/sms", {}), SENT, ("/claim/proof", BY_SMS)],
}
SMS = {"SMTP_URL": "console:", "SMS_URL": "console:"}


@pytest.fixture
def real_hashes() -> Iterator[None]:
    crypto.use_cheap_hashes(False)
    yield
    crypto.use_cheap_hashes()


@pytest.mark.parametrize("settings", [{}, SMS], ids=["", "sms"])
@pytest.mark.parametrize("way", WAYS)
def test_a_known_number_takes_as_long_as_an_unknown_one(app, make, settings, real_hashes, record_property, way):
    asked = (WAYS_BY_SMS if settings else WAYS)[way]
    known = [known_number(make, way) for _person in range(PEOPLE)]
    unknown = [id_number(serial) for serial in range(601, 601 + 2 * PEOPLE, 2)]
    addresses = (f"10.{n // 200}.{n % 200}.7" for n in count())
    taken: dict[str, list[list[float]]] = {"known": [], "unknown": []}
    for turn, pair in enumerate(zip(known, unknown, strict=True)):
        variants = list(zip(taken, pair, strict=True))
        for which, number in variants[:: -1 if turn % 2 else 1]:
            taken[which].append(times(app.test_client, asked, number, next(addresses)))
    apart = [
        abs(statistics.median(first) - statistics.median(second))
        for first, second in zip(*(zip(*series, strict=True) for series in taken.values()), strict=True)
    ]
    record_property(f"{way}{' by SMS' * bool(settings)}, ms apart", round(1000 * max(apart), 2))
    assert max(apart) < MOST_S


def known_number(make: Any, way: str) -> str:
    phone = {"phone": "13800130801"} if way == "claim" else {"phone_verified_at": utcnow()}
    return str((make.legacy("单小燕", **phone) if way == "claim" else make.account(**phone)).id_number)


def times(
    browser: Callable[[], FlaskClient], asked: list[tuple[str, dict[str, str]]], number: str, address: str
) -> list[float]:
    """What each request of the way takes, in a browser of its own."""
    client, found = browser(), []
    for path, more in asked:
        if not path:
            messages.send_due(5, {Channel.SMS: Recorder(), Channel.EMAIL: Recorder()})
            continue
        began = process_time()
        answer = client.post(
            path, data={"name": "单小燕", "number": number, **more}, environ_base={"REMOTE_ADDR": address}
        )
        found.append(process_time() - began)
        assert answer.status_code in (302, 422), answer.text
    return found
