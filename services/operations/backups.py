"""Making a back-up of a running installation, and checking one.

The cut is one transaction that reads: the database as it sees it, and the files that its rows name. A file is always
written before its row, and none is removed while the store is held; so every row of the cut finds its file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from lib.backup import encryption
from lib.backup.archive import DATABASE, FILES, KEYS, Archive, BackupSummary, FileMark, StoredCopy, write_lines, written
from lib.backup.encryption import BackupError
from lib.database import copies, failure_of
from lib.files import locked
from lib.keyring import Keyring, Tampered
from lib.storage import FileMissing, Store
from models import db
from services.papers import papers

Step = Callable[[int], None]
Watch = Callable[[int], AbstractContextManager[Step]]  # for so many files
CUTS = 3  # a file that was just removed with its row is no longer named by the next cut
PLAIN = "database"  # a plain copy, in the scratch folder
_BLOCK = 1 << 20


@dataclass(frozen=True)
class BackupSource:
    """What is backed up: the store and its keys; ``keys_file`` only when it is asked for. ``scratch``: for copies."""

    store: Store
    keys: Keyring
    scratch: Path
    keys_file: Path | None = None


def nobody(_count: int) -> None:
    """For those who do not watch."""


def unwatched(_length: int) -> AbstractContextManager[Step]:
    return nullcontext(nobody)


def create(
    archive: Archive, source: BackupSource, recipients: Sequence[str], watch: Watch = unwatched
) -> BackupSummary:
    """Make one; the caller holds the archive's lock and the store, and ends the reading transaction."""
    if not recipients:
        raise BackupError("没有备份的公钥；请先运行 flask backup key，再设置 KUAIJI_BACKUP_RECIPIENTS")
    known, folder = archive.known_files(), archive.begin()
    summary, named = _cut(folder, source, recipients)
    with watch(len(named)) as step:
        files = _Files(archive, source.store, recipients, known, step)
        parts = {**summary.parts, FILES: written(folder / FILES, write_lines(files.copied(sorted(named))))}
    if source.keys_file:
        content = encryption.encrypt(source.keys_file.read_bytes(), recipients)
        parts[KEYS] = written(folder / KEYS, lambda out: out.write(content))
    summary = replace(summary, parts=parts, files=files.count, file_bytes=files.size, missing=tuple(files.missing))
    archive.finish(folder, summary := summary.signed(source.keys))
    return summary


def _cut(folder: Path, source: BackupSource, recipients: Sequence[str]) -> tuple[BackupSummary, set[str]]:
    """The database at one moment, encrypted, and the files that it names."""
    with scratch(source.scratch) as room:
        for _time in range(CUTS):
            connection, revision = _begun(engine := db.engine.dialect.name)
            plain = _plain(connection, room, engine)
            named = papers.referenced()
            db.session.rollback()
            if all(source.store.exists(address) for address in named):
                break
        mark = written(folder / DATABASE, lambda out: encryption.encrypt_stream(_read(plain), out, recipients))
    name = folder.name.removeprefix(".unfinished-")
    return BackupSummary(name, engine, revision, tuple(recipients), {DATABASE: mark}), named


def _begun(engine: str) -> tuple[Connection, str]:
    """A reading that goes on would show the database as it was when it began, and at a lower isolation."""
    db.session.rollback()
    try:
        return copies.begin_snapshot(db.session, engine)
    except SQLAlchemyError as error:
        if failure_of(error):
            raise
        raise BackupError("数据库还没有初始化；请先运行 flask init") from error


def _plain(connection: Connection, room: Path, engine: str) -> Path:
    """A copy of the database on this machine's disk. Raises BackupError when it is damaged."""
    plain = room / PLAIN
    plain.unlink(missing_ok=True)
    plain.touch(mode=0o600)
    if engine == copies.SQLITE:
        copies.copy_sqlite(connection, plain)
        if problem := copies.sqlite_problem(plain):
            raise BackupError(f"数据库已损坏，没有做备份：{problem}；请用以前的备份恢复")
    else:
        with open(plain, "wb") as out:
            out.writelines(copies.dump_postgresql(connection))
    return plain


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder for plain copies, empty before and after; what a killed process left is removed, too."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder):
        _clear(folder)
        try:
            yield folder
        finally:
            _clear(folder)


def _clear(folder: Path) -> None:
    for left in folder.glob(f"{PLAIN}*"):
        left.unlink()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


class _Files:
    """The stored files of a cut, copied unless the back-up before has them already."""

    def __init__(
        self, archive: Archive, store: Store, recipients: Sequence[str], known: Iterator[StoredCopy], step: Step
    ) -> None:
        self._archive, self._store, self._recipients = archive, store, recipients
        self._known, self._step = known, step
        self._next = next(known, None)
        self.count = self.size = 0
        self.missing: list[str] = []

    def copied(self, addresses: Sequence[str]) -> Iterator[StoredCopy]:
        for address in addresses:
            if copy := self._copy(address):
                self.count += 1
                self.size += copy.mark.size
                yield copy
            else:
                self.missing.append(address)
            self._step(1)

    def _copy(self, address: str) -> StoredCopy | None:
        known, stamp = self._known_as(address), self._store.stamp(address)
        if known and known.stamp == stamp and self._archive.has(known):
            return known
        try:
            sealed = self._store.sealed(address)
        except FileMissing:
            return None
        stored = hashlib.sha256(sealed).hexdigest()
        mark = self._archive.add_file(stored, lambda: encryption.encrypt(sealed, self._recipients))
        return StoredCopy(address, stored, stamp or "", mark)

    def _known_as(self, address: str) -> StoredCopy | None:
        """Both lists are in order."""
        while self._next and self._next.address < address:
            self._next = next(self._known, None)
        return self._next if self._next and self._next.address == address else None


# --- checking ---------------------------------------------------------------------------------------------------------


def verify(archive: Archive, summary: BackupSummary, keys: Keyring, step: Step = nobody) -> list[tuple[str, str]]:
    """Compare everything with its checksums, without the private key: (address, what is wrong) of the files.

    Raises BackupError when the back-up cannot be used.
    """
    refuse_foreign(summary, keys)
    archive.refuse_damaged_parts(summary)
    return list(archive.damaged_files(summary, step))


def verify_deeply(
    archive: Archive, summary: BackupSummary, keys: Keyring, identity: Any, room: Path, step: Step = nobody
) -> list[tuple[str, str]]:
    """Decrypt everything, too, as a restore would."""
    refuse_foreign(summary, keys)
    archive.refuse_damaged_parts(summary)
    with scratch(room) as folder:
        unpack(archive, summary, identity, folder / PLAIN)
    bad = []
    for copy in archive.files(summary.name):
        try:
            keys.open(open_copy(archive, copy, identity), f"blob|{copy.address}")
        except (BackupError, Tampered) as error:
            bad.append((copy.address, str(error)))
        step(1)
    return bad


def refuse_foreign(summary: BackupSummary, keys: Keyring) -> None:
    if not summary.is_of(keys):
        raise BackupError(
            f"备份 {summary.name} 不是用本机的密钥文件做的，或者被改动过；请换成当时的密钥文件（KUAIJI_KEYS_FILE）"
        )


def made_at(summary: BackupSummary) -> datetime:
    return datetime.strptime(f"{summary.name}+0000", "%Y%m%dT%H%M%S%fZ%z")


def unpack(archive: Archive, summary: BackupSummary, identity: Any, target: Path) -> FileMark:
    """The database in plain, into a new file. Raises BackupError."""
    with (archive.root / summary.name / DATABASE).open("rb") as source:
        return written(target, lambda out: encryption.decrypt_stream(source, out, identity))


def open_copy(archive: Archive, copy: StoredCopy, identity: Any) -> bytes:
    """The bytes that were stored. Raises BackupError."""
    try:
        content = archive.path_of(copy.stored).read_bytes()
    except FileNotFoundError as error:
        raise BackupError("缺少") from error
    sealed = encryption.decrypt(content, identity)
    if hashlib.sha256(sealed).hexdigest() != copy.stored:
        raise BackupError("已损坏")
    return sealed


def keys_of(archive: Archive, summary: BackupSummary, identity: Any) -> bytes | None:
    """The keys file of a back-up that has it."""
    if KEYS not in summary.parts:
        return None
    return encryption.decrypt((archive.root / summary.name / KEYS).read_bytes(), identity)
