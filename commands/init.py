"""``flask init``: create or upgrade the database."""

from __future__ import annotations

import click
import flask_migrate
from flask import current_app

from commands.report import reporting
from lib.database import provinces, transaction_mode
from lib.files import Note
from models import db
from services.departments.reference_data import load_reference_data
from services.operations import doctor
from services.queue import index as queue_index


@click.command("init")
@reporting
def command() -> None:
    """Migrate the database, load departments, divisions, option lists and the calendar. Safe to repeat.

    If the officers' lists are missing, it builds them from the submissions.
    """
    _check_noted_damage()
    is_new = not doctor.is_set_up()
    flask_migrate.upgrade()
    provinces.keep_unchanged(db.session.connection(), (t.name for t in db.metadata.sorted_tables if t.info))
    db.session.commit()
    load_reference_data(current_app.config["PROVINCE_DATA"])
    db.session.commit()
    if queue_index.is_missing():
        queue_index.rebuild()
        db.session.commit()
    if not is_new and (wrong := doctor.foreign_keys(current_app.config["KEYS_FILE"])):
        raise click.ClickException(wrong)
    click.echo("database and reference data are up to date")
    if is_new:
        click.echo(doctor.keys_are_needed(current_app.config["KEYS_FILE"]), err=True)


def _check_noted_damage() -> None:
    """A process met damage: refuse to go on until a sound database is in its place, then forget it."""
    note: Note = current_app.extensions["kuaiji.damage"]
    if note.read() is None:
        return
    with transaction_mode("DEFERRED"):
        if found := doctor.damage_found():
            raise click.ClickException(f"the database is damaged: {found}; restore a copy, then run flask init again")
    note.remove()
    click.echo("damage was met before; this database has none")
