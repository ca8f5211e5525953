"""Database basics: SQLite's settings, transactions, column types. Knows no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import pysqlite3.dbapi2 as sqlite_driver
from sqlalchemy import DDL, DateTime, String, Table, TypeDecorator, event, func, select
from sqlalchemy.dialects import sqlite

from lib.codes import ChoiceEnum

#: Every constraint has a name, so that migrations can find it and views can tell which one failed.
CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: How the next SQLite transaction begins. IMMEDIATE locks at once, so that read-then-write loses no update.
begin_mode: ContextVar[str] = ContextVar("begin_mode", default="IMMEDIATE")

#: SQLite 3.7.0 to 3.51.2 can lose committed writes in WAL mode (fixed in 3.51.3, 3.50.7 and 3.44.6).
WAL_BUG_FIXED_IN = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


def wal_is_safe(version: tuple[int, ...]) -> bool:
    newest, *backports = WAL_BUG_FIXED_IN
    return version >= newest or any(version[:2] == fix[:2] and version >= fix for fix in backports)


def sqlite_pragmas(version: tuple[int, ...]) -> list[str]:
    """The settings of every connection; an affected SQLite gets a rollback journal instead of WAL."""
    journal = (
        ["journal_mode=WAL", "synchronous=FULL"]
        if wal_is_safe(version)
        else ["journal_mode=DELETE", "synchronous=EXTRA"]
    )
    rest = ["foreign_keys=ON", "busy_timeout=10000", "trusted_schema=OFF", "cell_size_check=ON", "secure_delete=ON"]
    return journal + rest + ["journal_size_limit=67108864", "cache_size=-16000"]


def prepare_engine(engine: Any) -> None:
    """Install our transaction rules on an SQLite engine. The driver's own BEGIN would silently lose updates."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in sqlite_pragmas(sqlite_driver.sqlite_version_info):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(f"BEGIN {begin_mode.get()}")


@contextmanager
def transaction_mode(mode: str) -> Iterator[None]:
    """Transactions that start inside begin as ``DEFERRED`` (reads) or ``IMMEDIATE`` (writes)."""
    token = begin_mode.set(mode)
    try:
        yield
    finally:
        begin_mode.reset(token)


def advisory_lock(session: Any, *subjects: bytes) -> None:
    """Run transactions about the same subjects one after the other: lock until the transaction ends.

    On PostgreSQL they would not see each other's new rows. SQLite has only one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        for key in sorted(int.from_bytes(subject[:8], "big", signed=True) for subject in subjects):  # no deadlock
            session.execute(select(func.pg_advisory_xact_lock(key)))


def insert(session: Any, table: Any) -> Any:
    """INSERT with ON CONFLICT, which each engine spells in its own module."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # large

        return postgresql.insert(table)
    return sqlite.insert(table)


def utcnow() -> datetime:
    return datetime.now(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware in Python, UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class SearchText(TypeDecorator[str]):
    """Text that is compared by code points on both engines, so that a prefix is a range."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        length = getattr(self.impl, "length", None)
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(length, collation=collation))


class EnumCode(TypeDecorator[Any]):
    """A member of a ChoiceEnum, stored as its code."""

    impl = String(20)
    cache_ok = True

    def __init__(self, codes: type[ChoiceEnum]) -> None:
        super().__init__()
        self.codes = codes

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else self.codes(value).value

    def process_result_value(self, value: Any, dialect: Any) -> ChoiceEnum | None:
        return None if value is None else self.codes(value)


def append_only_statements(table: str, dialect: str) -> list[str]:
    """The statements that make a table refuse UPDATE and DELETE. Migrations use them, too."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are only ever added'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE FUNCTION {table}_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} rows are only ever added'; END $$",
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_added()",
    ]


def make_append_only(table: Table) -> None:
    """Make a table refuse UPDATE and DELETE from its creation on."""
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_statements(table.name, dialect):
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
