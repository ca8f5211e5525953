"""What an officer has in hand: the submissions held, one before and after another, and the decision just taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from lib.codes import Status
from lib.database import Prebuilt, UTCDateTime, parameter, utcnow
from models import Account, Claim, Decision, Declaration, Department, Revision, db
from services import workflow
from services.access import Actor
from services.moves import MOVES
from services.review import reading

_HELD = Prebuilt(
    select(Declaration.uid, Account.id_index)
    .join(Claim, Claim.declaration_id == Declaration.id)
    .join(Department, Department.id == Declaration.department_id)
    .join(Account, Account.id == Declaration.account_id)
    .where(Claim.staff_id == bindparam("staff_id"), Claim.expires_at > bindparam("now", type_=UTCDateTime))
    .where(Declaration.status == Status.IN_REVIEW, Department.path.startswith(bindparam("path")))
    .order_by(Declaration.due_on, Declaration.id)
)


def held(actor: Actor) -> Sequence[str]:
    """The uids of the submissions in the officer's hands, those due first in front."""
    rows = _HELD.rows(db.session, staff_id=actor.id, now=utcnow(), path=actor.path)
    return [row.uid for row in rows if not actor.id_index or row.id_index != actor.id_index]


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

    uid: str
    number: str  # 申报编号
    name: str
    done: str
    until: datetime

    @property
    def seconds(self) -> int:
        return max(0, round((self.until - utcnow()).total_seconds()))


_JUDGED = Prebuilt(
    select(
        *(Decision.verb, Revision.uid, Revision.answers_sealed, Declaration.id, Declaration.uid.label("file")),
        *(Declaration.number, Declaration.status, Declaration.account_id, Declaration.revision_number),
    )
    .join(Revision, Revision.id == Decision.revision_id)
    .join(Declaration, Declaration.id == Revision.declaration_id)
    .where(Decision.staff_id == parameter("staff_id"), Decision.at > parameter("since"))
    .order_by(Decision.at.desc(), Decision.id.desc())
    .limit(1)
)


def just_decided_at(actor: Actor, at: datetime | None) -> Undoable | None:
    """The same for somebody who judged last at that moment."""
    return just_decided(actor) if at and at > utcnow() - workflow.UNDO_TIME else None


def just_decided(actor: Actor) -> Undoable | None:
    found = _JUDGED.first(db.session, staff_id=actor.id, since=utcnow() - workflow.UNDO_TIME)
    if found is None or not MOVES[found.verb].is_verdict:
        return None
    until = workflow.undoable(found, actor)
    if until is None:
        return None
    name = reading.answers_of(found)["applicant_name"]
    return Undoable(found.file, found.number, name, MOVES[found.verb].done, until)
