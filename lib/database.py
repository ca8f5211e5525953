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
    DDL,
    Connection,
    DateTime,
    Dialect,
    SelectBase,
    String,
    Table,
    TypeDecorator,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, scoped_session

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


def make_append_only(table: Table) -> None:
    """Make a table refuse UPDATE and DELETE from its creation on."""
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_statements(table.name, dialect):
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


# --- prebuilt statements: what every request reads --------------------------------------------------------------------

Convert = Callable[[Any], Any]


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
        if session.autoflush:
            session.flush()  # what this transaction has changed counts, as for the ORM's own statements
        connection = session.connection()
        lists = {name: _padded(value) for name, value in values.items() if isinstance(value, list)}
        key = (connection.dialect.name, *map(len, lists.values()))
        compiled = self._compiled.get(key) or self._compile(key, connection.dialect, lists)
        return [compiled.row(raw) for raw in fetched(connection, compiled.sql, compiled.arguments(values | lists))]

    def first(self, session: Session | scoped_session[Any], **values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.rows(session, **values)), None)

    def _compile(self, key: tuple[Any, ...], dialect: Dialect, lists: Mapping[str, list[Any]]) -> _Compiled:
        compiled = cast(Any, self.statement.compile(dialect=dialect))
        given = {name: None for name, bind in compiled.binds.items() if bind.required}
        written = compiled.construct_expanded_state(given | lists)  # with the lists of IN written out
        bound = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        bound = {name: bound[name] for name in written.parameters if bound.get(name)} | written.processors
        columns = list(self.statement.selected_columns)
        row: Any = namedtuple("Row", [str(column.key) for column in columns])  # type: ignore[misc]
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        made = self._compiled[key] = _Compiled(
            written.statement,
            written.parameters,
            written.positiontup if compiled.positional else None,
            bound,
            {name: written.parameter_expansion[name] for name in lists},
            [(place, convert) for place, convert in enumerate(read) if convert],
            row._make,
        )
        return made


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
            values[place] = convert(values[place])
        return self.made(values)


def fetched(connection: Connection, sql: str, arguments: Any) -> list[Any]:
    """What the driver finds. Errors are those of SQLAlchemy, without the parameters, which are personal data."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())
    except Exception as error:
        dialect = connection.dialect
        driver = dialect.loaded_dbapi.Error
        raise DBAPIError.instance(sql, None, error, driver, hide_parameters=True, dialect=dialect) from error
    finally:
        cursor.close()
