"""Database basics: SQLite's settings, transactions, column types, prebuilt statements. Knows no table."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pysqlite3.dbapi2 as sqlite_driver
from sqlalchemy import (
    DateTime,
    Dialect,
    PoolProxiedConnection,
    SelectBase,
    String,
    TypeDecorator,
    bindparam,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, scoped_session

from lib.codes import ChoiceEnum
from lib.files import Note, StorageFailure

#: How long a thread waits for a lock or a connection. Longer waits would fill every thread of the server.
LOCK_WAIT_S = 5
BUSY_TIMEOUT = f"busy_timeout={LOCK_WAIT_S * 1000}"

#: A mode for writes that are not worth waiting for: IMMEDIATE, or an error if the database is locked.
WITHOUT_WAITING = "WITHOUT WAITING"

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
    rest = ["foreign_keys=ON", BUSY_TIMEOUT, "trusted_schema=OFF", "cell_size_check=ON", "secure_delete=ON"]
    return journal + rest + ["journal_size_limit=67108864", "cache_size=-16000"]


def engine_options(url: str) -> dict[str, Any]:
    """What an engine for this database is made with. Parameters of a failed statement are personal data: not logged."""
    options: dict[str, Any] = {"pool_timeout": LOCK_WAIT_S, "hide_parameters": True}
    if url.startswith("sqlite"):
        return options | {"module": sqlite_driver, "connect_args": {"timeout": LOCK_WAIT_S}}
    given = make_url(url).query
    timeout = given.get("connect_timeout", LOCK_WAIT_S)
    return options | {"pool_pre_ping": True, "connect_args": {"connect_timeout": timeout}}  # a server may have gone


def prepare_engine(engine: Any) -> None:
    """Install our transaction rules on an engine."""
    (_prepare_sqlite if engine.dialect.name == "sqlite" else _prepare_postgresql)(engine)


def note_damage(engine: Any, note: Note) -> None:
    """Write the note when any statement finds that the database is damaged."""

    @event.listens_for(engine, "handle_error")
    def _written(context: Any) -> None:
        write_damage(note, context.original_exception)


def write_damage(note: Note, error: BaseException | None) -> None:
    """The same for an error that the engine has not seen (``fetched``)."""
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
            connection.exec_driver_sql(f"BEGIN {mode}")


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


@contextmanager
def transaction_mode(mode: str) -> Iterator[None]:
    """Transactions that start inside begin as ``DEFERRED`` (reads), ``IMMEDIATE`` (writes) or ``WITHOUT_WAITING``."""
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

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], datetime | None]:
        """One call for each value. SQLite keeps texts."""
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


# --- prebuilt statements: what every request reads --------------------------------------------------------------------

Convert = Callable[[Any], Any]

#: The lib.reader.Reader of this request, if any.
request_reader: ContextVar[Any] = ContextVar("request_reader", default=None)


def parameter(name: str) -> Any:
    """The place of a value in a prebuilt statement; it has the type of the column that it is compared with."""
    return bindparam(name, None)


class Prebuilt:
    """A SELECT that is compiled once in a process and read as plain named tuples: ``rows(session, parameter=value)``.

    SQLAlchemy spends ten times as much on a small statement as the database does: it builds the statement, looks it
    up, and wraps the rows. So what every request reads is prebuilt. What writes uses the ORM.

    The list of an ``in_(bindparam(..., expanding=True))`` is given as a list, not empty.
    """

    def __init__(self, statement: SelectBase) -> None:
        self.statement = statement
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def rows(self, session: Session | scoped_session[Any], **values: Any) -> list[Any]:
        connection = _connection(session)
        lists = {name: _padded(value) for name, value in values.items() if isinstance(value, list)}
        key = (connection.dialect.name, *map(len, lists.values()))
        compiled = self._compiled.get(key) or self._compile(key, connection.dialect, lists)
        return [compiled.row(raw) for raw in fetched(connection, compiled.sql, compiled.arguments(values | lists))]

    def first(self, session: Session | scoped_session[Any], **values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.rows(session, **values)), None)

    def _compile(self, key: tuple[Any, ...], dialect: Dialect, lists: dict[str, list[Any]]) -> _Compiled:
        compiled = cast(Any, self.statement.compile(dialect=dialect))
        given: dict[str, Any] = {name: None for name, bind in compiled.binds.items() if bind.required}
        written = compiled.construct_expanded_state(given | lists)  # with the lists of IN written out
        bound = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        bound = {name: bound[name] for name in written.parameters if bound.get(name)} | written.processors
        params = dict(written.parameters)
        for name in [name for name in bound if name in compiled.binds and compiled.binds[name].unique]:
            params[name] = bound.pop(name)(params[name])  # a constant of the statement
        columns = list(self.statement.selected_columns)
        row: Any = namedtuple("Row", [str(column.key) for column in columns])  # type: ignore[misc]
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        made = self._compiled[key] = _Compiled(
            written.statement,
            params,
            written.positiontup if compiled.positional else None,
            bound,
            {name: written.parameter_expansion[name] for name in lists},
            [(place, convert) for place, convert in enumerate(read) if convert],
            row._make,
        )
        return made


def _connection(session: Session | scoped_session[Any]) -> Any:
    """What the session reads with. While it is in no transaction, a request's reader does it instead."""
    if isinstance(session, scoped_session):
        if (reader := request_reader.get()) and not (session.registry.has() and session().in_transaction()):
            return reader
        session = session()  # looked up once
    if session.autoflush:
        session.flush()  # what this transaction has changed counts, as for the ORM's own statements
    return session.connection()


def _padded(values: list[Any]) -> list[Any]:
    """As long as a power of two, by saying the last one again: so few lengths have to be compiled."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


@dataclass(frozen=True)
class _Compiled:
    """A statement for one kind of database. ``places``: the names of its parameters, if the driver counts them.

    ``lists``: the names of what a list is made of.
    """

    sql: str
    params: Mapping[str, Any]
    places: Sequence[str] | None
    bound: Mapping[str, Convert]
    lists: Mapping[str, Sequence[str]]
    read: Sequence[tuple[int, Convert]]
    made: Convert

    def arguments(self, values: Mapping[str, Any]) -> Any:
        given = {**self.params, **values}
        for name, names in self.lists.items():
            given.update(zip(names, given.pop(name), strict=True))
        for name, convert in self.bound.items():
            given[name] = convert(given[name])
        return given if self.places is None else [given[name] for name in self.places]

    def row(self, raw: Sequence[Any]) -> Any:
        if not self.read:
            return self.made(raw)
        values = list(raw)
        for place, convert in self.read:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self.made(values)


def fetched(connection: Any, sql: str, arguments: Any) -> list[Any]:
    """What the driver finds. Errors are those of SQLAlchemy, without the parameters, which are personal data."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())
    except Exception as error:
        dialect = connection.dialect
        driver = dialect.loaded_dbapi.Error
        if isinstance(error, driver) and dialect.is_disconnect(error, connection.connection.driver_connection, cursor):
            connection.invalidate(error)  # else rolling back would fail as well
        raise DBAPIError.instance(sql, None, error, driver, hide_parameters=True, dialect=dialect) from error
    finally:
        cursor.close()
