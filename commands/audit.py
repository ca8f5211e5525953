"""``flask audit``: verify the chain over the audit trail, print its head, export events."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from commands.report import progress, reporting
from lib.database import transaction_mode
from models import EventSeal, db
from services import audit
from services.administration import audit_seals, audit_search
from services.administration.audit_search import EventQuery

group = AppGroup("audit", help="Verify and export the audit trail.")


def _known(printed: str | None) -> audit_seals.ChainHead:
    if not printed:
        return audit_seals.read_head(Path(current_app.config["DATA"]) / audit_seals.HEAD_FILE)
    try:
        return audit_seals.parse_head(printed)
    except ValueError as error:
        raise click.UsageError(f"{printed!r} is not a head such as flask audit head prints") from error


@group.command("verify")
@click.option("--head", "printed", metavar="POSITION:DIGEST", help="A printed head; else the one kept in DATA.")
@reporting
def verify(printed: str | None) -> None:
    """Check every row of the trail; exit status 1 and the first bad row when something is wrong."""
    known = _known(printed)
    with transaction_mode("DEFERRED"):
        rows = db.session.scalar(select(func.max(EventSeal.position))) or 0
        with progress("verifying", rows) as step:
            found = audit_seals.verify(known, step)
        db.session.rollback()
    audit.record("audit_verify", None, detail=found.summary)
    db.session.commit()
    if found.problem:
        raise click.ClickException(found.problem)
    click.echo(f"{found.checked} events are as they were written; {found.waiting} are not sealed yet")


@group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day.")
@reporting
def export(file: Path, since: datetime | None, until: datetime | None) -> None:
    """Write the events as CSV into a new FILE, the newest first. ID numbers are masked."""
    query = EventQuery(since.date() if since else None, until.date() if until else None)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with transaction_mode("DEFERRED"), open(descriptor, "w", encoding="utf-8", newline="") as out:
        count = audit_search.export(None, query, out, sys.maxsize)
        db.session.rollback()
    audit.record("audit_export", None, detail=f"{count} rows")
    db.session.commit()
    click.echo(f"{count} events are in {file}")


@group.command("head")
@reporting
def head() -> None:
    """Print the latest link of the chain, to be kept elsewhere."""
    with transaction_mode("DEFERRED"):
        click.echo(audit_seals.head().printed)
