"""Every promise that the tables make by a named constraint, on SQLite and PostgreSQL: each refuses what it should.

Rows are made from the tables' own columns, so that a new column needs nothing here; foreign keys are not looked at.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Connection, Engine, Table, UniqueConstraint, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import TypeDecorator

from lib.database import EnumCode, prepare_engine, sqlite_driver
from models import db

TABLES = {table.name: table for table in db.metadata.sorted_tables}
NOW = datetime(2026, 11, 23, tzinfo=UTC)

#: What makes one row of a table acceptable beyond filled columns.
GOOD: dict[str, dict[str, Any]] = {
    "account": {"state": "active", "password_hash": "x"},
    "activation_code": {"legacy_id": 1},
    "declaration": {"status": "draft", "revision_number": 0},
    "event": {"actor": "system"},
    "inbox_message": {"account_id": 1},
    "mark": {"state": "draft"},
    "known_device": {"account_id": 1},
    "parked_form": {"account_id": 1},
    "print_job": {"state": "waiting", "total": 1, "done": 0, "staff_id": 1},
    "register_import": {"state": "reading"},
    "withheld_proof": {"reason": "broken"},
    "record_entry": {"verb": "note", "ends_id": None},
    "record_transfer": {"from_department_id": 1, "to_department_id": 2, "place": ""},
    "web_session": {"account_id": 1},
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request) -> Iterator[Engine]:
    """A database with our empty tables."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        name = f"constraints_{secrets.token_hex(4)}"  # made again when tests of two modules are mixed
        server.command(f"CREATE DATABASE {name}")
        engine = create_engine(server.url_of(name))
    else:
        engine = create_engine("sqlite://", module=sqlite_driver)
        prepare_engine(engine)
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=OFF"))
    db.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine) -> Iterator[Connection]:
    """Where parents of rows need not exist. Nothing of it stays."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))  # no foreign keys; no triggers either
        yield connection
        connection.rollback()


def value_for(column: Any, serial: int) -> Any:
    """Something that fits the column; ``serial`` makes it differ."""
    kind = column.type
    if isinstance(kind, EnumCode):
        return next(iter(kind.codes))
    if isinstance(kind, TypeDecorator):
        return NOW
    wanted = kind.python_type
    if wanted is str:
        return f"{serial}"
    if wanted is bytes:
        return serial.to_bytes(4, "big")
    return {int: serial, bool: False, date: NOW.date(), datetime: NOW, object: {}}[wanted]


def row(table: Table, serial: int, **given: Any) -> dict[str, Any]:
    """Values for all columns that must have one, and for those that a constraint makes unique."""
    unique = {column.name for columns in uniques(table).values() for column in columns}
    filled = {
        column.name: value_for(column, serial)
        for column in table.columns
        if not column.nullable or column.name in unique
    }
    return filled | GOOD.get(table.name, {}) | given


def uniques(table: Table) -> dict[str, list[Any]]:
    found = {str(c.name): list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)}
    return found | {str(index.name): list(index.columns) for index in table.indexes if index.unique}


def names_of(kind: type) -> list[str]:
    return [str(c.name) for table in TABLES.values() for c in table.constraints if isinstance(c, kind)]


UNIQUE = [(table.name, name) for table in TABLES.values() for name in sorted(uniques(table))]

#: Constraint, its table, what it refuses, what it accepts.
BOTH, NEITHER = {"account_id": 1, "staff_id": 1}, {"account_id": None, "staff_id": None}
DECIDED = {"decided_at": NOW, "outcome": "refused"}
CHECKS: list[tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        "ck_account_active_has_password",
        "account",
        [{"state": "active", "password_hash": None}, {"state": "frozen", "password_hash": None}],
        [{"state": "reserved", "password_hash": None, "reserved_until": NOW}],
    ),
    (
        "ck_account_reservation_ends",
        "account",
        [{"state": "reserved", "reserved_until": None}],
        [{"state": "reserved", "reserved_until": NOW}],
    ),
    (
        "ck_activation_code_for_one_person",
        "activation_code",
        [{"legacy_id": 1, "account_id": 1}, {"legacy_id": None, "account_id": None}],
        [{"legacy_id": None, "account_id": 1}],
    ),
    (
        "ck_assistance_request_decided_or_waiting",
        "assistance_request",
        [{"state": "waiting", **DECIDED}, {"state": "refused", "decided_at": None, "outcome": None}],
        [{"state": "refused", **DECIDED}],
    ),
    (
        "ck_assistance_request_decided_has_outcome",
        "assistance_request",
        [{"state": "refused", **DECIDED, "outcome": None}, {"state": "waiting", "outcome": "refused"}],
        [{"state": "waiting", "outcome": None}],
    ),
    (
        "ck_assistance_request_grant_ends",
        "assistance_request",
        [{"state": state, **DECIDED, "valid_until": None} for state in ("granted", "used")],
        [{"state": "granted", **DECIDED, "valid_until": NOW}, {"state": "refused", **DECIDED, "valid_until": None}],
    ),
    ("ck_web_session_of_one_person", "web_session", [BOTH, NEITHER], [{"account_id": None, "staff_id": 1}]),
    ("ck_known_device_of_one_person", "known_device", [BOTH, NEITHER], [{"account_id": None, "staff_id": 1}]),
    ("ck_inbox_message_of_one_person", "inbox_message", [BOTH, NEITHER], [{"account_id": None, "staff_id": 1}]),
    ("ck_parked_form_of_one_person", "parked_form", [BOTH, NEITHER], [{"account_id": None, "staff_id": 1}]),
    ("ck_print_job_of_one_person", "print_job", [BOTH, NEITHER], [{"account_id": 1, "staff_id": None}]),
    (
        "ck_declaration_office_has_due_date",
        "declaration",
        [{"status": status, "revision_number": 1, "due_on": None} for status in ("submitted", "in_review")],
        [
            {"status": "submitted", "revision_number": 1, "due_on": NOW.date()},
            {"status": "returned", "revision_number": 1, "due_on": None},
        ],
    ),
    (
        "ck_declaration_submitted_has_revision",
        "declaration",
        [
            {"status": status, "revision_number": 0, "due_on": NOW.date()}
            for status in ("submitted", "in_review", "returned", "approved", "declined")
        ],
        [{"status": "dropped", "revision_number": 0}, {"status": "approved", "revision_number": 1}],
    ),
    (
        "ck_mark_says_why",
        "mark",
        [{"state": "open", "reason": ""}, {"state": "open", "reason": "  "}, {"state": "closed", "reason": ""}],
        [{"state": "draft", "reason": ""}, {"state": "open", "reason": "看不清"}],
    ),
    (
        "ck_event_has_actor",
        "event",
        [{"actor": "staff", "account_id": None, "staff_id": None}],
        [{"actor": "staff", "staff_id": 1}, {"actor": "applicant", "account_id": 1}],
    ),
    (
        "ck_transfer_answered_or_not",
        "transfer",
        [{"answered_at": NOW, "accepted": None}, {"answered_at": None, "accepted": False}],
        [{"answered_at": NOW, "accepted": False}, {"answered_at": None, "accepted": None}],
    ),
    (
        "ck_second_look_answered_or_not",
        "second_look",
        [{"answered_at": NOW, "agreed": None}, {"answered_at": None, "agreed": True}],
        [{"answered_at": NOW, "agreed": True}, {"answered_at": None, "agreed": None}],
    ),
    (
        "ck_upload_arrived_is_part",
        "upload",
        [{"length": 10, "arrived": 11}, {"length": 10, "arrived": -1}],
        [{"length": 10, "arrived": 0}, {"length": 10, "arrived": 10}],
    ),
    (
        "ck_record_transfer_answered_or_not",
        "record_transfer",
        [{"answered_at": NOW, "accepted": None}, {"answered_at": None, "accepted": False}],
        [{"answered_at": NOW, "accepted": False}, {"answered_at": None, "accepted": None}],
    ),
    (
        "ck_record_transfer_one_side_here",
        "record_transfer",
        [{"from_department_id": None, "to_department_id": None, "place": "吉林省"}],
        [{"from_department_id": None, "place": "吉林省"}, {"to_department_id": None, "place": "吉林省"}],
    ),
    (
        "ck_record_transfer_outside_has_place",
        "record_transfer",
        [{"to_department_id": None}, {"place": "吉林省"}],
        [{}, {"to_department_id": None, "place": "吉林省"}],
    ),
    ("ck_record_entry_known_verb", "record_entry", [{"verb": "gossip"}], [{"verb": "close"}, {"verb": "end_note"}]),
    ("ck_reference_version_one_row", "reference_version", [{"id": 2}], [{"id": 1}]),
    (
        "ck_register_import_known_state",
        "register_import",
        [{"state": "lost"}],
        [{"state": "checked"}, {"state": "undone"}],
    ),
    ("ck_withheld_proof_known_reason", "withheld_proof", [{"reason": "ugly"}], [{"reason": "shared"}]),
    ("ck_print_job_known_state", "print_job", [{"state": "printed"}], [{"state": "drawing"}, {"state": "failed"}]),
    ("ck_print_job_done_is_part", "print_job", [{"total": 2, "done": 3}], [{"total": 2, "done": 2}]),
]


def test_every_constraint_has_a_name_and_its_test():
    assert sorted(names_of(CheckConstraint)) == sorted(name for name, *_ in CHECKS)
    assert all(name.startswith("uq_") for _table, name in UNIQUE)
    assert {"uq_declaration_one_open", "uq_account_number"} <= {name for _table, name in UNIQUE}


@pytest.fixture
def insert_row(connection) -> Callable[..., None]:
    serials = count(1)

    def add(table: str, **given: Any) -> None:
        with connection.begin_nested():
            connection.execute(insert(TABLES[table]).values(row(TABLES[table], next(serials), **given)))

    return add


@pytest.mark.parametrize(("name", "table", "refused", "accepted"), CHECKS, ids=[name for name, *_ in CHECKS])
def test_a_check_refuses_what_must_not_be_and_nothing_else(insert_row, name, table, refused, accepted):
    for given in refused:
        with pytest.raises(IntegrityError, match=name):
            insert_row(table, **given)
    for given in accepted:
        insert_row(table, **given)


@pytest.mark.parametrize(("table", "name"), UNIQUE, ids=[name for _table, name in UNIQUE])
def test_a_unique_value_is_taken_once(insert_row, table, name):
    columns = uniques(TABLES[table])[name]
    twice = {column.name: value_for(column, 4711) for column in columns}
    insert_row(table)
    insert_row(table)  # rows that differ are welcome
    insert_row(table, **twice)
    with pytest.raises(IntegrityError, match=f"{name}|UNIQUE constraint failed: {table}.{columns[0].name}"):
        insert_row(table, **twice)


@pytest.mark.parametrize("status", ["draft", "submitted", "in_review", "returned"])
def test_a_person_has_one_open_declaration_and_any_number_of_closed_ones(insert_row, status):
    for closed in ("approved", "declined", "dropped", "approved"):
        insert_row("declaration", status=closed, account_id=1, revision_number=1)
    insert_row("declaration", status=status, account_id=1, revision_number=1, due_on=NOW.date())
    with pytest.raises(IntegrityError):
        insert_row("declaration", status="draft", account_id=1)
    insert_row("declaration", status="draft", account_id=2)


@pytest.mark.parametrize("table", ["event", "decision", "revision", "account_change"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET id = id + 1", "DELETE FROM {0}"])
def test_rows_that_are_only_ever_added_are_neither_changed_nor_removed(connection, insert_row, table, statement):
    insert_row(table)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = origin"))  # triggers at work again
    with pytest.raises(DBAPIError, match=f"{table} rows are only ever added"), connection.begin_nested():
        connection.execute(text(statement.format(table)))
    assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 1
