"""``flask init``: create or upgrade the database."""

from __future__ import annotations

from pathlib import Path

import click
import flask_migrate
from flask import current_app

from commands.report import reporting
from models import db
from services.departments.reference_data import load_reference_data
from services.queue import index as queue_index


@click.command("init")
@reporting
def command() -> None:
    """Migrate the database, load departments, divisions, option lists and the calendar. Safe to repeat.

    If the officers' lists are missing, it builds them from the submissions.
    """
    flask_migrate.upgrade()
    load_reference_data(Path(current_app.root_path) / "data")
    db.session.commit()
    if queue_index.is_missing():
        queue_index.rebuild()
        db.session.commit()
    click.echo("database and reference data are up to date")
