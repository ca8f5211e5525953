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

from lib import crypto
from tests.support.people import id_number

pytestmark = [pytest.mark.soak, pytest.mark.slow]
PEOPLE, MOST_S = 60, 0.002
WAYS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "sign in": [("/login", {"password": "wrong password"})],
    "forgotten": [("/forgot", {}), ("/forgot/code", {"code": "00000001"})],
    "claim": [
        ("/claim", {}),
        ("/claim/proof", {"factor": "archive_no", "archive_no": "LN00000000", "issued": "2001-06"}),
    ],
}


@pytest.fixture
def real_hashes() -> Iterator[None]:
    crypto.use_cheap_hashes(False)
    yield
    crypto.use_cheap_hashes()


@pytest.mark.parametrize("way", WAYS)
def test_a_known_number_takes_as_long_as_an_unknown_one(app, make, real_hashes, record_property, way):
    known = [known_number(make, way) for _person in range(PEOPLE)]
    unknown = [id_number(serial) for serial in range(601, 601 + 2 * PEOPLE, 2)]
    addresses = (f"10.{n // 200}.{n % 200}.7" for n in count())
    taken: dict[str, list[list[float]]] = {"known": [], "unknown": []}
    for turn, pair in enumerate(zip(known, unknown, strict=True)):
        variants = list(zip(taken, pair, strict=True))
        for which, number in variants[:: -1 if turn % 2 else 1]:
            taken[which].append(times(app.test_client, way, number, next(addresses)))
    apart = [
        abs(statistics.median(first) - statistics.median(second))
        for first, second in zip(*(zip(*series, strict=True) for series in taken.values()), strict=True)
    ]
    record_property(f"{way}, ms apart", round(1000 * max(apart), 2))
    assert max(apart) < MOST_S


def known_number(make: Any, way: str) -> str:
    return str(make.legacy("单小燕").id_number if way == "claim" else make.account().id_number)


def times(browser: Callable[[], FlaskClient], way: str, number: str, address: str) -> list[float]:
    """What each request of the way takes, in a browser of its own."""
    client, found = browser(), []
    for path, more in WAYS[way]:
        began = process_time()
        answer = client.post(
            path, data={"name": "单小燕", "number": number, **more}, environ_base={"REMOTE_ADDR": address}
        )
        found.append(process_time() - began)
        assert answer.status_code in (302, 422), answer.text
    return found
