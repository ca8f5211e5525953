"""Full, read-only, locked, damaged, unreachable: told apart by the errors that really come."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3.dbapi2 as sqlite_driver
import pytest
from psycopg import errors as postgresql
from sqlalchemy.exc import DBAPIError, OperationalError

from lib import database, files
from lib.files import Note, StorageFailure, refuse_unwritable
from tests.support.site import faults


@pytest.fixture
def sqlite(tmp_path: Path) -> Any:
    connection = sqlite_driver.connect(str(tmp_path / "a.db"), isolation_level=None, timeout=0)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE kept (content)")
    yield connection
    connection.close()


WRITE = "INSERT INTO kept VALUES (zeroblob(100000))"


def failure(connection: Any, statement: str = WRITE) -> StorageFailure | None:
    with pytest.raises(sqlite_driver.Error) as raised:
        connection.execute(statement)
    return database.failure_of(raised.value)


def test_sqlite_that_is_full_read_only_locked_or_unable_to_write(sqlite, tmp_path):
    sqlite.execute("PRAGMA max_page_count=1")
    assert failure(sqlite) == StorageFailure.FULL
    sqlite.execute("PRAGMA max_page_count=1000000")
    with faults.disk_full():
        assert failure(sqlite) == StorageFailure.DISK_ERROR  # a quota; ENOSPC alone is "full" to SQLite
    with faults.held_lock(tmp_path / "a.db"):
        assert failure(sqlite) == StorageFailure.LOCKED
    sqlite.execute("PRAGMA query_only=ON")
    assert failure(sqlite) == StorageFailure.READ_ONLY
    sqlite.execute("PRAGMA query_only=OFF")
    sqlite.execute(WRITE)
    assert failure(sqlite, "SELECT * FROM nothing") is None


@pytest.mark.parametrize(("first", "pages"), [(0, 1), (1, 20)])
def test_sqlite_that_is_damaged(sqlite, tmp_path, first, pages):
    sqlite.execute(WRITE)
    sqlite.execute("PRAGMA journal_mode=DELETE")
    faults.damage(tmp_path / "a.db", first, pages)
    again = sqlite_driver.connect(str(tmp_path / "a.db"))
    assert failure(again, "SELECT sum(length(content)) FROM kept") == StorageFailure.DAMAGED
    again.close()
    missing = tmp_path / "nowhere" / "a.db"
    with pytest.raises(sqlite_driver.Error) as raised:
        sqlite_driver.connect(str(missing))
    assert database.failure_of(raised.value) == StorageFailure.UNREACHABLE


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (postgresql.DiskFull(), StorageFailure.FULL),
        (postgresql.LockNotAvailable(), StorageFailure.LOCKED),
        (postgresql.DeadlockDetected(), StorageFailure.LOCKED),
        (postgresql.ReadOnlySqlTransaction(), StorageFailure.READ_ONLY),
        (postgresql.IoError(), StorageFailure.DISK_ERROR),
        (postgresql.DataCorrupted(), StorageFailure.DAMAGED),
        (postgresql.IndexCorrupted(), StorageFailure.DAMAGED),
        (postgresql.AdminShutdown(), StorageFailure.UNREACHABLE),
        (postgresql.CannotConnectNow(), StorageFailure.UNREACHABLE),
        (postgresql.TooManyConnections(), StorageFailure.UNREACHABLE),
        (postgresql.ConnectionFailure(), StorageFailure.UNREACHABLE),
        (psycopg.OperationalError("the connection is closed"), StorageFailure.UNREACHABLE),
        (postgresql.UndefinedTable(), None),
        (postgresql.UniqueViolation(), None),
        (postgresql.StringDataRightTruncation(), None),
        (psycopg.InterfaceError("a cursor is closed"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_postgresql_says_it_by_its_sqlstate(error, expected):
    kind = OperationalError if isinstance(error, psycopg.OperationalError) else DBAPIError
    assert database.failure_of(kind("SELECT", {}, error)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFailure.FULL),
        (errno.EDQUOT, StorageFailure.FULL),
        (errno.EFBIG, StorageFailure.FULL),
        (errno.EROFS, StorageFailure.READ_ONLY),
        (errno.EACCES, StorageFailure.READ_ONLY),
        (errno.EIO, StorageFailure.DISK_ERROR),
        (errno.ECONNRESET, None),
        (errno.ENOENT, None),
    ],
)
def test_file_systems_say_it_by_their_number(number, expected):
    assert files.failure_of(OSError(number, "")) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({4: 0}, errno.ENOSPC),  # blocks
        ({5: 1000, 7: 0}, errno.ENOSPC),  # inodes
        ({5: 0, 7: 0}, 0),  # a file system that does not count them
        ({8: os.ST_RDONLY}, errno.EROFS),
        ({}, 0),
    ],
)
def test_a_folder_that_cannot_be_written_is_known_without_writing(tmp_path, monkeypatch, changed, expected):
    found = list(os.statvfs(tmp_path))
    for position, value in changed.items():
        found[position] = value
    monkeypatch.setattr(os, "statvfs", lambda _path: os.statvfs_result(found))
    if not expected:
        refuse_unwritable(tmp_path, 1)
        return
    with pytest.raises(OSError, match=r"\[Errno") as raised:
        refuse_unwritable(tmp_path, 1)
    assert raised.value.errno == expected


def test_a_folder_without_permission_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root has every permission
    with pytest.raises(PermissionError):
        refuse_unwritable(tmp_path, 1)


def test_a_note_is_written_once_and_never_in_the_way(tmp_path):
    note = Note(tmp_path / "seen")
    assert note.read() is None
    with faults.disk_full():
        assert not note.write("never mind")
    note.remove()
    assert note.write("first")
    assert not Note(tmp_path / "seen").write("second")
    assert note.read() == "first"
    note.remove()
    note.remove()
    assert note.read() is None
