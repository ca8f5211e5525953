"""Invented people, as many as asked for, the same ones for the same seed: their names, where they file, how far it is.

Pure: knows no database and no key.

Plainly invented: numbers begin with the unused region codes 219900 to 219999, phones with 1400 (never given to people).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from bench import names

WAITING, IN_REVIEW, RETURNED, APPROVED, DECLINED = "submitted", "in_review", "returned", "approved", "declined"
#: Who files now: one in ten. Everybody else was decided in the three years before.
RECENT = 0.10
_RECENT_STATUS = {WAITING: 70, IN_REVIEW: 5, RETURNED: 25}
_IN_HANDS = 20  # of one office: its officers hold no more at a time, however many people file
_DECIDED_STATUS = {APPROVED: 944, DECLINED: 56}
_YEARS = 3
_TURN = 14  # calendar days from submission to the due date, where no holiday is counted
_NO_EMPLOYER = 0.12
_FIRST_DAY, _DAYS = date(1964, 1, 1), 15_000  # of birth
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
#: Ends of phone numbers that people ask for; one phone in twenty has one of them.
_ASKED_FOR = ("8888", "6666", "9999", "1234", "0000", "1688", "5678", "6688", "2222", "1111")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Office:
    """A department as the generator needs it: ``scope`` is itself and those above it, ``city_id`` like QueueItem's."""

    id: int
    weight: float
    scope: tuple[int, ...]
    city_id: int | None
    place: str


@dataclass(slots=True)
class Person:
    """One person with one declaration. ``serial`` counts from 0 in the order of submission."""

    serial: int
    name: str
    number: str
    phone: str
    uids: tuple[str, str, str, str]  # of account, declaration, revision, record
    office: Office
    employer: int | None  # which one of ``Invented.employers``
    status: str
    change: bool  # 信息变更, not 首次采集
    times: int
    reminders: int
    submitted_at: datetime
    due_on: date

    @property
    def returned_before(self) -> bool:
        """Was it sent again after a return, and is it still open?"""
        return self.times > 1 and self.status in (WAITING, IN_REVIEW)


class Invented:
    """``people`` invented people in ``offices``; iterate once or several times, always the same ones."""

    def __init__(self, people: int, offices: Sequence[Office], today: date, seed: int = 1) -> None:
        self.people, self.offices, self.today, self.seed = people, offices, today, seed
        self._office_weights = list(accumulate(office.weight for office in offices))
        self.employers, self._employers_of = self._make_employers(max(people // 8, 1))

    def _make_employers(self, n: int) -> tuple[list[str], dict[int, list[int]]]:
        """Distinct names, each in one office's place, and which are where."""
        rng = random.Random(f"{self.seed} employers")
        found: list[str] = []
        by_office: dict[int, list[int]] = {office.id: [] for office in self.offices}
        known: set[str] = set()
        for office in rng.choices(self.offices, cum_weights=self._office_weights, k=n):
            name = _employer(rng, office.place)
            while name in known:
                name = _employer(rng, office.place)
            known.add(name)
            by_office[office.id].append(len(found))
            found.append(name)
        return found, by_office

    def __iter__(self) -> Iterator[Person]:
        rng, in_hands = random.Random(f"{self.seed} people"), Counter[int]()
        for start in range(0, self.people, _BATCH):
            yield from self._batch(rng, in_hands, range(start, min(start + _BATCH, self.people)))

    def _batch(self, rng: random.Random, in_hands: Counter[int], serials: range) -> Iterator[Person]:
        offices = rng.choices(self.offices, cum_weights=self._office_weights, k=len(serials))
        recent_from = self.people - round(self.people * RECENT)
        for serial, name, office in zip(serials, _names(rng, len(serials)), offices, strict=True):
            recent = serial >= recent_from
            status = _status(rng, in_hands, office, recent)
            submitted_at = self._submitted(rng, serial, recent_from, recent)
            yield Person(
                serial=serial,
                name=name,
                number=id_number(serial),
                phone=_phone(rng),
                uids=(_uid(rng), _uid(rng), _uid(rng), _uid(rng)),
                office=office,
                employer=self._employer_of(rng, office),
                status=status,
                change=rng.random() < 0.15,
                times=rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 3)) + (status == RETURNED and rng.random() < 0.1),
                reminders=rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 4)),
                submitted_at=submitted_at,
                due_on=_working_day(submitted_at.date() + timedelta(days=_TURN)),
            )

    def _submitted(self, rng: random.Random, serial: int, recent_from: int, recent: bool) -> datetime:
        """Evenly through three years; those in hand within the last 18 days, so that some are overdue."""
        if recent:
            days = 18 - 17 * (serial - recent_from) / max(self.people - recent_from, 1)
        else:
            days = 30 + 365 * _YEARS * (1 - serial / max(recent_from, 1))
        moment = datetime.combine(self.today, time(1), UTC) - timedelta(days=int(days))
        return moment + timedelta(seconds=rng.randrange(8 * 3600), microseconds=rng.randrange(1_000_000))

    def _employer_of(self, rng: random.Random, office: Office) -> int | None:
        """Few employers are large: the first ones of an office have most of its people."""
        there = self._employers_of[office.id]
        if not there or rng.random() < _NO_EMPLOYER:
            return None
        return there[int(len(there) * rng.random() ** 2)]


def _working_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.isoweekday())) + timedelta(days=1) if day.isoweekday() > 5 else day


def _status(rng: random.Random, in_hands: Counter[int], office: Office, recent: bool) -> str:
    status = _draw(rng, _RECENT_STATUS if recent else _DECIDED_STATUS)
    if status == IN_REVIEW:
        in_hands[office.id] += 1
        return IN_REVIEW if in_hands[office.id] <= _IN_HANDS else WAITING
    return status


def _draw(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _names(rng: random.Random, n: int) -> Iterator[str]:
    weights = names.surnames()
    ranks = [1 / (rank + 6) for rank in range(len(names.GIVEN))]
    given = iter(rng.choices(names.GIVEN, weights=ranks, k=2 * n))
    for surname in rng.choices(list(weights), weights=list(weights.values()), k=n):
        kind = rng.random()
        if kind < 0.004:
            yield rng.choice(names.ETHNIC)
        else:
            yield surname + next(given) + (next(given) if kind < 0.8 else "")


def _employer(rng: random.Random, place: str) -> str:
    first = "".join(rng.choices(names.EMPLOYER_FIRST, k=rng.choice((2, 2, 3))))
    return f"{place}{first}{rng.choice(names.EMPLOYER_TRADE)}{rng.choice(names.EMPLOYER_FORM)}"


def _uid(rng: random.Random) -> str:
    """Like models.new_uid, but drawn from the seed."""
    return "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", k=16))


def _phone(rng: random.Random) -> str:
    tail = rng.choice(_ASKED_FOR) if rng.random() < 0.05 else f"{rng.randrange(10_000):04d}"
    return f"1400{rng.randrange(1_000):03d}{tail}"


def id_number(serial: int) -> str:
    """The number of person ``serial``, with its check character: distinct below 1.4 thousand million."""
    place = serial * 7_368_787 % (100 * 999 * _DAYS)  # a prime, so every place is taken once
    rest, region = divmod(place, 100)
    day, running = divmod(rest, 999)
    born = _FIRST_DAY + timedelta(days=day)
    body = f"2199{region:02d}{born:%Y%m%d}{running + 1:03d}"
    return body + _CHECK[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]
