"""What the tests of printing together share: asking for sheets, letting them be drawn, reading the file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdf
from sqlalchemy import select

from lib.codes import Status
from models import Declaration, PrintJob, db

REASON = "归档本月信息表"


def submitted(make: Any, count: int = 2, **more: Any) -> list[Declaration]:
    return [make.declaration(Status.SUBMITTED, make.account(), **more) for _ in range(count)]


def uids(*declarations: Declaration) -> list[str]:
    return [declaration.uid for declaration in declarations]


def ask(desk: Any, *declarations: Declaration, **more: Any) -> PrintJob:
    """Send the form that a person gets from the list; the job that it made."""
    page = desk.send("/staff/print", {"list": "queue", "pick": uids(*declarations), "reason": REASON} | more)
    return job_at(page.location)


def job_at(location: str) -> PrintJob:
    db.session.expire_all()
    return db.session.scalars(select(PrintJob).where(PrintJob.uid == location.rsplit("/", 1)[-1])).one()


def draw(app: Any) -> Any:
    db.session.rollback()
    return app.test_cli_runner().invoke(args=["print"])


def drawn(app: Any, job: PrintJob) -> PrintJob:
    uid = job.uid
    result = draw(app)
    assert result.exit_code == 0, result.output
    return job_at(uid)


def pdf_of(desk: Any, job: PrintJob) -> pypdf.PdfReader:
    page = desk.open(f"/staff/print/{job.uid}/file")
    page.headers["Content-Disposition"].encode("ascii")
    return pypdf.PdfReader(BytesIO(page.data))
