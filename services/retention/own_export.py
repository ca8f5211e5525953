"""The job that makes one's own data: a print job without an officer (docs/adr/039). The link ends after a day."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import select

from lib.clock import local
from lib.codes import AccountState
from lib.storage import Blob, Store
from models import Account, PrintJob, db
from services import audit
from services.access import Actor
from services.retention import own_data
from services.sheet import batch_print

OPEN = ("waiting", "drawing")
TYPE = "application/zip"


def ask(actor: Actor) -> PrintJob:
    """The person's job: the one in hand, or a new one in the place of older ones."""
    job = latest(actor)
    if job and is_open(job):
        return job
    if job:
        db.session.delete(job)
    job = PrintJob(account_id=actor.id, revisions=[], total=0)
    db.session.add(job)
    audit.record("own_data", actor)
    return job


def latest(actor: Actor) -> PrintJob | None:
    query = select(PrintJob).where(PrintJob.account_id == actor.id)
    return db.session.scalar(query.order_by(PrintJob.created_at.desc(), PrintJob.id.desc()).limit(1))


def is_open(job: PrintJob | None) -> bool:
    return job is not None and job.state in OPEN


def file_name(job: PrintJob) -> str:
    return f"我的信息-{local(job.created_at):%Y%m%d-%H%M}.zip"


def write(job: PrintJob, store: Store, folder: Path) -> bytes | None:
    """The file, or None when the account is not in force any more. Scratch files are people's data: none has a name."""
    account = db.session.get_one(Account, job.account_id)
    if account.state != AccountState.ACTIVE:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        own_data.write(account, store, file)
        file.seek(0)
        return file.read()


def finish(job_id: int, drawer: str, blob: Blob) -> bool:
    return batch_print.finish(job_id, drawer, [], blob)
