"""A folder of encrypted files under names that reveal nothing.

An address is the keyed hash of the plain bytes. So equal files are stored once, and only the keys reveal whether a
known file is stored. Files are written atomically and never changed in place.
An object store needs the same methods: put, get, exists, addresses, check, reseal, discard, sweep; and for back-ups
stamp, sealed, put_sealed and held.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lib.files import sync_directory, temporary_file_beside
from lib.keyring import HEAD_LENGTH, Keyring, Tampered

_ADDRESS = re.compile(r"[0-9a-f]{64}\Z")

#: No upload takes longer: older files in tmp/ are from processes that died.
TEMPORARY_S = 3600.0


class FileMissing(Exception):
    """Nothing is stored under this address."""


class FileDamaged(Exception):
    """The stored bytes are not those that were put."""


class StoreHeld(Exception):
    """A back-up is being made, which needs the files that are there now."""


@dataclass(frozen=True)
class Blob:
    """What a row stores about a file."""

    address: str  # 64 hex digits
    size: int  # bytes, plain
    sha256: str  # hex, of the ciphertext: a check finds damage without the keys


@dataclass
class Sweep:
    """What one sweep did, or would do: addresses, except for the temporary files."""

    trashed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    temporary: int = 0


class Folder:
    """Files ``ab/cd/<address>`` below ``root``, and ``tmp/`` and ``trash/`` in the same file system.

    Every method that takes an address raises ValueError unless it is 64 hex digits: nothing else becomes a path.
    """

    def __init__(self, root: Path, keys: Keyring) -> None:
        self.root = root
        self._keys = keys
        self._tmp = root / "tmp"
        self._trash = root / "trash"
        for directory in (root, self._tmp, self._trash):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, data: bytes) -> Blob:
        """Store ``data`` durably. Known bytes only get a new date for ``sweep``. Raises OSError."""
        address = self._keys.mac("blob address", data).hex()
        with self._locked():
            sealed = self._existing(address)
        sealed = sealed or self._write(address, data)
        return Blob(address, len(data), hashlib.sha256(sealed).hexdigest())

    def get(self, address: str) -> bytes:
        """The plain bytes. Raises FileMissing or FileDamaged."""
        return self._open(address, self._read(address))

    def exists(self, address: str) -> bool:
        return self._path(address).exists() or self._trashed(address).exists()

    def addresses(self) -> Iterator[str]:
        """Every stored address, in order; without the trash."""
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if _ADDRESS.match(path.name):
                yield path.name

    def check(self, address: str, sha256: str) -> None:
        """Compare the ciphertext with the hash in the row. Raises FileMissing or FileDamaged."""
        if hashlib.sha256(self._read(address)).hexdigest() != sha256:
            raise FileDamaged(address)

    def stored(self) -> Iterator[str]:
        """Every address, those in the trash as well: they may come back."""
        yield from self.addresses()
        yield from (path.name for path in sorted(self._trash.iterdir()) if _ADDRESS.match(path.name))

    def head(self, address: str) -> bytes:
        """How the ciphertext begins; b"" when the file is gone."""
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError), open(path, "rb") as file:
                return file.read(HEAD_LENGTH)
        return b""

    def reseal(self, address: str) -> Blob | None:
        """Encrypt again with the current key; None when that is not needed. Raises FileMissing or FileDamaged."""
        with self._locked():
            self._restore_from_trash(address)
        sealed = self._read(address)
        if self._keys.is_current(sealed):
            return None
        data = self._open(address, sealed)
        sealed = self._write(address, data, replace=True)
        return Blob(address, len(data), hashlib.sha256(sealed).hexdigest())

    def sweep(self, is_referenced: Callable[[str], bool], older_than_s: float, dry_run: bool = False) -> Sweep:
        """Remove what no row refers to, in two passes at least ``older_than_s`` apart, by way of the trash.

        A put gives a file a new date before its row exists, and each file is judged and moved under the lock that a put
        takes too, so bytes that are just being used again stay. What is referred to after all comes back. Raises
        StoreHeld; then it may be half done.
        """
        done = Sweep()
        before = time.time() - older_than_s
        for path in sorted(self._trash.iterdir()):
            with self._locked():
                if _older(path, before):
                    self._delete_or_restore(path, is_referenced(path.name), done, dry_run)
        for address in self.addresses():
            with self._locked():
                if _older(self._path(address), before) and not is_referenced(address):
                    done.trashed.append(address)
                    if not dry_run:
                        self._move_to_trash(address)
        self._sweep_temporary(time.time() - min(older_than_s, TEMPORARY_S), done, dry_run)
        return done

    def discard(self, address: str, older_than_s: float) -> bool:
        """Remove a file without waiting for a sweep, unless another request has stored the same bytes since.

        While a back-up is made it stays, for a sweep.
        """
        with self._locked():
            for path in (self._path(address), self._trashed(address)):
                if path.exists() and _older(path, time.time() - older_than_s) and not self._is_held():
                    path.unlink()
                    sync_directory(path.parent)
                    return True
        return False

    def _delete_or_restore(self, path: Path, wanted: bool, done: Sweep, dry_run: bool) -> None:
        (done.restored if wanted else done.removed).append(path.name)
        if dry_run:
            return
        if wanted:
            self._restore_from_trash(path.name)
        else:
            if self._is_held():
                raise StoreHeld("正在备份，暂时不能清理文件；请等备份结束后再运行")
            path.unlink()

    # --- for back-ups -------------------------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """No file is removed meanwhile. It ends with the process, however that ends."""
        with open(self.root / "hold", "ab") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def _is_held(self) -> bool:
        with open(self.root / "hold", "ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def stamp(self, address: str) -> str:
        """A word that changes when the stored bytes may have changed; "-" when nothing is stored."""
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError):
                found = path.stat()
                return f"{found.st_size}-{found.st_mtime_ns}"
        return "-"

    def sealed(self, address: str) -> bytes:
        """The bytes as they are stored. Raises FileMissing."""
        return self._read(address)

    def put_sealed(self, address: str, sealed: bytes) -> None:
        """Store such bytes of a back-up, unless the file is there and sound. Raises FileDamaged or OSError."""
        self._open(address, sealed)
        self._write_sealed(address, sealed)

    def _move_to_trash(self, address: str) -> None:
        path, trashed = self._path(address), self._trashed(address)
        os.utime(path)  # its time in the trash starts now
        path.replace(trashed)
        sync_directory(self._trash)

    def _restore_from_trash(self, address: str) -> None:
        """Move a trashed file back, so that there is never a second ciphertext of the same bytes."""
        path, trashed = self._path(address), self._trashed(address)
        if trashed.exists() and not path.exists():
            self._make_directories(path)
            trashed.replace(path)
            sync_directory(path.parent)

    def _sweep_temporary(self, before: float, done: Sweep, dry_run: bool) -> None:
        for path in self._tmp.iterdir():
            if _older(path, before):
                done.temporary += 1
                if not dry_run:
                    path.unlink(missing_ok=True)

    def _existing(self, address: str) -> bytes | None:
        """The ciphertext of stored and undamaged bytes, with a new date; None when they must be written."""
        path = self._path(address)
        self._restore_from_trash(address)
        try:
            sealed = path.read_bytes()
            self._open(address, sealed)
            os.utime(path)
        except (FileNotFoundError, FileDamaged):
            return None
        sync_directory(path.parent)  # the process that wrote it may not have done so yet
        return sealed

    def _write(self, address: str, data: bytes, replace: bool = False) -> bytes:
        return self._write_sealed(address, self._keys.seal(data, f"blob|{address}"), replace)

    def _write_sealed(self, address: str, sealed: bytes, replace: bool = False) -> bytes:
        path = self._path(address)
        self._make_directories(path)
        with temporary_file_beside(self._tmp / address, sealed) as temporary, self._locked():
            if not replace and (
                kept := self._existing(address)
            ):  # another process was quicker: keep its ciphertext, so that its hash stays right
                return kept
            os.replace(temporary, path)
        sync_directory(path.parent)
        return sealed

    def _make_directories(self, path: Path) -> None:
        for directory in (path.parent.parent, path.parent):
            with suppress(FileExistsError):
                directory.mkdir(mode=0o700)
                sync_directory(directory.parent)

    def _read(self, address: str) -> bytes:
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError):
                return path.read_bytes()
        raise FileMissing(address)

    def _open(self, address: str, sealed: bytes) -> bytes:
        try:
            return self._keys.open(sealed, f"blob|{address}")
        except Tampered as error:
            raise FileDamaged(address) from error

    def _path(self, address: str) -> Path:
        return self.root / _checked(address)[:2] / address[2:4] / address

    def _trashed(self, address: str) -> Path:
        return self._trash / _checked(address)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Across threads and processes: each opening of the file has a lock of its own."""
        with open(self.root / "lock", "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _checked(address: str) -> str:
    if not _ADDRESS.match(address):
        raise ValueError("not an address")
    return address


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime <= before
    except FileNotFoundError:
        return False
