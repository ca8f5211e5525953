"""注销 by an officer and 申请变更 by the person at the same moment: one wins, the other is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from lib.codes import OPEN, Role, Status
from models import Declaration, InboxMessage, Record, db
from services import workflow
from services.records import entries
from services.workflow import start as workflow_start
from tests.integration.workflow.test_opposite_decisions import in_step, original  # noqa: F401
from tests.support.office import crowd

pytestmark = pytest.mark.slow


def attempt(act: Callable[[], object]) -> str:
    try:
        act()
        db.session.commit()
    except (entries.EntryRefused, workflow.Conflict, workflow_start.RecordClosed) as error:
        db.session.rollback()
        return str(error)
    return ""


@pytest.mark.parametrize("rounds", [20, pytest.param(300, marks=pytest.mark.soak)])
def test_a_closed_record_never_has_a_change_in_hand(app, make, original, rounds):  # noqa: F811
    manager = make.actor(make.staff(Role.MANAGER))
    ids = crowd.submissions(original, rounds)
    for declaration_id in ids:
        declaration = db.session.get_one(Declaration, declaration_id)
        workflow.claim(declaration, manager)
        workflow.approve(declaration, manager, 1)
    db.session.commit()
    records = [
        db.session.scalars(select(Record.id).where(Record.declaration_id == declaration_id)).one()
        for declaration_id in ids
    ]
    said: list[list[str]] = [[], []]

    def closes(number: int) -> None:
        record = db.session.get_one(Record, records[number])
        said[0].append(attempt(lambda: entries.close(record, manager, "left", "本人书面申请")))

    def changes(number: int) -> None:
        record = db.session.get_one(Record, records[number])
        actor = make.actor(record.account)
        said[1].append(attempt(lambda: workflow_start.start_change(actor, record)))

    in_step(app, rounds, closes, changes)
    assert said[0] == [""] * rounds, "what was only begun does not stand in the way"
    assert all(record.closed_at for record in db.session.scalars(select(Record)))
    assert not db.session.scalars(
        select(Declaration.id).where(Declaration.status.in_(OPEN), Declaration.kind == "change")
    ).all()
    outcomes = Counter("begun" if not words else "told" for words in said[1])
    assert all("已注销" in words for words in said[1] if words)
    dropped = db.session.scalars(select(Declaration).where(Declaration.status == Status.DROPPED)).all()
    told = db.session.scalars(select(InboxMessage.account_id).where(InboxMessage.title == "信息变更已作废")).all()
    assert Counter(told) == Counter(one.account_id for one in dropped)
    assert len(dropped) == outcomes["begun"]
