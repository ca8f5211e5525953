"""Pictures that look like another person's: hashes kept at submission, found by bands, distinguished by the measures.

Two 64-bit hashes that differ in at most three bits agree in at least one of four bands, so four index ranges find them.
A band holds every fourth bit, so that no band sees only a document's empty margin. What shares a form (identity
cards, diplomas of one school) shares much of the hash too; lib.pictures.quality.is_same_picture compares what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Integer, Text, bindparam, cast, select, union_all

from forms import PAPERS
from lib.codes import Status
from lib.database import Prebuilt, insert, parameter
from lib.pictures import quality
from models import Declaration, PictureHash, Revision, db

#: Colleagues share a licence, everybody the emblem's side, and sheets look the same: these are left out.
PERSONAL = tuple(paper.kind for paper in PAPERS if paper.personal)
BANDS = 4
#: For a picture so many rows of each band are read, and so many of the nearest compared: the cost stays, whatever looks
#: alike.
ROWS, COMPARED = 200, 20


@dataclass(frozen=True)
class LookAlike:
    """One of the revision's pictures, and the submission of another person that has the same one."""

    kind: str
    declaration_id: int


def remember(revision: Revision) -> None:
    """Keep the hashes of the revision's own pictures. What is kept already is not kept twice."""
    rows = [
        {"account_id": revision.declaration.account_id, "declaration_id": revision.declaration_id, "kind": kind}
        | {"look": _signed(look)}
        | {f"band{place}": band for place, band in enumerate(bands(look))}
        for kind, look in dict.fromkeys((kind, page["look"]) for kind, page in _own(revision.papers))
    ]
    if rows:
        db.session.execute(insert(db.session, PictureHash).on_conflict_do_nothing(), rows)


def find(revision: Revision) -> list[LookAlike]:
    """The submissions of other people, not taken back, that have one of the revision's pictures."""
    own = list(_own(revision.papers))
    near = _near(revision, {figures["look"] for _kind, figures in own}) if own else []
    if not near:
        return []
    rows = _PAPERS.rows(db.session, these=list({row.declaration_id for row in near}))
    wanted = {(row.declaration_id, row.kind, row.look) for row in near}
    found = {
        LookAlike(kind, declaration_id)
        for declaration_id, papers in rows
        for theirs, page in _own(json.loads(papers))
        if (declaration_id, theirs, _signed(page["look"])) in wanted
        for kind, figures in own
        if quality.is_same_picture(figures, page)
    }
    return sorted(found, key=lambda one: (PERSONAL.index(one.kind), one.declaration_id))


_PAPERS = Prebuilt(
    select(Revision.declaration_id, cast(Revision.papers, Text).label("papers"))
    .join(Declaration)
    .where(Revision.declaration_id.in_(bindparam("these", expanding=True)))
    .where(Declaration.status.not_in((Status.DRAFT, Status.DROPPED)))
)


class _Near(NamedTuple):
    id: int
    declaration_id: int
    kind: str
    look: int


def _near(revision: Revision, looks: Set[str]) -> list[_Near]:
    """Rows of other people within three bits of one of these looks, the nearest first."""
    here = {"account_id": revision.declaration.account_id, "chunk": ROWS * len(looks)}
    cut = [bands(look) for look in looks]
    found = _SAME_BAND.rows(
        db.session, **here, **{f"band{place}": [one[place] for one in cut] for place in range(BANDS)}
    )
    rows, ints = {_Near(*row) for row in found}, [_signed(look) for look in looks]
    apart = {row: min(((row.look ^ look) & _ALL_BITS).bit_count() for look in ints) for row in rows}
    near = [row for row in rows if apart[row] <= quality.SAME_HASH_BITS]
    return sorted(near, key=lambda row: (apart[row], -row.id))[:COMPARED]


def _same_band() -> Any:
    columns = (PictureHash.id, PictureHash.declaration_id, PictureHash.kind, PictureHash.look)
    others = select(*columns).where(PictureHash.account_id != parameter("account_id"))
    parts = [
        others.where(getattr(PictureHash, name).in_(bindparam(name, expanding=True)))
        .limit(bindparam("chunk", None, type_=Integer, literal_execute=True))
        .subquery()
        for name in (f"band{place}" for place in range(BANDS))
    ]
    return union_all(*(select(part) for part in parts))


_SAME_BAND = Prebuilt(_same_band())
_ALL_BITS = (1 << 64) - 1


def _own(papers: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(kind, measures) of the pictures that are compared; one that shows nothing is not."""
    for kind in PERSONAL:
        for page in papers.get(kind, ()):
            figures = page.get("measures")
            if figures and figures["contrast"] >= quality.MIN_CONTRAST:
                yield kind, figures


def bands(look: str) -> list[int]:
    """The four bands of a look, 16 bits each."""
    bits = f"{int(look, 16):064b}"
    return [int(bits[BANDS - 1 - place :: BANDS], 2) for place in range(BANDS)]


def _signed(look: str) -> int:
    bits = int(look, 16)
    return bits - (1 << 64) if bits >> 63 else bits
