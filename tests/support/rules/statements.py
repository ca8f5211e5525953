"""Counting the statements of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from sqlalchemy import event

from lib.database import prebuilt
from models import db


def numbered(asked: list[str]) -> str:
    """What to read when there are too many."""
    return "\n".join(["", *(f"{number:2} {' '.join(sql.split())[:400]}" for number, sql in enumerate(asked, 1))])


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL of every statement that runs inside, in order; beginning and ending a transaction do not count.

    Needs the application's context when it is entered.
    """
    asked: list[str] = []

    def remember(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            asked.append(statement)

    def remembered(connection, sql, *rest):
        asked.append(sql)
        return plain(connection, sql, *rest)

    plain = prebuilt.fetched
    event.listen(db.engine, "before_cursor_execute", remember)
    try:
        # prebuilt statements are not announced by the engine
        with mock.patch.object(prebuilt, "fetched", remembered):
            yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", remember)
