"""Migrations: up, down to nothing and up again, and the head is what the models say; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Inspector, inspect, text
from sqlalchemy.exc import DBAPIError

from app import create_app
from config import TestConfig
from models import db
from services import audit
from services.administration import audit_seals
from services.departments.reference_data import load_reference_data

ROOT = Path(__file__).resolve().parents[3]
FOLDER = str(ROOT / "migrations")
REVISIONS = [script.revision for script in ScriptDirectory(FOLDER).walk_revisions()][::-1]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def empty(request, tmp_path) -> Iterator[Flask]:
    """An application with an empty database."""
    more = {"DATABASE_URL": request.getfixturevalue("postgres_database")} if request.param == "postgres" else {}
    app = create_app(TestConfig(tmp_path, **more))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def guards() -> set[str]:
    """Names of the triggers, and of PostgreSQL's functions behind them."""
    if db.engine.dialect.name == "sqlite":
        queries = ["SELECT name FROM sqlite_master WHERE type = 'trigger'"]
    else:
        queries = [
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'",
        ]
    with db.engine.connect() as connection:
        return {name for query in queries for name in connection.scalars(text(query))}


def differences() -> list[object]:
    """Between the database and the models, as `flask db check` sees them."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "render_as_batch": True}
        )
        found: list[object] = list(compare_metadata(context, db.metadata))
        return found


def test_there_is_one_line_of_revisions():
    assert len(ScriptDirectory(FOLDER).get_heads()) == 1
    assert REVISIONS


def test_the_head_is_what_the_models_say_however_often_one_upgrades(empty):
    assert differences(), "an empty database differs: the comparison sees something"
    for _time in range(2):
        flask_migrate.upgrade(FOLDER)
        assert differences() == []
    assert tables() == set(db.metadata.tables)


def names_of(inspector: Inspector, table: str) -> set[str]:
    """Names of what the comparison above does not look at on every database."""
    checks = {str(found["name"]) for found in inspector.get_check_constraints(table)}
    return checks | {str(found["name"]) for found in inspector.get_foreign_keys(table)}


def test_guards_and_names_of_constraints_are_those_of_tables_made_by_the_models(empty):
    flask_migrate.upgrade(FOLDER)
    migrated = {table: names_of(inspect(db.engine), table) for table in sorted(tables())}, guards()
    flask_migrate.downgrade(FOLDER, revision="base")

    db.create_all()

    made = {table: names_of(inspect(db.engine), table) for table in sorted(tables())}, guards()
    assert migrated == made
    assert made[1]


def test_every_revision_can_be_taken_back_and_made_again(empty):
    """Each on the way up; then all the way down, and up again."""
    for revision in REVISIONS:
        before = tables()
        flask_migrate.upgrade(FOLDER, revision=revision)
        there = tables()
        flask_migrate.downgrade(FOLDER, revision="-1")
        assert tables() == before, revision
        flask_migrate.upgrade(FOLDER, revision=revision)
        assert tables() == there, revision
    flask_migrate.downgrade(FOLDER, revision="base")
    assert (tables(), guards()) == (set(), set())
    flask_migrate.upgrade(FOLDER)
    assert differences() == []


def test_a_database_that_is_upgraded_has_a_version_of_its_reference_data(empty):
    flask_migrate.upgrade(FOLDER, revision="0006")
    flask_migrate.upgrade(FOLDER)
    assert len(db.session.scalars(text("SELECT mark FROM reference_version")).one()) == 16


def test_events_that_were_there_are_sealed_by_the_upgrade(empty):
    flask_migrate.upgrade(FOLDER, revision="0009")
    row = "INSERT INTO event (at, verb, actor, from_status, detail) VALUES (:at, 'submit', 'system', 'draft', '')"
    for second in ("05", "06.000123"):
        db.session.execute(text(row), {"at": f"2026-11-23 04:0{len(second) // 5}:{second}"})
    db.session.commit()
    flask_migrate.upgrade(FOLDER)
    audit.record("tick", None)
    db.session.commit()
    assert audit_seals.verify(audit_seals.ChainHead()) == audit_seals.Verification(2, 1)
    audit_seals.seal()
    assert audit_seals.verify(audit_seals.head()) == audit_seals.Verification(3, 0)
    db.session.rollback()


def test_a_migrated_database_takes_the_reference_data_and_refuses_to_rewrite_events(empty):
    flask_migrate.upgrade(FOLDER)
    loaded = load_reference_data(ROOT / "data")
    db.session.commit()
    assert loaded["departments"] == 116
    db.session.execute(text("INSERT INTO event (at, verb, actor, detail) VALUES ('2026-11-23', 'test', 'system', '')"))
    db.session.commit()
    with pytest.raises(DBAPIError, match="event rows are only ever added"):
        db.session.execute(text("DELETE FROM event"))
    db.session.rollback()


def test_an_upgrade_withholds_proofs_that_are_broken_or_of_several_people(empty):
    flask_migrate.upgrade(FOLDER, revision="0013")
    told = [("2.10102E+11", "A20080001"), ("LN-20080017", "A20080002"), ("B20080001", "ln20080017"), ("######", None)]
    for serial, (certificate_no, archive_no) in enumerate(told):
        db.session.execute(
            text(
                "INSERT INTO legacy_holder (uid, batch, name, id_number_sealed, id_index, certificate_no, archive_no)"
                " VALUES (:uid, 'b', '某', :index, :index, :certificate_no, :archive_no)"
            ),
            {"uid": serial, "index": bytes([serial]), "certificate_no": certificate_no, "archive_no": archive_no},
        )
    db.session.commit()

    flask_migrate.upgrade(FOLDER, revision="0014")
    kept = [
        tuple(row)
        for row in db.session.execute(text("SELECT certificate_no, archive_no FROM legacy_holder ORDER BY uid"))
    ]
    reasons = db.session.scalars(text("SELECT reason FROM withheld_proof ORDER BY legacy_id")).all()
    db.session.rollback()
    flask_migrate.downgrade(FOLDER, revision="0013")

    assert kept == [(None, "A20080001"), (None, "A20080002"), ("B20080001", None), (None, None)]
    assert reasons == ["broken", "shared", "shared", "broken"]
    back = db.session.execute(text("SELECT certificate_no, archive_no FROM legacy_holder ORDER BY uid")).all()
    assert [tuple(row) for row in back] == told


def test_an_upgrade_fills_what_records_are_sorted_by(app, make):
    """Of a record whose standing approval is not the first one."""
    make.record(make.account("盖丽娜"))
    db.session.execute(text("UPDATE record SET approved_at = '2030-01-01 00:00:00.000000'"))
    db.session.commit()
    query = text("SELECT first_approved_at, name_key, employer_key FROM record")
    filled = tuple(db.session.execute(query).one())
    db.session.rollback()
    flask_migrate.stamp(FOLDER)
    flask_migrate.downgrade(FOLDER, revision="0016")
    flask_migrate.upgrade(FOLDER)
    again = tuple(db.session.execute(query).one())
    assert again[1:] == filled[1:] == ("gai盖li丽na娜", "~")
    assert str(again[0])[:16] == str(filled[0])[:16] < "2030"
