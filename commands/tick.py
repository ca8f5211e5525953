"""``flask tick``: the scheduled jobs. ``flask serve`` runs them every minute; else a timer calls it."""

from __future__ import annotations

import click

from commands.report import one_line, reporting
from models import db
from services.operations import scheduled_jobs


def tick() -> tuple[dict[str, int], dict[str, str]]:
    """Run every job in its own transaction; a failing job does not stop the others.

    Returns results (job -> rows) and failures (job -> reason).
    """
    done, failed = {}, {}
    for name, job in scheduled_jobs.JOBS.items():
        try:
            done[name] = job()
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            failed[name] = one_line(error)
    db.session.remove()
    return done, failed


@click.command("tick")
@reporting
def command() -> None:
    """Expire claims, remind of corrections, delete old sessions, reservations, forms and codes. Every minute."""
    done, failed = tick()
    for name, rows in done.items():
        if rows:
            click.echo(f"{name}: {rows}")
    if failed:
        raise click.ClickException("; ".join(f"{name}: {why}" for name, why in failed.items()))
