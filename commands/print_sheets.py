"""``flask print``: draws the sheets of print jobs, writes 名册 and what people export about themselves.

The site and ``flask tick`` start it.

It is a separate process, because drawing a thousand sheets would occupy the font lock and memory of a web process.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from sqlalchemy.orm import Session

from commands.report import one_line, reporting
from commands.storage import store
from lib import database, files
from lib.database import transaction_mode
from lib.files import StorageFailure
from models import PrintJob, db
from services.access import Actor
from services.reports import exports, xlsx
from services.retention import own_export
from services.sheet import batch_print
from services.sheet import pdf as sheet_pdf
from services.sheet.content import SheetPhotoLost
from services.sheet.data import SheetData

BEAT_S = 20.0
CHUNK = 20  # sheets between two heartbeats: a fifth of a second


class JobLost(Exception):
    """The job was cancelled, or another drawer has it."""


@click.command("print")
@reporting
def command() -> None:
    """生成等待中的打印件和名册，做完就结束；由网站和 flask tick 启动。"""
    os.nice(10)  # web requests have priority
    while _has_waiting_jobs():
        with _single_drawer(Path(current_app.config["DATA"])) as alone:
            if not alone:
                return  # the running drawer checks for new jobs after releasing the lock
            while _draw_next():
                pass


@contextmanager
def _single_drawer(folder: Path) -> Iterator[bool]:
    """One drawer on each machine: a second one would need the same memory again."""
    with (folder / "print.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _has_waiting_jobs() -> bool:
    with transaction_mode("DEFERRED"):
        try:
            return batch_print.is_waited_for()
        finally:
            db.session.rollback()


def _draw_next() -> bool:
    """Draw the next job, if any. An error is reported and does not stop other jobs."""
    drawer = batch_print.new_drawer()
    with transaction_mode("IMMEDIATE"):
        job = batch_print.take(drawer)
        job_id = job.id if job else None
        db.session.commit()
    if job_id is None:
        return False
    try:
        _draw(job_id, drawer)
    except JobLost:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        click.echo(f"打印任务 {job_id}：{one_line(error)}", err=True)
        _fail(job_id, drawer, _problem(error))
    return True


def _problem(error: Exception) -> str:
    """Why the job fails: a name of batch_print.PROBLEMS. A database that is only busy or away: another drawer tries."""
    if isinstance(error, SheetPhotoLost):
        return f"photo {error.declaration_id}"
    failure = files.failure_of(error) if isinstance(error, OSError) else database.failure_of(error)
    if failure in (StorageFailure.LOCKED, StorageFailure.UNREACHABLE):
        raise error
    return "storage" if failure else "broken"


def _draw(job_id: int, drawer: str) -> None:
    with transaction_mode("DEFERRED"):
        job = db.session.get(PrintJob, job_id)
        if job is None:
            raise JobLost
        if job.account_id:
            _pack(job, drawer)
            return
        actor = batch_print.maker(job)
        if actor and job.export:
            _list(job, actor, drawer)
            return
        ids = batch_print.printable(actor, job.revisions) if actor else []
        db.session.rollback()
    if not ids:
        _fail(job_id, drawer, "nothing" if actor else "rights")
        return
    pdf = sheet_pdf.draw_many(_sheets(job_id, drawer, ids), current_app.config["SITE_NAME"])
    blob = store().put(pdf)
    with transaction_mode("IMMEDIATE"):
        batch_print.finish(job_id, drawer, ids, blob)
        db.session.commit()


def _list(job: PrintJob, actor: Actor, drawer: str) -> None:
    """An export: the rows are read in one transaction, the heartbeats are another connection's."""
    folder, uid = Path(current_app.config["DATA"]) / xlsx.FOLDER, job.id
    with _heartbeat(uid, drawer):
        found = exports.write(actor, job, folder, lambda **said: _beat(uid, drawer, **said))
        db.session.rollback()
        if found is None:
            _fail(uid, drawer, "list")
            return
        wanted, made = found
        with made.file:
            stored = exports.store_parts(made, store())
    with transaction_mode("IMMEDIATE"):
        exports.finish(actor, db.session.get_one(PrintJob, uid), wanted, made, drawer, stored)
        db.session.commit()


def _pack(job: PrintJob, drawer: str) -> None:
    """What is kept about one person."""
    folder, job_id = Path(current_app.config["DATA"]) / xlsx.FOLDER, job.id
    packed = own_export.write(job, store(), folder)
    db.session.rollback()
    if packed is None:
        _fail(job_id, drawer, "nothing")
        return
    blob = store().put(packed)
    with transaction_mode("IMMEDIATE"):
        own_export.finish(job_id, drawer, blob)
        db.session.commit()


def _beat(job_id: int, drawer: str, **said: int) -> None:
    """In a session of its own. Raises JobLost when the job is no longer ours."""
    with Session(db.engine) as session:
        alive = batch_print.beat(job_id, drawer, session, **said)
        session.commit()
    if not alive:
        raise JobLost


@contextmanager
def _heartbeat(job_id: int, drawer: str) -> Iterator[None]:
    """Packing a workbook of a province takes minutes in one call; a drawer that is silent for one is replaced."""
    over, engine = threading.Event(), db.engine

    def beat() -> None:
        while not over.wait(BEAT_S):
            with Session(engine) as session:
                batch_print.beat(job_id, drawer, session)
                session.commit()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sheets(job_id: int, drawer: str, ids: Sequence[int]) -> Iterator[SheetData]:
    """The sheets, read in chunks. Raises JobLost when the job is no longer ours."""
    config = current_app.config
    for start in range(0, len(ids), CHUNK):
        with transaction_mode("IMMEDIATE"):
            alive = batch_print.beat(job_id, drawer, done=start)
            db.session.commit()
        if not alive:
            raise JobLost
        with transaction_mode("DEFERRED"):
            part = ids[start : start + CHUNK]
            sheets = batch_print.sheets_of(part, store(), base_url=config["BASE_URL"], site=config["SITE_NAME"])
            read = list(sheets)
            db.session.rollback()
        yield from read


def _fail(job_id: int, drawer: str, problem: str) -> None:
    with transaction_mode("IMMEDIATE"):
        batch_print.fail(job_id, drawer, problem)
        db.session.commit()
