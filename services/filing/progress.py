"""What of a declaration is done, kept on its row: the step bar of a page validates nothing.

It is worked out when a page is saved (saving.py) or a picture comes (adding.py); in between, each process works it out
once. What the session writes about a declaration empties the column in the same flush, so that no writer can forget
it. It also stops counting with another version of the reference data or of our rules, and, while a page is unfinished,
with another day: an answer may no longer be in the future. It is for showing only: printing and submitting check
everything again.
docs/adr/018.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, attributes

from forms import STEPS
from lib.clock import today
from lib.sealed import new_uid
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


def to_keep(found: Progress | None) -> dict[str, Any]:
    """What the row keeps. Without progress it is always a change, so that the version of the row counts up."""
    return found.to_keep() if found else {"emptied": new_uid()}


def known(declaration: Declaration) -> Progress | None:
    """What was kept on the row, or worked out by this process since the row was written."""
    return _still_counts(declaration.progress) or _worked_out.get(_key(declaration))


def _still_counts(kept: Mapping[str, Any] | None) -> Progress | None:
    if not kept or kept.get("basis") != _basis() or kept["day"] not in ("", today().isoformat()):
        return None
    pictures = Pictures(frozenset(kept["kinds"]), kept["photo"], kept["signed"])
    return Progress(frozenset(kept["done"]), kept["outdated"], pictures)


#: A page writes nothing, so what it works out is kept here until the next save: by the row and its version.
_worked_out: dict[tuple[str, int, str, str], Progress] = {}
MOST = 2000


def remember(declaration: Declaration, found: Progress) -> None:
    """``found`` in what the database holds, without changes that are not written yet."""
    if len(_worked_out) >= MOST:
        _worked_out.clear()
    _worked_out[_key(declaration)] = found


def _key(declaration: Declaration) -> tuple[str, int, str, str]:
    return declaration.uid, declaration.version, _basis(), today().isoformat()


def _basis() -> str:
    return f"{_rules()}.{reference_version.current()}"


@cache
def _rules() -> str:
    places = [_ROOT / name for name in RULES]
    files = sorted(file for place in places for file in (place.glob("*.py") if place.is_dir() else [place]))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


_NOT_COUNTED = {"claim", "revisions", "transfers", "second_looks"}


@event.listens_for(db.session, "before_flush")
def _empty(session: Session, _context: Any, _instances: Any) -> None:
    changed = (row for row in session.dirty if _counts(session, row))
    with session.no_autoflush:
        for row in (*session.new, *session.deleted, *changed):
            for declaration in _about(session, row):
                if "progress" not in attributes.instance_state(declaration).committed_state:  # just worked out
                    declaration.progress = to_keep(None)


def _counts(session: Session, row: Any) -> bool:
    """Is something changed that progress depends on? Whose claim, revision or transfer a declaration has is not."""
    changed = attributes.instance_state(row).committed_state.keys()
    return not (isinstance(row, Declaration) and changed <= _NOT_COUNTED) and session.is_modified(row)


def _about(session: Session, row: Any) -> Iterable[Declaration]:
    """The declarations whose progress may depend on a row."""
    if isinstance(row, Declaration):
        return (row,)
    if isinstance(row, PaperPage | Sheet) and row.declaration_id:
        return filter(None, [session.get(Declaration, row.declaration_id)])
    if isinstance(row, Account) and not attributes.instance_state(row).committed_state.keys().isdisjoint(_OF_ACCOUNT):
        return session.scalars(select(Declaration).where(Declaration.account_id == row.id)).all() if row.id else ()
    return ()
