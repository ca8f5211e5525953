"""How tables are made: names of constraints, the width of numbers, tables of which rows are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, BigInteger, Integer, event

from lib.database import append_only_statements

#: Every constraint has a name, so that migrations can find it and views can tell which one failed.
CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: Every number, so that no id is forgotten: a distributed PostgreSQL makes ids beyond 32 bits (ADR 044).
WIDE = BigInteger().with_variant(Integer(), "sqlite")


def make_append_only(*mapped: Any) -> None:
    """Make the tables of these classes refuse UPDATE and DELETE from their creation on."""
    for table in (each.__table__ for each in mapped):
        table.info["append_only"] = True
        for dialect in ("sqlite", "postgresql"):
            for statement in append_only_statements(table.name, dialect):
                ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
                event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
