"""Calendar arithmetic inside queries, the same on SQLite and PostgreSQL. Stored times are UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class month_of(FunctionElement[str]):  # noqa: N801 - reads like a function of SQL
    """The month of a moment in Shanghai, ``2026-11``. The time there has been UTC+8 all year since 1992."""

    type = String(7)
    inherit_cache = True


class hours_between(FunctionElement[int]):  # noqa: N801
    """Whole hours from the first moment to the second."""

    type = Integer()
    inherit_cache = True


def _arguments(element: Any, compiler: Any, options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(month_of, "sqlite")
def _month_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, options)
    return f"strftime('%Y-%m', {moment}, '+8 hours')"


@compiles(month_of, "postgresql")
def _month_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (moment,) = _arguments(element, compiler, options)
    return f"to_char({moment} + interval '8 hours', 'YYYY-MM')"


@compiles(hours_between, "sqlite")
def _hours_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    begin, end = _arguments(element, compiler, options)
    # unixepoch() is exact, where a difference of Julian days loses the last second of an hour
    return f"((unixepoch({end}) - unixepoch({begin})) / 3600)"


@compiles(hours_between, "postgresql")
def _hours_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    begin, end = _arguments(element, compiler, options)
    seconds = f"floor(extract(epoch FROM {end})) - floor(extract(epoch FROM {begin}))"
    return f"CAST(floor(({seconds}) / 3600) AS integer)"
