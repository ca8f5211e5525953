"""Bringing a back-up back: the files first, then the database in one step, so that a killed restore is begun again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select

from lib.backup.archive import Archive, BackupSummary
from lib.backup.encryption import BackupError
from lib.database import copies, failure_of, transaction_mode, utcnow
from lib.files import StorageFailure, sync_directory, temporary_file_beside
from lib.keyring import Keyring
from lib.storage import FileDamaged, Store
from models import Account, Event, LegacyHolder, Staff, db
from services.operations.backups import PLAIN, Step, keys_of, nobody, open_copy, refuse_foreign, scratch, unpack

Migrate = Callable[[Connection, str], None]  # makes the tables of a migration


@dataclass(frozen=True)
class Target:
    """Where a back-up goes to. ``revisions``: the migrations that the program knows."""

    keys_file: Path
    scratch: Path
    revisions: frozenset[str]
    migrate: Migrate


def refuse(archive: Archive, summary: BackupSummary, target: Target, replace: bool) -> None:
    """Raises BackupError unless this back-up fits this installation. Changes nothing."""
    if summary.engine != (engine := db.engine.dialect.name):
        raise BackupError(f"备份 {summary.name} 来自 {summary.engine}，本机用的是 {engine}；请改 KUAIJI_DATABASE_URL")
    if summary.revision not in target.revisions:
        raise BackupError(
            f"备份 {summary.name} 是更新版本的程序做的（数据库版本 {summary.revision}）；请先升级程序，再恢复"
        )
    archive.refuse_damaged_parts(summary)
    if not replace and is_in_use():
        raise BackupError("数据库里已有数据，没有恢复；确定要用备份代替它时，加上 --replace")


def is_in_use() -> bool:
    """Has anybody an account, or was anything done here, or is it damaged? One that was only set up may be replaced."""
    with transaction_mode("DEFERRED"):
        try:
            there = set(inspect(db.session.connection()).get_table_names())
            return any(
                table.__tablename__ in there and db.session.scalar(select(table.id).limit(1)) is not None
                for table in (Staff, Account, LegacyHolder, Event)
            )
        except Exception as error:  # of SQLAlchemy, or of the driver when it connects
            if failure_of(error) != StorageFailure.DAMAGED:
                raise
            return True
        finally:
            db.session.rollback()


def take_keys(archive: Archive, summary: BackupSummary, target: Target, here: Keyring, identity: Any) -> Keyring:
    """The keys that open this back-up: those of this machine, or those in it, which are put into their place.

    Raises BackupError. What the keys file was before is kept next to it.
    """
    if summary.is_of(here):
        return here
    if (content := keys_of(archive, summary, identity)) is None:
        refuse_foreign(summary, here)
    os.makedirs(target.scratch, mode=0o700, exist_ok=True)
    with temporary_file_beside(target.scratch / "keys", content or b"") as temporary:
        ring = Keyring.load(Path(temporary))
    refuse_foreign(summary, ring)
    os.link(target.keys_file, _aside(target.keys_file))
    with temporary_file_beside(target.keys_file, content or b"") as temporary:
        os.replace(temporary, target.keys_file)
    return ring


def restore_files(
    archive: Archive, summary: BackupSummary, store: Store, identity: Any, step: Step = nobody
) -> list[tuple[str, str]]:
    """Bring back the stored files that are not there: (address, what is wrong) of those that cannot be."""
    bad = []
    for copy in archive.files(summary.name):
        try:
            if not _has(store, copy.address):
                store.put_sealed(copy.address, open_copy(archive, copy, identity))
        except (BackupError, FileDamaged) as error:
            bad.append((copy.address, str(error)))
        step(1)
    return bad


def _has(store: Store, address: str) -> bool:
    try:
        return store.exists(address) and bool(store.get(address))
    except FileDamaged:
        return False


def restore_database(archive: Archive, summary: BackupSummary, target: Target, identity: Any) -> Path | None:
    """Put the database into its place; returns where the one before is, if it was kept. Raises BackupError."""
    with scratch(target.scratch) as room:
        plain = room / PLAIN
        unpack(archive, summary, identity, plain)
        db.session.remove()
        if summary.engine == copies.SQLITE:
            return _replace_sqlite(plain)
        with db.engine.begin() as connection, plain.open("rb") as source:
            copies.drop_everything(connection)
            target.migrate(connection, summary.revision)
            copies.load_postgresql(connection, source)
    return None


def _replace_sqlite(plain: Path) -> Path | None:
    """The journal goes first: a new database must never meet the journal of an old one."""
    database = Path(db.engine.url.database or "")
    kept = is_in_use()
    db.session.remove()
    db.engine.dispose()
    aside = _aside(database)
    for end in ("-wal", "-shm", ""):
        old = database.with_name(database.name + end)
        if old.exists():
            old.replace(aside.with_name(aside.name + end)) if kept else old.unlink()
    os.replace(plain, database)
    sync_directory(database.parent)
    return aside if kept else None


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.before-restore-{utcnow():%Y%m%dT%H%M%S%f}")
