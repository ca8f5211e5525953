"""Encrypted files in a folder, which the processes of one machine use, or several by a shared disk that knows flock."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lib import files
from lib.files import sync_directory, temporary_file
from lib.keyring import HEAD_LENGTH, Keyring
from lib.storage.store import ADDRESS, Blob, FileDamaged, FileMissing, Store, StoreHeld, Sweep, blob, checked

#: No upload takes longer: older files in tmp/ are from processes that died.
TEMPORARY_S = 3600.0


class Folder(Store):
    """Files ``ab/cd/<address>`` below ``root``, and ``tmp/`` and ``trash/`` in the same file system."""

    def __init__(self, root: Path, keys: Keyring) -> None:
        super().__init__(keys)
        self.root = root
        self.place = str(root)
        self._tmp = root / "tmp"
        self._trash = root / "trash"
        for directory in (root, self._tmp, self._trash):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, data: bytes) -> Blob:
        address = self._address(data)
        with self._locked():
            sealed = self._existing(address)
        sealed = sealed or self._write(address, data)
        return blob(address, data, sealed)

    def exists(self, address: str) -> bool:
        return self._path(address).exists() or self._trashed(address).exists()

    def addresses(self) -> Iterator[str]:
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if ADDRESS.match(path.name):
                yield path.name

    def stored(self) -> Iterator[str]:
        yield from self.addresses()
        yield from (path.name for path in sorted(self._trash.iterdir()) if ADDRESS.match(path.name))

    def head(self, address: str) -> bytes:
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError), open(path, "rb") as file:
                return file.read(HEAD_LENGTH)
        return b""

    def reseal(self, address: str) -> Blob | None:
        with self._locked():
            self._restore_from_trash(address)
        sealed = self.sealed(address)
        if self._keys.is_current(sealed):
            return None
        data = self._open(address, sealed)
        sealed = self._write(address, data, replace=True)
        return blob(address, data, sealed)

    def sweep(self, is_referenced: Callable[[str], bool], older_than_s: float, dry_run: bool = False) -> Sweep:
        """A put gives a file a new date before its row exists, and each file is judged and moved under the lock that a
        put takes too, so bytes that are just being used again stay."""
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
        """While a back-up is made it stays, for a sweep."""
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
        """It ends with the process, however that ends."""
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

    def stamp(self, address: str) -> str | None:
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError):
                found = path.stat()
                return f"{found.st_size}-{found.st_mtime_ns}"
        return None

    def put_sealed(self, address: str, sealed: bytes) -> None:
        self._open(address, sealed)
        self._write_sealed(address, sealed)

    def with_keys(self, keys: Keyring) -> Folder:
        return Folder(self.root, keys)

    # --- for whoever watches ------------------------------------------------------------------------------------------

    def refuse_unwritable(self, room: int) -> None:
        files.refuse_unwritable(self.root, room)

    def try_writing(self) -> None:
        with tempfile.TemporaryFile(dir=self._tmp) as probe:
            probe.write(os.urandom(4096))
            probe.flush()
            os.fsync(probe.fileno())

    def free(self) -> int | None:
        return shutil.disk_usage(self.root).free

    # --- in its place, in the trash -----------------------------------------------------------------------------------

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
            self._sync_names(path)

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
        self._sync_names(path)  # the process that wrote it may not have done so yet
        return sealed

    def _write(self, address: str, data: bytes, replace: bool = False) -> bytes:
        return self._write_sealed(address, self._seal(address, data), replace)

    def _write_sealed(self, address: str, sealed: bytes, replace: bool = False) -> bytes:
        path = self._path(address)
        self._make_directories(path)
        with temporary_file(self._tmp / address, sealed) as temporary, self._locked():
            if not replace and (
                kept := self._existing(address)
            ):  # another process was quicker: keep its ciphertext, so that its hash stays right
                return kept
            os.replace(temporary, path)
        self._sync_names(path)
        return sealed

    def _make_directories(self, path: Path) -> None:
        """The caller syncs their names with that of the file: syncing each at once would wait for the disk again."""
        if not path.parent.is_dir():
            for directory in (path.parent.parent, path.parent):
                with suppress(FileExistsError):
                    directory.mkdir(mode=0o700)

    def _sync_names(self, path: Path) -> None:
        """Those of the directories too, which another process may just have made; what is on the disk costs nothing."""
        for directory in (path.parent, path.parent.parent, self.root):
            sync_directory(directory)

    def sealed(self, address: str) -> bytes:
        for path in (self._path(address), self._trashed(address)):
            with suppress(FileNotFoundError):
                return path.read_bytes()
        raise FileMissing(address)

    def _path(self, address: str) -> Path:
        return self.root / f"{checked(address)[:2]}/{address[2:4]}/{address}"

    def _trashed(self, address: str) -> Path:
        return self._trash / checked(address)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Across threads and processes: each opening of the file has a lock of its own."""
        with open(self.root / "lock", "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime <= before
    except FileNotFoundError:
        return False
