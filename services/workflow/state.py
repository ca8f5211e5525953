"""Where a submission stands now: who holds it, what it waits for, which decision was the last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased

from lib.codes import EDITABLE, OPEN, Status
from lib.database import Prebuilt, parameter, utcnow
from models import Claim, Decision, Declaration, Event, Record, RecordTransfer, Revision, SecondLook, Transfer, db
from services import audit
from services.access import Actor
from services.moves import DECIDED, MOVES, VERDICTS

UNDO_TIME = timedelta(seconds=60)  # the same officer may take a decision back; its message waits as long


def standing_status(declaration: Declaration, now: datetime | None = None) -> Status:
    """The status as it counts now: a lapsed claim no longer counts."""
    if declaration.status != Status.IN_REVIEW or holder(declaration, now) or waits(declaration):
        return declaration.status
    return Status.SUBMITTED


def holder(declaration: Declaration, now: datetime | None = None) -> Claim | None:
    """The claim in force, if any."""
    claim = declaration.claim
    return claim if claim and claim.expires_at > (now or utcnow()) else None


def own_claim(declaration: Declaration, actor: Actor) -> Claim | None:
    """The officer's own claim, if it is in force."""
    claim = holder(declaration)
    return claim if claim and claim.staff_id == actor.id else None


def waiting_transfer(declaration: Declaration) -> Transfer | None:
    """The offer to another department that has no answer yet. Until then the submission stays 审核中."""
    return next((one for one in declaration.transfers if one.answered_at is None), None)


def waiting_second_look(declaration: Declaration) -> SecondLook | None:
    """The decision that a second officer has not answered yet. Until then the submission stays 审核中."""
    return next((one for one in declaration.second_looks if one.answered_at is None), None)


def waits(declaration: Declaration) -> bool:
    """Does it stay 审核中 though it is in no one's hands?"""
    return bool(waiting_transfer(declaration) or waiting_second_look(declaration))


def latest_revision(declaration: Declaration) -> Revision:
    """The revision that verbs act on."""
    return declaration.revisions[-1]


def last_decision(declaration: Declaration) -> Decision | None:
    query = select(Decision).join(Revision).where(Revision.declaration_id == declaration.id)
    return db.session.scalar(query.order_by(Decision.at.desc(), Decision.id.desc()).limit(1))


#: The answer of a 调转 that an approval ended.
MOVED_WITH_CHANGE = "档案已随信息变更转到其他部门"


def _undoable() -> Select[Any]:
    """The last decision; which came last, a verdict or the applicant's opening it; has the person another file?

    Has the record been closed since, or does it move or wait to (调转)? Taking the decision back would take it away.
    A 调转 that the decision itself has ended comes back with it.
    """
    here, whose = parameter("declaration_id"), parameter("account_id")
    told = select(Event.verb).where(Event.declaration_id == here, Event.verb.in_((audit.OPENED, *VERDICTS)))
    other = aliased(Declaration)
    others = select(other.id).where(other.account_id == whose, other.id != here, other.status.in_(OPEN))
    record = select(Record.id).where(Record.account_id == whose, Record.closed_at.is_not(None))
    answered = and_(RecordTransfer.answered_at > Decision.at, RecordTransfer.answer != MOVED_WITH_CHANGE)
    moves = or_(RecordTransfer.answered_at.is_(None), answered)
    moved = select(RecordTransfer.id).where(RecordTransfer.account_id == whose, moves)
    settled = or_(record.exists(), moved.exists()).label("record_settled")
    columns = (Decision.verb, Decision.staff_id, Decision.at, Revision.number, settled)
    seen = told.order_by(Event.at.desc(), Event.id.desc()).limit(1).scalar_subquery()
    query = select(*columns, seen.label("seen"), others.exists().label("another_open")).join(Revision)
    return query.where(Revision.declaration_id == here).order_by(Decision.at.desc(), Decision.id.desc()).limit(1)


_LAST_DECISION = Prebuilt(_undoable())


def undoable(declaration: Declaration, actor: Actor, now: datetime | None = None) -> datetime | None:
    """Until when this officer may take the last decision back; None: not, or not any more."""
    if declaration.status not in DECIDED:
        return None
    found = _LAST_DECISION.first(db.session, declaration_id=declaration.id, account_id=declaration.account_id)
    if found is None:
        return None
    move = MOVES[found.verb]
    stands = move.is_verdict and move.target == declaration.status
    # submitted again meanwhile, and taken back: then it judged another revision
    stands = stands and found.staff_id == actor.id and found.number == declaration.revision_number
    until: datetime = found.at + UNDO_TIME
    gone = (now or utcnow()) >= until or found.seen == audit.OPENED or found.another_open or found.record_settled
    return until if stands and not gone else None


def has_open(declaration: Declaration) -> bool:
    """Has the person another declaration in hand?"""
    return db.session.scalar(_others(declaration).limit(1)) is not None


def _others(declaration: Declaration) -> Select[Declaration]:
    """The person's open declaration, unless it is this one."""
    query = select(Declaration).where(Declaration.account_id == declaration.account_id)
    return query.where(Declaration.id != declaration.id, Declaration.status.in_(OPEN))


def begun(declaration: Declaration) -> Declaration | None:
    """What the person has in hand besides this one, not sent or returned: it may stay so without end."""
    return db.session.scalar(_others(declaration).where(Declaration.status.in_(EDITABLE)))


def with_office(declaration: Declaration) -> bool:
    """Is another one of the person's with the office?"""
    return db.session.scalar(_others(declaration).where(Declaration.status.not_in(EDITABLE)).limit(1)) is not None


def record_in_transfer(account_id: int) -> RecordTransfer | None:
    """调转 of the person's record that waits for the other department's answer."""
    waiting = RecordTransfer.account_id == account_id, RecordTransfer.answered_at.is_(None)
    return db.session.scalar(select(RecordTransfer).where(*waiting))


def record_of(declaration: Declaration) -> Record | None:
    return db.session.scalar(select(Record).where(Record.account_id == declaration.account_id))
