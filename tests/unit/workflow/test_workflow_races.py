"""What a verb says when the row was changed behind its back: by a faster colleague, or by an unknown process."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lib.codes import Status
from models import db
from services import workflow
from services.workflow import Conflict


def test_the_second_of_two_verbs_at_the_same_moment_is_told(make):
    declaration = make.declaration(Status.SUBMITTED)
    applicant = make.actor(declaration.account)
    assert declaration.version
    db.session.execute(text("UPDATE declaration SET version = version + 1"))  # an officer took it
    with pytest.raises(Conflict, match="刚刚被别人处理过"):
        workflow.withdraw(declaration, applicant)
    db.session.rollback()
    assert declaration.status == Status.SUBMITTED


def test_a_decision_on_what_was_never_submitted_says_that_the_state_is_another(make):
    declaration, officer = make.declaration(), make.actor(make.staff())
    with pytest.raises(Conflict, match="这份申报的状态已经改变"):
        workflow.approve(declaration, officer, 0)
    assert declaration.status == Status.DRAFT


def test_a_file_in_review_whose_claim_is_gone_goes_back_to_the_queue(make):
    declaration = make.declaration(Status.IN_REVIEW)
    db.session.delete(declaration.claim)
    db.session.commit()
    db.session.expire_all()
    assert workflow.standing_status(declaration) == Status.SUBMITTED
    assert workflow.lapse_all() == 1
    assert declaration.status == Status.SUBMITTED
    assert workflow.lapse_all() == 0
