"""What was decided on a declaration before, newest first, with the marks that went out and the officers' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lib.codes import MarkState
from models import Decision, Declaration, Mark, Revision, SecondLook, Staff, Transfer, db
from services.declaration import labels

TITLES = {
    "return": "退回修改",
    "approve": "审核通过",
    "decline": "不予采集",
    "undo": "撤销刚才的决定",
    "revoke": "撤销审核结果",
    "reopen": "重新受理",
}
SENDS_MARKS = ("return", "revoke")


@dataclass(frozen=True)
class Verdict:
    """An earlier decision on this declaration with the marks that went out with it, as (what, mark)."""

    decision: Decision
    title: str
    marks: Sequence[tuple[str, Mark]]

    @property
    def words(self) -> str:
        """The reason and the officer's own words, where the verb has any."""
        return "；".join(filter(None, (self.decision.reason, self.decision.comment)))


def of(declaration: Declaration, within: str = "") -> list[Verdict]:
    """The decisions on all revisions, newest first; with ``within`` only those of the departments below that path."""
    query = select(Decision).join(Revision).where(Revision.declaration_id == declaration.id)
    load = (
        joinedload(Decision.revision).selectinload(Revision.marks),
        joinedload(Decision.staff),
        joinedload(Decision.department),
    )
    found = db.session.scalars(query.options(*load).order_by(Decision.id.desc())).all()
    shown = [decision for decision in found if decision.department.path.startswith(within)]
    return [Verdict(decision, TITLES.get(decision.verb, decision.verb), _sent(decision)) for decision in shown]


def _sent(decision: Decision) -> list[tuple[str, Mark]]:
    if decision.verb not in SENDS_MARKS:
        return []
    sent = [mark for mark in decision.revision.marks if mark.state != MarkState.DRAFT]
    return [(labels.full(mark.target), mark) for mark in sent]


def handovers(declaration: Declaration, within: str = "") -> Sequence[Transfer]:
    """Offers that have an answer, newest first; with ``within`` only those by or to a department below that path."""
    query = select(Transfer).where(Transfer.declaration_id == declaration.id, Transfer.answered_at.is_not(None))
    load = joinedload(Transfer.from_department), joinedload(Transfer.to_department), joinedload(Transfer.staff)
    found = db.session.scalars(query.options(*load).order_by(Transfer.id.desc())).all()
    return [
        one
        for one in found
        if any(office.path.startswith(within) for office in (one.from_department, one.to_department))
    ]


@dataclass(frozen=True)
class LookedAgain:
    """A 复核 that is over: whose approval, who answered and how."""

    look: SecondLook
    by: str

    @property
    def title(self) -> str:
        if self.look.answered_by == self.look.staff_id:
            return "已收回复核"
        return "复核同意" if self.look.agreed else "复核不同意"


def second_looks(declaration: Declaration) -> list[LookedAgain]:
    """Newest first."""
    query = select(SecondLook, Staff.name).join(Staff, Staff.id == SecondLook.answered_by)
    query = query.where(SecondLook.declaration_id == declaration.id).order_by(SecondLook.id.desc())
    return [LookedAgain(look, name) for look, name in db.session.execute(query)]
