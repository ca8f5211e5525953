"""Two officers decide opposite things at the same moment; an applicant acts while an officer decides."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from lib.codes import Status
from lib.database import transaction_mode
from models import Decision, Declaration, Record, Revision, db
from services import workflow
from services.access import Actor
from services.marks import marks
from tests.support.office import crowd
from tests.support.patience import PATIENCE_S

TOLD = re.compile(
    r"(王审核|李审核)已于 \d{4}-\d\d-\d\d \d\d:\d\d (领取|接手|审核通过|退回修改)这份申报，您的操作没有生效"
)
ROUNDS = [30, pytest.param(500, marks=pytest.mark.soak)]

pytestmark = pytest.mark.slow


def held(declaration_id: int) -> Declaration:
    """The row, locked as the views of a verb do it: the second one waits here."""
    declaration = db.session.get_one(Declaration, declaration_id)
    db.session.refresh(declaration, with_for_update={"of": Declaration})
    return declaration


def attempt(*steps: Callable[[], object]) -> str:
    """Each step in a transaction of its own, as requests are. Returns the last refusal, or nothing on success."""
    said = ""
    for step in steps:
        try:
            step()
            db.session.commit()
            said = ""
        except (workflow.Conflict, workflow.NotAllowed) as error:
            db.session.rollback()
            said = str(error)
    return said


def resubmit(declaration_id: int, applicant: Actor) -> None:
    """As the applicant's pages do it, but for the papers, which are another test's."""
    declaration = held(declaration_id)
    if not declaration.is_editable:
        raise workflow.NotAllowed("不能修改")
    declaration.postal_address = "样例路 99 号"
    revision = Revision(
        number=declaration.revision_number + 1,
        papers={},
        department_id=declaration.department_id,
        commitment_version="1",
    )
    revision.answers = declaration.revisions[-1].answers | {"postal_address": "样例路 99 号"}
    declaration.revisions.append(revision)
    declaration.revision_number = revision.number
    workflow.transitions.make_move(declaration, "submit", applicant)


def in_step(app: Flask, rounds: int, *parties: Callable[[int], None]) -> None:
    """Every party goes through the rounds in a thread of its own; all begin a round at the same moment."""
    gate = threading.Barrier(len(parties), timeout=PATIENCE_S)
    failures: list[BaseException] = []

    def run(party: Callable[[int], None]) -> None:
        with app.app_context(), transaction_mode("IMMEDIATE"):
            try:
                for number in range(rounds):
                    gate.wait()
                    party(number)
                    db.session.remove()
            except BaseException as error:
                failures.append(error)
                gate.abort()
                raise

    threads = [threading.Thread(target=run, args=(party,)) for party in parties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    db.session.rollback()
    db.session.expire_all()


@pytest.fixture
def officers(make) -> tuple[Actor, Actor]:
    return make.actor(make.staff(name="王审核")), make.actor(make.staff(name="李审核"))


@pytest.fixture
def original(make) -> Declaration:
    declaration = make.declaration(Status.SUBMITTED)
    assert declaration.revisions[0].number == 1
    return declaration


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_opposite_decisions_one_wins_and_the_other_officer_is_told_who_and_when(
    app, make, original, officers, rounds
):
    ids = crowd.submissions(original, rounds)
    for declaration_id in ids:
        workflow.claim(db.session.get_one(Declaration, declaration_id), officers[0])
    db.session.commit()
    said: list[list[str]] = [[], []]

    def approves(number: int) -> None:
        said[0].append(attempt(lambda: workflow.approve(held(ids[number]), officers[0], 1)))

    def returns(number: int) -> None:
        said[1].append(
            attempt(lambda: workflow.take_over(held(ids[number]), officers[1]), lambda: returned(ids[number]))
        )

    def returned(declaration_id: int) -> None:
        declaration = held(declaration_id)
        workflow.holds(declaration, officers[1], 1)
        marks.save(declaration.revisions[0], officers[1], [marks.MarkRequest("nation", "", "请核对")])
        workflow.send_back(declaration, officers[1], 1)

    in_step(app, rounds, approves, returns)
    outcomes = Counter(zip((not words for words in said[0]), (not words for words in said[1]), strict=True))
    assert set(outcomes) <= {(True, False), (False, True)}
    losers = [words for both in zip(*said, strict=True) for words in both if words]
    assert len(losers) == rounds
    assert [words for words in losers if not TOLD.fullmatch(words)] == []
    rows = db.session.execute(select(Revision.declaration_id, Decision.verb).join(Decision.revision)).all()
    assert Counter(row.declaration_id for row in rows) == Counter(ids)
    assert db.session.query(Record).count() == outcomes[True, False] == sum(row.verb == "approve" for row in rows)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_an_applicant_who_acts_meanwhile_never_gets_a_decision_on_what_the_officer_did_not_see(
    app, make, original, officers, rounds
):
    """The officer opens and decides; the applicant takes it back, changes an answer and submits again."""
    ids, officer = crowd.submissions(original, rounds), officers[0]
    seen: dict[int, str] = {}

    def decides(number: int) -> None:
        declaration = held(ids[number])
        revision = declaration.revisions[-1]
        seen[ids[number]] = revision.answers["postal_address"]
        shown = revision.number
        db.session.rollback()
        attempt(
            lambda: workflow.claim(held(ids[number]), officer),
            lambda: workflow.approve(held(ids[number]), officer, shown),
        )

    def changes(number: int) -> None:
        account = db.session.get_one(Declaration, ids[number]).account
        applicant = make.actor(account)
        attempt(lambda: workflow.withdraw(held(ids[number]), applicant), lambda: resubmit(ids[number], applicant))

    in_step(app, rounds, decides, changes)
    states = Counter(db.session.scalars(select(Declaration.status).where(Declaration.id.in_(ids))))
    assert set(states) <= {Status.APPROVED, Status.SUBMITTED, Status.IN_REVIEW}
    for record in db.session.scalars(select(Record)):
        revision = record.revision
        assert revision.answers["postal_address"] == seen[revision.declaration_id]
        assert revision.number == revision.declaration.revision_number
