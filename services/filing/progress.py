"""What of a declaration is done, kept on its row: the step bar of a page validates nothing.

It is worked out when something is saved, or by the first page that needs it. What the session writes about a
declaration empties the column in the same flush, so that no writer can forget it. It also stops counting with another
version of the reference data or of our rules, and, while a page is unfinished, with another day: an answer may no
longer be in the future. It is for showing only: printing and submitting check everything again. docs/adr/018.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session, attributes

from forms import STEPS
from lib.clock import today
from models import Account, Declaration, PaperPage, Sheet, db
from services.departments import reference_version

#: Where the rules of answers and papers are written: another text of them, and what is kept no longer counts.
RULES = (
    *("forms.py", "lib/questions", "lib/identity.py", "lib/names.py", "lib/codes.py", "services/declaration"),
    *("services/departments", "services/filing", "services/papers/papers.py", "services/sheet/versions.py"),
)
_ROOT = Path(__file__).resolve().parents[2]
#: What of an account the answers are compared with.
_OF_ACCOUNT = ("name", "id_type", "id_number_sealed", "legacy_id")


@dataclass(frozen=True)
class Pictures:
    """``kinds``: papers of which there are pictures; the address of the ``photo``; the id of the ``signed`` sheet."""

    kinds: frozenset[str]
    photo: str | None
    signed: int | None


@dataclass(frozen=True)
class Progress:
    """``done``: names of the pages of the step bar. ``sheet_outdated``: the signed sheet says something else by now."""

    done: frozenset[str]
    sheet_outdated: bool
    pictures: Pictures

    def to_keep(self) -> dict[str, Any]:
        finished = all(step.slug in self.done for step in STEPS)
        return {
            "basis": _basis(),
            "day": "" if finished else today().isoformat(),
            "done": sorted(self.done),
            "outdated": self.sheet_outdated,
            "kinds": sorted(self.pictures.kinds),
            "photo": self.pictures.photo,
            "signed": self.pictures.signed,
        }


def still_counts(kept: Mapping[str, Any] | None) -> Progress | None:
    """What was kept, unless it has to be worked out again."""
    if not kept or kept["basis"] != _basis() or kept["day"] not in ("", today().isoformat()):
        return None
    pictures = Pictures(frozenset(kept["kinds"]), kept["photo"], kept["signed"])
    return Progress(frozenset(kept["done"]), kept["outdated"], pictures)


def store(declaration_id: int, version: int, found: Progress) -> None:
    """Keep what a page has worked out, unless the declaration has changed meanwhile. The caller commits."""
    where = (Declaration.id == declaration_id, Declaration.version == version)
    table: Any = Declaration.__table__
    new = {"progress": found.to_keep(), "touched_at": Declaration.touched_at}  # nobody has touched it
    db.session.connection().execute(update(table).where(*where).values(new))


def _basis() -> str:
    return f"{_rules()}.{reference_version.current()}"


@cache
def _rules() -> str:
    places = [_ROOT / name for name in RULES]
    files = sorted(file for place in places for file in (place.glob("*.py") if place.is_dir() else [place]))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@event.listens_for(db.session, "before_flush")
def _empty(session: Session, _context: Any, _instances: Any) -> None:
    changed = (row for row in session.dirty if session.is_modified(row))
    with session.no_autoflush:
        for row in (*session.new, *session.deleted, *changed):
            for declaration in _about(session, row):
                if "progress" not in attributes.instance_state(declaration).committed_state:  # just worked out
                    declaration.progress = None


def _about(session: Session, row: Any) -> Iterable[Declaration]:
    """The declarations whose progress may depend on a row."""
    if isinstance(row, Declaration):
        return (row,)
    if isinstance(row, PaperPage | Sheet) and row.declaration_id:
        return filter(None, [session.get(Declaration, row.declaration_id)])
    if isinstance(row, Account) and not attributes.instance_state(row).committed_state.keys().isdisjoint(_OF_ACCOUNT):
        return session.scalars(select(Declaration).where(Declaration.account_id == row.id)).all() if row.id else ()
    return ()
