"""One revision of a submission for one officer, with everything beside it. A request makes one and passes it on.

What belongs to the rows comes with the declaration (services.access); the rest is read when first asked for, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lib.codes import MarkState, Status
from models import Claim, Decision, Declaration, Event, InternalNote, Mark, Revision, Tick, db
from services import access, workflow
from services.access import Actor
from services.marks import internal_notes, marks, ticks
from services.moves import TAKING
from services.reports import standing_decisions
from services.review.access_log import AccessLog


class ReviewCase:
    def __init__(self, revision: Revision, actor: Actor) -> None:
        self.revision, self.actor = revision, actor
        self.declaration: Declaration = revision.declaration
        self.access_log = AccessLog(self.declaration, actor)

    @property
    def is_latest(self) -> bool:
        return self.revision.number == self.declaration.revision_number

    @cached_property
    def answers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.revision.answers
        return found

    @property
    def holds(self) -> bool:
        """Does the officer hold the submission, whichever revision this is?"""
        return workflow.own_claim(self.declaration, self.actor) is not None

    @property
    def claim(self) -> Claim | None:
        return workflow.holder(self.declaration)

    @cached_property
    def reads_all(self) -> bool:
        """Else only what the own scope decided: the submission was transferred since."""
        return access.handles(self.declaration, self.actor)

    @property
    def within(self) -> str:
        """The path of the departments whose decisions the officer may read."""
        return "" if self.reads_all else self.actor.path

    @cached_property
    def verbs(self) -> frozenset[str]:
        """What the officer may do now; nothing with an earlier revision."""
        moves = workflow.available(self.declaration, self.actor) if self.is_latest else ()
        return frozenset(move.verb for move in moves)

    @cached_property
    def compared(self) -> Revision | None:
        """The revision that "new" is meant against: the last one decided on, of this declaration or in the record.

        Without any: the one submitted before (and withdrawn), if there is one.
        """
        query = select(Revision).join(Declaration).where(Declaration.account_id == self.declaration.account_id)
        query = query.join(Decision, Decision.revision_id == Revision.id).where(Revision.id < self.revision.id)
        own = Revision.declaration_id == self.declaration.id
        query = query.where(own | standing_decisions.approves(Decision))
        found = db.session.scalar(query.order_by(Revision.id.desc()).limit(1))
        return found or access.revision_of(self.declaration, self.revision.number - 1)

    @cached_property
    def unsent(self) -> dict[str, Mark]:
        return {mark.target: mark for mark in marks.of_revision(self.revision, MarkState.DRAFT)}

    @cached_property
    def asked_for(self) -> dict[str, Mark]:
        """The marks that the last return before this revision sent out, by target."""
        return {mark.target: mark for mark in marks.sent_before(self.revision)}

    @cached_property
    def ticks(self) -> dict[str, Tick]:
        return ticks.of(self.declaration, self.revision)

    @cached_property
    def decisions(self) -> Sequence[Decision]:
        """On all revisions, newest first."""
        query = select(Decision).where(Decision.revision_id.in_([one.id for one in self.declaration.revisions]))
        load = (joinedload(Decision.staff), joinedload(Decision.department))
        return db.session.scalars(query.options(*load).order_by(Decision.id.desc())).all()

    @cached_property
    def notes(self) -> Sequence[InternalNote]:
        return internal_notes.of(self.declaration) if self.reads_all else ()

    def may_keep_marks(self) -> bool:
        """May this officer's marks and ticks replace the unsent ones? Only on the revision to be judged.

        Those of the last one who took it: so what was marked survives a claim that has lapsed meanwhile, and never
        takes the next holder's marks away. And those of a manager who may revoke the approval.
        """
        if not self.is_latest:
            return False
        if self.declaration.status == Status.APPROVED:
            return "revoke" in self.verbs
        if self.declaration.status not in (Status.SUBMITTED, Status.IN_REVIEW) or workflow.waits(self.declaration):
            return False
        if not access.in_office(self.declaration, self.actor):  # accepted by another department meanwhile
            return False
        return self.holds or self._took_last()

    def _took_last(self) -> bool:
        taken = Event.declaration_id == self.declaration.id, Event.verb.in_(TAKING)
        query = select(Event.staff_id).where(*taken).order_by(Event.id.desc()).limit(1)
        return db.session.scalar(query) == self.actor.id


def of(declaration: Declaration, actor: Actor, number: int | None = None) -> ReviewCase | None:
    """The revision of that number as far as the officer may read it, else the newest such one."""
    revision = access.office_revision(actor, declaration, number)
    return ReviewCase(revision, actor) if revision else None
