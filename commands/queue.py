"""``flask queue``: what the officers' lists are made of."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import reporting
from models import db
from services.queue import index as queue_index

group = AppGroup("queue", help="The officers' lists, their counters and search keys.")


@group.command("rebuild")
@reporting
def rebuild() -> None:
    """Rebuild lists, counters and search keys from declarations and revisions. Moves wait meanwhile."""
    lines, records = queue_index.rebuild()
    db.session.commit()
    click.echo(f"{lines} submissions and {records} records were indexed")
