"""名册 in the background: a print job that lists instead of drawing, and the kept choices of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from lib.files import refuse_unwritable
from lib.storage import Store
from models import PrintJob, RosterColumns, db
from services.access import Actor
from services.departments import tree
from services.reports import roster
from services.reports.roster import Roster, RosterRequest
from services.sheet import batch_print

CHOICES_AT_MOST = 20
PART = 1 << 20  # bytes that are encrypted and stored at once


class ColumnsRefused(Exception):
    """Why a choice of columns was not kept, as the officer reads it."""


def create(actor: Actor, wanted: RosterRequest, total: int, reason: str) -> PrintJob:
    """Ask for this list. Raises batch_print.PrintingBusy. What is handed out is written down when it is made."""
    batch_print.refuse_busy(actor)
    job = PrintJob(staff_id=actor.id, revisions=[], total=total, export=_written(wanted, reason))
    db.session.add(job)
    db.session.flush()
    return job


def _written(wanted: RosterRequest, reason: str) -> dict[str, Any]:
    said = asdict(wanted) | {"office": wanted.office.code, "path": wanted.office.path, "reason": reason}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def wanted_by(job: PrintJob) -> RosterRequest | None:
    """None: the department is gone."""
    said = dict(job.export or {})
    office = tree.load().by_code.get(said.pop("office"))
    if office is None:
        return None
    for name in ("since", "until"):
        said[name] = date.fromisoformat(said[name]) if said[name] else None
    for name in ("employers", "columns"):
        said[name] = tuple(said[name])
    return RosterRequest(office, **{name: value for name, value in said.items() if name not in ("path", "reason")})


def refuse_full(folder: Path, wanted: RosterRequest, total: int) -> None:
    """Raises the OSError of a disk that has no room for so many rows."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_unwritable(folder, total * roster.room_of_a_row(wanted))


def write(actor: Actor, job: PrintJob, folder: Path, alive: Callable[..., None]) -> tuple[RosterRequest, Roster] | None:
    """The file, or None when nobody is in it any more for this officer. Raises OSError, at once where it does not fit.

    ``alive`` gets the ``total``, and then how many are ``done``.
    """
    wanted = wanted_by(job)
    if wanted is None or not wanted.office.path.startswith(actor.path):
        return None
    total = roster.count(actor, wanted)
    refuse_full(folder, wanted, total)
    alive(total=max(total, 1))
    made = roster.write(actor, wanted, folder, lambda done: alive(done=min(done, total)))
    if made.count:
        return wanted, made
    made.file.close()
    return None


@dataclass(frozen=True)
class StoredParts:
    """An export in the store, in pieces that fit into memory."""

    addresses: list[str]
    size: int  # bytes


def store_parts(made: Roster, store: Store) -> StoredParts:
    """Encrypt the file and store it, one part after the other."""
    size = made.size
    return StoredParts([store.put(part).address for part in iter(lambda: made.file.read(PART), b"")], size)


def finish(actor: Actor, job: PrintJob, wanted: RosterRequest, made: Roster, drawer: str, stored: StoredParts) -> bool:
    """Write down who is in it, and let it be fetched: both or neither. False: the job was cancelled."""
    reason = (job.export or {})["reason"]
    values = {"address": stored.addresses[0], "parts": stored.addresses, "size": stored.size}
    if not batch_print.close(job.id, drawer, done=made.count, total=made.count, **values):
        return False
    roster.log(actor, wanted, made, reason)
    return True


# --- kept choices of columns ----------------------------------------------------------------------


def kept_columns(actor: Actor) -> Sequence[RosterColumns]:
    query = select(RosterColumns).where(RosterColumns.staff_id == actor.id).order_by(RosterColumns.name)
    return db.session.scalars(query).all()


def keep_columns(actor: Actor, name: str, columns: Sequence[str]) -> None:
    """Under a name; the same name again replaces."""
    known = roster.columns_to_choose()
    chosen = [column for column in known if column in columns]
    kept = {one.name: one for one in kept_columns(actor)}
    if not name or not chosen:
        raise ColumnsRefused("请填写名称，并至少选择一个栏目")
    if name in kept:
        kept[name].columns = chosen
    elif len(kept) >= CHOICES_AT_MOST:
        raise ColumnsRefused(f"最多保存 {CHOICES_AT_MOST} 套栏目，请先删除不用的")
    else:
        db.session.add(RosterColumns(staff_id=actor.id, name=name, columns=chosen))


def drop_columns(actor: Actor, number: int) -> None:
    found = db.session.get(RosterColumns, number)
    if found is not None and found.staff_id == actor.id:
        db.session.delete(found)
