"""A database of the release before, with people in every state, is upgraded; then everybody goes on where they were.

tests/data/migration_0009.sql.xz is what ``flask demo --people 20`` left when 0009 was the newest migration, as sqlite3
dumps it, without the pictures. Its first line holds its keys; ``SECRET_KEY`` was the word below.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from contextlib import closing

import pysqlite3.dbapi2 as sqlite_driver
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, inspect, select

from app import create_app
from config import TestConfig
from demo import accounts
from lib.codes import AccountState, Role, Status
from lib.database import transaction_mode
from models import Account, Declaration, Event, Record, Staff, db
from services.operations import readiness
from tests.conftest import Browser
from tests.support.rules.house import ROOT
from tests.support.site.command_line import runner

pytestmark = pytest.mark.slow
DUMP = ROOT / "tests/data/migration_0009.sql.xz"
SECRET = "upgrade"
SOON = "2026-11-30T02:00:00Z"  # a working day after the dump was made; drafts are not old yet


@pytest.fixture
def app(tmp_path) -> Iterator[Flask]:
    """The installation before the update."""
    text = lzma.decompress(DUMP.read_bytes()).decode()
    (tmp_path / "keys.json").write_text(text.partition("\n")[0].removeprefix("-- "))
    with closing(sqlite_driver.connect(str(tmp_path / "kuaiji.db"))) as connection:
        connection.executescript(text)
    app = create_app(TestConfig(tmp_path, SECRET_KEY=SECRET))
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context(), transaction_mode("DEFERRED"), time_machine.travel(SOON):
        yield app
        db.session.remove()
        db.engine.dispose()


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        names = ("account", "staff", "declaration", "revision", "record", "event", "legacy_holder", "paper_page")
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


def test_everybody_goes_on_after_an_upgrade(app):
    before, flask = counts(), runner(app)
    assert "known_device" in inspect(db.engine).get_table_names()
    assert "请运行 flask init" in flask("serve")[2], "an old database is refused"

    assert flask("init")[:2] == (0, "数据库和基础数据已是最新\n")
    assert counts() == before
    assert db.session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == (
        readiness.newest_migration()
    )
    db.session.rollback()
    assert flask("tick")[0] == 0
    status, said, _error = flask("audit", "verify")
    checked = db.session.scalar(select(func.count(Event.id))) or 0
    assert (status, said.partition("，")[0]) == (0, f"已核对 {checked - 1} 条记录")
    assert "故障  数据库" not in flask("doctor")[1]

    applicants_go_on(app)
    the_office_goes_on(app)


def applicants_go_on(app: Flask) -> None:
    seen = set()
    for person in db.session.scalars(select(Account).where(Account.state == AccountState.ACTIVE)).all():
        number, name = person.id_number, person.name
        seen |= set(db.session.scalars(select(Declaration.status).where(Declaration.account_id == person.id)))
        browser = Browser(app)
        password = accounts.password(SECRET, number)
        page = browser.follow(browser.send("/login", {"name": name, "number": number, "password": password}))
        while page.location:
            page = browser.follow(page)
        assert name in browser.open("/account").text
    assert seen == set(Status) - {Status.DROPPED}, "which came later"


def the_office_goes_on(app: Flask) -> None:
    officer = db.session.scalars(select(Staff).where(Staff.username == "heping")).one()
    waiting = select(Declaration).where(
        Declaration.department_id == officer.department_id, Declaration.status == Status.SUBMITTED
    )
    numbers = {declaration.number for declaration in db.session.scalars(waiting)}
    assert numbers
    browser = Browser(app).sign_in(officer)
    queue = browser.open("/staff/queue?size=100").text
    assert {number for number in numbers if number not in queue} == set()
    record = db.session.scalars(select(Record).where(Record.department_id == officer.department_id)).first()
    assert record
    name = record.account.name
    listed = browser.send("/staff/archive/search", {"q": name}, expect=200)
    assert name in listed.text
    place = re.search(r'href="(/staff/archive/[^"/]+)"', listed.text)
    assert place
    assert name in browser.open(place[1]).text
    manager = db.session.scalars(select(Staff).where(Staff.role == Role.MANAGER)).first()
    assert manager
    assert Browser(app).sign_in(manager).open("/staff/queue").status == 200
