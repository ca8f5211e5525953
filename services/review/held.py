"""What an officer has in hand: the submissions held, one before and after another, and the decision just taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lib.codes import Status
from lib.database import utcnow
from models import Claim, Decision, Declaration, Revision, db
from services import access, workflow
from services.access import Actor
from services.moves import MOVES


def held(actor: Actor) -> Sequence[str]:
    """The uids of the submissions in the officer's hands, those due first in front."""
    query = access.office_declarations(actor).join(Claim, Claim.declaration_id == Declaration.id)
    query = query.where(Claim.staff_id == actor.id, Claim.expires_at > utcnow())
    query = query.where(Declaration.status == Status.IN_REVIEW).order_by(Declaration.due_on, Declaration.id)
    return db.session.scalars(query.with_only_columns(Declaration.uid, maintain_column_froms=True)).all()


@dataclass(frozen=True)
class PlaceInHand:
    """The ``at``-th of ``count`` in hand; uids of the neighbours, "" for none."""

    at: int
    count: int
    before: str
    after: str


def place(actor: Actor, declaration: Declaration) -> PlaceInHand | None:
    """None: the officer does not hold it."""
    uids = list(held(actor))
    if declaration.uid not in uids:
        return None
    at = uids.index(declaration.uid)
    return PlaceInHand(at + 1, len(uids), uids[at - 1] if at else "", uids[at + 1] if at + 1 < len(uids) else "")


@dataclass(frozen=True)
class Undoable:
    """The officer's last decision while it can be taken back."""

    declaration: Declaration
    name: str
    done: str
    until: datetime

    @property
    def seconds(self) -> int:
        return max(0, round((self.until - utcnow()).total_seconds()))


def just_decided(actor: Actor) -> Undoable | None:
    query = select(Decision).where(Decision.staff_id == actor.id, Decision.at > utcnow() - workflow.UNDO_TIME)
    load = joinedload(Decision.revision).joinedload(Revision.declaration)
    decision = db.session.scalar(query.options(load).order_by(Decision.id.desc()).limit(1))
    if decision is None or not MOVES[decision.verb].is_verdict:
        return None
    declaration = decision.revision.declaration
    until = workflow.undoable(declaration, actor)
    name = decision.revision.answers["applicant_name"]
    return Undoable(declaration, name, MOVES[decision.verb].done, until) if until else None
