"""What was decided on a declaration before, newest first, with the marks that went out and the officers' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from models import Decision, Mark, SecondLook, Staff, Transfer, db
from services.declaration import labels
from services.marks import marks
from services.moves import MOVES, RETURNING
from services.review.case import ReviewCase


@dataclass(frozen=True)
class Verdict:
    """An earlier decision on this declaration with the marks that went out with it, as (what, mark)."""

    decision: Decision
    title: str
    marks: Sequence[tuple[str, Mark]]

    @property
    def words(self) -> str:
        """The reason and the officer's own words, where the verb has any."""
        return "；".join(filter(None, (self.decision.reason, self.decision.comment)))


def verdicts(case: ReviewCase) -> list[Verdict]:
    """The decisions on all revisions, newest first, as far as the officer may read them."""
    shown = [decision for decision in case.decisions if decision.department.path.startswith(case.within)]
    return [Verdict(decision, MOVES[decision.verb].label, _sent(decision)) for decision in shown]


def _sent(decision: Decision) -> list[tuple[str, Mark]]:
    if decision.verb not in RETURNING:
        return []
    return [(labels.full(mark.target), mark) for mark in marks.of_revision(decision.revision, *marks.SENT)]


def transfers(case: ReviewCase) -> list[Transfer]:
    """Offers that have an answer, newest first, as far as they are by or to a department that the officer reads of."""
    return [
        one
        for one in reversed(case.declaration.transfers)
        if one.answered_at is not None
        and any(office.path.startswith(case.within) for office in (one.from_department, one.to_department))
    ]


@dataclass(frozen=True)
class LookedAgain:
    """A 复核 that is over: whose approval, who answered and how."""

    look: SecondLook
    by: str

    @property
    def title(self) -> str:
        if self.look.answered_by == self.look.staff_id:
            return "已收回复核"
        return "复核同意" if self.look.agreed else "复核不同意"


def second_looks(case: ReviewCase) -> list[LookedAgain]:
    """Newest first; none for an officer who reads only what the own scope decided."""
    answered = [look for look in reversed(case.declaration.second_looks) if look.answered_by] if case.reads_all else []
    if not answered:
        return []
    query = select(Staff.id, Staff.name).where(Staff.id.in_({look.answered_by for look in answered}))
    names = {which: name for which, name in db.session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
    return [LookedAgain(look, names[look.answered_by]) for look in answered if look.answered_by]
