"""没问题: what an officer has looked at and found right. Never required; stays exactly until that answer changes.

A tick holds a keyed digest of what was ticked: the normalised answer, or the addresses of the paper's pictures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select

from forms import PAPER
from lib.database import Prebuilt, parameter, utcnow
from models import Declaration, Revision, Tick, db, keys
from services.access import Actor
from services.papers import papers


def digests(declaration: Declaration, revision: Revision) -> Callable[[str], bytes]:
    """Target -> what the revision shows there, an answer or a paper, as 32 bytes that tell nothing."""
    answers, pages = revision.answers, revision.papers  # opened once

    def digest(target: str) -> bytes:
        shown = papers.addresses(pages.get(target)) if target in PAPER else answers.get(target)
        place = [declaration.uid, target, shown]
        return keys().index("tick", json.dumps(place, ensure_ascii=False, sort_keys=True, separators=(",", ":")))

    return digest


_STANDING = Prebuilt(
    select(Tick.target, Tick.digest, Tick.at).where(Tick.declaration_id == parameter("declaration_id"))
)


def of(declaration: Declaration, revision: Revision) -> dict[str, Any]:
    """The ticks that hold for a revision, by target."""
    standing = _STANDING.rows(db.session, declaration_id=declaration.id)
    digest = digests(declaration, revision) if standing else None
    return {tick.target: tick for tick in standing if digest and tick.digest == digest(tick.target)}


def save(revision: Revision, actor: Actor, targets: Iterable[str]) -> None:
    """Make the ticks of a revision exactly these; the officer who ticked first stays named."""
    wanted, digest = set(targets), digests(revision.declaration, revision)
    standing = {tick.target: tick for tick in _all(revision.declaration)}
    for target, tick in standing.items():
        if target not in wanted:
            db.session.delete(tick)
    for target in sorted(wanted):
        now, tick = digest(target), standing.get(target) or Tick(declaration_id=revision.declaration_id, target=target)
        if tick.digest != now:
            tick.digest, tick.staff_id, tick.at = now, actor.id, utcnow()
            db.session.add(tick)


def drop_changed(declaration: Declaration, revision: Revision) -> None:
    """Take away the ticks on what the new revision answers or shows otherwise. With every submission."""
    digest = digests(declaration, revision)
    for tick in _all(declaration):
        if tick.digest != digest(tick.target):
            db.session.delete(tick)


def _all(declaration: Declaration) -> Sequence[Tick]:
    return db.session.scalars(select(Tick).where(Tick.declaration_id == declaration.id)).all()
