"""Atomic and durable writing of files, and what keeps it from working."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path


class StorageFailure(StrEnum):
    """Why a disk or a database does not do what it should. The value is what logs say."""

    LOCKED = "locked"
    FULL = "full"
    READ_ONLY = "read-only"
    DISK_ERROR = "disk error"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"


_FAILURES = {
    errno.ENOSPC: StorageFailure.FULL,
    errno.EDQUOT: StorageFailure.FULL,
    errno.EFBIG: StorageFailure.FULL,
    errno.EROFS: StorageFailure.READ_ONLY,
    errno.EACCES: StorageFailure.READ_ONLY,
    errno.EPERM: StorageFailure.READ_ONLY,
    errno.EIO: StorageFailure.DISK_ERROR,
    errno.EOPNOTSUPP: StorageFailure.DISK_ERROR,
    errno.EHOSTDOWN: StorageFailure.UNREACHABLE,  # an object store (lib/storage/s3.py)
}


def failure_of(error: OSError) -> StorageFailure | None:
    """What a file system's error says about it; None: the error is about something else."""
    return _FAILURES.get(error.errno or 0)


def refuse_unwritable(folder: Path, room: int) -> None:
    """Raise the OSError that writing ``room`` bytes into a folder would most likely end in. Writes nothing."""
    there = os.statvfs(folder)
    found = 0
    if there.f_bavail * there.f_frsize < room or (there.f_files and not there.f_favail):
        found = errno.ENOSPC
    if there.f_flag & os.ST_RDONLY:
        found = errno.EROFS
    elif not os.access(folder, os.W_OK):
        found = errno.EACCES
    if found:
        raise OSError(found, os.strerror(found), str(folder))


class Note:
    """A file by which all processes of an installation remember that something was met once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str) -> bool:
        """Remember it. False: it is remembered already, or the disk takes nothing."""
        try:
            with open(self.path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(f"{text}\n")
        except OSError:
            return False
        return True

    def read(self) -> str | None:
        with suppress(FileNotFoundError):
            return self.path.read_text().strip()
        return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


@contextmanager
def temporary_file_beside(path: Path, content: bytes) -> Iterator[str]:
    """Yield the name of a temporary file next to ``path`` (mode 0600, synced); the caller moves it into place.

    Afterwards the directory is synced and the temporary name is removed.
    """
    with temporary_file(path, content) as temporary:
        yield temporary
    sync_directory(path.parent)


@contextmanager
def temporary_file(path: Path, content: bytes) -> Iterator[str]:
    """The same for a file whose place is in another directory, which the caller syncs."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # O_EXCL, 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file or folder that exists; wait for the thread or process that holds it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
