"""``flask init``: from an empty folder, or an older version, to a database that the program can use."""

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

    After an update that brings the officers' lists, they are made of the submissions that are there.
    """
    flask_migrate.upgrade()
    load_reference_data(Path(current_app.root_path) / "data")
    db.session.commit()
    if queue_index.is_missing():
        queue_index.rebuild()
        db.session.commit()
    click.echo("database and reference data are up to date")
