"""P3 with the keys of a whole country: the tables that 待办 and its search read, filled by SQL, for 26 million people.

The rows of 待办, its counters and its search keys are there with all indexes, so the product's own statements and pages
run on trees of that height. What no list reads to find its rows is not made: accounts, declarations, revisions,
records, employers. So whole ID numbers, 申报编号 and employers cannot be searched here, and nobody holds a submission.

Everybody is invented, by arithmetic on the row's number: the same ones each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask

from bench import generate, instances, invent, lists, names
from bench.asked import Asked
from bench.instances import Instance, NoRoom
from bench.invent import Office
from bench.lists import Desk
from lib.names import initials
from models import db
from services.queue import index as queue_index

PEOPLE = 26_000_000
TAILS = 900  # that are tried
#: What a person takes on the disk while the indexes are made: measured, rounded up.
BYTES = 1_100
#: Lists whose rows are not here.
_LEFT_OUT = ("records", "search: ID number", "search: 申报编号", "page 人员档案", "lane mine")
#: What is drawn for each person, by which multiplier: a number below _PRIME that only the row's number decides.
_PRIME = 2_147_483_647
_DRAWS = {
    "office": 1_103_515_245,
    "surname": 1_223_106_847,
    "first": 1_664_525_063,
    "second": 1_812_433_253,
    "tail": 2_076_124_567,
    "asked": 1_343_714_438,
    "state": 1_566_083_941,
    "kind": 1_732_050_807,
    "times": 1_618_033_989,
    "reminders": 1_414_213_573,
}
_POOLS = {
    "office": "id, city_id",
    "surname": "text, letter",
    "given": "text, letter",
    "tail": "text",
    "scope": "above, below",
}
_SLOTS = {"office": 4_000, "surname": 4_000, "given": 2_000}  # so many places share the weights

_PEOPLE = """
WITH RECURSIVE serials (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM serials WHERE i < :people)
INSERT INTO temp.person SELECT i, {draws} FROM serials
"""
_ITEMS = """
INSERT INTO queue_item (
    declaration_id, uid, number, account_id, department_id, city_id, status, kind, due_on, due_estimated, times, name,
    employer, qualification, masked_number, submitted_at, reminders)
SELECT i, printf('%016d', i), printf('LN2026%08d', i), i, o.id, o.city_id,
    CASE WHEN i > :settled THEN CASE WHEN state % 100 < 75 THEN 'submitted' ELSE 'returned' END
        WHEN state % 1000 < 944 THEN 'approved' ELSE 'declined' END,
    CASE WHEN kind % 100 < 15 THEN 'change' ELSE 'first' END,
    date(:today, (14 - days) || ' days'), 0, CASE WHEN times % 10 < 8 THEN 1 ELSE times % 10 - 6 END,
    s.text || f.text || g.text, '', '', printf('2199**********%04d', i % 10000),
    date(:today, -days || ' days') || ' 02:00:00.000000', max(0, reminders % 10 - 5)
FROM (
    SELECT *, CASE WHEN i > :settled THEN 18 - 17 * (i - :settled) / (:people - :settled)
        ELSE 30 + 1095 * (:settled - i) / :settled END AS days FROM temp.person
)
JOIN temp.office o ON o.slot = office JOIN temp.surname s ON s.slot = surname
JOIN temp.given f ON f.slot = first JOIN temp.given g ON g.slot = second
"""
_COUNTS = """
INSERT INTO queue_count (department_id, status, due_on, again, flagged, n)
SELECT above, status, due, again, flagged, sum(n) FROM (
    SELECT department_id, status, CASE status WHEN 'submitted' THEN due_on ELSE '1970-01-01' END AS due,
        times > 1 AS again, reminders > 0 AS flagged, count(*) AS n
    FROM queue_item GROUP BY 1, 2, 3, 4, 5
) JOIN temp.scope ON below = department_id GROUP BY 1, 2, 3, 4, 5
"""
_KEYS = """
INSERT OR IGNORE INTO search_key (department_id, key, declaration_id)
SELECT o.id, CASE k.n
    WHEN 1 THEN 'n' || s.text || f.text || g.text WHEN 2 THEN 'n' || f.text || g.text WHEN 3 THEN 'n' || g.text
    WHEN 4 THEN 'p' || s.letter || f.letter || g.letter ELSE t.text END AS key, i
FROM temp.person
JOIN temp.office o ON o.slot = office JOIN temp.surname s ON s.slot = surname
JOIN temp.given f ON f.slot = first JOIN temp.given g ON g.slot = second
JOIN temp.tail t ON t.slot = CASE asked % 20 WHEN 0 THEN tail % 10 ELSE tail END
CROSS JOIN (SELECT column1 AS n FROM (VALUES (1), (2), (3), (4), (5))) k
ORDER BY 1, 2, 3
"""


class _Asked(Asked):
    """Phones are not here: their tails are known as keys."""

    def tails(self, kind: str) -> list[str]:
        tails = [f"{number:04d}" for number in range(10_000)]
        self.rng.shuffle(tails)
        return self._chosen(tails[:TAILS], self._having(queue_index.phone_key), kind)


class _Desk(Desk):
    """Asks for what is here."""

    def __init__(self, instance: Instance, department: str) -> None:
        super().__init__(instance, department)
        self.asked = _Asked(instance, self.officer)

    def services(self) -> dict[str, lists.Make]:
        return _here(super().services())

    def pages(self) -> dict[str, lists.Make]:
        return _here(super().pages())


def _here(found: dict[str, lists.Make]) -> dict[str, lists.Make]:
    return {title: make for title, make in found.items() if not title.startswith(_LEFT_OUT)}


def run(home: Path, few: int, many: int, calls: int, only: str = "") -> None:
    pair = tuple(instance(home, people) for people in (few, many))
    lists.run([(pair[0], pair[1])], calls, only, figure="keys26", desk=_Desk)


def instance(home: Path, people: int) -> Instance:
    """Raises NoRoom."""
    free = shutil.disk_usage(home).free
    if not (home / f"keys-{people}-1").exists() and free < people * BYTES:
        raise NoRoom(f"{home} has room for {free / 1e9:.1f} GB, the keys of {people:,} need {people * BYTES / 1e9:.1f}")
    found = instances.sqlite(home, people, kind="keys", fill=fill)
    print(f"the keys of {people:,} people: {found.size / 1e6:,.0f} MB", flush=True)
    return found


def fill(app: Flask, people: int, today: date, seed: int = 1) -> None:
    """Write the keys of ``people`` into the app's database, which has its tables and its reference data only."""
    with app.app_context():
        offices = generate.offices()
        generate.make_officers(people, offices)
        pools = _pools(offices)
        db.session.remove()
        db.engine.dispose()  # leaving WAL needs exclusive use of the database
        raw = db.engine.raw_connection()
        try:
            with generate.loading(raw.driver_connection):
                _fill(raw.driver_connection, people, today, seed, pools)
        finally:
            raw.close()
            db.engine.dispose()


Pool = Sequence[tuple[Any, ...]]
T = TypeVar("T")


def _pools(offices: Sequence[Office]) -> dict[str, Pool]:
    """What people are made of, the common ones in many slots: table -> rows."""
    # of one character: a name has as many suffixes as characters
    weights = {name: weight for name, weight in names.surnames().items() if len(name) == 1}
    given = {character: 1 / (rank + 6) for rank, character in enumerate(names.GIVEN)}
    rows = {office.id: (office.id, office.city_id) for office in offices}
    places = _shared({office.id: office.weight for office in offices}, _SLOTS["office"])
    return {
        "office": [rows[place] for place in places],
        "surname": [(name, _letters(name)) for name in _shared(weights, _SLOTS["surname"])],
        "given": [(one, _letters(one)) for one in _shared(given, _SLOTS["given"])],
        "tail": [(queue_index.phone_key(f"{number:04d}"),) for number in range(10_000)],
        "scope": [(above, office.id) for office in offices for above in office.scope],
    }


def _shared(weights: Mapping[T, float], slots: int) -> list[T]:
    """Each at least once, and else as its weight is."""
    share = slots / sum(weights.values())
    return [one for one, weight in weights.items() for _slot in range(max(1, round(weight * share)))]


def _letters(name: str) -> str:
    return initials(name)[0]


def _fill(connection: Any, people: int, today: date, seed: int, pools: dict[str, Pool]) -> None:
    connection.execute("BEGIN")
    for name, rows in pools.items():
        connection.execute(f"CREATE TEMP TABLE {name} (slot INTEGER PRIMARY KEY, {_POOLS[name]})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(
            f"INSERT INTO temp.{name} VALUES (?, {marks})", ((slot, *row) for slot, row in enumerate(rows))
        )
    connection.execute(f"CREATE TEMP TABLE person (i INTEGER PRIMARY KEY, {', '.join(_DRAWS)})")
    sizes = {"office": len(pools["office"]), "surname": len(pools["surname"]), "tail": len(pools["tail"])}
    sizes |= dict.fromkeys(("first", "second"), len(pools["given"]))
    draws = [f"((i + {seed}) * {by} % {_PRIME} / 1000) % {sizes.get(name, 1000)}" for name, by in _DRAWS.items()]
    values = {"people": people, "settled": people - round(people * invent.RECENT), "today": today.isoformat()}
    connection.execute(_PEOPLE.format(draws=", ".join(draws)), values)
    for statement in (_ITEMS, _COUNTS, _KEYS):
        connection.execute(statement, values)
        print(".", end="", flush=True)
    connection.execute("COMMIT")
