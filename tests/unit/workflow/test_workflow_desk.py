"""The verbs of the desk: declining, taking back, revoking, and what pages offer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from lib.clock import today
from lib.codes import Kind, MarkState, Role, Status
from lib.database import utcnow
from models import Decision, Declaration, InboxMessage, Record, ReturnReason, db
from services import audit, workflow
from services.accounts import inbox
from services.filing.case import DeclarationCase
from services.records import entries, record_transfers
from services.workflow import Conflict, NotAllowed
from services.workflow import start as workflow_start


@pytest.fixture
def manager(make):
    return make.staff(Role.MANAGER, name="赵主管")


@pytest.fixture
def in_hand(make, officer):
    return make.declaration(Status.IN_REVIEW, make.account("单小燕"), officer=officer, applicant_name="单晓燕")


def decided(make, officer, in_hand: Declaration, verb: str) -> Declaration:
    actor = make.actor(officer)
    if verb == "return":
        make.mark(in_hand, "nation", reviewer=actor)
        workflow.send_back(in_hand, actor, 1)
    elif verb == "approve":
        workflow.approve(in_hand, actor, 1)
    else:
        workflow.decline(in_hand, actor, 1, reason_code="", comment="不属于采集范围")
    db.session.commit()
    return in_hand


def verbs_of(declaration: Declaration) -> list[str]:
    query = select(Decision.verb).where(Decision.revision.has(declaration_id=declaration.id)).order_by(Decision.id)
    return list(db.session.scalars(query))


def unread(declaration: Declaration) -> list[str]:
    query = select(InboxMessage.title).where(InboxMessage.account_id == declaration.account_id)
    return list(db.session.scalars(query.order_by(InboxMessage.id)))


# declining


def test_a_declined_person_reads_why_and_may_start_anew(make, officer, in_hand):
    reason = ReturnReason(code="x-scope", applies_to="decline", title="不属于", advice="您不属于采集范围", position=0)
    db.session.add(reason)
    db.session.flush()
    decision = workflow.decline(in_hand, make.actor(officer), 1, reason_code="x-scope", comment="请联系户籍地")
    db.session.commit()
    assert (decision.reason_code, decision.reason, decision.comment) == ("x-scope", "您不属于采集范围", "请联系户籍地")
    assert reason.uses == 1
    again = workflow_start.start(make.actor(in_hand.account), in_hand.account)
    assert (again.id != in_hand.id, again.status) == (True, Status.DRAFT)


@pytest.mark.parametrize("code", ["", "unknown", "mismatch"])
def test_declining_needs_a_reason_that_is_one(make, officer, in_hand, code):
    with pytest.raises(NotAllowed, match="原因"):
        workflow.decline(in_hand, make.actor(officer), 1, reason_code=code, comment=" ")
    db.session.rollback()
    assert in_hand.status == Status.IN_REVIEW


# undo


@pytest.mark.parametrize("verb", ["return", "approve", "decline"])
def test_within_a_minute_the_same_officer_takes_a_decision_back(make, officer, in_hand, verb):
    due = in_hand.due_on
    declaration = decided(make, officer, in_hand, verb)
    workflow.undo(declaration, make.actor(officer))
    db.session.commit()
    assert declaration.status == Status.IN_REVIEW
    assert declaration.claim
    assert declaration.claim.staff_id == officer.id
    assert verbs_of(declaration) == [verb, "undo"]
    assert [mark.state for mark in declaration.revisions[0].marks] == [MarkState.DRAFT] * (verb == "return")
    assert (declaration.due_on, declaration.days_left) == (due, None)
    assert db.session.scalars(select(Record)).all() == []
    assert declaration.account.name == "单小燕"
    assert unread(declaration) == ["提交成功"]


@pytest.mark.parametrize("verb", ["return", "approve", "decline"])
def test_after_an_undo_every_decision_is_open_again(make, officer, in_hand, verb):
    for _ in range(2):
        decided(make, officer, in_hand, verb)
        workflow.undo(in_hand, make.actor(officer))
    decided(make, officer, in_hand, "approve")
    assert db.session.scalars(select(Record)).one().revision.number == 1
    assert in_hand.account.name == "单晓燕"


def test_an_undone_approval_of_a_change_leaves_the_old_record(make, officer):
    record = make.record(make.account("单小燕"))
    old, at = record.revision_id, record.approved_at
    change = make.change(record)
    change.applicant_name = "单晓燕"
    db.session.commit()
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    workflow.claim(change, make.actor(officer))
    workflow.approve(change, make.actor(officer), 1)
    db.session.commit()
    assert record.revision_id != old
    workflow.undo(change, make.actor(officer))
    db.session.commit()
    assert (record.revision_id, record.account.name) == (old, "单小燕")
    assert abs(record.approved_at - at) < timedelta(seconds=1)


def test_a_message_about_a_decision_waits_as_long_as_it_can_be_undone(make, officer, in_hand):
    decided(make, officer, in_hand, "return")
    told = db.session.scalars(select(InboxMessage).order_by(InboxMessage.id.desc())).first()
    assert told
    assert told.visible_at
    assert timedelta(seconds=50) < told.visible_at - utcnow() <= workflow.UNDO_TIME
    assert inbox.send(in_hand.account_id, "x", "y").visible_at is None


@pytest.mark.parametrize("why", ["late", "seen", "another", "anew", "moved on"])
def test_it_cannot_be_taken_back(make, officer, in_hand, why):
    declaration = decided(make, officer, in_hand, "decline")
    actor, now = make.actor(officer), utcnow()
    if why == "late":
        assert workflow.undoable(declaration, actor, now + timedelta(seconds=59))
        assert workflow.undoable(declaration, actor, now + timedelta(seconds=61)) is None
        return
    if why == "seen":
        audit.record("open_result", make.actor(declaration.account), declaration_id=declaration.id)
    elif why == "another":
        actor = make.actor(make.staff())
    elif why == "anew":
        workflow_start.start(make.actor(declaration.account), declaration.account)
    else:
        workflow.reopen(declaration, make.actor(make.staff(Role.MANAGER)), comment="重新核对")
    db.session.commit()
    assert workflow.undoable(declaration, actor) is None
    with pytest.raises((Conflict, NotAllowed)):
        workflow.undo(declaration, actor)
    db.session.rollback()
    assert declaration.status == (Status.SUBMITTED if why == "moved on" else Status.DECLINED)


@pytest.mark.parametrize("why", ["closed", "waits to move", "moved"])
def test_an_approval_is_not_taken_back_when_its_record_was_closed_or_moves(make, officer, manager, in_hand, why):
    """The record would be gone: with its 注销, with the transfer that waits, or from under another department."""
    declaration, actor = decided(make, officer, in_hand, "approve"), make.actor(manager)
    record = db.session.scalars(select(Record)).one()
    assert workflow.undoable(declaration, make.actor(officer))
    if why == "closed":
        entries.close(record, actor, "left", "改行")
    else:
        asked = record_transfers.send(record, actor, "210103", place="", on=today(), reason="单位在沈河区")
    if why == "moved":
        there = make.actor(make.staff(Role.MANAGER, "210103"))
        record_transfers.answer(there, asked.uid, accept=True, reason="")
    db.session.commit()
    assert workflow.undoable(declaration, make.actor(officer)) is None
    with pytest.raises(Conflict, match="注销、调转"):
        workflow.undo(declaration, make.actor(officer))
    db.session.rollback()
    assert (declaration.status, declaration.claim) == (Status.APPROVED, None)


def test_a_result_seen_before_the_undo_may_be_undone_after_the_next_decision(make, officer, in_hand):
    decided(make, officer, in_hand, "return")
    audit.record("open_result", make.actor(in_hand.account), declaration_id=in_hand.id)
    assert audit.opened_result(in_hand)
    in_hand.postal_address = "样例路 99 号"
    in_hand.nation = "02"
    make.signed_sheet(in_hand)
    workflow.submit(in_hand, make.actor(in_hand.account), commitment="1", review_days=10)
    workflow.claim(in_hand, make.actor(officer))
    workflow.approve(in_hand, make.actor(officer), 2)
    assert not audit.opened_result(in_hand)
    workflow.undo(in_hand, make.actor(officer))
    assert in_hand.status == Status.IN_REVIEW


def test_a_return_after_which_somebody_submitted_and_took_back_is_not_undone(make, officer, in_hand):
    applicant = make.actor(in_hand.account)
    decided(make, officer, in_hand, "return")
    in_hand.nation = "02"
    make.signed_sheet(in_hand)
    workflow.submit(in_hand, applicant, commitment="1", review_days=10)
    workflow.withdraw(in_hand, applicant)
    db.session.commit()
    assert in_hand.status == Status.RETURNED
    with pytest.raises(Conflict):
        workflow.undo(in_hand, make.actor(officer))


# revoke and reopen


def test_a_revoked_approval_goes_back_with_marks_and_the_record_falls_back(make, officer, manager, in_hand):
    decided(make, officer, in_hand, "approve")
    make.mark(in_hand, "nation", reviewer=make.actor(manager))
    workflow.revoke(in_hand, make.actor(manager), 1, comment="证书系伪造")
    db.session.commit()
    assert in_hand.status == Status.RETURNED
    assert [mark.state for mark in in_hand.revisions[0].marks] == [MarkState.OPEN]
    assert db.session.scalars(select(Record)).all() == []
    assert verbs_of(in_hand) == ["approve", "revoke"]
    assert [view.mark.target for view in DeclarationCase(in_hand).open_views] == ["nation"]
    assert unread(in_hand)[-1] == "审核结果已撤销"
    assert "审核通过" not in unread(in_hand)  # undone before its message was visible


@pytest.mark.parametrize("why", ["reviewer", "no marks", "no comment", "sent change", "not the record", "elsewhere"])
def test_it_cannot_be_revoked(make, manager, why):
    record = make.record()
    declaration = record.revision.declaration
    if why == "sent change":
        change = make.change(record)
        make.papers(change)
        workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
        db.session.commit()
    elif why == "not the record":
        change = make.change(record)
        make.papers(change)
        workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
        workflow.claim(change, make.actor(manager))
        workflow.approve(change, make.actor(manager), 1)
        db.session.commit()
    if why != "no marks":
        make.mark(declaration, "nation", reviewer=make.actor(manager))
    person = {"reviewer": make.staff(), "elsewhere": make.staff(Role.MANAGER, "210103")}.get(why, manager)
    with pytest.raises(NotAllowed):
        workflow.revoke(declaration, make.actor(person), 1, comment="" if why == "no comment" else "资料不实")
    db.session.rollback()
    assert declaration.status == Status.APPROVED


def test_a_change_never_sent_is_dropped_with_the_revocation_and_the_person_told(make, manager):
    record = make.record()
    change, declaration = make.change(record), record.revision.declaration
    make.mark(declaration, "nation", reviewer=make.actor(manager))
    workflow.revoke(declaration, make.actor(manager), 1, comment="资料不实")
    db.session.commit()
    assert (change.status, declaration.status) == (Status.DROPPED, Status.RETURNED)
    assert "信息变更已作废" in unread(declaration)


def test_a_declined_submission_is_reopened_by_the_manager_with_time_to_review(make, officer, manager, in_hand):
    decided(make, officer, in_hand, "decline")
    with pytest.raises(NotAllowed):
        workflow.reopen(in_hand, make.actor(officer), comment="有误")
    in_hand.due_on = in_hand.submitted_at.date() - timedelta(days=30)
    workflow.reopen(in_hand, make.actor(manager), comment="有误")
    db.session.commit()
    assert in_hand.status == Status.SUBMITTED
    assert in_hand.due_on >= in_hand.submitted_at.date()
    workflow.claim(in_hand, make.actor(officer))
    workflow.approve(in_hand, make.actor(officer), 1)
    assert in_hand.status == Status.APPROVED


def test_whoever_started_anew_is_not_reopened(make, officer, manager, in_hand):
    decided(make, officer, in_hand, "decline")
    workflow_start.start(make.actor(in_hand.account), in_hand.account)
    with pytest.raises(NotAllowed, match="重新申报"):
        workflow.reopen(in_hand, make.actor(manager), comment="有误")


# what pages offer


def offers(make, declaration: Declaration, person) -> set[str]:
    return {move.verb for move in workflow.available(declaration, make.actor(person))}


def test_pages_offer_what_each_may_do(make, officer, manager, in_hand):
    colleague, receiver = make.staff(), make.staff(department="210103")
    assert {"approve", "return", "decline", "offer", "release"} <= offers(make, in_hand, officer)
    assert offers(make, in_hand, colleague) == {"take_over"}
    workflow.offer(in_hand, make.actor(officer), 1, make.department("210103"), "经营地址在该区")
    assert offers(make, in_hand, receiver) == {"transfer", "refuse"}
    assert offers(make, in_hand, officer) == offers(make, in_hand, colleague) == {"take_back"}
    workflow.take_back_offer(in_hand, make.actor(officer))
    workflow.approve(in_hand, make.actor(officer), 1)
    assert offers(make, in_hand, officer) == {"undo"}
    assert offers(make, in_hand, manager) == {"revoke"}
    assert offers(make, in_hand, make.staff(Role.MANAGER, id_index=in_hand.account.id_index)) == set()


def test_a_change_that_was_declined_leaves_the_record(make, officer):
    record = make.record()
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    workflow.claim(change, make.actor(officer))
    workflow.decline(change, make.actor(officer), 1, reason_code="", comment="重复")
    db.session.commit()
    assert record.revision.declaration.kind == Kind.FIRST
    assert db.session.scalar(select(func.count()).select_from(Record)) == 1
    assert db.session.scalars(select(Declaration.status).where(Declaration.id == change.id)).one() == Status.DECLINED
