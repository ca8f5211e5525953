"""A county that has grown moves from SQLite to PostgreSQL: every row arrives, also after an interrupted copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import create_app
from config import TestConfig
from lib.codes import Status
from lib.database import copying
from models import Account, Declaration, Event, PrintJob, db
from tests.support.factory import Make
from tests.support.people import EMPLOYED, id_number
from tests.support.site.command_line import Run, runner


def counts() -> dict[str, int]:
    rows = {
        table.name: db.session.scalar(select(func.count()).select_from(table)) for table in db.metadata.sorted_tables
    }
    db.session.rollback()
    return {name: number or 0 for name, number in rows.items() if name != "heartbeat"}


@pytest.fixture
def county(tmp_path, template) -> tuple[Path, dict[str, int]]:
    """The database of a county on SQLite, and how many rows its tables have."""
    shutil.copytree(template, tmp_path / "county")
    app = create_app(TestConfig(tmp_path / "county"))
    with app.app_context():
        make = Make(app)
        for status in (Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.APPROVED):
            make.declaration(status, make.account(), **EMPLOYED)
        db.session.add(PrintJob(staff_id=make.staff().id, revisions=[1], total=1))
        db.session.commit()
        found = counts()
        db.session.remove()
        db.engine.dispose()
    return tmp_path / "county" / "kuaiji.db", found


@pytest.fixture
def province(tmp_path, postgres_database) -> Iterator[Flask]:
    app = create_app(TestConfig(tmp_path / "county", DATABASE_URL=postgres_database))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def flask(province) -> Run:
    return runner(province)


@pytest.mark.postgres
def test_a_county_moves_to_postgresql(county, province, flask, monkeypatch):
    path, expected = county
    monkeypatch.setattr(copying, "PIECE", 3)
    done, whole = [], copying._copy_pieces

    def breaks_off(source, target, table):
        done.append(table.name)
        if len(done) == 12:
            raise KeyboardInterrupt
        whole(source, target, table)

    with monkeypatch.context() as patch:
        patch.setattr(copying, "_copy_pieces", breaks_off)
        assert flask("db-copy", str(path))[0] == 1
    assert counts() != expected
    status, said, error = flask("db-copy", str(path))
    assert (status, "逐表核对一致" in said) == (0, True), error
    assert counts() == expected
    assert db.session.scalar(select(func.count()).select_from(PrintJob).where(PrintJob.export.is_(None))) == 1

    last = db.session.scalar(select(func.max(Account.id))) or 0
    assert Make(province).account(number=id_number(777)).id == last + 1, "numbers go on"
    assert db.session.scalar(select(func.count()).select_from(Declaration).where(Declaration.account_id == last)) == 1
    db.session.commit()
    assert flask("audit", "verify")[0] == 0
    assert "目标数据库里已有数据" in flask("db-copy", str(path))[2]


@pytest.mark.postgres
def test_a_row_that_was_changed_on_the_way_is_found(county, province, flask, monkeypatch):
    path, _expected = county
    whole = copying._set_sequences

    def changed(connection, tables):
        connection.execute(text("UPDATE account SET name = '别人' WHERE id = 1"))
        whole(connection, tables)

    monkeypatch.setattr(copying, "_set_sequences", changed)
    status, _said, error = flask("db-copy", str(path))
    assert (status, "account" in error) == (1, True)
    assert db.session.scalars(select(Event)).first()


@pytest.mark.sqlite
def test_what_cannot_be_copied_is_named(app, tmp_path):
    flask = runner(app)
    assert "没有这个文件" in flask("db-copy", str(tmp_path / "nothing.db"))[2]
    assert "同一个数据库" in flask("db-copy", str(app.config["DATA"] / "kuaiji.db"))[2]
    (tmp_path / "other.db").write_bytes(b"")
    assert "来源不是本系统的数据库" in flask("db-copy", str(tmp_path / "other.db"))[2]
