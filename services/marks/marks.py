"""Marks: what an officer asks to be corrected. How the applicant sees them: services.marks.mark_views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forms import PAPER
from lib.codes import MarkState
from models import Mark, Revision, db
from services.access import Actor
from services.declaration import answers, labels
from services.marks import return_reasons
from services.papers import papers

SENT = (MarkState.OPEN, MarkState.CLOSED)


def is_paper(target: str) -> bool:
    return target in PAPER


def of_revision(revision: Revision, *states: MarkState) -> list[Mark]:
    return [mark for mark in revision.marks if mark.state in states]


def sent_before(revision: Revision) -> list[Mark]:
    """The marks that the last return before this revision sent out."""
    for earlier in reversed(revision.declaration.revisions):
        if earlier.number < revision.number and (sent := of_revision(earlier, *SENT)):
            return sent
    return []


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
    return frozenset({row.name for row in rows} | set(revision.papers) | wanted)


def save(revision: Revision, actor: Actor, wanted: Sequence[MarkRequest]) -> list[Mark]:
    """Make the unsent marks of a revision exactly these. Unknown targets and reasons are left out.

    A reason that stands already stays: the mark may come from an officer of another office, whose list it is on.
    """
    known = markable(revision)
    before = {mark.target: (mark.reason_code, mark.reason) for mark in of_revision(revision, MarkState.DRAFT)}
    drop_unsent(revision)
    db.session.flush()  # before new ones on the same targets
    kept = [_mark(revision, actor, want, before.get(want.target)) for want in wanted if want.target in known]
    revision.marks.extend(kept)
    return kept


def drop_unsent(revision: Revision) -> None:
    db.session.flush()  # a mark of this very request is no row yet
    for mark in of_revision(revision, MarkState.DRAFT):
        revision.marks.remove(mark)
        db.session.delete(mark)


def _mark(revision: Revision, actor: Actor, want: MarkRequest, before: tuple[str | None, str] | None) -> Mark:
    """``before``: code and words of the reason that stands at this place."""
    found = return_reasons.one(actor, want.reason_code, "paper" if is_paper(want.target) else "question")
    stands = before if before and before[0] == want.reason_code else (None, "")
    code, words = (found.code, found.advice) if found else stands
    page = want.page if want.page in range(len(revision.papers.get(want.target, ()))) else None
    return Mark(
        target=want.target,
        page=page,
        rectangle=list(want.rectangle) if want.rectangle and page is not None else None,
        reason_code=code,
        reason=words,
        comment=want.comment.strip()[:200],
        resign=want.resign or want.target in labels.IDENTITY,  # sex and birth date follow
        state=MarkState.DRAFT,
        staff_id=actor.id,
    )
