"""What became of back-ups: when the last one was made and checked, and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from lib.backup.archive import KEYS, BackupSummary
from lib.database import utcnow
from lib.files import Note
from lib.sandbox.background import BackgroundProcesses
from models import BackupRun, db
from services.operations import daily

LATE = timedelta(hours=50)  # two nights, and the time that one takes
VERIFY_EVERY = timedelta(days=7)
KEPT = timedelta(days=400)
PAGE = 30
STARTED = "backup-started"  # in DATA: when this machine began the last one by itself
_makers = BackgroundProcesses(1)


@dataclass(frozen=True)
class BackupHealth:
    """The last that succeeded, and a failure since. ``late``: there should have been one by now."""

    made: BackupRun | None
    verified: BackupRun | None
    failed: BackupRun | None
    late: bool


def record(kind: str, begun_at: datetime, summary: BackupSummary | None, problem: str = "") -> None:
    """Write down how one ended."""
    run = BackupRun(kind=kind, ok=not problem, begun_at=begun_at, ended_at=utcnow(), problem=problem[:200] or None)
    run.name = summary.name if summary else ""
    if summary:
        run.files, run.size, run.with_keys = summary.files, summary.size, KEYS in summary.parts
    db.session.add(run)


def health(is_scheduled: bool) -> BackupHealth:
    made, verified = _last("create", True), _last("verify", True)
    problems = [found for kind in ("create", "verify") if (found := _problem(kind))]
    failed = max(problems, key=lambda run: run.ended_at, default=None)
    late = is_scheduled and (made is None or made.begun_at < utcnow() - LATE)
    return BackupHealth(made, verified, failed, late)


def _problem(kind: str) -> BackupRun | None:
    """A failure that no success has followed."""
    good, bad = _last(kind, True), _last(kind, False)
    return bad if bad and (good is None or good.ended_at < bad.ended_at) else None


def _last(kind: str, ok: bool) -> BackupRun | None:
    which = select(BackupRun).where(BackupRun.kind == kind, BackupRun.ok == ok)
    return db.session.scalars(which.order_by(BackupRun.ended_at.desc()).limit(1)).first()


def latest() -> list[BackupRun]:
    return list(db.session.scalars(select(BackupRun).order_by(BackupRun.ended_at.desc()).limit(PAGE)))


def readiness(is_scheduled: bool) -> Iterator[str]:
    """Lines for a monitor. A late back-up keeps nobody from working, so they are no problem of the site's."""
    if not is_scheduled:
        return
    found, now = health(is_scheduled), utcnow()
    for what, run in (("made", found.made), ("verified", found.verified)):
        age = f"{(now - run.ended_at) // timedelta(hours=1)} hours ago" if run else "never"
        yield f"backup: {what} {age}" + (" (late)" if what == "made" and found.late else "")


def is_due(hour: int, now: datetime) -> bool:
    """Has none been made since the hour of the day came?"""
    made = _last("create", True)
    return daily.is_due(hour, made.begun_at if made else None, now)


def is_verification_due(now: datetime) -> bool:
    verified = _last("verify", True)
    return verified is None or verified.ended_at < now - VERIFY_EVERY


def delete_old() -> int:
    result: Any = db.session.execute(delete(BackupRun).where(BackupRun.ended_at < utcnow() - KEPT))
    return int(result.rowcount)


def start(root: Path, config: Mapping[str, Any]) -> int:
    """For ``flask tick``: start ``flask backup scheduled`` when one is due."""
    if not (config["BACKUP_DIR"] and config["STARTS_DRAWERS"] and is_due(config["BACKUP_HOUR"], utcnow())):
        return 0
    return daily.start(_makers, root, Note(config["DATA"] / STARTED), "backup", "scheduled")
