"""Marks: what an officer asks to be corrected, and whether the applicant has dealt with it.

A mark is touched when the normalised answer or the paper's pictures changed, or when an explanation was given. A mark
whose question no longer applies closes by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from forms import PAPER, STEPS, Step
from lib.codes import MarkState, Status
from models import Declaration, Mark, Revision, db
from services.access import Actor
from services.declaration import answers
from services.marks import return_reasons
from services.papers import papers


@dataclass(frozen=True)
class MarkView:
    """One open mark as the applicant sees it: where, what was sent, what the officer wrote, is it dealt with."""

    mark: Mark
    label: str
    before: str  # the old value in words; empty for a paper
    step: Step | None  # the page of the question; None for a paper of the papers' page
    anchor: str
    touched: bool
    changed: bool = False  # touched, and not by an explanation alone
    applies: bool = True  # False: no longer asked for, so it has closed by itself


def is_paper(target: str) -> bool:
    return target in PAPER


def step_of(target: str) -> Step | None:
    """The page that asks a question or takes a paper; None: the papers' page."""
    for step in STEPS:
        if target in step.papers or target in step.form(None, context=answers.FormContext())._fields:
            return step
    return None


def returned_revision(declaration: Declaration) -> Revision | None:
    """The revision whose marks are open: the returned one. Not always the latest: a resubmission may be withdrawn."""
    query = select(Revision).join(Mark).where(Revision.declaration_id == declaration.id, Mark.state == MarkState.OPEN)
    return db.session.scalar(query.order_by(Revision.number.desc()).limit(1))


def of_revision(revision: Revision, *states: MarkState) -> list[Mark]:
    return [mark for mark in revision.marks if mark.state in states]


def sent_before(revision: Revision) -> list[Mark]:
    """The marks that the last return before this revision sent out."""
    for earlier in reversed(revision.declaration.revisions):
        if earlier.number < revision.number and (sent := _sent(earlier)):
            return sent
    return []


def _sent(revision: Revision) -> list[Mark]:
    return of_revision(revision, MarkState.OPEN, MarkState.CLOSED)


def open_views(declaration: Declaration) -> list[MarkView]:
    """The open marks of a returned declaration that still apply, in the order of the pages and papers."""
    return [view for view in all_views(declaration) if view.applies]


def all_views(declaration: Declaration) -> list[MarkView]:
    """The same with those that a correction has made superfluous."""
    revision = returned_revision(declaration)
    if revision is None or declaration.status != Status.RETURNED:
        return []
    old, now = revision.answers, answers.freeze(declaration)
    rows = {row.name: row for section in answers.sections(old) for row in section.rows}
    asked = _asked_now(now)
    views = [_view(mark, declaration, revision, rows, now, asked) for mark in of_revision(revision, MarkState.OPEN)]
    order = [*answers.question_names(), *PAPER]
    return sorted(views, key=lambda view: order.index(view.mark.target))


def _view(
    mark: Mark,
    declaration: Declaration,
    revision: Revision,
    rows: dict[str, Any],
    now: dict[str, Any],
    asked: frozenset[str],
) -> MarkView:
    changed = _changed(mark.target, declaration, revision, now)
    state = (changed or bool(mark.explanation.strip()), changed, mark.target in asked)
    step = step_of(mark.target)
    if is_paper(mark.target):
        return MarkView(
            mark, PAPER[mark.target].title, "", step, mark.target if step else f"paper-{mark.target}", *state
        )
    row = rows.get(mark.target)
    label, before = (row.label, row.text) if row else (mark.target, "")
    return MarkView(mark, label, before, step, mark.target, *state)


def _changed(target: str, declaration: Declaration, revision: Revision, now: dict[str, Any]) -> bool:
    if is_paper(target):
        return papers.current_addresses(declaration, target) != papers.addresses(revision.papers.get(target))
    return bool(now.get(target) != revision.answers.get(target))


def _asked_now(now: dict[str, Any]) -> frozenset[str]:
    """The questions that are still asked and the papers that are still wanted."""
    questions = {row.name for section in answers.sections(now) for row in section.rows}
    return frozenset(questions | {paper.kind for paper in papers.wanted(now)})


def untouched(declaration: Declaration) -> list[MarkView]:
    return [view for view in open_views(declaration) if not view.touched]


def excused(declaration: Declaration) -> frozenset[str]:
    """Targets whose change does not ask for a new signature (无需重新签章).

    What an earlier return excused stays excused as long as it is as it was submitted then.
    """
    revision = returned_revision(declaration)
    if revision is None:
        return frozenset()
    open_now = frozenset(mark.target for mark in of_revision(revision, MarkState.OPEN) if not mark.resign)
    dealt_with = Mark.state == MarkState.CLOSED, Mark.resign.is_(False), Revision.declaration_id == declaration.id
    earlier = db.session.scalars(select(Mark.target).join(Revision).where(*dealt_with)).all()
    now = answers.freeze(declaration) if earlier else {}
    return open_now | {target for target in earlier if not _changed(target, declaration, revision, now)}


def close_all(declaration: Declaration) -> None:
    """With the resubmission every open mark is dealt with."""
    revision = returned_revision(declaration)
    for mark in of_revision(revision, MarkState.OPEN) if revision else ():
        mark.state = MarkState.CLOSED


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


def save(revision: Revision, actor: Actor, wanted: Sequence[MarkRequest]) -> list[Mark]:
    """Make the unsent marks of a revision exactly these. Unknown targets and reasons are left out."""
    known = markable(revision)
    drop_unsent(revision)
    db.session.flush()
    kept = [_mark(revision, actor, want) for want in wanted if want.target in known]
    revision.marks.extend(kept)
    return kept


def drop_unsent(revision: Revision) -> None:
    for mark in of_revision(revision, MarkState.DRAFT):
        revision.marks.remove(mark)
        db.session.delete(mark)


def _mark(revision: Revision, actor: Actor, want: MarkRequest) -> Mark:
    reason = return_reasons.one(actor, want.reason_code, "paper" if is_paper(want.target) else "question")
    page = want.page if want.page in range(len(revision.papers.get(want.target, ()))) else None
    return Mark(
        target=want.target,
        page=page,
        rectangle=list(want.rectangle) if want.rectangle and page is not None else None,
        reason_code=reason.code if reason else None,
        reason=reason.advice if reason else "",
        comment=want.comment.strip()[:200],
        resign=want.resign,
        state=MarkState.DRAFT,
        staff_id=actor.id,
    )
