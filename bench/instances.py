"""The databases of invented people: made once in bench/data, used again while schema and generator are the same."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import flask_migrate
from flask import Flask
from sqlalchemy import select, text

from app import create_app
from bench import cold_start, generate, invent, postgres
from config import ROOT, Config
from lib.clock import today
from lib.database import transaction_mode
from models import Department, Staff, db
from services.access import Actor
from services.accounts import sessions
from services.departments.reference_data import load_reference_data
from services.queue import index as queue_index

HOME = Path(__file__).parent / "data"
#: What a person takes on the disk, in bytes: measured, rounded up.
SQLITE_BYTES, POSTGRES_BYTES = 2_600, 3_400
_SPARE = 2_000_000_000
Fill = Callable[[Flask, int, date, int], None]


class NoRoom(Exception):
    """The disk is too small for the databases that were asked for."""


@dataclass(frozen=True)
class Instance:
    """One application over a database of invented people. ``home``: the folder of the SQLite form and the keys."""

    engine: str  # sqlite or postgresql
    people: int
    app: Flask
    home: Path

    @property
    def name(self) -> str:
        return f"{self.engine} {self.people:,}"

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        with self.app.app_context():
            if self.engine == "sqlite":
                return (self.home / "kuaiji.db").stat().st_size
            size = db.session.scalar(text("SELECT pg_database_size(current_database())"))
            db.session.rollback()
            return int(size or 0)

    def officer(self, department: str) -> Actor:
        """The first reviewer of a department, as services know one."""
        with self.app.app_context():
            query = select(Staff, Department).join(Department).where(Department.code == department)
            staff, office = db.session.execute(query.order_by(Staff.id).limit(1)).one().tuple()
            actor = Actor(staff.role, staff.id, staff.name, 0, "", department_id=office.id, path=office.path)
            db.session.rollback()
            return actor

    def session_of(self, officer: Actor) -> str:
        """The token of a new session of the officer."""
        with self.app.app_context(), transaction_mode("IMMEDIATE"):
            token = sessions.start(staff=db.session.get_one(Staff, officer.id))
            db.session.commit()
            return token

    def backend_cpu(self) -> Callable[[], float] | None:
        """What the server process of this application's one connection has spent; None for SQLite."""
        if self.engine == "sqlite":
            return None
        with self.app.app_context():
            backend = db.session.scalar(text("SELECT pg_backend_pid()"))
            db.session.rollback()
        return postgres.cpu_of(int(backend or 0))


class InUse(Exception):
    """Another run works on the same databases."""


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Raises InUse. The lock ends with the process."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another run uses {home}") from None
        yield


def check_room(home: Path, people: int, *, with_postgres: bool) -> None:
    """Raises NoRoom. Databases that exist already count as room."""
    home.mkdir(parents=True, exist_ok=True)
    needed = people * (SQLITE_BYTES + POSTGRES_BYTES * with_postgres) + _SPARE
    there = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    free = shutil.disk_usage(home).free + there
    if free < needed:
        raise NoRoom(f"{home} has room for {free / 1e9:.1f} GB, {people:,} people need {needed / 1e9:.1f} GB")


def sqlite(home: Path, people: int, seed: int = 1, kind: str = "people", fill: Fill = generate.fill) -> Instance:
    """The SQLite instance of ``people`` people: made now, or an older one brought to the newest schema."""
    folder = home / f"{kind}-{people}-{seed}"
    made = folder / "made.json"
    if not made.exists() or json.loads(made.read_text())["mark"] != _mark():
        shutil.rmtree(folder, ignore_errors=True)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        began = perf_counter()
        make(part, people, seed, fill)
        facts = {"mark": _mark(), "people": people, "seed": seed, "day": today().isoformat()}
        (part / made.name).write_text(json.dumps(facts | {"seconds": round(perf_counter() - began)}))
        part.rename(folder)
    return Instance("sqlite", people, _migrated(app_of(folder)), folder)


def make(folder: Path, people: int, seed: int = 1, fill: Fill = generate.fill) -> Flask:
    """A new instance in an empty folder: the product's tables, reference data and keys, and the people."""
    app = app_of(folder)
    with app.app_context(), transaction_mode("IMMEDIATE"):
        db.create_all()
        flask_migrate.stamp()
        load_reference_data(ROOT / "data")
        db.session.commit()
        db.session.remove()
    fill(app, people, today(), seed)
    return app


def in_postgres(server: postgres.Kept, source: Instance) -> Instance:
    """The same people in PostgreSQL, under the same keys."""
    database = source.home.name.replace("-", "_")
    app = app_of(source.home, KUAIJI_DATABASE_URL=server.url_of(database))
    mark = (source.home / "made.json").read_text()
    if server.mark_of(database) != mark:
        postgres.copy(server, source.app, app, database, mark)
    return Instance("postgresql", source.people, _migrated(app), source.home)


def _migrated(app: Flask) -> Flask:
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
    return app


def app_of(folder: Path, **settings: str) -> Flask:
    return create_app(Config(cold_start.settings(folder) | settings))


def _mark() -> str:
    """Changes with whatever decides which rows are generated; the schema is brought up by migrations instead."""
    office = invent.Office(1, 1, (1,), None, "样例")
    people = [repr(person) for person in invent.Invented(500, [office], date(2026, 7, 1))]
    keys = sorted(queue_index.search_keys("单小燕 Li·明", "") | queue_index.suffixes("沈阳ABC华盛商贸有限公司"))
    return hashlib.sha256(repr([generate.FORMAT, people, keys]).encode()).hexdigest()[:16]
