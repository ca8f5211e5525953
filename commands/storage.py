"""``flask storage``: compares the encrypted files with the rows that name them."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import transaction_mode
from models import store
from services.operations import storage_check
from services.papers import papers

group = AppGroup("storage", help="Check the stored files, remove unreferenced ones.")
DAY = 24 * 3600


@group.command("check")
@reporting
def check() -> None:
    """Read every file that a row names; list the rows whose file is missing or damaged."""
    with transaction_mode("DEFERRED"):
        named = papers.referenced()
        with progress("checking", len(named)) as step:
            bad = storage_check.check(store(), sorted(named), step)
        for where, address in storage_check.rows_naming(bad):
            click.echo(f"{bad[address]}: {where} ({address[:12]})")
    unnamed = sum(address not in named for address in store().addresses())
    click.echo(f"{len(named)} files named by rows, {len(bad)} missing or damaged; {unnamed} files that no row names")
    if bad:
        raise click.ClickException(f"{len(bad)} files are missing or damaged; restore them from a back-up")


@group.command("sweep")
@click.option("--dry-run", is_flag=True, help="Print what would be removed, remove nothing.")
@reporting
def sweep(dry_run: bool) -> None:
    """Remove files that no row has named for 24 hours. They stay in the trash for another 24 hours."""
    with transaction_mode("DEFERRED"):
        named = papers.referenced()
    done = store().sweep(named.__contains__, DAY, dry_run)
    words = "would be " if dry_run else ""
    click.echo(
        f"{len(done.trashed)} files {words}put into the trash, {len(done.removed)} {words}removed from it, "
        f"{len(done.restored)} {words}brought back, {done.temporary} left-over temporary files {words}removed"
    )
