"""Due dates: ten working days by the State Council's calendar, and whose turn it is."""

from __future__ import annotations

from datetime import date

import pytest

from lib.clock import today
from lib.codes import Status
from models import CalendarDay, db
from services import workflow
from services.declaration import deadlines
from services.declaration.deadlines import due_date, due_state

FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("submitted_on", "days", "on", "estimated"),
    [
        (date(2026, 11, 23), 10, date(2026, 12, 7), False),  # two weekends
        (date(2026, 11, 21), 1, date(2026, 11, 23), False),  # handed in on a Saturday
        (date(2026, 9, 30), 1, date(2026, 10, 8), False),  # National Day week
        (date(2026, 2, 13), 2, date(2026, 2, 24), False),  # a make-up Saturday counts, the Spring Festival does not
        (date(2026, 12, 28), 10, date(2027, 1, 12), True),  # next year's notice is not out
        (date(2026, 11, 23), 0, date(2026, 11, 23), False),
    ],
)
def test_working_days_are_counted_by_the_calendar(app, submitted_on, days, on, estimated):
    assert due_date(submitted_on, days, deadlines.calendar()) == deadlines.Due(on, estimated)


def test_a_new_holiday_counts_at_once(app):
    assert due_date(date(2026, 11, 23), 1, deadlines.calendar()).on == date(2026, 11, 24)
    db.session.add(CalendarDay(day=date(2026, 11, 24), kind="holiday", source="test"))
    db.session.commit()
    assert due_date(date(2026, 11, 23), 1, deadlines.calendar()).on == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2026, 11, 16), 4), (date(2026, 11, 19), 1), (FRIDAY, 0), (date(2026, 11, 21), 0), (date(2026, 11, 23), -1)],
)
def test_days_left_are_working_days_until_the_due_date(app, today, left):
    assert deadlines.days_left(FRIDAY, today) == left


def test_without_a_due_date_there_are_no_days_left(app):
    assert deadlines.days_left(None, FRIDAY) is None


# --- whose turn ---


def submitted(make, due_on: date = FRIDAY, status: Status = Status.SUBMITTED):
    declaration = make.declaration(status)
    declaration.due_on = due_on
    db.session.commit()
    return declaration


@pytest.mark.parametrize(
    ("today", "left", "soon", "overdue"),
    [
        (date(2026, 11, 16), 4, False, False),
        (date(2026, 11, 18), 2, True, False),
        (FRIDAY, 0, True, False),
        (date(2026, 11, 21), 0, False, True),
        (date(2026, 11, 30), -6, False, True),
    ],
)
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW])
def test_while_the_office_has_it_the_clock_runs(make, status, today, left, soon, overdue):
    found = due_state(submitted(make, status=status), today)

    assert found.whose_turn == "轮到会计管理部门审核"
    assert found.due_on == FRIDAY
    assert (found.days_left, found.soon, found.overdue) == (left, soon, overdue)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETURNED])
def test_while_the_applicant_has_it_the_clock_stops(make, status):
    found = due_state(make.declaration(status), FRIDAY)

    assert found.whose_turn == "轮到您办理"
    assert (found.due_on, found.days_left, found.overdue, found.soon) == (None, None, False, False)


def test_once_decided_nobody_waits(make):
    assert due_state(make.declaration(Status.APPROVED), FRIDAY).whose_turn == "已办结"


def test_an_estimate_is_passed_on(make):
    declaration = submitted(make)
    declaration.due_estimated = True
    assert due_state(declaration, FRIDAY).estimated


# --- what a return keeps ---


def resubmit(make, declaration, today) -> int | None:
    """Correct and send a returned declaration; the working days that the office then has."""
    declaration.postal_address = "辽宁省沈阳市和平区样例路 77 号"
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    return deadlines.days_left(declaration.due_on, today)


#: None: a resubmission was taken back, which restarts the clock.
@pytest.mark.parametrize(("kept", "given"), [(7, 7), (3, 3), (1, 3), (0, 3), (-4, 3), (None, 10)])
def test_a_resubmission_gets_the_remaining_days_and_at_least_three(make, kept, given):
    declaration = make.declaration(Status.RETURNED)
    declaration.days_left = kept

    assert resubmit(make, declaration, today()) == given
    assert declaration.days_left is None


def test_a_return_keeps_the_days_that_were_left(make):
    declaration = make.declaration(Status.RETURNED)
    assert declaration.days_left == 10
