"""What fails beneath the product, made for real as far as that needs no rights: full disks, locks, damage."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite_driver
import pytest
from sqlalchemy import Engine, event

from lib.database.turns import WriteTurns
from models import db

PAGE = 4096  # bytes of a page of SQLite


def change_last_byte(path: Path) -> None:
    """The file keeps its length and never comes out as it was."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@contextmanager
def disk_full(process: int = 0, limit: int = 0) -> Iterator[None]:
    """The kernel refuses to let this process (0: our own) write beyond ``limit`` bytes of any file, as a full disk."""
    soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (allowed, hard))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(engine: Engine) -> Iterator[None]:
    """SQLite refuses to write, and no file can be made: as on a file system that was mounted read-only."""

    def refuse(**_options: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def query_only(connection: Any, *_rest: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    with pytest.MonkeyPatch.context() as patch, connecting(engine, query_only):
        patch.setattr(tempfile, "mkstemp", refuse)
        yield


@contextmanager
def locked(engine: Engine, database: Path) -> Iterator[None]:
    """Another process holds the write lock. The product's patience is cut short: tests count how often it waits."""

    def impatient(connection: Any, *_rest: Any) -> None:
        connection.execute("PRAGMA busy_timeout=1")

    with pytest.MonkeyPatch.context() as patch, held_lock(database), connecting(engine, impatient):
        patch.setattr(WriteTurns, "wait_s", 0.001)
        yield


@contextmanager
def held_lock(database: Path) -> Iterator[None]:
    other = sqlite_driver.connect(str(database), isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA busy_timeout=60000")
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def connecting(engine: Engine, then: Any) -> Iterator[None]:
    """Every connection is made anew, and ``then`` is done with it; afterwards as before."""
    event.listen(engine, "connect", then)
    _close_all(engine)
    try:
        yield
    finally:
        event.remove(engine, "connect", then)
        _close_all(engine)


def _close_all(engine: Engine) -> None:
    """A connection that is in use would outlive its pool, and nobody would close it."""
    db.session.rollback()
    engine.dispose()


def damage(database: Path, first: int, pages: int) -> None:
    """Overwrite some pages of a database that nobody has open."""
    with database.open("r+b") as file:
        file.seek(first * PAGE)
        file.write(os.urandom(pages * PAGE))
