"""Database basics: SQLite's settings, transactions, column types, what a failure is. Knows no table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pysqlite3.dbapi2 as sqlite_driver
from sqlalchemy import (
    BigInteger,
    DateTime,
    PoolProxiedConnection,
    String,
    TypeDecorator,
    create_engine,
    event,
    func,
    inspect,
    literal,
    make_url,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateSchema

from lib.codes import ChoiceEnum
from lib.database.prebuilt import Prebuilt as Prebuilt
from lib.database.prebuilt import parameter as parameter
from lib.database.transactions import WITHOUT_WAITING as WITHOUT_WAITING
from lib.database.transactions import begin_mode as begin_mode
from lib.database.transactions import transaction_mode as transaction_mode
from lib.database.turns import LOCK_WAIT_S as LOCK_WAIT_S
from lib.database.turns import WriteTurns
from lib.files import Note, StorageFailure
from lib.monitoring import metrics


@compiles(CreateIndex, "postgresql")
def _partial_index(create: Any, compiler: Any, **kwargs: Any) -> str:
    """Models write the condition of an index for SQLite: naming PostgreSQL there would load its dialect everywhere."""
    options = create.element.dialect_options
    if options["postgresql"]["where"] is None:  # a migration names it
        options["postgresql"]["where"] = options["sqlite"]["where"]
    return str(compiler.visit_create_index(create, **kwargs))


#: The driver looks for a way to adapt every None and bytes, which takes longer than all else that it does for a value.
sqlite_driver.register_adapter(type(None), lambda none: none)
sqlite_driver.register_adapter(bytes, bytes)

#: The largest number that a column holds.
LARGEST_ID = 2**63 - 1
BUSY_TIMEOUT = f"busy_timeout={LOCK_WAIT_S * 1000}"

#: KiB of its pages that a connection keeps in memory; a job that goes through them once needs few.
CACHE, SMALL_CACHE = 16000, 2000

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
    rest = ["foreign_keys=ON", BUSY_TIMEOUT, "trusted_schema=OFF", "cell_size_check=ON", "secure_delete=ON"]
    return journal + rest + ["journal_size_limit=67108864", f"cache_size=-{CACHE}"]


@contextmanager
def small_cache(connection: Any) -> Iterator[None]:
    """For a job that needs memory for other things, and whose pages follow one another."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size=-{SMALL_CACHE}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE}")


def engine_options(url: str, schema: str = "") -> dict[str, Any]:
    """What an engine for this database is made with. Parameters of a failed statement are personal data: not logged.

    Of PostgreSQL each connection sees one schema only; without a name the one that the role's search path names.
    """
    options: dict[str, Any] = {"pool_timeout": LOCK_WAIT_S, "hide_parameters": True}
    if url.startswith("sqlite"):
        return options | {"module": sqlite_driver, "connect_args": {"timeout": LOCK_WAIT_S}}
    given = make_url(url).query
    arguments = {"connect_timeout": given.get("connect_timeout", LOCK_WAIT_S)}
    if schema:
        arguments["options"] = f"{given.get('options', '')} -csearch_path={schema}".strip()
    return options | {"pool_pre_ping": True, "connect_args": arguments}  # a server may have gone


def ensure_schema(connection: Any) -> None:
    """Make the schema that this connection's search path names first, if it is missing. Its role must be allowed to."""
    if connection.dialect.name != "postgresql" or connection.scalar(select(func.current_schema())):
        return
    name = str(connection.scalar(select(func.current_setting("search_path")))).split(",")[0].strip(' "')
    connection.execute(CreateSchema(name))


def is_in_use(url: str, schema: str = "") -> bool:
    """Whether a database has tables; asked before the application has an engine. Creates no file."""
    file = make_url(url).database if url.startswith("sqlite") else None
    if file and not (os.path.exists(file) and os.path.getsize(file)):
        return False
    engine = create_engine(url, **engine_options(url, schema))
    try:
        return bool(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def prepare_engine(engine: Any) -> None:
    """Install our transaction rules on an engine."""
    (_prepare_sqlite if engine.dialect.name == "sqlite" else _prepare_postgresql)(engine)


def note_damage(engine: Any, note: Note) -> None:
    """Write the note when any statement finds that the database is damaged."""

    @event.listens_for(engine, "handle_error")
    def _written(context: Any) -> None:
        write_damage(note, context.original_exception)


def write_damage(note: Note, error: BaseException | None) -> None:
    """The same for an error that the engine has not seen (``prebuilt.fetched``)."""
    if failure_of(error) == StorageFailure.DAMAGED:
        cause = error.orig if isinstance(error, DBAPIError) else error
        note.write(f"{utcnow():%Y-%m-%d %H:%M} UTC: {str(cause).splitlines()[0]}")


def _prepare_postgresql(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.autocommit = True  # else the setting would end with a rollback
        connection.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        connection.autocommit = False


def _prepare_sqlite(engine: Any) -> None:
    """The driver's own BEGIN would silently lose updates."""
    turns = WriteTurns(BUSY_TIMEOUT)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in sqlite_pragmas(sqlite_driver.sqlite_version_info):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if (mode := begin_mode.get()) == WITHOUT_WAITING:
            _begin_without_waiting(connection)
        elif mode == "DEFERRED":
            begin_deferred(connection.connection)
        else:
            _begin_with_lock(connection, mode, turns)


def _begin_with_lock(connection: Any, mode: str, turns: WriteTurns) -> None:
    began = perf_counter()
    try:
        turns.begin(connection, f"BEGIN {mode}")
    finally:
        metrics.waited_for_lock(perf_counter() - began)


def begin_deferred(connection: PoolProxiedConnection) -> None:
    """Straight to the driver: every request does it, and it takes no lock. A reader's transaction goes on."""
    driver: Any = connection.driver_connection
    if not driver.in_transaction:
        driver.execute("BEGIN DEFERRED")


def _begin_without_waiting(connection: Any) -> None:
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA {BUSY_TIMEOUT}")


#: SQLite's result code -> what it says of the database. The driver tells no extended codes.
_SQLITE = {
    5: StorageFailure.LOCKED,  # SQLITE_BUSY
    6: StorageFailure.LOCKED,  # SQLITE_LOCKED
    8: StorageFailure.READ_ONLY,  # SQLITE_READONLY
    10: StorageFailure.DISK_ERROR,  # SQLITE_IOERR: a failing disk, but also a quota that is used up
    11: StorageFailure.DAMAGED,  # SQLITE_CORRUPT
    13: StorageFailure.FULL,  # SQLITE_FULL
    14: StorageFailure.UNREACHABLE,  # SQLITE_CANTOPEN
    26: StorageFailure.DAMAGED,  # SQLITE_NOTADB
}
#: The same for PostgreSQL's SQLSTATE, or its first two characters.
_POSTGRESQL = {
    "55P03": StorageFailure.LOCKED,  # lock_not_available: lock_timeout
    "40P01": StorageFailure.LOCKED,  # deadlock_detected
    "40001": StorageFailure.LOCKED,  # serialization_failure
    "53100": StorageFailure.FULL,  # disk_full
    "25006": StorageFailure.READ_ONLY,  # read_only_sql_transaction
    "58030": StorageFailure.DISK_ERROR,  # io_error
    "XX001": StorageFailure.DAMAGED,  # data_corrupted
    "XX002": StorageFailure.DAMAGED,  # index_corrupted
    "57": StorageFailure.UNREACHABLE,  # operator intervention: the server ends, or starts
    "53": StorageFailure.UNREACHABLE,  # insufficient resources: no connection is left
    "08": StorageFailure.UNREACHABLE,  # connection exceptions
}


def failure_of(error: BaseException | None) -> StorageFailure | None:
    """What an error of the driver, or SQLAlchemy's around it, says of the database. None: the statement is to blame.

    A driver that lost its server, or never reached it, has no code to tell.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if code := getattr(cause, "sqlite_errorcode", None):
        return _SQLITE.get(code & 0xFF)
    if state := getattr(cause, "sqlstate", None):
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    return StorageFailure.UNREACHABLE if isinstance(error, OperationalError) else None


def advisory_lock(session: Any, *subjects: bytes) -> None:
    """Run transactions about the same subjects one after the other: lock until the transaction ends.

    On PostgreSQL they would not see each other's new rows. SQLite has only one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        for key in sorted(_lock_number(subject) for subject in subjects):  # no deadlock
            session.execute(select(func.pg_advisory_xact_lock(_of_this_schema(key))))


def _lock_number(subject: bytes) -> int:
    return int.from_bytes(subject[:8], "big", signed=True)


def _of_this_schema(key: int) -> Any:
    """Advisory locks are a database's: an installation in another schema must not wait for this one."""
    return func.hashtextextended(func.current_schema(), literal(key, BigInteger))


@contextmanager
def alone(engine: Any, subject: bytes) -> Iterator[bool]:
    """Whether nobody else is inside for this subject, on any machine. SQLite's transactions are alone anyway: True."""
    if engine.dialect.name != "postgresql":
        yield True
        return
    key = _of_this_schema(_lock_number(subject))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        got = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield got
        finally:
            if got:
                connection.scalar(select(func.pg_advisory_unlock(key)))


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

    def bind_processor(self, dialect: Any) -> Any:
        """SQLite keeps texts; one call for each value."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)
        return lambda value: value.astimezone(UTC).isoformat(" ", "microseconds")[:26] if value else None

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], datetime | None]:
        if dialect.name == "sqlite":
            return lambda text: datetime.fromisoformat(f"{text}+00:00") if text else None
        return lambda value: value.replace(tzinfo=UTC) if value else None


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

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], ChoiceEnum | None]:
        """A look-up only: lists have a hundred of them on a page."""
        return {None: None, **{code.value: code for code in self.codes}}.__getitem__


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
