"""The limits on guessing, against a plain model of them: any order of people, addresses, successes and pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from models import Attempt, db
from services.accounts import throttle
from services.accounts.throttle import AttemptSource, Limit, SecretLimits

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SMALL = SecretLimits(
    Limit("guess", 2, timedelta(minutes=15)),
    Limit("guess", 4, DAY, first=6),
    Limit("guess_address", 5, HOUR, first=8),
    Limit("guess_device", 3, DAY),
)
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Try:
    person: str
    address: str
    is_right: bool
    is_known: bool
    pause: int  # minutes before it


TRIES = st.builds(
    Try,
    person=st.sampled_from("ab"),
    address=st.sampled_from("1111223456789"),
    is_right=st.sampled_from([False] * 5 + [True]),
    is_known=st.sampled_from([False] * 4 + [True]),
    pause=st.sampled_from([0, 0, 0, 1, 16, 61, 60 * 25]),
)


class Model:
    """Failures as (when, person, address), and the rules of docs/adr/022 in plain words."""

    def __init__(self) -> None:
        self.failed: list[tuple[datetime, str, str]] = []
        self.by_address: list[tuple[datetime, str]] = []
        self.on_device: list[tuple[datetime, str]] = []

    def lane(self, tried: Try, now: datetime) -> str:
        """Where the attempt is counted; "" where it is refused."""
        if tried.is_known and sum(at > now - DAY and who == tried.person for at, who in self.on_device) < 3:
            return "device"
        today = [(at, address) for at, who, address in self.failed if who == tried.person and at > now - DAY]
        here = [at for at, address in today if address == tried.address]
        address = sum(at > now - HOUR and where == tried.address for at, where in self.by_address)
        is_free = (
            sum(at > now - timedelta(minutes=15) for at in here) < 2
            and len(today) < (4 if here else 6)
            and address < (5 if here else 8)
        )
        return "stranger" if is_free else ""

    def end(self, tried: Try, now: datetime, lane: str) -> None:
        if tried.is_right:
            self.failed = [row for row in self.failed if row[1:] != (tried.person, tried.address)]
        if lane == "device":
            self.on_device = [row for row in self.on_device if not tried.is_right or row[1] != tried.person]
            self.on_device += [] if tried.is_right else [(now, tried.person)]
        elif not tried.is_right:
            self.failed.append((now, tried.person, tried.address))
            self.by_address.append((now, tried.address))


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # making a failure smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tries=st.lists(TRIES, min_size=10, max_size=40))
def test_an_attempt_is_let_through_exactly_when_the_rules_say_so(app, tries):
    db.session.execute(delete(Attempt))
    model, now = Model(), START
    with time_machine.travel(START, tick=False) as clock:
        for tried in tries:
            clock.shift(timedelta(minutes=tried.pause))
            now += timedelta(minutes=tried.pause)
            source, device = AttemptSource(tried.address), ord(tried.person) if tried.is_known else 0
            made = throttle.count_secret(SMALL, tried.person, source, device)
            lane = model.lane(tried, now)
            assert (made.until is None, made.device_id > 0) == (lane != "", lane == "device")
            if lane:
                model.end(tried, now, lane)
            else:
                assert made.until
                assert made.until > now
            if lane and tried.is_right:
                throttle.count_success(made, SMALL, tried.person, source)
    db.session.rollback()


def test_a_refused_attempt_does_not_prolong_the_wait_and_says_when_it_ends(app):
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(2):
            throttle.count_secret(SMALL, "a", AttemptSource("1"))
            clock.shift(timedelta(minutes=5))
        refused = [throttle.count_secret(SMALL, "a", AttemptSource("1")) for _ in range(3)]
        assert {(made.limited, made.minutes) for made in refused} == {("source", 5)}
        clock.shift(timedelta(minutes=5, seconds=1))
        assert throttle.count_secret(SMALL, "a", AttemptSource("1")).until is None
    db.session.rollback()


@pytest.mark.parametrize(("is_office", "most"), [(False, 5), (True, 50)])
def test_an_address_that_the_office_lists_has_ten_times_as_many(app, is_office, most):
    source = AttemptSource("1", is_office)
    for serial in range(most):
        throttle.count_secret(SMALL, f"p{serial}", source)
    assert throttle.count_secret(SMALL, "p0", source).limited == "address"
    db.session.rollback()
