"""Commands that ``flask tick`` starts once a day, each in a process of its own, since they take longer than a tick."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from lib.clock import local
from lib.database import utcnow
from lib.files import Note
from lib.sandbox.background import BackgroundProcesses

RETRY_AFTER = timedelta(hours=1)


def is_due(hour: int, last: datetime | None, now: datetime) -> bool:
    """Has the hour of the day come since the last one?"""
    day = local(now)
    moment = day.replace(hour=hour, minute=0, second=0, microsecond=0)
    moment -= timedelta(days=moment > day)
    return last is None or last < moment


def start(processes: BackgroundProcesses, root: Path, begun: Note, *arguments: str) -> int:
    """``begun``: when this machine started the last one. It may have failed: then it is started again after an hour."""
    if (before := begun.read()) and datetime.fromisoformat(before) > utcnow() - RETRY_AFTER:
        return 0
    begun.remove()
    begun.write(utcnow().isoformat())
    command = (sys.executable, "-m", "flask", *arguments)
    return int(processes.start(command, root, {"FLASK_APP": "app", "FLASK_SKIP_DOTENV": "1"}))
