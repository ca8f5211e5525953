"""The life of a declaration: every (state, verb) pair, and what each verb keeps and reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from lib.clock import today
from lib.codes import Kind, MarkState, Role, Status
from lib.database import utcnow
from models import Claim, Decision, Declaration, Draft, Event, InboxMessage, Record, Revision, SecondLook, db
from services import workflow
from services.access import Actor
from services.declaration import deadlines
from services.filing.case import DeclarationCase
from services.marks import marks
from services.moves import MOVES
from services.papers import papers
from tests.support.people import UNIVERSITY


def submit(declaration: Declaration, actor: Actor) -> Revision:
    return workflow.submit(declaration, actor, commitment="1", review_days=10)


def send_back(declaration: Declaration, actor: Actor) -> Decision:
    wanted = [marks.MarkRequest("postal_address", "", "请核对")]
    marks.save(declaration.revisions[-1], actor, wanted)
    return workflow.send_back(declaration, actor, declaration.revision_number)


def decline(declaration: Declaration, actor: Actor) -> Decision:
    return workflow.decline(declaration, actor, declaration.revision_number, reason_code="", comment="不属于采集范围")


def approve(declaration: Declaration, actor: Actor) -> Decision | SecondLook:
    return workflow.approve(declaration, actor, declaration.revision_number)


APPLICANT, OFFICE = Role.APPLICANT, Role.REVIEWER
VERBS: dict[str, tuple[Role, Callable[[Declaration, Actor], Any]]] = {
    "submit": (APPLICANT, submit),
    "withdraw": (APPLICANT, workflow.withdraw),
    "drop": (APPLICANT, workflow.drop),
    "claim": (OFFICE, workflow.claim),
    "release": (OFFICE, workflow.release),
    "return": (OFFICE, send_back),
    "approve": (OFFICE, approve),
    "decline": (OFFICE, decline),
}
#: Verbs that ask for more than a state: an offer, a colleague (test_workflow_desk.py), a closed account, a year's rest.
MORE = {"discard", "give_up", "expire", "take_over", "undo", "revoke", "reopen", "offer", "transfer", "refuse"}
MORE |= {"propose", "disagree", "take_back", "reassign"}
LEGAL = {
    (Status.DRAFT, "submit"): Status.SUBMITTED,
    (Status.RETURNED, "submit"): Status.SUBMITTED,
    (Status.SUBMITTED, "withdraw"): Status.DRAFT,
    (Status.DRAFT, "drop"): Status.DROPPED,
    (Status.SUBMITTED, "claim"): Status.IN_REVIEW,
    (Status.IN_REVIEW, "release"): Status.SUBMITTED,
    (Status.IN_REVIEW, "return"): Status.RETURNED,
    (Status.IN_REVIEW, "approve"): Status.APPROVED,
    (Status.IN_REVIEW, "decline"): Status.DECLINED,
}
#: What the verbs of the holder say when there is nothing to hold: who was faster, not that a rule was broken.
TOLD = dict.fromkeys(("release", "return", "approve", "decline"), workflow.Conflict)


@pytest.fixture
def in_state(make, officer):
    """A change declaration, complete and submitted once, put into a state by hand; in the officer's hands in review."""

    def build(status: Status):
        declaration = make.declaration(Status.SUBMITTED)
        declaration.status, declaration.kind = status, Kind.CHANGE
        if status == Status.IN_REVIEW:
            soon = utcnow() + workflow.CLAIM_TIME
            declaration.claim = Claim(staff_id=officer.id, claimed_at=utcnow(), expires_at=soon)
        db.session.commit()
        return declaration

    return build


def newest(declaration: Declaration) -> Event:
    query = select(Event).where(Event.declaration_id == declaration.id).order_by(Event.id.desc()).limit(1)
    return db.session.scalars(query).one()


def test_every_verb_and_state_is_in_the_table():
    different = (set(VERBS) | MORE | {"lapse", "vacate"}) ^ set(MOVES)
    assert not different, f"{sorted(different)}: VERBS has the verbs that depend on a state alone, MORE the others"
    table = {(source, verb) for verb, move in MOVES.items() for source in move.sources if verb in VERBS}
    assert table == set(LEGAL)


@pytest.mark.parametrize(("status", "verb"), list(product(Status, VERBS)))
def test_moves(make, officer, in_state, status, verb):
    declaration = in_state(status)
    role, act = VERBS[verb]
    actor = make.actor(declaration.account if role == APPLICANT else officer)
    before = newest(declaration).id

    if (status, verb) in LEGAL:
        act(declaration, actor)
        db.session.commit()
        event = newest(declaration)
        assert declaration.status == LEGAL[status, verb]
        assert (event.verb, event.from_status, event.to_status) == (verb, status, declaration.status)
        assert (event.account_id, event.staff_id) == (declaration.account_id, None if role == APPLICANT else actor.id)
        assert (declaration.claim is None) == (verb != "claim")
    elif (status, verb) == (Status.IN_REVIEW, "claim"):
        act(declaration, actor)  # one's own claim is renewed, nothing moves
        assert newest(declaration).id == before
    else:
        with pytest.raises(TOLD.get(verb, workflow.NotAllowed)):
            act(declaration, actor)
        db.session.rollback()
        assert declaration.status == status
        assert newest(declaration).id == before


@pytest.mark.parametrize("status", list(Status))
def test_only_a_claim_that_is_over_lapses(make, in_state, status):
    declaration = in_state(status)
    assert workflow.expire_lapsed(declaration) is False
    later = utcnow() + timedelta(minutes=31)
    assert workflow.expire_lapsed(declaration, later) is (status == Status.IN_REVIEW)
    assert declaration.status == (Status.SUBMITTED if status == Status.IN_REVIEW else status)


@pytest.mark.parametrize("verb", list(VERBS))
def test_the_other_side_cannot_make_the_move(make, officer, in_state, verb):
    role, act = VERBS[verb]
    (status,) = {source for source, name in LEGAL if name == verb} - {Status.RETURNED}
    declaration = in_state(status)
    wrong = make.actor(officer if role == APPLICANT else declaration.account)
    with pytest.raises((workflow.NotAllowed, workflow.Conflict)):
        act(declaration, wrong)
    db.session.rollback()
    assert declaration.status == status


@pytest.mark.parametrize("status", list(Status))
def test_pages_offer_exactly_the_moves_that_work(make, officer, in_state, status):
    declaration = in_state(status)
    for role, person in ((APPLICANT, declaration.account), (OFFICE, officer)):
        offered = {move.verb for move in workflow.available(declaration, make.actor(person))}
        offered -= {"offer", "propose", "give_up"}
        assert offered == {verb for source, verb in LEGAL if source == status and VERBS[verb][0] == role}


def test_a_first_declaration_cannot_be_dropped(make):
    declaration = make.declaration()
    with pytest.raises(workflow.NotAllowed, match="首次采集"):
        workflow.drop(declaration, make.actor(declaration.account))
    assert "drop" not in {move.verb for move in workflow.available(declaration, make.actor(declaration.account))}


# submitting


def test_submitting_freezes_what_is_there_now(make):
    declaration = make.declaration(Status.SUBMITTED)
    revision = declaration.revisions[0]
    declaration.postal_address = "样例路 99 号"
    assert revision.answers["postal_address"] != "样例路 99 号"
    assert set(revision.papers) == {paper.kind for paper in papers.wanted(revision.answers)}
    assert (revision.number, revision.department.code) == (1, declaration.department_code)


def test_submitting_an_incomplete_declaration_names_what_is_missing(make):
    declaration = make.declaration(postal_address=None)
    with pytest.raises(workflow.Incomplete) as caught:
        submit(declaration, make.actor(declaration.account))
    assert any("通讯地址" in line for line in caught.value.missing)
    assert "请上传一寸照片" in caught.value.missing


def test_a_changed_answer_asks_for_a_new_sheet(make):
    declaration = make.declaration(Status.RETURNED)
    declaration.postal_address = "样例路 99 号"
    db.session.commit()
    assert any("重新打印" in line for line in workflow.missing_for_submit(DeclarationCase(declaration)))
    make.signed_sheet(declaration)
    assert workflow.missing_for_submit(DeclarationCase(declaration)) == []


def test_a_submission_forgets_the_drafts(make):
    declaration = make.declaration()
    make.papers(declaration)
    draft = Draft(declaration_id=declaration.id, page="personal")
    draft.body = [["x", "y"]]
    db.session.add(draft)
    submit(declaration, make.actor(declaration.account))
    db.session.commit()
    assert db.session.scalars(select(Draft)).all() == []


def test_what_the_person_is_told_carries_no_reasons_and_no_number(make):
    declaration = make.declaration(Status.RETURNED)
    told = db.session.scalars(select(InboxMessage).order_by(InboxMessage.id)).all()
    assert [message.title for message in told][-2:] == ["提交成功", "申报已退回"]
    for message in told:
        assert declaration.account.id_number not in message.body
        assert "请核对" not in message.body


# the clock


def workdays_left(declaration: Declaration) -> int:
    left = deadlines.days_left(declaration.due_on, today())
    assert left is not None
    return left


@pytest.mark.parametrize(("used", "left"), [(0, 10), (4, 6), (7, 3), (8, 3), (25, 3)])
def test_a_resubmission_gets_the_remaining_days_at_least_three(make, officer, used, left):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    calendar = deadlines.calendar()
    declaration.due_on = deadlines.due_date(today() - timedelta(days=60), 10, calendar).on
    while workdays_left(declaration) < 10 - used:
        declaration.due_on += timedelta(days=1)
    send_back(declaration, make.actor(officer))
    declaration.postal_address = "样例路 99 号"
    make.signed_sheet(declaration)
    submit(declaration, make.actor(declaration.account))
    assert workdays_left(declaration) == left


def test_a_withdrawal_starts_the_clock_anew(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    declaration.due_on = today()
    send_back(declaration, make.actor(officer))
    declaration.postal_address = "样例路 99 号"
    make.signed_sheet(declaration)
    applicant = make.actor(declaration.account)
    submit(declaration, applicant)
    assert workdays_left(declaration) == 3
    workflow.withdraw(declaration, applicant)
    submit(declaration, applicant)
    assert workdays_left(declaration) == 10


# withdrawing


def test_a_withdrawn_resubmission_is_returned_again_with_its_marks_open(make, officer):
    declaration = make.declaration(Status.RETURNED, officer=officer)
    applicant, reviewer = make.actor(declaration.account), make.actor(officer)
    declaration.postal_address = "样例路 99 号"
    make.signed_sheet(declaration)
    for _ in range(2):  # the second time, the revision between has unsent marks of a colleague
        submit(declaration, applicant)
        assert [mark.state for mark in declaration.revisions[0].marks] == [MarkState.CLOSED]
        workflow.claim(declaration, reviewer)
        make.mark(declaration, "nation", reviewer=reviewer)
        workflow.release(declaration, reviewer)
        workflow.withdraw(declaration, applicant)
        assert declaration.status == Status.RETURNED
        assert [mark.state for mark in declaration.revisions[0].marks] == [MarkState.OPEN]


def test_a_lapsed_claim_does_not_stop_a_withdrawal(make):
    declaration = make.declaration(Status.IN_REVIEW)
    applicant = make.actor(declaration.account)
    with pytest.raises(workflow.NotAllowed):
        workflow.withdraw(declaration, applicant)
    make.lapsed(declaration)
    workflow.withdraw(declaration, applicant)
    assert declaration.status == Status.DRAFT
    assert db.session.scalars(select(Claim)).all() == []


# claims


def test_a_claim_lapses_by_being_read(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    now = utcnow()
    for minutes, status in ((29, Status.IN_REVIEW), (31, Status.SUBMITTED)):
        assert workflow.standing_status(declaration, now + timedelta(minutes=minutes)) == status
    assert workflow.holder(declaration, now + timedelta(minutes=31)) is None


def test_activity_prolongs_ones_own_claim_only(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    declaration.claim.expires_at = utcnow() + timedelta(minutes=1)
    assert workflow.renew(declaration, make.actor(make.staff())) is False
    assert workflow.holder(declaration, utcnow() + timedelta(minutes=2)) is None
    assert workflow.renew(declaration, make.actor(officer)) is True
    assert workflow.holder(declaration, utcnow() + timedelta(minutes=29)) is not None


def test_a_take_over_is_written_down(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    make.lapsed(declaration)
    colleague = make.staff()
    workflow.claim(declaration, make.actor(colleague))
    db.session.commit()
    rows = db.session.execute(select(Event.verb, Event.staff_id, Event.actor).order_by(Event.id.desc()).limit(2)).all()
    assert [tuple(row) for row in rows] == [("claim", colleague.id, "staff"), ("lapse", None, "system")]


def test_the_sweep_writes_down_every_lapsed_claim(make):
    lapsed, held = make.declaration(Status.IN_REVIEW), make.declaration(Status.IN_REVIEW)
    make.lapsed(lapsed)
    assert workflow.lapse_all() == 1
    assert (lapsed.status, held.status) == (Status.SUBMITTED, Status.IN_REVIEW)
    assert workflow.lapse_all() == 0


def test_nobody_reviews_the_own_file(make):
    account = make.account()
    declaration = make.declaration(Status.SUBMITTED, account)
    actor = make.actor(make.staff(id_index=account.id_index))
    with pytest.raises(workflow.NotAllowed, match="自己"):
        workflow.claim(declaration, actor)


# decisions


def test_an_approval_makes_the_record_and_the_sign_in_name(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, make.account("单小燕"), officer=officer, applicant_name="单晓燕")
    approve(declaration, make.actor(officer))
    db.session.commit()
    record = db.session.scalars(select(Record)).one()
    assert (record.revision.number, record.department.code) == (1, "210102")
    assert declaration.account.name == "单晓燕"


def test_an_approved_change_moves_the_record_to_the_new_county(make):
    record = make.record()
    change = make.change(record)
    change.home_county = change.department_code = "210103"
    db.session.commit()
    make.papers(change)
    submit(change, make.actor(change.account))
    assert record.department.code == "210102"  # the old record is valid meanwhile
    reviewer = make.actor(make.staff(department="210103"))
    workflow.claim(change, reviewer)
    approve(change, reviewer)
    db.session.commit()
    assert record.department.code == "210103"
    assert record.revision.declaration_id == change.id


def test_a_returned_file_can_be_resubmitted_and_approved(make, officer):
    declaration = make.declaration(Status.RETURNED, officer=officer, **UNIVERSITY)
    declaration.postal_address = "样例路 99 号"
    make.signed_sheet(declaration)
    submit(declaration, make.actor(declaration.account))
    workflow.claim(declaration, make.actor(officer))
    approve(declaration, make.actor(officer))
    db.session.commit()
    assert [revision.number for revision in declaration.revisions] == [1, 2]
    assert db.session.scalars(select(Record)).one().revision.number == 2


def test_the_history_names_every_move(make):
    declaration = make.declaration(Status.APPROVED)
    query = select(Event.verb).where(Event.declaration_id == declaration.id).order_by(Event.id)
    assert list(db.session.scalars(query)) == ["create", "submit", "claim", "approve"]
