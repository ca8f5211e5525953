"""A PostgreSQL server that keeps its databases between runs, and a copy of an SQLite instance into one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from flask import Flask
from psycopg import sql
from sqlalchemy import Integer

from models import Base, db
from tests.support.site.postgres import Server, find_programs, unprivileged_user
from tests.support.site.served import free_port

_SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off  # made-up people; nothing is written while lists are measured
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
shared_buffers = 256MB
maintenance_work_mem = 256MB
log_min_messages = warning
timezone = 'UTC'
"""


class Kept(Server):
    """Like the tests' server, but in a folder that stays."""

    def __init__(self, programs: Path, home: Path) -> None:
        self.programs, self.home, self.user, self.port = programs, home, unprivileged_user(), free_port()

    def start(self) -> None:
        data = self.home / "data"
        if not (data / "PG_VERSION").exists():
            shutil.rmtree(self.home, ignore_errors=True)
            self.home.mkdir(parents=True)
            if self.user:
                shutil.chown(self.home, self.user)
            self.run("initdb", "-D", str(data), "-U", "kuaiji", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
            with (data / "postgresql.conf").open("a") as conf:
                conf.write(f"{_SETTINGS}unix_socket_directories = '{self.home}'\n")
        if (data / "postmaster.pid").exists():
            self.stop()  # left over by a run that was killed: instances.locked lets one run at a time
        options = f"-p {self.port}"
        self.run("pg_ctl", "start", "-D", str(data), "-l", str(self.home / "log"), "-o", options, "-w", "-t", "120")

    def stop(self) -> None:
        data = self.home / "data"
        if (data / "postmaster.pid").exists():
            try:
                self.run("pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-t", "120")
            except RuntimeError:
                (data / "postmaster.pid").unlink(missing_ok=True)  # of a process that has ended

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user=kuaiji dbname={database}", autocommit=True)

    def mark_of(self, database: str) -> str:
        """What the database was marked with when it was complete; empty if it does not exist."""
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        with self.connect("postgres") as connection:
            row = connection.execute(query, [database]).fetchone()
        return str(row[0] or "") if row else ""


@contextmanager
def running(home: Path) -> Iterator[Kept | None]:
    """The server, or None where no server program is installed."""
    programs = find_programs()
    if programs is None:
        yield None
        return
    server = Kept(programs, home)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def copy(server: Kept, source: Flask, app: Flask, database: str, mark: str) -> None:
    """Fill ``app``'s new database with every row of ``source``'s SQLite database."""
    name = sql.Identifier(database)
    with server.connect("postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    with app.app_context():
        db.create_all()
        flask_migrate.stamp()
        db.engine.dispose()
    with source.app_context(), server.connect(database) as target:
        raw = db.engine.raw_connection()
        try:
            _copy_tables(raw.driver_connection, target)
        finally:
            raw.close()
            db.engine.dispose()
        target.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(mark)))


def _copy_tables(source: Any, target: psycopg.Connection[Any]) -> None:
    target.execute("SET session_replication_role = replica")  # the rows kept their foreign keys in SQLite
    later = _drop_indexes(target)
    for table in Base.metadata.sorted_tables:
        names = [column.name for column in table.columns]
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        quoted = ", ".join(f'"{name}"' for name in names)
        with target.cursor().copy(into) as copying:
            for row in source.execute(f'SELECT {quoted} FROM "{table.name}"'):
                copying.write_row(row)
        if "id" in names and isinstance(table.columns["id"].type, Integer):
            target.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT coalesce(max(id), 1) FROM {}))"
                ).format(sql.Literal(table.name), sql.Identifier(table.name))
            )
    for statement in later:
        target.execute(statement.encode())
    target.execute("VACUUM (ANALYZE)")


def _drop_indexes(target: psycopg.Connection[Any]) -> list[str]:
    """Drop the indexes that are no constraint's, to make them at the end; returns how."""
    query = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    found = target.execute(query).fetchall()
    for name, _statement in found:
        target.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [str(statement) for _name, statement in found]


def cpu_of(backend: int) -> Callable[[], float]:
    """How many seconds of CPU a server process of this machine has spent so far; None where the system does not say."""
    precise = Path(f"/proc/{backend}/schedstat")

    def spent() -> float:
        return int(precise.read_text().split()[0]) / 1e9

    return spent
