"""The marks of a return as the applicant sees them: what was sent, what the officer wrote, is it dealt with.

A mark is touched when the normalised answer or the paper's pictures changed, or when an explanation was given. A mark
whose question no longer applies closes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from forms import PAPER
from lib.codes import MarkState
from lib.identity import mask_number
from lib.questions.pages import Step
from models import Declaration, Mark, Revision, db
from services.declaration import answers, labels
from services.declaration.answers import AnswerRow


@dataclass(frozen=True)
class MarkView:
    """One open mark as the applicant sees it."""

    mark: Mark
    label: str
    before: str  # the old value in words, a number masked; empty for a paper
    step: Step | None  # the page of the question; None for a paper of the papers' page
    anchor: str
    touched: bool
    changed: bool = False  # touched, and not by an explanation alone
    applies: bool = True  # False: no longer asked for, so it has closed by itself


def step_of(target: str) -> Step | None:
    """The page that asks a question or takes a paper; None: the papers' page."""
    known = labels.table().get(target)
    return known.step if known else None


def marks_of_return(declaration: Declaration) -> Sequence[Mark]:
    """The open marks, and the closed ones that asked for no new signature, each with its revision."""
    is_excused = (Mark.state == MarkState.CLOSED) & Mark.resign.is_(False)
    query = select(Mark).join(Mark.revision).options(contains_eager(Mark.revision)).order_by(Mark.created_at, Mark.id)
    query = query.where(Revision.declaration_id == declaration.id, (Mark.state == MarkState.OPEN) | is_excused)
    return db.session.scalars(query).all()


def views(
    marks: Sequence[Mark], revision: Revision, has_changed: Callable[[str], bool], asked: Collection[str]
) -> list[MarkView]:
    """The open marks of a revision in the order of the pages and papers. ``asked``: what is still asked for."""
    rows = {row.name: row for section in answers.sections(revision.answers) for row in section.rows}
    found = [_view(mark, rows, has_changed(mark.target), mark.target in asked) for mark in marks]
    order = list(labels.table())
    return sorted(found, key=lambda view: order.index(view.mark.target))


def _view(mark: Mark, rows: Mapping[str, AnswerRow], changed: bool, applies: bool) -> MarkView:
    state = (changed or bool(mark.explanation.strip()), changed, applies)
    step = step_of(mark.target)
    if mark.target in PAPER:
        anchor = mark.target if step else f"paper-{mark.target}"
        return MarkView(mark, PAPER[mark.target].title, "", step, anchor, *state)
    row = rows.get(mark.target)
    label, before = (row.label, row.text) if row else (mark.target, "")
    shown = mask_number(before) if mark.target == "id_number" else before
    return MarkView(mark, label, shown, step, mark.target, *state)
