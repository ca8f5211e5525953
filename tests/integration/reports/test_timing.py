"""How long decisions take: measured for each officer, summed up for the manager, never ranked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from lib.codes import Role, Status
from lib.database import utcnow
from models import Decision, ReviewMeasure, db
from services import workflow
from services.reports import review_times
from tests.support.applicant.filing import words
from tests.support.office.histories import Step, happened


@pytest.fixture
def officer(make):
    return make.staff(name="王审核")


def decision_of(declaration) -> Decision:
    query = select(Decision).where(Decision.revision_id == declaration.revisions[-1].id)
    return db.session.scalars(query).one()


def measured(make, officer, seconds: float, keys: int | None = 2, verb: str = "approve") -> Decision:
    now = utcnow()
    declaration = happened(make, officer, Step("submit", now - timedelta(hours=1)), Step(verb, now))
    decision = decision_of(declaration)
    review_times.record(decision, now - timedelta(seconds=seconds), keys, 1)
    db.session.commit()
    return decision


@pytest.mark.parametrize(
    ("took", "seconds"),
    [
        (timedelta(seconds=41, milliseconds=600), 42),
        (timedelta(0), 0),
        (timedelta(minutes=30), 1800),
        (timedelta(hours=3), 1800),
        (timedelta(seconds=-2), 0),
    ],
)
def test_a_decision_took_from_the_first_look_to_it_half_an_hour_at_most(make, officer, took, seconds):
    decision = decision_of(happened(make, officer, Step("submit", utcnow()), Step("approve", utcnow())))
    made = review_times.record(decision, decision.at - took, 3, 4)
    db.session.commit()
    assert made
    assert (made.seconds, made.keys, made.clicks) == (seconds, 3, 4)
    assert (made.staff_id, made.department_id) == (officer.id, officer.department_id)


def test_the_own_page_tells_the_last_days_and_where_the_time_goes(make, officer, browser):
    now = utcnow()
    for spent in ("5,30,20,5", "5,10,0,5", "1,2,3", "5,10,0,9999"):
        declaration = happened(make, officer, Step("submit", now - timedelta(hours=1)), Step("approve", now))
        review_times.record(decision_of(declaration), now - timedelta(seconds=60), 3, 0, spent)
    db.session.commit()
    assert [(day.measured, day.seconds, day.keys) for day in review_times.days(make.actor(officer), now)] == [
        (4, 60, 3)
    ]
    told = {phase.title: (phase.seconds, phase.share) for phase in review_times.phases(make.actor(officer), now)}
    assert told == {"第一眼": (5, 10), "核对附件": (10, 32), "标记": (0, 13), "确认": (5, 45)}
    page = words(browser.sign_in(officer).open("/staff/own-figures").text)
    assert "时间用在哪里" in page
    assert "核对附件 10 秒 32%" in page


def test_a_decision_of_what_was_never_opened_is_not_measured(make, officer):
    decision = decision_of(happened(make, officer, Step("submit", utcnow()), Step("approve", utcnow())))
    assert review_times.record(decision, None, 3, 4) is None


@pytest.mark.parametrize("count", [None, -1, 10**9])
def test_what_no_page_of_ours_counted_is_not_kept(make, officer, count):
    assert measured(make, officer, 10, keys=count)
    assert db.session.scalars(select(ReviewMeasure.keys)).one() is None


def test_a_decision_that_was_just_taken_can_be_measured_in_its_transaction(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    decision = workflow.approve(declaration, make.actor(officer), 1)
    assert isinstance(decision, Decision)
    made = review_times.record(decision, utcnow() - timedelta(seconds=20), 2, 0)
    db.session.commit()
    assert made
    assert made.seconds == 20


def test_own_figures_are_of_today_and_of_this_month_and_of_oneself(make, officer):
    now = utcnow()
    for seconds, keys in ((30, 2), (50, 4), (100, None)):
        measured(make, officer, seconds, keys)
    measured(make, make.staff(name="李审核"), 9)
    own = review_times.own(make.actor(officer), now + timedelta(seconds=1))
    assert (own.today, own.month, own.seconds_today, own.seconds, own.keys, own.clicks) == (3, 3, 50, 50, 3, 1)


def test_yesterdays_decisions_count_for_the_month_only(make, officer):
    measured(make, officer, 30)
    day, month = review_times.beginnings(utcnow())
    tomorrow = day + timedelta(days=1, hours=1)
    own = review_times.own(make.actor(officer), tomorrow)
    assert (own.today, own.seconds_today) == (0, None)
    assert own.month == (1 if tomorrow.month == month.month else 0)


def test_what_was_undone_is_not_counted(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    actor = make.actor(officer)
    decision = workflow.approve(declaration, actor, 1)
    assert isinstance(decision, Decision)
    review_times.record(decision, utcnow(), 2, 0)
    db.session.commit()
    assert review_times.own(actor, utcnow()).today == 1

    workflow.undo(declaration, actor)
    db.session.commit()

    own = review_times.own(actor, utcnow())
    assert (own.today, own.seconds) == (0, None)


def test_who_has_decided_nothing_has_no_medians(make, officer):
    own = review_times.own(make.actor(officer), utcnow())
    assert (own.today, own.month, own.seconds, own.keys) == (0, 0, None, None)


def test_a_departments_medians_are_of_its_scope(make, officer):
    for seconds in (30, 40, 80):
        measured(make, officer, seconds)
    measured(make, make.staff(department="210103"), 500, keys=None)
    soon = utcnow() + timedelta(seconds=1)

    county = review_times.office(make.actor(officer).path, soon)
    city = review_times.office(make.actor(make.staff(department="210100")).path, soon)

    assert (county.measured, county.seconds, county.keys) == (3, 40, 2)
    assert (city.measured, city.seconds, city.keys) == (4, 60, 2)


def test_the_page_of_own_figures_is_for_oneself(make, browser, another_browser, officer):
    measured(make, officer, 30)
    text = words(browser.sign_in(officer).open("/staff/own-figures").text)
    assert "今天办结 1 用时中位数 30 秒" in text
    other = words(another_browser.sign_in(make.staff(name="李审核")).open("/staff/own-figures").text)
    assert "今天办结 0 用时中位数 —" in other


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.SECURITY, Role.AUDITOR])
def test_who_decides_nothing_has_no_such_page(make, browser, role):
    refused = browser.sign_in(make.staff(role, "210000")).open("/staff/own-figures", expect=403)
    assert "我的审核统计" not in refused.text
