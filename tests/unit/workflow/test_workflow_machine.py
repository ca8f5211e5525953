"""The workflow as a state machine: six people of two counties do what they may in any order; what must hold, holds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from lib.codes import Role, Status
from models import Decision, Declaration, Event, QueueItem, Record, Revision, db
from services import workflow
from services.queue import index as queue_index
from services.workflow.state import waiting_transfer
from tests.support.office.derived import everything
from tests.support.office.review_desk import fresh
from tests.unit.queue.test_queue_index_moves import VERBS, Life

pytestmark = pytest.mark.slow
STAFF = [(role, county) for county in ("210102", "210103") for role in (Role.REVIEWER, Role.MANAGER)]  # and two people
DICE = st.randoms(use_true_random=False)


class Office(RuleBasedStateMachine):
    """``seen``: what each revision said when it was made; ``events``: how many there were."""

    make: Any

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(self.make, 0)
        self.life.officers = [self.make.actor(self.make.staff(role, county)) for role, county in STAFF]
        self.files = self.life.files = self.life.files[:2]
        self.seen: dict[tuple[int, int], bytes] = {}
        self.events = 0

    @rule(dice=DICE, which=st.integers(0, 1))
    def act(self, dice: Random, which: int) -> None:
        """Somebody presses one of the buttons of the state; officers of the other county press them, too."""
        self.life.dice = dice
        declaration = fresh(self.files[which])
        verb, officer = dice.choice(VERBS[declaration.status]), dice.choice(self.life.officers)
        status, decisions = declaration.status, self._decisions(declaration)
        try:
            getattr(self.life, verb)(declaration, officer)
        except (workflow.NotAllowed, workflow.Conflict):
            declaration = fresh(declaration)
            assert (declaration.status, self._decisions(declaration)) == (status, decisions)
        else:
            db.session.commit()

    def _decisions(self, declaration: Declaration) -> list[str]:
        query = select(Decision.verb).join(Revision).where(Revision.declaration_id == declaration.id)
        return list(db.session.scalars(query.order_by(Decision.id)))

    @invariant()
    def all_of_it_holds(self) -> None:
        now = db.session.scalar(select(func.count()).select_from(Event)) or 0
        assert now >= self.events, "the trail only grows"
        self.events = now
        for declaration in map(fresh, self.files):
            self._revisions_stand(declaration)
            held = declaration.claim or waiting_transfer(declaration)
            assert (held is not None) == (declaration.status == Status.IN_REVIEW), "held, or offered elsewhere"
            self._is_listed(declaration)
            self._has_its_record(declaration)

    def _revisions_stand(self, declaration: Declaration) -> None:
        """What was submitted is numbered, and never changes."""
        numbers = [revision.number for revision in declaration.revisions]
        assert numbers == list(range(1, len(numbers) + 1))
        for revision in declaration.revisions:
            key = (declaration.id, revision.number)
            assert self.seen.setdefault(key, revision.answers_sealed) == revision.answers_sealed
        assert len([key for key in self.seen if key[0] == declaration.id]) == len(numbers), "one is lost"

    def _is_listed(self, declaration: Declaration) -> None:
        """The office's list has what was submitted, and only that."""
        item = db.session.get(QueueItem, declaration.id)
        assert (item is not None) == (declaration.status != Status.DRAFT)
        if item:
            assert (item.status, item.department_id) == (declaration.status, declaration.department_id)

    def _has_its_record(self, declaration: Declaration) -> None:
        """A record rests on the approved revision."""
        record = db.session.scalars(select(Record).filter_by(account_id=declaration.account_id)).one_or_none()
        assert (record is not None) == (declaration.status == Status.APPROVED)
        if record:
            assert record.revision_id == declaration.revisions[-1].id

    def teardown(self) -> None:
        kept = everything()
        queue_index.rebuild()
        db.session.commit()
        assert everything() == kept


@pytest.mark.parametrize("examples", [1, pytest.param(50, marks=pytest.mark.soak)])
def test_what_must_hold_holds_whatever_six_people_do(make, monkeypatch, examples):
    monkeypatch.setattr(Office, "make", make, raising=False)
    steps = settings(
        max_examples=examples, stateful_step_count=15 * min(examples, 2), deadline=None, phases=[Phase.generate]
    )
    run_state_machine_as_test(Office, settings=steps)
