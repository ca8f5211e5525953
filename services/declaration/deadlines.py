"""Due dates in working days, and whose turn it is. The clock stops while it is the applicant's turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lib.codes import EDITABLE, Status
from lib.workdays import Calendar, add_workdays, is_estimated, workdays_between
from models import Declaration
from services.departments import snapshot

LEAST_AFTER_RETURN = 3  # working days that a resubmission gets at least
SOON = 2  # working days before the due date


@dataclass(frozen=True)
class Due:
    """``estimated``: depends on a year whose holiday notice is not published yet."""

    on: date
    estimated: bool


@dataclass(frozen=True)
class DueState:
    """How much time a declaration has left. ``days_left`` is negative once overdue, None while no clock runs."""

    whose_turn: str
    due_on: date | None
    days_left: int | None
    overdue: bool
    soon: bool
    estimated: bool


def calendar() -> Calendar:
    """The table of holidays and make-up days."""
    return snapshot.current().calendar


def due_date(submitted_on: date, days: int, days_off: Calendar) -> Due:
    """The ``days``-th working day after the day of submission."""
    on = add_workdays(submitted_on, days, days_off)
    return Due(on, is_estimated(submitted_on, on, days_off))


def days_left(due_on: date | None, today: date) -> int | None:
    """Working days from tomorrow to the due date; a return keeps them for the resubmission."""
    return workdays_between(today, due_on, calendar()) if due_on else None


def due_state(declaration: Declaration, today: date) -> DueState:
    """Whose turn it is and until when; applicant and office see the same."""
    if declaration.status in EDITABLE:
        return DueState("轮到您办理", None, None, overdue=False, soon=False, estimated=False)
    if declaration.status not in (Status.SUBMITTED, Status.IN_REVIEW):
        return DueState("已办结", None, None, overdue=False, soon=False, estimated=False)
    left = days_left(declaration.due_on, today)
    late = declaration.due_on is not None and today > declaration.due_on
    return DueState(
        "轮到会计管理部门审核",
        declaration.due_on,
        left,
        overdue=late,
        soon=not late and left is not None and left <= SOON,
        estimated=declaration.due_estimated,
    )
