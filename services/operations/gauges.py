"""What a monitor sees of the work that waits: read from the database when it asks, with few cheap statements."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from lib.clock import today
from lib.codes import AssistanceState
from lib.database import utcnow
from lib.monitoring.metrics import FigureFamily
from lib.storage import Store
from lib.workdays import add_workdays
from models import AssistanceRequest, PrintJob, QueueCount, Upload, WebSession, db
from services.declaration import deadlines
from services.departments import tree
from services.messages import outbox
from services.operations import heartbeats
from services.queue.filters import OFFICE_TURN, Days

DAY = timedelta(days=1)
SIGNED_IN = timedelta(minutes=5)


def figures(data: Path, store: Store) -> Iterator[FigureFamily]:
    """All of them: the queue, 核验申请, the outbox, jobs, people signed in, room on the disks, the tick."""
    yield _queue()
    yield from _assistance()
    yield from _outbox()
    yield _single("kuaiji_jobs_waiting", "Sheets and lists that wait to be made", _count(PrintJob.state == "waiting"))
    yield _single("kuaiji_uploads_open", "Uploads that have begun", _count(Upload.id > 0))
    yield _single("kuaiji_sessions_active", "Sessions used within 5 minutes", _count(_used_since(utcnow() - SIGNED_IN)))
    room = {"data": shutil.disk_usage(data).free, "uploads": store.free()}
    known = [((name,), float(free)) for name, free in room.items() if free is not None]
    yield FigureFamily("kuaiji_free_bytes", "Room on the disks", ("folder",), known)
    if at := heartbeats.last(heartbeats.TICK):
        yield _single("kuaiji_tick_age_seconds", "Since scheduled work was last done", (utcnow() - at).total_seconds())


def _single(name: str, meaning: str, number: float) -> FigureFamily:
    return FigureFamily(name, meaning, (), [((), float(number))])


def _count(condition: object) -> int:
    return db.session.scalar(select(func.count()).where(condition)) or 0  # type: ignore[arg-type]


def _used_since(moment: datetime) -> object:
    return WebSession.seen_at >= moment


def _queue() -> FigureFamily:
    """Of the whole province, from the counters: as cheap with a million people as with one."""
    top = next(row.id for row in tree.load().rows if row.parent_id is None)
    columns = QueueCount.status, QueueCount.due_on, func.sum(QueueCount.n)
    rows = db.session.execute(
        select(*columns).where(QueueCount.department_id == top).group_by(QueueCount.status, QueueCount.due_on)
    )
    day, counted = today(), Counter[tuple[str, str]]()
    days = Days(day, add_workdays(day, deadlines.SOON + 1, deadlines.calendar()) - timedelta(days=1))
    for status, due_on, number in rows:
        due = "overdue" if days.is_overdue(due_on) else "soon" if days.is_soon(due_on) else "later"
        counted[str(status), due if status in OFFICE_TURN else "none"] += number
    return FigureFamily("kuaiji_queue_items", "Submissions by status and due date", ("status", "due"), counted.items())


def _assistance() -> Iterator[FigureFamily]:
    waiting = AssistanceRequest.state == AssistanceState.WAITING
    number, first = db.session.execute(select(func.count(), func.min(AssistanceRequest.due_on)).where(waiting)).one()
    yield _single("kuaiji_assistance_waiting", "Applications for help (核验申请) without an answer", number)
    late = max((today() - first).days, 0) if first else 0
    yield _single("kuaiji_assistance_late_days", "Days that the oldest of them is past its promised day", late)


def _outbox() -> Iterator[FigureFamily]:
    waiting = outbox.backlog(utcnow() - DAY)
    age = (utcnow() - waiting.oldest).total_seconds() if waiting.oldest else 0.0
    yield _single("kuaiji_outbox_due", "Messages that are due and not sent", waiting.unsent)
    yield _single("kuaiji_outbox_oldest_seconds", "Age of the oldest of them", age)
    yield _single("kuaiji_outbox_given_up", "Messages of the last day that were given up", waiting.given_up)
