"""``flask calendar``: the yearly notice on holidays, from a file or standard input."""

from __future__ import annotations

from typing import TextIO

import click
from flask.cli import AppGroup

from commands.report import reporting
from models import db
from services.departments import holiday_notice, working_days
from services.departments.holiday_notice import NoticeUnreadable
from services.workflow import due_dates

group = AppGroup("calendar", help="The working-day calendar.")


@group.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--source", default="", help="The number of the notice, at most 60 characters.")
@click.option("--dry-run", is_flag=True, help="Show what would change.")
@reporting
def import_notice(file: TextIO, source: str, dry_run: bool) -> None:
    """Enter the State Council's notice (FILE, - for standard input) and reckon open due dates again."""
    try:
        notice = holiday_notice.read(file.read())
    except NoticeUnreadable as error:
        raise click.ClickException("\n".join(error.problems)) from error
    for day, kind in notice.kinds.items():
        click.echo(f"{day.isoformat()} {kind}")
    moved = due_dates.moved_by(working_days.with_notice(notice))
    if dry_run:
        click.echo(f"{moved} due dates would move; nothing was changed")
        return
    working_days.adopt(None, notice, source[:60])
    db.session.commit()
    while due_dates.reckon_again():
        db.session.commit()
    db.session.commit()
    click.echo(f"the calendar of {notice.year} was entered; {moved} due dates moved")
