"""Fills an empty SQLite instance with invented people: the product's tables and keys, written by the driver in bulk.

Whatever the officers' lists read is there, as services.queue.index would have made it (tests/unit/house/test_bench.py
compares). A revision is sealed, but holds only the answers that lists show; there are no papers, no events and no
sheets.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Table, select

from bench.invent import APPROVED, DECLINED, IN_REVIEW, RETURNED, WAITING, Invented, Office, Person
from lib.codes import DepartmentKind, Role
from lib.identity import mask_number
from lib.keyring import Keyring
from lib.names import sort_key
from models import Base, Department, Staff, db, keys
from services.departments import tree as departments
from services.queue import index as queue_index

#: Counts up with every change of what is written: databases of another number are created again.
FORMAT = 6
#: People whose rows are held in memory.
_CHUNK = 20_000
_LOADING = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-1500000", "temp_store=FILE")
#: A hash of no password: no sign-in is possible with it.
_NO_PASSWORD = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_CLAIM_LASTS = timedelta(days=3650)  # longer than a database is kept
_PEOPLE_OF_AN_OFFICER = 2_000
_LAPSED = 3  # claims of the largest office that are over: flask tick ends them every minute
_VERBS = {APPROVED: "approve", DECLINED: "decline", RETURNED: "return"}

Row = tuple[Any, ...]


def fill(app: Flask, people: int, today: date, seed: int = 1) -> None:
    """Write ``people`` invented people into the app's database, which has its tables and its reference data only."""
    with app.app_context():
        invented = Invented(people, offices(), today, seed)
        officers = make_officers(people, invented.offices)
        db.session.remove()
        db.engine.dispose()  # leaving WAL needs exclusive use of the database
        raw = db.engine.raw_connection()
        try:
            with loading(raw.driver_connection):
                _fill(raw.driver_connection, invented, officers, keys())
        finally:
            raw.close()
            db.engine.dispose()


def make_officers(people: int, there: Sequence[Office]) -> dict[int, list[int]]:
    """Reviewers who cannot sign in by password: one in every department, and one more for each 2,000 people it has.

    Department id -> staff ids.
    """
    weights = {office.id: office.weight for office in there}
    share = people / sum(weights.values())
    officers = [
        Staff(username=f"bench{row}-{one}", name="审核员", role=Role.REVIEWER, department_id=row)
        for row in db.session.scalars(select(Department.id).order_by(Department.id))
        for one in range(1 + int(weights.get(row, 0) * share / _PEOPLE_OF_AN_OFFICER))
    ]
    for officer in officers:
        officer.password_hash = _NO_PASSWORD
    db.session.add_all(officers)
    db.session.commit()
    found: dict[int, list[int]] = {}
    for officer in officers:
        found.setdefault(officer.department_id, []).append(officer.id)
    return found


def offices() -> list[Office]:
    """The departments that take filings, by size: counties after Zipf's law, the others a fiftieth of the largest one.

    Those that collect by themselves (大连) take none.
    """
    rows = {row.id: row for row in db.session.scalars(select(Department))}
    tree, counties = departments.load(), 0
    found = []
    for office in tree.rows:
        row = rows[office.id]
        if row.own_system:
            continue
        counties += row.kind == DepartmentKind.COUNTY
        weight = 1 / counties if row.kind == DepartmentKind.COUNTY else 0.02
        city = rows.get(tree.city_id(row.id) or 0)
        place = (city.name if city else "辽宁").removesuffix("财政局").removesuffix("市")
        found.append(Office(row.id, weight, tree.scope(row.id), tree.city_id(row.id), place))
    return found


class Bulk:
    """One table's INSERT by the driver: columns by name, what is not named takes the model's plain default."""

    def __init__(self, table: str, columns: str) -> None:
        self.table: Table = Base.metadata.tables[table]
        self.names = columns.split()
        given = set(self.names)
        fixed = {
            column.name: getattr(column.default, "arg", None)
            for column in self.table.columns
            if column.name not in given and column.default is not None and column.default.is_scalar
        }
        marks = ", ".join(["?"] * len(self.names) + [_literal(value) for value in fixed.values()])
        self.sql = f"INSERT INTO {table} ({', '.join([*self.names, *fixed])}) VALUES ({marks})"
        self.rows: list[Row] = []

    def write(self, connection: Any) -> None:
        connection.executemany(self.sql, self.rows)
        self.rows.clear()


def _literal(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"


class Writer:
    """Turns people into rows of all tables."""

    def __init__(self, invented: Invented, officers: dict[int, list[int]], ring: Keyring) -> None:
        self.invented, self.officers, self.ring = invented, officers, ring
        self.counts: Counter[Row] = Counter()
        self.used: set[int] = set()  # employers
        self.largest = max(invented.offices, key=lambda office: office.weight)
        self.lapsed: list[int] = []
        self.moment = datetime.now(UTC)
        self.account = Bulk(
            "account",
            "id uid state id_type id_number_sealed id_index name phone_sealed phone_index password_hash created_at",
        )
        self.declaration = Bulk(
            "declaration",
            "id uid number account_id kind status revision_number department_id due_on created_at submitted_at "
            "touched_at applicant_name employer_name has_employer",
        )
        self.revision = Bulk(
            "revision",
            "id uid declaration_id number answers_sealed papers department_id commitment_version submitted_at",
        )
        self.decision = Bulk("decision", "revision_id verb staff_id department_id at")
        self.record = Bulk(
            "record",
            "uid account_id revision_id declaration_id department_id city_id name employer masked_number approved_at "
            "first_approved_at name_key employer_key",
        )
        self.item = Bulk(
            "queue_item",
            "declaration_id uid number account_id department_id city_id status kind due_on times name employer "
            "employer_id qualification masked_number submitted_at reminders returned_by",
        )
        self.claim = Bulk("claim", "declaration_id staff_id claimed_at expires_at")
        self.key = Bulk("search_key", "department_id key declaration_id")
        self.tables = (self.account, self.declaration, self.revision, self.decision, self.record, self.item, self.claim)
        self.name_keys: dict[str, set[str]] = {}

    def add(self, person: Person) -> None:
        row_id = person.serial + 1
        employer = "" if person.employer is None else self.invented.employers[person.employer]
        if person.employer is not None:
            self.used.add(person.employer)
        self._add_account(person, row_id)
        self._add_declaration(person, row_id, employer)
        self._add_item(person, row_id, employer)
        self._add_keys(person, row_id)
        if person.status == IN_REVIEW:
            self._add_claim(person, row_id)
        if person.status == APPROVED:
            self._add_record(person, row_id, employer)

    def _add_account(self, person: Person, row_id: int) -> None:
        uid, seal, index = person.uids[0], self.ring.seal, self.ring.index
        sealed = seal(person.number.encode(), f"account|id_number|{uid}")
        phone = seal(person.phone.encode(), f"account|phone|{uid}")
        indices = index("id_number", person.number), index("phone", person.phone)
        made = _at(person.submitted_at)
        who = (row_id, uid, "active", "resident_id", sealed, indices[0], person.name)
        self.account.rows.append((*who, phone, indices[1], _NO_PASSWORD, made))

    def _add_declaration(self, person: Person, row_id: int, employer: str) -> None:
        at, office = _at(person.submitted_at), person.office.id
        stands = (row_id, person.uids[1], _number(person), row_id, _kind(person), person.status, person.times, office)
        told = (person.name, employer or None, "yes" if employer else "no")
        self.declaration.rows.append((*stands, person.due_on.isoformat(), at, at, at, *told))
        self._add_revision(person, row_id, row_id, person.times, _VERBS.get(person.status), employer)
        if person.returned_before:
            self._add_revision(person, row_id + self.invented.people, row_id, person.times - 1, "return", employer)

    def _add_revision(
        self, person: Person, revision_id: int, row_id: int, number: int, verb: str | None, employer: str
    ) -> None:
        """A revision, with the decision on it if there is one."""
        uid, office = person.uids[2] if revision_id == row_id else f"~{revision_id}", person.office.id
        answers = {"applicant_name": person.name, "id_number": person.number, "mobile": person.phone}
        answers |= {"has_employer": "yes", "employer_name": employer} if employer else {"has_employer": "no"}
        sealed = self.ring.seal(json.dumps(answers, ensure_ascii=False).encode(), f"revision|answers|{uid}")
        at = person.submitted_at
        self.revision.rows.append((revision_id, uid, row_id, number, sealed, "{}", office, "1", _at(at)))
        if verb:
            officer = self._officer(office, row_id)
            self.decision.rows.append((revision_id, verb, officer, office, self._decided(at)))

    def _officer(self, department_id: int, row_id: int) -> int:
        there = self.officers[department_id]
        return there[row_id % len(there)]

    def _decided(self, submitted_at: datetime) -> str:
        """Nine days later, or at once for those whose nine days are not over: no decision was made today."""
        after_nine_days = submitted_at + timedelta(days=9)
        long_ago = after_nine_days < self.moment - timedelta(days=1)
        return _at(after_nine_days if long_ago else submitted_at + timedelta(hours=1))

    def _add_item(self, person: Person, row_id: int, employer: str) -> None:
        office = person.office
        employer_id = None if person.employer is None else person.employer + 1
        returned_by = self._officer(office.id, row_id) if person.returned_before else None
        place = (row_id, person.uids[1], _number(person), row_id, office.id, office.city_id)
        state = (person.status, _kind(person), person.due_on.isoformat(), person.times)
        told = (person.name, employer, employer_id, "", mask_number(person.number), _at(person.submitted_at))
        self.item.rows.append((*place, *state, *told, person.reminders, returned_by))
        due = person.due_on if person.status in (WAITING, IN_REVIEW) else queue_index.NO_CLOCK
        for department in office.scope:
            self.counts[(department, person.status, due.isoformat(), person.times > 1, person.reminders > 0)] += 1

    def _add_keys(self, person: Person, row_id: int) -> None:
        wanted = self.name_keys.get(person.name)
        if wanted is None:
            wanted = self.name_keys[person.name] = queue_index.search_keys(person.name, "")
        office = person.office.id
        self.key.rows.append((office, queue_index.phone_key(person.phone[-4:]), row_id))
        self.key.rows.extend((office, key, row_id) for key in wanted)

    def _add_claim(self, person: Person, row_id: int) -> None:
        since = person.submitted_at + timedelta(hours=1)
        lapsed = person.office is self.largest and len(self.lapsed) < _LAPSED
        if lapsed:
            self.lapsed.append(row_id)
        until = since if lapsed else self.moment + _CLAIM_LASTS
        self.claim.rows.append((row_id, self._officer(person.office.id, row_id), _at(since), _at(until)))

    def _add_record(self, person: Person, row_id: int, employer: str) -> None:
        office = person.office
        approved_at = _at(person.submitted_at + timedelta(days=9, seconds=person.serial % 3600))
        place = (person.uids[3], row_id, row_id, row_id, office.id, office.city_id)
        sorted_by = approved_at, sort_key(person.name), sort_key(employer)
        self.record.rows.append((*place, person.name, employer, mask_number(person.number), approved_at, *sorted_by))

    def employers(self) -> Iterator[tuple[int, str]]:
        """Those that have employees."""
        return ((serial + 1, self.invented.employers[serial]) for serial in sorted(self.used))


def _number(person: Person) -> str:
    return f"LN{person.submitted_at.year}{person.serial + 1:07d}"


def _kind(person: Person) -> str:
    return "change" if person.change else "first"


def _at(moment: datetime) -> str:
    """As SQLAlchemy writes a time into SQLite; PostgreSQL reads it too."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _fill(connection: Any, invented: Invented, officers: dict[int, list[int]], ring: Keyring) -> None:
    writer = Writer(invented, officers, ring)
    connection.execute("CREATE TEMP TABLE found (department_id, key, declaration_id)")
    writer.key.sql = "INSERT INTO temp.found VALUES (?, ?, ?)"
    connection.execute("BEGIN")  # one transaction: a page that many rows touch is written once
    for number, person in enumerate(invented, 1):
        writer.add(person)
        if number % _CHUNK == 0 or number == invented.people:
            _write(connection, (*writer.tables, writer.key))
    _write_derived(connection, writer)
    connection.execute("COMMIT")
    connection.execute("DROP TABLE temp.found")


def _write(connection: Any, tables: Iterable[Bulk]) -> None:
    for table in tables:
        table.write(connection)


def _write_derived(connection: Any, writer: Writer) -> None:
    """Search keys in the order of their table, employers with their suffixes, counters."""
    employer, suffix = Bulk("employer", "id name"), Bulk("employer_suffix", "suffix employer_id")
    counter = Bulk("queue_count", "department_id status due_on again flagged n")
    employer.rows = list(writer.employers())
    suffix.rows = sorted((part, row) for row, name in employer.rows for part in queue_index.suffixes(name))
    counter.rows = [(*key, n) for key, n in sorted(writer.counts.items())]
    connection.execute("INSERT INTO search_key SELECT * FROM temp.found ORDER BY 1, 2, 3")
    _write(connection, (employer, suffix, counter))


@contextmanager
def loading(connection: Any) -> Iterator[None]:
    """Nothing is kept for a crash, and indexes are made at the end, sorted."""
    for pragma in _LOADING:
        connection.execute(f"PRAGMA {pragma}")
    later = _drop_indexes(connection)
    yield
    for statement in later:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode=WAL")


def _drop_indexes(connection: Any) -> list[str]:
    """Drop the indexes that can be made at the end, sorted; returns how."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    found = connection.execute(query).fetchall()
    for name, _sql in found:
        connection.execute(f"DROP INDEX {name}")
    return [sql for _name, sql in found]
