"""``flask legacy``: the old register (原有会计从业资格证人员)."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from commands import register_work
from commands.report import progress, reporting
from lib import identity
from lib.clock import today
from lib.database import transaction_mode
from models import db
from services.accounts import activation_codes, legacy_claim
from services.old_register import batches, reading

group = AppGroup("legacy", help="Import the old register, undo an import, issue an activation code.")
group.add_command(register_work.work)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sheet", help="Of a workbook: the name of the sheet; without it the first one with rows.")
@click.option("--dry-run", is_flag=True, help="Check every line, import nothing.")
@reporting
def import_(file: Path, sheet: str | None, dry_run: bool) -> None:
    """Import a FILE (CSV, TXT, xlsx, xls, ods): 姓名 and 证件号码, optional 证书编号, 档案号, 发证日期, 发证机关,
    手机号码, 单位. Usual other titles are known, and may stand below others.

    Lines with an error or conflict are skipped and listed; all others are imported in one transaction. Importing the
    corrected file again adds the rest.
    """
    gc.freeze()  # the application: else the collector would look at it again every few hundred rows
    source = reading.open_source(lambda: file.open("rb"), sheet)
    for title in source.unknown:
        click.echo(f"column left out: {title}")
    with transaction_mode("DEFERRED" if dry_run else "IMMEDIATE"), progress("reading", source.lines) as step:
        result = batches.import_source(source, today(), dry_run=dry_run, found=_print_finding, progress=step)
        db.session.rollback() if dry_run else db.session.commit()
    words = "would be imported" if dry_run else "imported"
    click.echo(
        f"{result.rows} rows: {result.imported} {words}, {result.left_out} left out, "
        f"{result.warnings} values left out; {result.unproven} without a proof, to be claimed by activation code only"
    )
    if result.imported and not dry_run:
        click.echo(f"batch {result.batch}; flask legacy undo {result.batch} removes it as long as no record is claimed")


def _print_finding(finding: batches.Finding) -> None:
    click.echo(f"line {finding.line}: {finding.kind}: {finding.text}")


@group.command("undo")
@click.argument("batch")
@reporting
def undo(batch: str) -> None:
    """Remove all records of a BATCH, unless one of them is claimed."""
    removed = batches.undo(batch)
    db.session.commit()
    click.echo(f"{removed} records removed")


@group.command("code")
@click.argument("number")
@reporting
def code(number: str) -> None:
    """Issue an activation code for the ID card NUMBER of an old record ("-" reads it from standard input)."""
    typed = sys.stdin.readline() if number == "-" else number
    holder = legacy_claim.claimable(identity.sign_in_number(typed))
    if holder is None:
        raise click.ClickException("there is no old record with this number, or it was claimed already")
    issued = activation_codes.issue(holder, None)
    db.session.commit()
    click.echo(f"{holder.name}: {issued} (7 days, one use)")
