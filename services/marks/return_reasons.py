"""The reasons that an officer picks from: the province's and the own offices', the most used first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from models import Department, ReturnReason, db
from services.access import Actor

BY_KEY = 9  # so many are chosen by a digit


@dataclass(frozen=True)
class Choice:
    """One reason. ``advice`` is what the applicant reads; ``digit`` the key that picks it, 0 for none."""

    code: str
    title: str
    advice: str
    digit: int


@dataclass(frozen=True)
class Reasons:
    """What there is to choose for a question, for a paper, and for 不予采集."""

    question: Sequence[Choice]
    paper: Sequence[Choice]
    decline: Sequence[Choice]

    def title(self, code: str) -> str:
        found = (*self.question, *self.paper, *self.decline)
        return next((choice.title for choice in found if choice.code == code), "")


def of(actor: Actor) -> Reasons:
    """The reasons in use for an officer: those of everybody, and those of the department and the ones above it."""
    codes = [code for code in actor.path.split("/") if code]
    offices = select(Department.id).where(Department.code.in_(codes))
    mine = ReturnReason.department_id.is_(None) | ReturnReason.department_id.in_(offices)
    query = select(ReturnReason).where(ReturnReason.retired.is_(False), mine)
    rows = db.session.scalars(query.order_by(ReturnReason.uses.desc(), ReturnReason.position, ReturnReason.code)).all()
    return Reasons(*(_choices(rows, where) for where in ("question", "paper", "decline")))


def one(actor: Actor, code: str, applies_to: str) -> ReturnReason | None:
    """The reason of that code, if it is on this list (question, paper, decline) and of an office of the officer's own.

    One that has been retired meanwhile still counts: a mark may stand on it.
    """
    reason = db.session.get(ReturnReason, code) if code else None
    if reason is None or reason.applies_to != applies_to:
        return None
    office = db.session.get(Department, reason.department_id) if reason.department_id else None
    return reason if office is None or actor.path.startswith(office.path) else None


def _choices(rows: Sequence[ReturnReason], where: str) -> list[Choice]:
    fitting = [row for row in rows if row.applies_to == where]
    return [
        Choice(row.code, row.title, row.advice, place if place <= BY_KEY else 0)
        for place, row in enumerate(fitting, start=1)
    ]
