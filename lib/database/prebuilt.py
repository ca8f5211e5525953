"""Statements that are built once: what every request reads, and what is written all the time."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import attrgetter, methodcaller
from typing import Any, cast

from sqlalchemy import Dialect, SelectBase, UpdateBase, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, scoped_session

from lib.database.sql import with_written_constants, written_parameters
from lib.database.transactions import begin_mode, has_session, request_reader

Convert = Callable[[Any], Any]
AnySession = Session | scoped_session[Any]
Values = dict[str, Any]


def parameter(name: str) -> Any:
    """The place of a value in a prebuilt statement; it has the type of the column that it is compared with."""
    return bindparam(name, None)


class Prebuilt:
    """A SELECT that is compiled once in a process and read as plain named tuples: ``rows(session, parameter=value)``.

    SQLAlchemy spends ten times as much on a small statement as the database does: it builds the statement, looks it
    up, and wraps the rows. So what is read or written (``run``) all the time is prebuilt. Other writes use the ORM.

    The list of an ``in_(bindparam(..., expanding=True))`` is given as a list, not empty. Constants and a LIMIT are a
    part of the text (lib.database.sql).
    """

    def __init__(self, statement: SelectBase | UpdateBase) -> None:
        self._given = statement
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    @cached_property  # not at the start, of which most statements are no part
    def statement(self) -> Any:
        return with_written_constants(self._given)

    @cached_property
    def _written(self) -> list[str]:
        return written_parameters(self.statement)

    def rows(self, session: AnySession, **values: Any) -> list[Any]:
        lists = {name: _padded(value) for name, value in values.items() if isinstance(value, list)}
        connection, compiled = self._ready(session, values, lists)
        arguments = compiled.arguments({**values, **lists} if lists else values)
        return compiled.rows(fetched(connection, compiled.sql, arguments))

    def first(self, session: AnySession, **values: Any) -> Any:
        return next(iter(self.rows(session, **values)), None)

    def run(self, session: AnySession, **values: Any) -> int:
        """How many rows are written. Each value is a parameter: ``onupdate`` of a column does not apply."""
        connection, compiled = self._ready(session, values, {})
        return int(fetched(connection, compiled.sql, compiled.arguments(values), _COUNT))

    def _ready(self, session: AnySession, values: Values, lists: Values) -> tuple[Any, _Compiled]:
        connection = _connection(session)
        key = (connection.dialect.name, *map(len, lists.values()), *[values[name] for name in self._written])
        return connection, self._compiled.get(key) or self._compile(key, connection.dialect, lists, values)

    def _compile(self, key: tuple[Any, ...], dialect: Dialect, lists: Values, values: Values) -> _Compiled:
        compiled = cast(Any, self.statement.compile(dialect=dialect))
        given: dict[str, Any] = {name: None for name, bind in compiled.binds.items() if bind.required}
        given |= {name: values[name] for name in self._written}
        written = compiled.construct_expanded_state(given | lists)  # with the lists of IN written out
        bound = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        bound = {name: bound[name] for name in written.parameters if bound.get(name)} | written.processors
        params = dict(written.parameters)
        for name in [name for name in bound if name in compiled.binds and compiled.binds[name].unique]:
            params[name] = bound.pop(name)(params[name])  # a constant of the statement
        columns = list(getattr(self.statement, "selected_columns", ()))
        row: Any = namedtuple("Row", [str(column.key) for column in columns])  # type: ignore[misc]
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        made = self._compiled[key] = _Compiled(
            written.statement,
            params,
            written.positiontup if compiled.positional else None,
            list(bound.items()),
            {name: written.parameter_expansion[name] for name in lists},
            [(place, convert) for place, convert in enumerate(read) if convert],
            partial(tuple.__new__, row),
        )
        return made


def _connection(session: Session | scoped_session[Any]) -> Any:
    """What the session reads with. While it is in no transaction, a request's reader does it instead."""
    if isinstance(session, scoped_session):
        reads = begin_mode.get() == "DEFERRED"  # whoever writes reads under the lock
        reader = request_reader.get() if reads else None
        if reader and not (has_session(session) and session().in_transaction()):
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
    bound: Sequence[tuple[str, Convert]]
    lists: Mapping[str, Sequence[str]]
    read: Sequence[tuple[int, Convert]]
    made: Convert

    def arguments(self, values: Mapping[str, Any]) -> Any:
        given = {**self.params, **values}
        for name, names in self.lists.items():
            given.update(zip(names, given.pop(name), strict=True))
        for name, convert in self.bound:
            given[name] = convert(given[name])
        return given if self.places is None else [given[name] for name in self.places]

    def rows(self, raw: Sequence[Sequence[Any]]) -> list[Any]:
        """Column by column: lists are long. A single row by itself. Types convert None to None."""
        if not raw or not self.read:
            return list(map(self.made, raw))
        if len(raw) == 1:
            return [self._row(raw[0])]
        columns = list(zip(*raw, strict=True))
        for place, convert in self.read:
            columns[place] = tuple(map(convert, columns[place]))
        return list(map(self.made, zip(*columns, strict=True)))

    def _row(self, raw: Sequence[Any]) -> Any:
        values = list(raw)
        for place, convert in self.read:
            values[place] = convert(values[place])
        return self.made(values)


_ROWS: Callable[[Any], list[Any]] = methodcaller("fetchall")
_COUNT: Callable[[Any], int] = attrgetter("rowcount")


def fetched(connection: Any, sql: str, arguments: Any, what: Callable[[Any], Any] = _ROWS) -> Any:
    """``what`` the cursor has after the statement. Errors are those of SQLAlchemy, without the parameters, which are
    personal data."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, arguments)
        return what(cursor)
    except Exception as error:
        dialect = connection.dialect
        driver = dialect.loaded_dbapi.Error
        if isinstance(error, driver) and dialect.is_disconnect(error, connection.connection.driver_connection, cursor):
            connection.invalidate(error)  # else rolling back would fail as well
        raise DBAPIError.instance(sql, None, error, driver, hide_parameters=True, dialect=dialect) from error
    finally:
        cursor.close()
