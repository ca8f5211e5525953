"""Marks: what an officer asks to be corrected. How the applicant sees them: services.marks.mark_views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from forms import PAPER
from lib.codes import MarkState
from models import Mark, Revision, db
from services.access import Actor
from services.declaration import answers
from services.marks import return_reasons
from services.papers import papers


def is_paper(target: str) -> bool:
    return target in PAPER


def of_revision(revision: Revision, *states: MarkState) -> Sequence[Mark]:
    query = select(Mark).where(Mark.revision_id == revision.id, Mark.state.in_(states)).order_by(Mark.id)
    return db.session.scalars(query).all()


@dataclass(frozen=True)
class MarkRequest:
    """One mark as the officer's form sends it. On a paper: which page, from 0, and where."""

    target: str
    reason_code: str
    comment: str = ""
    resign: bool = True
    page: int | None = None
    rectangle: Sequence[float] | None = None  # left, top, width, height as fractions


def markable(revision: Revision) -> frozenset[str]:
    """The questions and papers of a revision that can be marked and ticked."""
    rows = (row for section in answers.sections(revision.answers) for row in section.rows)
    wanted = {paper.kind for paper in papers.wanted(revision.answers)}
    return frozenset({row.name for row in rows if row.markable} | set(revision.papers) | wanted)


def keep(revision: Revision, actor: Actor, wanted: Sequence[MarkRequest]) -> list[Mark]:
    """Make the unsent marks of a revision exactly these. Unknown targets and reasons are left out."""
    known = markable(revision)
    for mark in of_revision(revision, MarkState.DRAFT):
        db.session.delete(mark)
    db.session.flush()
    kept = [_mark(revision, actor, want) for want in wanted if want.target in known]
    db.session.add_all(kept)
    return kept


def _mark(revision: Revision, actor: Actor, want: MarkRequest) -> Mark:
    reason = return_reasons.one(actor, want.reason_code, "paper" if is_paper(want.target) else "question")
    page = want.page if want.page in range(len(revision.papers.get(want.target, ()))) else None
    return Mark(
        revision_id=revision.id,
        target=want.target,
        page=page,
        rectangle=list(want.rectangle) if want.rectangle and page is not None else None,
        reason_code=reason.code if reason else None,
        reason=reason.advice if reason else "",
        comment=want.comment.strip()[:200],
        resign=want.resign,
        staff_id=actor.id,
    )
