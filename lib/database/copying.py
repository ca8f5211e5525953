"""Copies all rows of one database into another of the same schema, of the same engine or another one.

Tables whose key is one number are copied in pieces, each committed, and a copy that was killed goes on behind the last
piece. Every other table is copied whole in one transaction. At the end both sides are read again and compared.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, Engine, Integer, MetaData, Table, delete, func, insert, select, text

PIECE = 2000  # rows
MODULUS = 1 << 256

Row = tuple[Any, ...]


class CopyDiffers(Exception):
    """After copying a table differs from its source."""


@dataclass(frozen=True)
class TableDigest:
    """``mark``: the sum of the hashes of all rows, in whatever order they are read."""

    rows: int
    mark: str


def copy(source: Connection, target: Engine, tables: Sequence[Table], step: Callable[[int], None]) -> None:
    """Copy the rows of these tables, parents first; ``step`` gets the name of each table. The target has the tables."""
    for table in tables:
        (_copy_pieces if _has_number(table) and not _refers_to_itself(table) else _copy_whole)(source, target, table)
        step(1)
    with target.begin() as connection:
        _set_sequences(connection, tables)


def copied_tables(metadata: MetaData, without: Iterable[str]) -> list[Table]:
    """The tables, parents first. Where JSON says nothing, the copy has nothing: not the JSON value ``null``."""
    left, copies = frozenset(without), MetaData()
    for table in metadata.sorted_tables:
        for column in table.to_metadata(copies).columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return [copies.tables[table.name] for table in metadata.sorted_tables if table.name not in left]


def compare(source: Connection, target: Connection, tables: Sequence[Table]) -> Iterator[tuple[str, TableDigest]]:
    """The digest of each table. Raises CopyDiffers with the name of the first one that differs."""
    for table in tables:
        here, there = digest(source, table), digest(target, table)
        if here != there:
            raise CopyDiffers(table.name)
        yield table.name, here


def digest(connection: Connection, table: Table) -> TableDigest:
    rows = mark = 0
    for row in _rows(connection, table):
        rows += 1
        mark += int.from_bytes(hashlib.sha256(_canonical(row)).digest())
    return TableDigest(rows, f"{mark % MODULUS:064x}")


def _canonical(row: Row) -> bytes:
    return json.dumps([_plain(value) for value in row], ensure_ascii=False, sort_keys=True).encode()


def _plain(value: Any) -> Any:
    """The same for the same value, whichever driver brought it."""
    match value:
        case bytes() | bytearray() | memoryview():
            return {"bytes": bytes(value).hex()}
        case enum.Enum():
            return value.value
        case datetime():
            return {"moment": value.astimezone(UTC).isoformat()}
        case date():
            return {"day": value.isoformat()}
    return value


def _copy_pieces(source: Connection, target: Engine, table: Table) -> None:
    (key,) = table.primary_key.columns
    with target.connect() as connection:
        last = connection.scalar(select(func.max(key)))
    rows = _rows(source, table, key > last if last is not None else None)
    while piece := list(islice(rows, PIECE)):
        with target.begin() as connection:
            connection.execute(insert(table), _named(table, piece))


def _copy_whole(source: Connection, target: Engine, table: Table) -> None:
    with target.begin() as connection:
        if connection.scalar(select(func.count()).select_from(table)):
            if _is_as_in(source, connection, table):
                return
            connection.execute(delete(table))
        rows = _parents_first(source, table) if _refers_to_itself(table) else _rows(source, table)
        while piece := list(islice(rows, PIECE)):
            connection.execute(insert(table), _named(table, piece))


def _is_as_in(source: Connection, target: Connection, table: Table) -> bool:
    return digest(source, table) == digest(target, table)


def _rows(connection: Connection, table: Table, condition: Any = None) -> Iterator[Row]:
    query = select(table).order_by(*table.primary_key.columns)
    if condition is not None:
        query = query.where(condition)
    found = connection.execution_options(stream_results=True, yield_per=PIECE).execute(query)
    return (tuple(row) for row in found)


def _parents_first(source: Connection, table: Table) -> Iterator[Row]:
    """The rows of a tree in an order in which each finds the one that it refers to."""
    names = [column.name for column in table.columns]
    refers = [
        (names.index(key.parent.name), names.index(key.column.name))
        for key in table.foreign_keys
        if key.column.table is table
    ]
    waiting = list(_rows(source, table))
    there: set[Any] = set()
    while waiting:
        ready = [row for row in waiting if all(row[at] in (None, *there) for at, _key in refers)]
        if not ready:
            raise CopyDiffers(table.name)  # a circle
        taken = set(map(id, ready))
        waiting = [row for row in waiting if id(row) not in taken]
        there.update(row[key] for row in ready for _at, key in refers)
        yield from ready


def _named(table: Table, rows: Iterable[Row]) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _has_number(table: Table) -> bool:
    keys = list(table.primary_key.columns)
    return len(keys) == 1 and isinstance(keys[0].type, Integer)


def _refers_to_itself(table: Table) -> bool:
    return any(key.column.table is table for key in table.foreign_keys)


def _set_sequences(connection: Connection, tables: Sequence[Table]) -> None:
    """PostgreSQL counts on behind the rows that brought their numbers along."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        key = table.autoincrement_column
        if key is None:
            continue
        sequence = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name}
        )
        if sequence and (last := connection.scalar(select(func.max(key)))):
            connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
