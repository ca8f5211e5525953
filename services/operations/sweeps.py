"""The sweep of stored files that no row names: by hand, or once a day by ``flask tick``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from lib.database import utcnow
from lib.files import Note
from lib.sandbox.background import BackgroundProcesses
from lib.storage import Store, Sweep
from services.operations import daily, heartbeats
from services.papers import papers

SWEPT = "sweep"  # the heartbeat
LOCK = b"kuaiji sweep"
STARTED = "sweep-started"  # in DATA: when this machine began the last one by itself
UNNAMED_S = 24 * 3600
_LATE = timedelta(hours=50)
_sweepers = BackgroundProcesses(1)


def sweep(store: Store, *, dry_run: bool = False) -> Sweep:
    """Move what no row has named for a day into the trash, and delete what has been there as long."""
    named = papers.referenced()
    return store.sweep(named.__contains__, UNNAMED_S, dry_run)


def start(root: Path, config: Mapping[str, Any]) -> int:
    """For ``flask tick``: start ``flask storage sweep`` when its hour has come; the first time a day later."""
    hour, last = config["SWEEP_HOUR"], heartbeats.last(SWEPT)
    if last is None:
        heartbeats.beat(SWEPT)
    if hour is None or last is None or not config["STARTS_DRAWERS"] or not daily.is_due(hour, last, utcnow()):
        return 0
    return daily.start(_sweepers, root, Note(config["DATA"] / STARTED), "storage", "sweep")


def is_late(config: Mapping[str, Any]) -> bool:
    """One was done once, and none for two days."""
    last = heartbeats.last(SWEPT)
    return config["SWEEP_HOUR"] is not None and last is not None and last < utcnow() - _LATE
