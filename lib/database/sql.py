"""What SQLAlchemy lacks: calendar arithmetic inside queries, the same on both engines (stored times are UTC), and
statements with their constants in the text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Integer, SelectBase, String, UpdateBase
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import _OffsetLimitParam
from sqlalchemy.sql.visitors import iterate, replacement_traverse


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


def with_written_constants(statement: SelectBase | UpdateBase) -> Any:
    """The statement with its constants in the text: SQLite plans a statement again each time that a LIMIT is bound, or
    a value next to a column that a partial index tests. A parameter as LIMIT is one of few numbers, and declared with
    ``literal_execute``."""
    return replacement_traverse(statement, {}, _written)


def written_parameters(statement: Any) -> list[str]:
    """The names of parameters that are a part of the text."""
    found = (one for one in iterate(statement) if isinstance(one, BindParameter))
    return sorted({one.key for one in found if one.literal_execute and not one.unique})


def _written(element: Any, **_more: Any) -> Any:
    if isinstance(element, BindParameter) and (isinstance(element, _OffsetLimitParam) or _is_constant(element)):
        return element.render_literal_execute()
    return None


def _is_constant(element: BindParameter[Any]) -> bool:
    """A code, a word or a number that the statement was built with."""
    values = element.value if element.expanding else (element.value,)
    return element.unique and bool(values) and all(isinstance(value, str | int) for value in values)  # type: ignore[union-attr]
