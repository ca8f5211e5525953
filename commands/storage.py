"""``flask storage``: compares the encrypted files with the rows that name them."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import transaction_mode
from lib.storage import Store, open_store
from lib.storage.s3 import S3Place, read_place
from models import keys, store
from services.operations import storage_check, storage_copy
from services.papers import papers

group = AppGroup("storage", help="Check the stored files, remove unreferenced ones, copy all to another place.")
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


@group.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--verify", is_flag=True, help="Compare also what is in both places: reads everything.")
@reporting
def copy(source: str, target: str, verify: bool) -> None:
    """Copy what TO lacks from FROM; each is a directory or s3://bucket/prefix. The site may run.

    Every copy is read back and compared. After an interruption, call it again. Then change KUAIJI_UPLOADS.
    """
    here, there = _opened(source, must_exist=True), _opened(target)
    if here.place == there.place:
        raise click.UsageError("FROM and TO are the same place")
    there.try_writing()
    due = storage_copy.due(here, there, verify)
    with progress("copying", len(due)) as step:
        bad = storage_copy.copy(here, there, due, step)
    for address, problem in bad.items():
        click.echo(f"{problem}: {address[:12]}")
    click.echo(f"{len(due) - len(bad)} files copied and compared, {len(bad)} not; nothing was removed")
    if bad:
        raise click.ClickException(f"{len(bad)} files are not in {there.place} as they are in {here.place}")


def _opened(place: str, must_exist: bool = False) -> Store:
    """A place as KUAIJI_UPLOADS names it; a directory as the shell does."""
    access = current_app.config["S3"]
    try:
        found = read_place(place)
    except ValueError as error:
        raise click.UsageError(f"{place}: expected {error}") from error
    if isinstance(found, S3Place):
        if problem := access.problem():
            raise click.ClickException(problem)
        return open_store(found, access, keys())
    if must_exist and not Path(place).is_dir():
        raise click.UsageError(f"{place} is no directory")
    return open_store(Path(place).resolve(), access, keys())
