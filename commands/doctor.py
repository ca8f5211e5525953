"""``flask doctor``: checks the installation."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from commands.report import reporting
from commands.storage import store
from lib.clock import today
from lib.database import transaction_mode
from services.operations import doctor

MARKS = {"ok": ("ok     ", "green"), "warning": ("warning", "yellow"), "fault": ("FAULT  ", "red")}


def migrations() -> Path:
    return Path(current_app.root_path) / "migrations"


@click.command("doctor")
@reporting
def command() -> None:
    """Check settings, database, storage, fonts and calendar. Exit status 1 when something is broken."""
    faults = 0
    notes = doctor.Notes(*(current_app.extensions[f"kuaiji.{name}"] for name in ("damage", "proxy")))
    with transaction_mode("DEFERRED"):
        for found in doctor.examine(current_app.config, migrations(), store(), today(), notes):
            word, colour = MARKS[found.level]
            click.echo(f"{click.style(word, fg=colour)}  {found.text}")
            faults += found.level == "fault"
    if faults:
        raise click.ClickException(f"{faults} faults")
