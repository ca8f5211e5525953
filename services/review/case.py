"""One revision of a submission for one officer, with all that goes with it. A request makes one and passes it on.

What belongs to the rows comes with the declaration: of services.access for verbs, of services.review.reading for pages.
The rest is read when first asked for, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import select

from lib.codes import MarkState, Status
from lib.database import Prebuilt, parameter
from models import Claim, Decision, Declaration, Event, Mark, Revision, db
from services import access, workflow
from services.access import Actor
from services.marks import marks
from services.moves import TAKING
from services.reports import standing_decisions
from services.review import reading
from services.review.access_log import AccessLog
from services.workflow import reassigning

_COMPARED = Prebuilt(
    select(Revision.id)
    .join(Declaration)
    .join(Decision, Decision.revision_id == Revision.id)
    .where(Declaration.account_id == parameter("account_id"), Revision.id != parameter("revision_id"))
    .where(Revision.submitted_at <= parameter("submitted_at"))
    .where((Revision.declaration_id == parameter("declaration_id")) | standing_decisions.approves(Decision))
    .order_by(Revision.submitted_at.desc(), Revision.id.desc())
    .limit(1)
)


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

    @cached_property
    def old_answers(self) -> Mapping[str, Any]:
        """Of the revision compared with; none without one."""
        found: Mapping[str, Any] = self.compared.answers if self.compared else {}
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
        here: dict[str, Any] = {"account_id": self.declaration.account_id, "declaration_id": self.declaration.id}
        here |= {"revision_id": self.revision.id, "submitted_at": self.revision.submitted_at}
        found = _COMPARED.first(db.session, **here)
        if found is None:
            return access.revision_of(self.declaration, self.revision.number - 1)
        own = next((revision for revision in self.declaration.revisions if revision.id == found.id), None)
        return own or db.session.get_one(Revision, found.id)

    @cached_property
    def unsent(self) -> dict[str, Mark]:
        return {mark.target: mark for mark in marks.of_revision(self.revision, MarkState.DRAFT)}

    @cached_property
    def asked_for(self) -> dict[str, Mark]:
        """The marks that the last return before this revision sent out, by target."""
        return {mark.target: mark for mark in marks.sent_before(self.revision)}

    @cached_property
    def ticks(self) -> Mapping[str, Any]:
        return reading.ticks_of(self.declaration, self.revision)

    @cached_property
    def decisions(self) -> Sequence[Any]:
        """On all revisions, newest first."""
        return reading.decisions(self.declaration)

    @cached_property
    def notes(self) -> Sequence[Any]:
        return reading.notes(self.declaration) if self.reads_all else ()

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
        taken = Event.declaration_id == self.declaration.id, Event.verb.in_((*TAKING, "reassign"))
        query = select(Event.verb, Event.staff_id, Event.detail).where(*taken)
        last = db.session.execute(query.order_by(Event.at.desc(), Event.id.desc()).limit(1)).first()
        if last and last.verb == "reassign":
            return str(last.detail).endswith(reassigning.passed_to(self.actor.id))
        return last is not None and last.staff_id == self.actor.id


def of(declaration: Declaration, actor: Actor, number: int | None = None) -> ReviewCase | None:
    """The revision of that number as far as the officer may read it, else the newest such one."""
    revision = access.office_revision(actor, declaration, number)
    return ReviewCase(revision, actor) if revision else None
