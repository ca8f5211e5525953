"""Reading across the provinces of one PostgreSQL database, each a schema. Totals and numbers only: no names.

GROUP BY and LIMIT stand inside each arm of the UNION ALL: a distributed database counts and cuts where the rows are,
and does not carry all of them to one place (docs/adr/044).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, column, func, literal, select, table, union_all

from lib.codes import Status
from lib.database import EnumCode, UTCDateTime


@dataclass(frozen=True)
class ProvinceTotal:
    province: str
    status: Status
    count: int


@dataclass(frozen=True)
class NationalSubmission:
    province: str
    number: str
    status: Status
    submitted_at: datetime


def totals(connection: Connection, schemas: Sequence[str]) -> list[ProvinceTotal]:
    """Declarations of each province by status."""
    arms = [_counted(schema) for schema in schemas]
    return (
        [ProvinceTotal(*row) for row in connection.execute(union_all(*arms).order_by("province", "status"))]
        if arms
        else []
    )


def latest(connection: Connection, schemas: Sequence[str], count: int) -> list[NationalSubmission]:
    """The latest submissions of all provinces, newest first."""
    arms = [select(_newest(schema, count).subquery()) for schema in schemas]
    if not arms:
        return []
    found = union_all(*arms).subquery()
    query = select(found).order_by(found.c.submitted_at.desc(), found.c.province, found.c.number).limit(count)
    return [NationalSubmission(*row) for row in connection.execute(query)]


def _declarations(schema: str) -> Any:
    columns: Any = column("number"), column("status", EnumCode(Status)), column("submitted_at", UTCDateTime)
    return table("declaration", *columns, schema=schema)


def _counted(schema: str) -> Select[Any]:
    rows = _declarations(schema)
    return select(literal(schema).label("province"), rows.c.status, func.count().label("count")).group_by(rows.c.status)


def _newest(schema: str, count: int) -> Select[Any]:
    rows = _declarations(schema)
    query = select(literal(schema).label("province"), rows.c.number, rows.c.status, rows.c.submitted_at)
    return (
        query.where(rows.c.submitted_at.is_not(None)).order_by(rows.c.submitted_at.desc(), rows.c.number).limit(count)
    )
