"""Whatever verbs follow each other, the officers' list, its counters and search keys equal rebuilt ones."""

from __future__ import annotations

import random

import pytest

from lib.codes import Role, Status
from models import Declaration, db
from services import workflow
from services.access import Actor
from services.marks import marks
from services.queue import index as queue_index
from services.workflow import last_decision
from tests.support.factory import Make
from tests.support.office.derived import everything
from tests.support.office.review_desk import fresh
from tests.support.people import WITH_EMPLOYER, WITHOUT_EMPLOYER

pytestmark = pytest.mark.slow

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}
NAMES = ("单小燕", "仇志强", "解晓东", "阿卜杜拉·买买提", "John Smith")
EMPLOYERS = ("样例县华业机械有限公司", "样例县第二中学", "样例县嘉禾商贸有限公司")


class Life:
    """Random verbs on a few files of two counties and their city."""

    def __init__(self, make: Make, seed: int) -> None:
        self.make, self.dice = make, random.Random(seed)
        self.officers = [
            make.actor(make.staff(Role.MANAGER, department, name=department))
            for department in ("210102", "210103", "210100")
        ]
        self.files = [make.declaration(account=make.account(name)) for name in NAMES]
        self.done: set[str] = set()

    def step(self) -> None:
        declaration = fresh(self.dice.choice(self.files))
        verb = getattr(self, self.dice.choice(VERBS[declaration.status]))
        try:
            verb(declaration, self.officer(declaration))
        except (workflow.NotAllowed, workflow.Conflict):
            db.session.rollback()
        else:
            self.done.add(verb.__name__)
            db.session.commit()

    def officer(self, declaration: Declaration) -> Actor:
        held = workflow.holder(declaration)
        return next((one for one in self.officers if held and one.id == held.staff_id), self.dice.choice(self.officers))

    def submit(self, declaration: Declaration, _officer: Actor) -> None:
        """With another name, phone, employer or department than before."""
        changed = self.dice.choice([WITH_EMPLOYER, WITHOUT_EMPLOYER, WITHOUT_EMPLOYER | OTHER_COUNTY])
        if changed is WITH_EMPLOYER:
            changed = changed | {"employer_name": self.dice.choice(EMPLOYERS)}
        person = {"applicant_name": self.dice.choice(NAMES), "mobile": f"1380013{self.dice.randrange(3):04d}"}
        for name, value in (changed | person).items():
            setattr(declaration, name, value)
        self.make.drop_what_is_not_asked(declaration)
        for mark in declaration.revisions[-1].marks if declaration.revisions else ():
            mark.explanation = "已核对"
        db.session.commit()
        self.make.papers(declaration)
        applicant = self.make.actor(declaration.account)
        workflow.submit(declaration, applicant, commitment="1", review_days=self.dice.choice((1, 10)))

    def withdraw(self, declaration: Declaration, _officer: Actor) -> None:
        workflow.withdraw(declaration, self.make.actor(declaration.account))

    def claim(self, declaration: Declaration, officer: Actor) -> None:
        workflow.claim(declaration, officer)

    def take_over(self, declaration: Declaration, _officer: Actor) -> None:
        workflow.take_over(declaration, self.dice.choice(self.officers))

    def release(self, declaration: Declaration, officer: Actor) -> None:
        workflow.release(declaration, officer)

    def lapse(self, declaration: Declaration, _officer: Actor) -> None:
        if not declaration.claim:
            raise workflow.NotAllowed("not claimed")
        self.make.lapsed(declaration)
        workflow.lapse_all()

    def send_back(self, declaration: Declaration, officer: Actor) -> None:
        workflow.holds(declaration, officer)
        marks.save(declaration.revisions[-1], officer, [marks.MarkRequest("postal_address", "", "请核对")])
        workflow.send_back(declaration, officer, declaration.revision_number)

    def approve(self, declaration: Declaration, officer: Actor) -> None:
        workflow.approve(declaration, officer, declaration.revision_number)

    def decline(self, declaration: Declaration, officer: Actor) -> None:
        workflow.decline(declaration, officer, declaration.revision_number, reason_code="", comment="不属于采集范围")

    def undo(self, declaration: Declaration, _officer: Actor) -> None:
        decided = last_decision(declaration)
        if decided is None or decided.revision.number != declaration.revision_number:
            raise workflow.NotAllowed("decided on an older revision")  # resubmitted and taken back since
        workflow.undo(declaration, next(one for one in self.officers if one.id == decided.staff_id))

    def revoke(self, declaration: Declaration, officer: Actor) -> None:
        marks.save(declaration.revisions[-1], officer, [marks.MarkRequest("postal_address", "", "请核对")])
        workflow.revoke(declaration, officer, declaration.revision_number, comment="批错了")

    def reopen(self, declaration: Declaration, officer: Actor) -> None:
        workflow.reopen(declaration, officer, comment="属于采集范围")

    def offer(self, declaration: Declaration, officer: Actor) -> None:
        to = self.make.department(self.dice.choice(("210102", "210103", "210100")))
        workflow.offer(declaration, officer, declaration.revision_number, to, "地址在那里")

    def answer(self, declaration: Declaration, _officer: Actor) -> None:
        one = self.dice.choice(self.officers)
        workflow.answer_offer(declaration, one, accept=self.dice.random() < 0.7, reason="地址不在这里")

    def remind(self, declaration: Declaration, _officer: Actor) -> None:
        queue_index.remind(declaration.id, self.dice.randrange(3))


VERBS = {
    Status.DRAFT: ["submit"],
    Status.SUBMITTED: ["claim", "claim", "claim", "withdraw", "remind"],
    Status.IN_REVIEW: "take_over release lapse send_back send_back approve approve decline offer answer answer".split(),
    Status.RETURNED: ["submit", "submit", "undo", "remind"],
    Status.APPROVED: ["undo", "revoke", "revoke", "remind"],
    Status.DECLINED: ["undo", "reopen"],
}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_after_any_moves_the_tables_equal_those_made_anew(make, seed):
    """One seed in each run, since it goes on until every verb was used; the other one in the long form."""
    life = Life(make, seed)
    wanted = {verb for verbs in VERBS.values() for verb in verbs}
    steps = 0
    while steps < 60 or life.done < wanted:
        life.step()
        steps += 1
        assert steps < 600, f"the dice left out {wanted - life.done}"
    kept = everything()
    queue_index.rebuild(batch=2)
    db.session.commit()
    assert everything() == kept
    assert kept["items"]
