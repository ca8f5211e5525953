"""What a request must not do while it holds the write lock: render, decode, hash, draw, or wait for another program.

And it must not write without it: on SQLite a transaction that has begun to read cannot become a writing one, when
another request has written meanwhile it fails at once (docs/adr/024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import before_render_template, has_request_context, request
from sqlalchemy import event
from sqlalchemy.engine import Engine

from lib import crypto
from lib.database import WITHOUT_WAITING, begin_mode, prebuilt
from lib.sandbox import client as sandbox
from models import db
from services.papers import virus_scan
from services.sheet import content as sheet_content

SLOW = (
    (crypto, "hash_password"),
    (crypto, "check_password"),
    (crypto, "dummy_check"),
    (sandbox, "run"),
    (virus_scan, "check"),
    (sheet_content, "draw"),
)


#: How a transaction begins that holds the lock.
LOCKING = ("IMMEDIATE", WITHOUT_WAITING)


class LockHeld(AssertionError):
    """A request does something slow while all others wait for it."""


class LockMissing(AssertionError):
    """A request writes outside of ``writing()``."""


def refuse_while_held(what: str) -> None:
    if has_request_context() and begin_mode.get() in LOCKING and db.session().in_transaction():
        raise LockHeld(f"{request.method} {request.endpoint}: {what} while the write lock is held")


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        refuse_while_held(function.__name__)
        return function(*args, **options)

    return run


def _renders(_app: Any, template: Any, **_more: Any) -> None:
    refuse_while_held(f"renders {template.name}")


def _prebuilt(connection: Any, sql: str, *rest: Any) -> Any:
    """Prebuilt statements are not announced by the engine."""
    _sends(connection, None, sql)
    return _FETCHED(connection, sql, *rest)


_FETCHED = prebuilt.fetched


def _sends(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    writes = statement.startswith(("INSERT", "UPDATE", "DELETE"))
    if writes and has_request_context() and begin_mode.get() not in LOCKING:
        raise LockMissing(f"{request.method} {request.endpoint}: {statement.splitlines()[0]}")


@contextmanager
def watched() -> Iterator[None]:
    """Every request of this process is watched."""
    with pytest.MonkeyPatch.context() as patch, before_render_template.connected_to(_renders):
        for module, name in SLOW:
            patch.setattr(module, name, _guarded(getattr(module, name)))
        patch.setattr(prebuilt, "fetched", _prebuilt)
        event.listen(Engine, "before_cursor_execute", _sends)
        yield
        event.remove(Engine, "before_cursor_execute", _sends)
