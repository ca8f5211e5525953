"""The folder that back-ups are made into.

::

    kuaiji-backup                     says what the folder is
    files/ab/cd/<hash>.age            stored files, by the hash of their stored bytes; shared by all back-ups
    <time>/database.age  files.gz  [keys.age]  backup.json
    .unfinished-<time>/               one on its way; tmp/ has single files on their way

``backup.json`` has the checksums of the other parts, and ``files.gz`` those of the files. It is written last, and then
the folder gets its name: half a back-up has none. A keyed hash says which installation made it.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from lib.backup.encryption import BackupError
from lib.crypto import Keyring
from lib.database import utcnow
from lib.files import sync_directory, temporary_file_beside

MARKER, FORMAT = "kuaiji-backup", 1
DATABASE, FILES, KEYS, SUMMARY = "database.age", "files.gz", "keys.age", "backup.json"
UNFINISHED = ".unfinished-"
_NAME = re.compile(r"[0-9]{8}T[0-9]{9}Z\Z")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class FileMark:
    """A file of the folder: how many bytes it has, and their SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class StoredCopy:
    """A line of ``files.gz``: a stored file, what it was like, and the encrypted copy of it."""

    address: str
    stored: str  # SHA-256 of the bytes in the store
    stamp: str  # as long as the store says this, they are the same
    mark: FileMark

    @property
    def line(self) -> str:
        return f"{self.address} {self.stored} {self.stamp} {self.mark.size} {self.mark.sha256}\n"

    @classmethod
    def parse(cls, line: str) -> StoredCopy:
        address, stored, stamp, size, sha256 = line.split()
        return cls(address, stored, stamp, FileMark(int(size), sha256))


@dataclass(frozen=True)
class BackupSummary:
    """What ``backup.json`` says."""

    name: str
    engine: str
    revision: str  # of the database: its migration
    recipients: tuple[str, ...]
    parts: dict[str, FileMark] = field(default_factory=dict)
    files: int = 0
    file_bytes: int = 0  # encrypted
    missing: tuple[str, ...] = ()  # addresses that rows name and the store had not
    format: int = FORMAT
    mac: str = ""

    @property
    def size(self) -> int:
        return self.file_bytes + sum(part.size for part in self.parts.values())

    def signed(self, keys: Keyring) -> BackupSummary:
        return replace(self, mac=self._mac(keys))

    def is_of(self, keys: Keyring) -> bool:
        return hmac.compare_digest(self.mac, self._mac(keys))

    def _mac(self, keys: Keyring) -> str:
        plain = json.dumps(asdict(replace(self, mac="")), sort_keys=True)
        return keys.mac("backup", plain.encode()).hex()

    @classmethod
    def parse(cls, content: bytes) -> BackupSummary:
        told = json.loads(content)
        parts = {name: FileMark(**mark) for name, mark in told.pop("parts").items()}
        recipients, missing = tuple(told.pop("recipients")), tuple(told.pop("missing"))
        return cls(recipients=recipients, parts=parts, missing=missing, **told)


class Archive:
    """One such folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not (root / MARKER).is_file():
            raise BackupError(f"{root} 不是备份目录；请核对路径，或用 flask backup create {root} 做第一份备份")

    @classmethod
    def prepared(cls, root: Path) -> Archive:
        """For writing. The folder is made if it is missing or empty. Raises BackupError or OSError."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (root / MARKER).exists():
            if any(root.iterdir()):
                raise BackupError(f"{root} 里已有别的文件；请给备份一个空目录")
            (root / MARKER).write_text(f"{FORMAT}\n")
        for name in ("files", "tmp"):
            (root / name).mkdir(mode=0o700, exist_ok=True)
        return cls(root)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One process at a time, while nobody reads. Raises BackupError. What a killed one was making is removed."""
        with self._locked(fcntl.LOCK_EX):
            for left in (*self.root.glob(f"{UNFINISHED}*"), *(self.root / "tmp").iterdir()):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While nobody writes. Raises BackupError."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with open(self.root / MARKER, "rb") as file:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BackupError(f"另一个备份命令正在使用 {self.root}；请等它结束") from error
            yield

    def names(self) -> list[str]:
        """Of the finished back-ups, the oldest first."""
        return sorted(path.name for path in self.root.iterdir() if _NAME.match(path.name))

    def unfinished(self) -> int:
        return sum(1 for _path in self.root.glob(f"{UNFINISHED}*"))

    def chosen(self, name: str | None) -> BackupSummary:
        """The one of this name, or the newest. Raises BackupError."""
        names = self.names()
        if not names:
            raise BackupError(f"{self.root} 里没有完整的备份" + ("，只有一份没有做完的" if self.unfinished() else ""))
        if name is not None and name not in names:
            raise BackupError(f"{self.root} 里没有完整的备份 {name}；用 flask backup list 查看")
        return self.summary(name or names[-1])

    def summary(self, name: str) -> BackupSummary:
        try:
            found = BackupSummary.parse((self.root / name / SUMMARY).read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(f"备份 {name} 不完整：{SUMMARY} 缺少或损坏；请换一份备份") from error
        if found.format != FORMAT or found.name != name:
            raise BackupError(f"备份 {name} 的格式是 {found.format}，本程序只认识 {FORMAT}；请用做它的版本")
        return found

    # --- making one ---------------------------------------------------------------------------------------------------

    def begin(self) -> Path:
        """The folder of a new one, without its name yet."""
        folder = self.root / f"{UNFINISHED}{f'{utcnow():%Y%m%dT%H%M%S%f}'[:-3]}Z"
        folder.mkdir(mode=0o700)
        return folder

    def add_file(self, stored: str, encrypted: Callable[[], bytes]) -> FileMark:
        """The copy of the stored bytes of this hash, made unless an unfinished back-up has left it."""
        path = self.path_of(stored)
        if path.exists():
            with path.open("rb") as file:
                return mark_of(file)
        content = encrypted()
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        with temporary_file_beside(self.root / "tmp" / stored, content) as temporary:
            os.replace(temporary, path)
        sync_directory(path.parent)
        return FileMark(len(content), hashlib.sha256(content).hexdigest())

    def finish(self, folder: Path, summary: BackupSummary) -> None:
        """Give it its name, now that everything else is on the disk."""
        content = json.dumps(asdict(summary), indent=1, ensure_ascii=False).encode()
        with temporary_file_beside(folder / SUMMARY, content) as temporary:
            os.replace(temporary, folder / SUMMARY)
        sync_directory(folder)
        os.rename(folder, self.root / summary.name)
        sync_directory(self.root)

    # --- reading one --------------------------------------------------------------------------------------------------

    def path_of(self, stored: str) -> Path:
        return self.root / "files" / stored[:2] / stored[2:4] / f"{stored}.age"

    def has(self, copy: StoredCopy) -> bool:
        """Is there a copy, and of the right length?"""
        path = self.path_of(copy.stored)
        return path.exists() and path.stat().st_size == copy.mark.size

    def files(self, name: str) -> Iterator[StoredCopy]:
        """In the order of their addresses."""
        with gzip.open(self.root / name / FILES, "rt", encoding="ascii") as lines:
            yield from map(StoredCopy.parse, lines)

    def known_files(self) -> Iterator[StoredCopy]:
        """Of the newest back-up whose list is sound."""
        for name in reversed(self.names()):
            try:
                self._refuse_damaged(self.summary(name), FILES)
            except BackupError:
                continue
            return self.files(name)
        return iter(())

    def refuse_damaged_parts(self, summary: BackupSummary) -> None:
        """Raises BackupError unless every part is as it was written."""
        for part in summary.parts:
            self._refuse_damaged(summary, part)

    def _refuse_damaged(self, summary: BackupSummary, part: str) -> None:
        if problem := difference(self.root / summary.name / part, summary.parts[part]):
            raise BackupError(f"备份 {summary.name} 不完整：{part} {problem}；请换一份备份")

    def damaged_files(self, summary: BackupSummary, step: Callable[[int], None]) -> Iterator[tuple[str, str]]:
        """(address, what is wrong) of each file whose copy is not as it was written."""
        for copy in self.files(summary.name):
            if problem := difference(self.path_of(copy.stored), copy.mark):
                yield copy.address, problem
            step(1)

    # --- removing old ones --------------------------------------------------------------------------------------------

    def prune(self, keep: int) -> tuple[int, int]:
        """Remove all but the newest, then the files that none of them names: how many of each. Raises BackupError."""
        names = self.names()
        old, kept = names[:-keep], names[-keep:]
        for name in kept:
            self._refuse_damaged(self.summary(name), FILES)  # what it names would not be known
        for name in old:
            gone = self.root / f"{UNFINISHED}{name}"
            os.rename(self.root / name, gone)  # half of it would not be one
            shutil.rmtree(gone)
        named = {copy.stored for name in kept for copy in self.files(name)}
        loose = [path for path in self.root.glob("files/*/*/*") if path.stem not in named]
        for path in loose:
            path.unlink()
        return len(old), len(loose)


def written(path: Path, write: Callable[[BinaryIO], Any]) -> FileMark:
    """Write a new file by a function, durably."""
    with open(path, "xb+", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        return mark_of(file)


def write_lines(copies: Iterable[StoredCopy]) -> Callable[[BinaryIO], None]:
    def write(out: BinaryIO) -> None:
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as lines:
            for copy in copies:
                lines.write(copy.line.encode("ascii"))

    return write


def mark_of(file: BinaryIO) -> FileMark:
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return FileMark(size, digest.hexdigest())


def difference(path: Path, mark: FileMark) -> str:
    """What is wrong with a file that should be so, or nothing."""
    try:
        with path.open("rb") as file:
            return "" if mark_of(file) == mark else "已损坏"
    except FileNotFoundError:
        return "缺少"
    except OSError as error:
        return f"读不出来（{error.strerror}）"
