"""A whole database as bytes, and back: as one transaction sees it, while others write.

SQLite is copied page by page with its online back-up. From PostgreSQL come the rows by COPY: that needs no program
besides the server, and no version that fits it, as pg_dump does. The tables themselves are made by the migrations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pysqlite3.dbapi2 as sqlite_driver
from sqlalchemy import Connection, Engine, inspect, text

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_PAGES = 4096  # between two steps: 16 MB
_END = b"\0\0\0\0"  # of a table; before each block stands its length

#: What COPY may not run into: rows come in any order. The statements are those that pg_dump ends with.
_FOREIGN_KEYS = text(
    "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname"
)
_SEQUENCES = text("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1")
_ROUTINES = text(
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype"
)


def begin_snapshot(session: Any, engine: str) -> tuple[Connection, str]:
    """The connection of a session that begins to read now and sees nothing that is written later, and its migration."""
    options = {"isolation_level": "REPEATABLE READ"} if engine == POSTGRESQL else {}
    connection: Connection = session.connection(execution_options=options)
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()  # this is the cut
    return connection, str(revision)


# --- SQLite -----------------------------------------------------------------------------------------------------------


def copy_sqlite(connection: Connection, target: Path) -> None:
    """The pages that the connection's transaction sees, into a new file."""
    with closing(sqlite_driver.connect(str(target))) as copy:
        driver: Any = connection.connection.driver_connection
        driver.backup(copy, pages=_PAGES)


def sqlite_problem(path: Path) -> str:
    """What is wrong with a file that nobody has open, or nothing."""
    try:
        with closing(sqlite_driver.connect(str(path))) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")  # no other file next to it
            found = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite_driver.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found.splitlines()[-1]


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def dump_postgresql(connection: Connection) -> Iterator[bytes]:
    """A head (JSON), then for each table the blocks of its COPY. The connection's transaction is the snapshot."""
    tables = {
        name: [column["name"] for column in inspect(connection).get_columns(name)]
        for name in sorted(inspect(connection).get_table_names())
    }
    sequences = {name: _position(connection, name) for name in connection.scalars(_SEQUENCES).all()}
    yield _framed(json.dumps({"tables": tables, "sequences": sequences}).encode())
    cursor: Any = connection.connection.cursor()
    for name, columns in tables.items():
        with cursor.copy(f"COPY {_columns(connection, name, columns)} TO STDOUT") as blocks:
            yield from (_framed(bytes(block)) for block in blocks)
        yield _END


def load_postgresql(connection: Connection, source: BinaryIO) -> None:
    """Fill the tables, which exist, from such bytes. All of it is one transaction of the caller's."""
    told = json.loads(b"".join(_blocks(source, 1)))
    keys = [tuple(row) for row in connection.execute(_FOREIGN_KEYS)]
    for table, key, _definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
    cursor: Any = connection.connection.cursor()
    for name, columns in told["tables"].items():
        connection.exec_driver_sql(f"TRUNCATE {_quoted(connection, name)}")
        with cursor.copy(f"COPY {_columns(connection, name, columns)} FROM STDIN") as rows:
            for block in _blocks(source):
                rows.write(block)
    for table, key, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {key} {definition}")
    for name, position in told["sequences"].items():
        connection.exec_driver_sql("SELECT setval(%s, %s, %s)", (_quoted(connection, name), *position))


def drop_everything(connection: Connection) -> None:
    """Of the schema that a PostgreSQL connection uses: its tables with their rows, and the functions of triggers."""
    for name in inspect(connection).get_table_names():
        connection.exec_driver_sql(f"DROP TABLE {_quoted(connection, name)} CASCADE")
    for routine in connection.scalars(_ROUTINES).all():
        connection.exec_driver_sql(f"DROP ROUTINE {routine} CASCADE")


def _position(connection: Connection, sequence: str) -> list[Any]:
    statement = f"SELECT last_value, is_called FROM {_quoted(connection, sequence)}"  # noqa: S608 - its own name
    return list(connection.exec_driver_sql(statement).one())


def _quoted(where: Connection | Engine, name: str) -> str:
    return where.dialect.identifier_preparer.quote(name)


def _columns(connection: Connection, table: str, columns: list[str]) -> str:
    return f"{_quoted(connection, table)} ({', '.join(_quoted(connection, name) for name in columns)})"


def _framed(block: bytes) -> bytes:
    return len(block).to_bytes(4, "big") + block


def _blocks(source: BinaryIO, at_most: int = 0) -> Iterator[bytes]:
    """Up to the end of a table, or so many."""
    while (head := source.read(4)) not in (_END, b""):
        yield source.read(int.from_bytes(head, "big"))
        at_most -= 1
        if at_most == 0:
            return
