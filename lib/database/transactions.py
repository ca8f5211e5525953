"""How the next transaction begins, and what a request reads with before it needs one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy.exc import DBAPIError

#: A mode for writes that are not worth waiting for: IMMEDIATE, or an error if the database is locked.
WITHOUT_WAITING = "WITHOUT WAITING"

#: How the next SQLite transaction begins. IMMEDIATE locks at once, so that read-then-write loses no update.
begin_mode: ContextVar[str] = ContextVar("begin_mode", default="IMMEDIATE")

#: The lib.database.reader.Reader of this request, if any.
request_reader: ContextVar[Any] = ContextVar("request_reader", default=None)


@contextmanager
def transaction_mode(mode: str) -> Iterator[None]:
    """Transactions that start inside begin as ``DEFERRED`` (reads), ``IMMEDIATE`` (writes) or ``WITHOUT_WAITING``."""
    token = begin_mode.set(mode)
    try:
        yield
    finally:
        begin_mode.reset(token)


def has_session(scoped: Any) -> bool:
    """Whether this request has a session already. Pages that only read have none, so mostly there is none at all."""
    return bool(scoped.registry.registry) and scoped.registry.has()


def roll_back(session: Any) -> None:
    """A server that is gone has done so itself: no error, and nothing to wait for."""
    try:
        session.rollback()
    except DBAPIError:
        session.invalidate()
