"""``flask departments``: the tree as text, and what is wrong in it."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import reporting
from services.departments import administration, office_tree, tree
from services.workflow import department_changes

group = AppGroup("departments", help="The tree of departments.")


@group.command("list")
@click.option("--without-phone", is_flag=True, help="Only those in use without a phone.")
@reporting
def list_departments(without_phone: bool) -> None:
    """Code, name, what it covers and its phone, a line each, as the tree has them."""
    for row in tree.load().rows:
        if without_phone and not office_tree.lacks_phone(row):
            continue
        state = "" if row.active else "not opened yet" if row.is_planned else "closed"
        depth = "  " * (row.path.count("/") - 1)
        click.echo("\t".join((f"{depth}{row.code}", row.name, office_tree.covers(row), row.phone, state)).rstrip())


@group.command("check")
@reporting
def check() -> None:
    """Counties that no department covers, and bureaus that cover nothing. Fails when there are any.

    Also tells, without failing, which zones have no place yet and who moves when a bureau opens.
    """
    for change in department_changes.coming():
        counts = f"{change.open} submitted, {change.choosing} not submitted, {change.records} records"
        way = f"{change.before.code} -> {change.after.code}"
        click.echo(f"{change.on} {way}: {change.place} ({counts})")
    for note in administration.notes():
        click.echo(note)
    if problems := administration.problems():
        raise click.ClickException("\n".join(problems))
    click.echo("every county is covered")
