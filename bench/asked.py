"""What officers look for in a database of invented people: places in a list, parts of names, numbers, tails.

Arguments come in kinds (KINDS), so that a small and a large database are asked for answers of one size. A part of a
name is drawn from the names that are there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, distinct, func, select

from bench import invent
from bench.instances import Instance
from lib.codes import Status
from models import Account, Employer, EmployerSuffix, QueueItem, Record, SearchKey, db
from services.access import Actor
from services.departments import tree as department_tree
from services.queue import index as queue_index
from services.queue.search import EMPLOYERS_AT_MOST

PROVINCE, CITY, COUNTY = "210000", "210100", "210102"
#: Names without a match.
UNKNOWN_NAMES = ("龘靐", "齉爩", "鱻麤", "猋骉")
_FULL = 51  # one line more than a page shows
#: How many submissions of the scope an argument finds, from and to.
KINDS = {"many": (_FULL, 2 * _FULL), "some": (10, 20), "few": (1, 4)}
_SAMPLE, _WANTED, _TRIES, _CHUNK = 20_000, 60, 900, 500
_EMPLOYERS = 2 * EMPLOYERS_AT_MOST
_BEYOND = "\U0010ffff"

Counting = Callable[[str], int]


class Asked:
    """Arguments for one officer's scope. Always the same for the same database."""

    def __init__(self, instance: Instance, officer: Actor) -> None:
        self.instance, self.officer = instance, officer
        self.rng = random.Random(f"{instance.people} {officer.path}")
        ids = self.rng.sample(range(1, instance.people + 1), min(_SAMPLE, instance.people))
        with self._reading():
            self.departments = [office.id for office in department_tree.load().under(officer.path)]
            self.rows = [row for row in self._rows(ids) if row.department_id in self.departments]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self.instance.app.app_context():
            yield
            db.session.rollback()

    def _rows(self, ids: Sequence[int]) -> Iterator[Any]:
        """Submissions by id, in the order of ``ids``."""
        columns = (QueueItem.declaration_id, QueueItem.department_id, QueueItem.status, QueueItem.due_on)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            query = select(*columns, QueueItem.name, QueueItem.employer, QueueItem.number)
            found = {row.declaration_id: row for row in db.session.execute(query.where(columns[0].in_(part)))}
            yield from (found[one] for one in part)

    def inside(self, status: Status | None, n: int = 300) -> list[str]:
        """Cursors between 30 and 70 % of a list (None: of all), each time others."""
        places = sorted((row.due_on, row.declaration_id) for row in self.rows if status in (None, row.status))
        return [f"{day.isoformat()},{number}" for day, number in self._middle(places, n)]

    def inside_records(self, n: int = 300) -> list[str]:
        approved = [row.declaration_id for row in self.rows if row.status == Status.APPROVED][:_CHUNK]
        query = select(Record.approved_at, Record.id).where(Record.declaration_id.in_(approved))
        with self._reading():
            places: list[tuple[datetime, int]] = sorted(db.session.execute(query).tuples())
        return [f"{moment:%Y-%m-%dT%H:%M:%S.%f},{number}" for moment, number in self._middle(places, n)]

    def _middle(self, places: Sequence[Any], n: int) -> list[Any]:
        return self.rng.choices(places[len(places) * 3 // 10 : len(places) * 7 // 10 + 1], k=n)

    def how_many(self, status: Status) -> int:
        query = select(func.count()).select_from(QueueItem).where(QueueItem.status == status)
        with self._reading():
            return db.session.scalar(query.where(QueueItem.department_id.in_(self.departments))) or 0

    def numbers(self, n: int = 300) -> list[str]:
        """Whole ID numbers of people of the scope."""
        return [invent.id_number(row.declaration_id - 1) for row in self.rows[:n]]

    def application_numbers(self, n: int = 300) -> list[str]:
        return [row.number for row in self.rows[:n]]

    def name_parts(self, length: int, kind: str) -> list[str]:
        """Parts of names; of three characters they are mostly whole names."""
        parts = self._parts([row.name for row in self.rows], length)
        return self._chosen(parts, self._having(queue_index.name_key), kind)

    def initials(self, length: int, kind: str) -> list[str]:
        ids = [row.declaration_id for row in self.rows[:_TRIES]]
        query = select(SearchKey.key).where(
            SearchKey.declaration_id.in_(ids), SearchKey.key.startswith(queue_index.INITIALS_KEY)
        )
        with self._reading():
            found = sorted(key[1 : 1 + length] for key in db.session.scalars(query) if len(key) > length)
        self.rng.shuffle(found)
        return self._chosen(found, self._having(lambda text: queue_index.INITIALS_KEY + text), kind)

    def tails(self, kind: str) -> list[str]:
        """The last four digits of phones."""
        ids = [row.declaration_id for row in self.rows[:_TRIES]]
        with self._reading():
            accounts = db.session.scalars(select(Account).where(Account.id.in_(ids)).order_by(Account.id))
            found = [str(account.phone)[-4:] for account in accounts]
        return self._chosen(found, self._having(queue_index.phone_key), kind)

    def employer_parts(self, length: int, kind: str) -> list[str]:
        """Parts of employers' names; ``many``: that more employers have than a search looks at."""
        parts = self._parts([row.employer for row in self.rows], length)
        if kind == "many":
            return [part for part in dict.fromkeys(parts) if self._employers(part) == _EMPLOYERS][:_WANTED]
        return self._chosen(parts, self._employed, kind)

    def _employers(self, text: str) -> int:
        with self._reading():
            part = select(EmployerSuffix.employer_id).where(*_begins(text)).limit(_EMPLOYERS).subquery()
            return db.session.scalar(select(func.count()).select_from(part)) or 0

    def _parts(self, texts: Sequence[str], length: int) -> list[str]:
        long_enough = [text for text in texts if len(text) >= length][:_TRIES]
        starts = [self.rng.randint(0, len(text) - length) for text in long_enough]
        return [text[start : start + length] for text, start in zip(long_enough, starts, strict=True)]

    def _chosen(self, found: Iterable[str], counting: Counting, kind: str) -> list[str]:
        """The first of ``found`` that are of the kind, each once."""
        least, most = KINDS[kind]
        chosen: list[str] = []
        with self._reading():
            for text in dict.fromkeys(found):
                if least <= counting(text) <= most:
                    chosen.append(text)
                if len(chosen) == _WANTED:
                    break
        return chosen

    def _having(self, key_of: Callable[[str], str]) -> Counting:
        """How many submissions of the scope have a key that begins so; stops a little after a full page."""

        def count(text: str) -> int:
            key = key_of(text)
            mine = SearchKey.department_id.in_(self.departments)
            within = select(SearchKey.declaration_id).where(mine, SearchKey.key >= key, SearchKey.key < key + _BEYOND)
            part = within.limit(2 * _FULL).subquery()  # 王王 has two keys
            return db.session.scalar(select(func.count(distinct(part.c.declaration_id)))) or 0

        return count

    def _employed(self, text: str) -> int:
        there = select(QueueItem.declaration_id).join(Employer, Employer.id == QueueItem.employer_id)
        there = there.join(EmployerSuffix, EmployerSuffix.employer_id == Employer.id).where(*_begins(text))
        # by an expression: the index of employers is the one to read, not that of departments
        mine = func.coalesce(QueueItem.department_id, 0).in_(self.departments)
        part = there.where(mine).limit(_FULL).subquery()
        return db.session.scalar(select(func.count()).select_from(part)) or 0


def _begins(text: str) -> tuple[ColumnElement[bool], ...]:
    key = queue_index.employer_key(text)
    return EmployerSuffix.suffix >= key, EmployerSuffix.suffix < key + _BEYOND
