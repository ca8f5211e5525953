"""How many statements the officers' pages make: a page that asks twice for the same thing fails here."""

from __future__ import annotations

import pytest

from lib.codes import Status
from models import Declaration, db
from services import workflow
from services.marks import internal_notes, marks
from tests.support.office.review_desk import path
from tests.support.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER
from tests.support.rules.statements import counted, numbered

COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED


@pytest.fixture
def officer(make, browser):
    officer = make.staff(name="王审核")
    browser.sign_in(officer)
    return officer


@pytest.fixture
def submission(make, officer):
    """Returned once and submitted again, in the officer's hands, with an unsent mark, a tick, and a note."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    reviewer = make.actor(officer)
    make.mark(declaration, "postal_address", reviewer=reviewer)
    workflow.send_back(declaration, reviewer, 1)
    declaration.postal_address = "样例路 99 号"
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, reviewer)
    marks.save(declaration.revisions[-1], reviewer, [marks.MarkRequest("mobile", "", "请核对")])
    internal_notes.add(declaration, reviewer, "已电话联系")
    db.session.commit()
    return declaration


def statements(browser, method: str, url: str, data=None, expect: int = 200) -> list[str]:
    """The SQL of one request of a process that has answered others before; nothing is left in the session."""
    db.session.rollback()
    db.session.expunge_all()
    with counted() as asked:
        page = browser.open(url, expect) if method == "GET" else browser.send(url, data, expect)
    assert page.status == expect
    return asked


def test_the_page_of_a_submission_asks_for_everything_once(browser, submission):
    browser.open(path(submission))
    asked = statements(browser, "GET", path(submission))
    assert len(asked) <= 19, numbered(asked)


def status(declaration_id: int) -> Status:
    return db.session.get_one(Declaration, declaration_id).status


def approval(browser, submission) -> list[str]:
    browser.open(path(submission))
    address = path(submission, "approve")
    return statements(browser, "POST", address, {"seen": 2, "ticks": "sent"}, 302)


def test_an_approval_asks_for_everything_once(make, browser, officer, submission):
    make.declaration(Status.IN_REVIEW, officer=officer)  # the next one is in hand already
    which = submission.id
    asked = approval(browser, submission)
    assert len(asked) <= 20, numbered(asked)
    assert status(which) == Status.APPROVED


def test_taking_the_next_one_after_an_approval_costs_as_much_as_a_claim(make, browser, submission):
    judged, waiting = submission.id, make.declaration(Status.SUBMITTED).id
    asked = approval(browser, submission)
    assert len(asked) <= 32, numbered(asked)
    assert (status(judged), status(waiting)) == (Status.APPROVED, Status.IN_REVIEW)


def test_the_queue_asks_for_everything_once(make, browser, officer, submission):
    make.declaration(Status.SUBMITTED)
    make.declaration(Status.APPROVED, officer=officer)
    browser.open("/staff/queue")
    asked = statements(browser, "GET", "/staff/queue")
    assert len(asked) <= 8, numbered(asked)
