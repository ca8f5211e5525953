"""A file of the old register from its upload to its batch. A job is a row; another process works at it (ADR 029).

reading -> mapping (a person looks at the columns) -> checking -> checked -> importing -> imported -> undone; or failed.
A worker that is silent for a minute is replaced, three times at the most. What it had not finished left no trace.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, or_, select, update

from lib.database import utcnow
from lib.sandbox.background import BackgroundProcesses
from models import RegisterImport, db
from services import audit
from services.access import Actor
from services.old_register import batches, columns
from services.old_register.batches import ImportResult
from services.old_register.reading import Source

WORKED_AT = ("reading", "checking", "importing")
OPEN = ("reading", "mapping", "checking", "checked", "importing")
STALE = timedelta(seconds=60)
KEPT = timedelta(days=7)  # a file that nobody imports
TRIES = 3
SHOWN = 100


class RegisterBusy(Exception):
    """Another state than the page showed: somebody was faster, or the work goes on."""


def create(actor: Actor, name: str, address: str) -> RegisterImport:
    job = RegisterImport(staff_id=actor.id, name=name[-100:], address=address)
    db.session.add(job)
    db.session.flush()  # its address
    audit.record("register_upload", actor)
    return job


def listed() -> Sequence[RegisterImport]:
    """The newest first."""
    query = select(RegisterImport).order_by(RegisterImport.created_at.desc(), RegisterImport.id.desc())
    return db.session.scalars(query.limit(SHOWN)).all()


def one(uid: str) -> RegisterImport | None:
    return db.session.scalar(select(RegisterImport).where(RegisterImport.uid == uid))


def _ask(job: RegisterImport, state: str, *allowed: str) -> None:
    if job.state not in allowed:
        raise RegisterBusy
    job.state, job.worker, job.alive_at, job.tries, job.done, job.problem = state, None, None, 0, 0, ""


def choose_sheet(job: RegisterImport, sheet: str) -> None:
    """Read another sheet of the workbook. Raises RegisterBusy."""
    _ask(job, "reading", "mapping", "checked")
    job.sheet = sheet


def check(job: RegisterImport, mapping: Mapping[str, int]) -> None:
    """Ask for the dry run with these columns, which are remembered for these titles. Raises RegisterBusy."""
    _ask(job, "checking", "mapping", "checked")
    job.columns = dict(mapping)


def import_(actor: Actor, job: RegisterImport) -> None:
    """Ask for the import. Raises RegisterBusy."""
    _ask(job, "importing", "checked")
    audit.record("register_import", actor)


def undo(actor: Actor, job: RegisterImport) -> int:
    """Take the batch back; returns how many records. Raises RegisterBusy, BatchClaimed, BatchNotFound."""
    if job.state != "imported" or not job.batch:
        raise RegisterBusy
    removed = batches.undo(job.batch)
    audit.record("register_undo", actor, detail=f"batch {job.batch}")
    job.state = "undone"
    return removed


def discard(job: RegisterImport) -> None:
    """Forget a file that was not imported. Its worker notices; the stored file goes with the sweep."""
    if job.state in ("imported", "undone"):
        raise RegisterBusy
    db.session.delete(job)


# --- the worker's side ------------------------------------------------------------------------------------------------


def _free() -> Any:
    silent = or_(RegisterImport.alive_at.is_(None), RegisterImport.alive_at < utcnow() - STALE)
    return and_(RegisterImport.state.in_(WORKED_AT), silent)


def is_waited_for() -> bool:
    return db.session.scalar(select(RegisterImport.id).where(_free()).limit(1)) is not None


def take(worker: str) -> RegisterImport | None:
    """The oldest job that waits, now this worker's. One that three workers could not finish has failed."""
    spent = update(RegisterImport).where(_free(), RegisterImport.tries >= TRIES)
    db.session.execute(spent.values(state="failed", problem="处理时出错，请检查文件后重新上传", worker=None))
    job = db.session.scalar(select(RegisterImport).where(_free()).order_by(RegisterImport.created_at).limit(1))
    if job is None:
        return None
    mark = update(RegisterImport).where(RegisterImport.id == job.id, _free())
    taken: Any = db.session.execute(
        mark.values(worker=worker, alive_at=utcnow(), tries=RegisterImport.tries + 1, done=0)
    )
    db.session.refresh(job)
    return job if taken.rowcount else None


def beat(job_id: int, worker: str, done: int) -> bool:
    """Still alive, so far done, in a transaction of its own. False: the job is another's, or gone; stop."""
    with db.engine.begin() as connection:
        beaten = connection.execute(_held(job_id, worker).values(done=done, alive_at=utcnow()))
        return bool(beaten.rowcount)


def _held(job_id: int, worker: str) -> Any:
    return update(RegisterImport).where(RegisterImport.id == job_id, RegisterImport.worker == worker)


def finish(job_id: int, worker: str, **values: Any) -> bool:
    """Also needs the job still to be this worker's: else nothing that it did may count."""
    held: Any = db.session.execute(_held(job_id, worker).values(worker=None, alive_at=None, **values))
    return bool(held.rowcount)


def read_values(source: Source) -> dict[str, Any]:
    """What a job keeps of a file that was looked at; columns as they were mapped the last time for these titles."""
    key = columns.header_key(source.titles)
    before = select(RegisterImport.columns).where(RegisterImport.header_key == key, RegisterImport.state != "mapping")
    remembered = db.session.scalar(before.order_by(RegisterImport.created_at.desc()).limit(1))
    return {
        "state": "mapping",
        "sheets": list(source.sheets),
        "sheet": source.sheet[:60],
        "titles": [title[:60] for title in source.titles],
        "header_key": key,
        "columns": remembered or dict(source.columns),
        "lines": source.lines,
    }


def counts_of(result: ImportResult) -> dict[str, int]:
    names = ("rows", "imported", "left_out", "conflicts", "differing", "warnings", "unproven")
    return {name: getattr(result, name) for name in names}


_workers = BackgroundProcesses(1)


def start_worker(root: Path) -> None:
    """Start ``legacy work`` next to the server. It ends by itself; ``flask tick`` starts another when needed."""
    _workers.start((sys.executable, "-m", "legacy", "work"), root, {})


def take_up(root: Path, starts: bool) -> int:
    """Start a worker for what is waited for: the one before it may have been killed."""
    if not starts or _workers.is_running() or not is_waited_for():
        return 0
    start_worker(root)
    return 1


def forget_old() -> int:
    """Files that were not imported within a week."""
    old = RegisterImport.created_at < utcnow() - KEPT
    jobs = db.session.scalars(select(RegisterImport).where(old, RegisterImport.state.in_((*OPEN, "failed")))).all()
    for job in jobs:
        db.session.delete(job)
    return len(jobs)
