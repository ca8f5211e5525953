"""The statements that run for every chunk go to the driver as they are.

SQLAlchemy would look at each of their thousands of values, which takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, insert, select

from models import db

Driven = Callable[[Sequence[Any]], Any]


def finder(key: Any, *told: Any) -> Driven:
    """Finds (key, *told) of the rows that have one of these keys."""
    connection = db.session.connection()

    @cache
    def statement(count: int) -> tuple[str, Sequence[str]]:
        names = [f"k{number}" for number in range(count)]
        wanted = key.in_([bindparam(name) for name in names])
        return str(select(key, *told).where(wanted).compile(dialect=connection.dialect)), names

    def find(keys: Sequence[Any]) -> Any:
        if not keys:
            return ()
        text, names = statement(len(keys))
        positional = connection.dialect.positional
        return connection.exec_driver_sql(text, tuple(keys) if positional else dict(zip(names, keys, strict=True)))

    return find


def writer(table: Table, columns: Sequence[str]) -> Callable[[Mapping[str, Iterable[Any]]], int]:
    """Inserts rows, told by column, except numbers that are there; returns how many."""
    connection = db.session.connection()
    compiled = insert(table).inline().compile(dialect=connection.dialect, column_keys=columns)
    text, order = f"{compiled} ON CONFLICT (id_index) DO NOTHING", compiled.positiontup
    counted = {"preserve_rowcount": True}

    def write(told: Mapping[str, Iterable[Any]]) -> int:
        rows: Any = list(zip(*(told[name] for name in order or columns), strict=False))
        if not rows:
            return 0
        sent = rows if order else [dict(zip(columns, row, strict=True)) for row in rows]
        return connection.exec_driver_sql(text, sent, execution_options=counted).rowcount

    return write
