"""A submission in a colleague's hands, offered to another department, or waiting for a second officer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from lib.codes import Role, Status
from lib.database import utcnow
from models import Decision, Event, Record, SecondLook, db
from services import workflow
from services.workflow import Conflict, NotAllowed


@pytest.fixture
def in_hand(make, officer):
    return make.declaration(Status.IN_REVIEW, make.account("单小燕"), officer=officer, applicant_name="单晓燕")


# taking over and handing over


def test_a_colleague_takes_over_and_the_unsent_marks_pass_on(make, officer, in_hand):
    make.mark(in_hand, "nation", reviewer=make.actor(officer))
    colleague = make.actor(make.staff())
    workflow.take_over(in_hand, colleague)
    db.session.commit()
    assert in_hand.claim.staff_id == colleague.id
    event = db.session.scalars(select(Event).where(Event.verb == "take_over")).one()
    assert (event.staff_id, event.detail) == (colleague.id, f"from staff {officer.id}")
    with pytest.raises(Conflict):
        workflow.approve(in_hand, make.actor(officer), 1)
    assert workflow.send_back(in_hand, colleague, 1).verb == "return"


@pytest.mark.parametrize("who", ["holder", "elsewhere", "applicant"])
def test_not_everybody_takes_over(make, officer, in_hand, who):
    person = {
        "holder": officer,
        "elsewhere": make.staff(department="210103"),
        "applicant": make.staff(id_index=in_hand.account.id_index),
    }[who]
    with pytest.raises(NotAllowed):
        workflow.take_over(in_hand, make.actor(person))


@pytest.fixture
def offered(make, officer, in_hand):
    workflow.offer(in_hand, make.actor(officer), 1, make.department("210103"), "经营地址在该区")
    db.session.commit()
    return in_hand


def test_an_offered_submission_waits_in_review_until_the_other_department_answers(make, officer, offered):
    assert offered.claim is None
    assert workflow.standing_status(offered) == Status.IN_REVIEW
    assert workflow.lapse_all(utcnow() + timedelta(days=2)) == 0
    for act in (workflow.claim, workflow.take_over):
        with pytest.raises(NotAllowed):
            act(offered, make.actor(officer))
    with pytest.raises(NotAllowed):
        workflow.withdraw(offered, make.actor(offered.account))


def test_the_receiving_department_accepts_and_it_is_new_there(make, officer, offered):
    due, printed = offered.due_on, offered.department_code
    receiver = make.actor(make.staff(department="210103"))
    workflow.answer_offer(offered, receiver, accept=True)
    db.session.commit()
    assert (offered.status, offered.department.code, offered.due_on) == (Status.SUBMITTED, "210103", due)
    assert offered.department_code == printed
    with pytest.raises(NotAllowed, match="其他会计管理部门"):
        workflow.claim(offered, make.actor(officer))
    workflow.claim(offered, receiver)
    workflow.approve(offered, receiver, 1)
    db.session.commit()
    assert db.session.scalars(select(Record)).one().department.code == "210103"


def test_a_resubmission_stays_where_it_was_transferred_until_another_department_is_chosen(make, offered):
    receiver = make.actor(make.staff(department="210103"))
    workflow.answer_offer(offered, receiver, accept=True)
    workflow.claim(offered, receiver)
    for code, office in (("210102", "210103"), ("210104", "210104")):
        make.mark(offered, "nation", reviewer=receiver)
        workflow.send_back(offered, receiver, offered.revision_number)
        offered.nation = "02" if offered.nation != "02" else "01"
        offered.home_county = offered.department_code = code
        db.session.commit()
        make.signed_sheet(offered)
        workflow.submit(offered, make.actor(offered.account), commitment="1", review_days=10)
        assert offered.department.code == office
        if office == "210103":
            workflow.claim(offered, receiver)


def test_a_refused_offer_is_back_in_the_queue_it_came_from(make, officer, offered):
    receiver = make.actor(make.staff(department="210103"))
    with pytest.raises(NotAllowed, match="原因"):
        workflow.answer_offer(offered, receiver, accept=False)
    workflow.answer_offer(offered, receiver, accept=False, reason="不在本区")
    db.session.commit()
    assert (offered.status, offered.department.code) == (Status.SUBMITTED, "210102")
    with pytest.raises(Conflict):
        workflow.answer_offer(offered, receiver, accept=True)
    workflow.claim(offered, make.actor(officer))


def test_an_offer_can_be_taken_back_until_it_is_answered(make, officer, offered):
    with pytest.raises(NotAllowed, match="接收部门"):
        workflow.answer_offer(offered, make.actor(officer), accept=True)
    assert workflow.take_back_offer(offered, make.actor(officer)).staff_id == officer.id
    db.session.commit()
    with pytest.raises(Conflict):
        workflow.answer_offer(offered, make.actor(make.staff(department="210103")), accept=True)
    assert workflow.standing_status(offered) == Status.IN_REVIEW


@pytest.mark.parametrize(("code", "reason"), [("210102", "原因"), ("210200", "大连"), ("210103", " ")])
def test_an_offer_names_another_department_that_takes_filings_and_a_reason(make, officer, in_hand, code, reason):
    with pytest.raises(NotAllowed):
        workflow.offer(in_hand, make.actor(officer), 1, make.department(code), reason)


# the second officer


@pytest.fixture
def proposed(make, officer, in_hand):
    make.staff(name="李审核")
    found = workflow.approve(in_hand, make.actor(officer), 1, id_checked=True, sample=100)
    assert isinstance(found, SecondLook)
    db.session.commit()
    return in_hand


def test_a_sampled_approval_takes_effect_when_a_second_officer_agrees(make, officer, proposed):
    assert workflow.standing_status(proposed) == Status.IN_REVIEW
    assert db.session.scalars(select(Record)).all() == []
    assert workflow.lapse_all(utcnow() + timedelta(days=2)) == 0
    with pytest.raises(NotAllowed, match="另一位"):
        workflow.answer_second_look(proposed, make.actor(officer), 1, agree=True)
    second = make.actor(make.staff())
    decision = workflow.answer_second_look(proposed, second, 1, agree=True)
    db.session.commit()
    assert isinstance(decision, Decision)
    assert (proposed.status, decision.staff_id, decision.id_checked) == (Status.APPROVED, second.id, True)
    proposal = workflow.proposer(decision)
    assert proposal
    assert proposal.staff_id == officer.id
    with pytest.raises(Conflict):
        workflow.answer_second_look(proposed, second, 1, agree=True)


def test_a_second_officer_who_disagrees_decides(make, officer, proposed):
    second = make.actor(make.staff())
    with pytest.raises(NotAllowed, match="原因"):
        workflow.answer_second_look(proposed, second, 1, agree=False)
    workflow.answer_second_look(proposed, second, 1, agree=False, comment="照片不符")
    db.session.commit()
    assert proposed.claim.staff_id == second.id
    decision = workflow.approve(proposed, second, 1, sample=100)
    assert isinstance(decision, Decision), "one look at a revision is enough"


def test_the_proposer_may_take_it_back_and_draws_the_same_lot(make, officer, proposed):
    with pytest.raises(NotAllowed):
        workflow.take_back_second_look(proposed, make.actor(make.staff()))
    workflow.take_back_second_look(proposed, make.actor(officer))
    db.session.commit()
    again = workflow.approve(proposed, make.actor(officer), 1, sample=100)
    assert isinstance(again, SecondLook)


@pytest.mark.parametrize("colleague", [None, {"active": False}, {"department": "210103"}, {"role": Role.SYSTEM}])
def test_where_only_one_officer_may_decide_nothing_waits(make, officer, in_hand, colleague):
    if colleague:
        make.staff(**colleague)
    assert isinstance(workflow.approve(in_hand, make.actor(officer), 1, sample=100), Decision)


def test_the_sample_is_near_its_percentage_and_fixed(make, officer, in_hand):
    from services.workflow import transfers

    make.staff()
    revision = in_hand.revisions[0]
    taken = [percent for percent in range(101) if transfers.is_sampled(in_hand, revision, percent, make.actor(officer))]
    assert taken == list(range(101 - len(taken), 101))  # from its lot upwards, always
    assert 100 in taken
    assert 0 not in taken
