"""``legacy work``: reads, checks and imports uploaded files of the old register. The site and tick start it.

It is a separate process, because a workbook may need much memory, which is bounded here.
"""

from __future__ import annotations

import io
import os
import resource
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import click
from flask import current_app

from commands.report import one_line, reporting
from commands.storage import store
from lib.clock import today
from lib.database import transaction_mode
from lib.sealed import new_uid
from models import RegisterImport, db
from services.old_register import batches, findings, jobs, reading
from services.old_register.batches import Finding, ImportResult
from services.old_register.progress import ImportProgress
from services.old_register.reading import Source, UnreadableFile

MEMORY = 3 << 30  # bytes of address space
EVERY = 1.0  # seconds


class RegisterLost(Exception):
    """The job was discarded, or another worker has it."""


@click.command("work")
@reporting
def work() -> None:
    """处理网页上传的名册文件，做完就结束；由网站和 flask tick 启动。"""
    os.nice(10)
    _bound_memory()
    while work_next():
        pass


def _bound_memory() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def work_next() -> bool:
    """Do the next step of the oldest job that waits. An error is reported and does not stop the others."""
    worker = new_uid()
    with transaction_mode("IMMEDIATE"):
        job = jobs.take(worker)
        db.session.commit()
        if job is None:
            return False
        db.session.refresh(job)
        db.session.expunge(job)
        db.session.rollback()
    try:
        {"reading": _read, "checking": _check, "importing": _import}[job.state](job, worker)
    except RegisterLost:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        said = str(error) if isinstance(error, UnreadableFile) else "处理时出错，请检查文件后重新上传"
        click.echo(f"名册文件 {job.id}：{one_line(error)}", err=True)
        _finish(job, worker, state="failed", problem=said[:200])
    return True


def _finish(job: RegisterImport, worker: str, **values: object) -> None:
    with transaction_mode("IMMEDIATE"):
        jobs.finish(job.id, worker, **values)
        db.session.commit()


def _data() -> Path:
    return Path(current_app.config["DATA"])


def _source(job: RegisterImport) -> Source:
    data = store().get(job.address or "")
    return reading.open_source(lambda: io.BytesIO(data), job.sheet or None, job.columns)


def _read(job: RegisterImport, worker: str) -> None:
    data = store().get(job.address or "")
    source = reading.look_at(lambda: io.BytesIO(data), job.sheet or None)
    with transaction_mode("DEFERRED"):
        values = jobs.read_values(source)
        db.session.rollback()
    _finish(job, worker, **values)


def _check(job: RegisterImport, worker: str) -> None:
    found: list[Finding] = []
    with transaction_mode("DEFERRED"):
        result = batches.import_source(
            _source(job), today(), dry_run=True, found=found.append, progress=_beats(job, worker), scratch=_data()
        )
        db.session.rollback()
    _finish(job, worker, state="checked", counts=jobs.counts_of(result), findings=_kept(found))


def _import(job: RegisterImport, worker: str) -> None:
    """All of it in one transaction, which counts only while the job is this worker's.

    On SQLite nobody else can write meanwhile, so the progress is in a file.
    """
    source, found = _source(job), list[Finding]()
    beside = ImportProgress(_data(), job.uid)
    told = _EverySecond(beside.write) if db.engine.dialect.name == "sqlite" else _beats(job, worker)
    try:
        with transaction_mode("IMMEDIATE"):
            result = batches.import_source(source, today(), found=found.append, progress=told, scratch=_data())
            if not jobs.finish(job.id, worker, **_imported(result, _kept(found))):
                raise RegisterLost
            db.session.commit()
    finally:
        beside.remove()


def _imported(result: ImportResult, table: str | None) -> dict[str, object]:
    """The uploaded file is not needed any more."""
    done = {"state": "imported", "batch": result.batch, "address": None, "done": result.rows}
    return {**done, "counts": jobs.counts_of(result), "findings": table}


class _EverySecond:
    """Counts lines, and tells about once a second how many there are."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell, self.done, self.told = tell, 0, 0.0

    def __call__(self, lines: int) -> None:
        self.done += lines
        if monotonic() - self.told >= EVERY:
            self.told = monotonic()
            self.tell(self.done)


def _beats(job: RegisterImport, worker: str) -> _EverySecond:
    """Also tells that the worker is alive. Raises RegisterLost when the job is not its any more."""

    def tell(done: int) -> None:
        if not jobs.beat(job.id, worker, done):
            raise RegisterLost

    return _EverySecond(tell)


def _kept(found: list[Finding]) -> str | None:
    return store().put(findings.table_of(found)).address if found else None
