"""``flask keys``: which keys there are and what they seal; new ones for everything."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import transaction_mode
from lib.files import locked
from lib.storage import FileDamaged, FileMissing
from models import db, keys, store
from services import audit
from services.operations import key_rotation

group = AppGroup("keys", help="List the keys of this installation, replace them.")

NOTICED_S = 3.0  # every process has looked at the key file by then
SETTLED_S = 60.0  # no request goes on for so long with a value that it sealed before


@group.command("list")
@reporting
def list_keys() -> None:
    """List the keys and how many values and files each seals. Reads the beginning of all of them."""
    with transaction_mode("DEFERRED"):
        values, unknown = key_rotation.sealed_with(), key_rotation.unknown_numbers()
        db.session.rollback()
    files = _files_by_key()
    held = keys().keys
    for key_id in sorted({*held.sealing, *values, *files}):
        there = "current" if key_id == held.current else _state(key_id, key_id in held.sealing)
        click.echo(
            f"seals {key_id} {there}: {sum(values.get(key_id, {}).values())} values, {files.get(key_id, 0)} files"
        )
        for where, count in sorted(values.get(key_id, {}).items()):
            click.echo(f"  {where}: {count}")
    for key_id in held.indexing:
        click.echo(f"finds {key_id} {'current' if key_id == held.current_index else _state(key_id, True)}")
    if unknown and len(held.indexing) > 1:
        click.echo(f"  kept for the numbers of {len(unknown)} officers: {', '.join(unknown)}")


def _state(key_id: str, is_held: bool) -> str:
    return "prepared" if key_id in keys().keys.prepared.values() else "old" if is_held else "MISSING"


def _files_by_key(without: Collection[str] = ()) -> dict[str, int]:
    found: dict[str, int] = {}
    for address in store().stored():
        if address in without:
            continue
        key_id = store().head(address)[1:].hex()
        found[key_id] = found.get(key_id, 0) + 1
    return found


@group.command("rotate")
@click.option("--prepare", is_flag=True, help="Only add the new keys to the file: several machines need a copy first.")
@click.option(
    "--settle",
    default=SETTLED_S,
    show_default=True,
    metavar="SECONDS",
    help="How long requests may go on that began before the new keys were used.",
)
@reporting
def rotate(prepare: bool, settle: float) -> None:
    """Replace all keys that can be replaced; the site may run. After an interruption, call it again.

    The old keys are removed when nothing uses them any more. Then make a new back-up of the key file.
    """
    with _alone():
        ring = keys()
        ring.look_again()
        if not ring.keys.old and not ring.keys.prepared:
            ring.replace_file(ring.keys.with_prepared())
        if prepare:
            click.echo(f"{ring.path} has the new keys; copy it to every machine, then run flask keys rotate")
            return
        if ring.keys.prepared:
            time.sleep(min(NOTICED_S, settle))
            ring.replace_file(ring.keys.switched())
        time.sleep(settle)
        _rewrite_database()
        damaged = _rewrite_files()
        _retire(damaged)


@contextmanager
def _alone() -> Iterator[None]:
    file = Path(current_app.config["DATA"]) / "keys.lock"
    file.touch(mode=0o600)
    with locked(file):
        yield


def _rewrite_database() -> None:
    key_rotation.wait_for_writers()
    db.session.rollback()
    for one in key_rotation.passes():
        after, count = None, 0
        while batch := _next(one, after):
            if batch.values:
                batch.write()
                db.session.commit()
            after, count = batch.last, count + batch.values
        if count:
            click.echo(f"{one.name}: {count}", err=True)


def _next(one: key_rotation.Pass, after: object) -> key_rotation.Batch | None:
    with transaction_mode("DEFERRED"):
        batch = one.next_batch(after)
        db.session.rollback()
    return batch


def _rewrite_files() -> list[str]:
    """Returns the files that no key opens: they are damaged, and an old key would not bring them back."""
    head, damaged = keys().head, []
    due = [address for address in store().stored() if store().head(address) != head]
    with progress("files", len(due)) as step:
        for address in due:
            try:
                store().reseal(address)
            except FileDamaged:
                damaged.append(address)
            except FileMissing:
                pass  # removed meanwhile
            step(1)
    return damaged


def _retire(damaged: list[str]) -> None:
    """Remove the old keys that nothing uses."""
    ring = keys()
    with transaction_mode("DEFERRED"):
        used, unknown = set(key_rotation.sealed_with()), key_rotation.unknown_numbers()
        db.session.rollback()
    used |= set(_files_by_key(damaged))
    used |= set(ring.keys.indexing) if unknown else set()
    gone = [key_id for key_id in ring.keys.old if key_id not in used]
    ring.replace_file(ring.keys.without(gone))
    audit.record("keys_rotate", None, detail=f"retired {' '.join(gone) or 'none'}")
    db.session.commit()
    click.echo(f"retired: {', '.join(gone) or 'none'}")
    if damaged:
        click.echo(f"{len(damaged)} files open with no key; see flask storage check", err=True)
    if unknown:
        raise click.ClickException(
            f"an old key is kept, because the numbers of {', '.join(unknown)} are known as hashes only: "
            "enter them with flask staff set-number, then run flask keys rotate again"
        )
    if ring.keys.old:
        raise click.ClickException("old keys are still in use (flask keys list); run flask keys rotate again")
    click.echo(f"make a new back-up of {ring.path}: the older one opens nothing any more")
