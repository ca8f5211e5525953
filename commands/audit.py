"""``flask audit``: verify the chain over the audit trail, print its head."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from commands.report import progress, reporting
from lib.database import transaction_mode
from models import EventSeal, db
from services import audit
from services.administration import audit_seals

group = AppGroup("audit", help="Verify the audit trail.")


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


@group.command("head")
@reporting
def head() -> None:
    """Print the latest link of the chain, to be kept elsewhere."""
    with transaction_mode("DEFERRED"):
        click.echo(audit_seals.head().printed)
