"""The officer's verdicts on the revision that was seen: return, approve, decline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from lib.clock import today
from lib.codes import MarkState
from lib.database import utcnow
from models import (
    Claim,
    Decision,
    Declaration,
    Department,
    Mark,
    Record,
    RecordTransfer,
    ReturnReason,
    Revision,
    SecondLook,
    db,
)
from services.access import Actor
from services.accounts import inbox
from services.declaration import deadlines
from services.marks import marks, return_reasons
from services.messages import texts
from services.queue import index as queue_index
from services.workflow import transfers
from services.workflow.claims import drop_claim
from services.workflow.errors import NotAllowed
from services.workflow.rules import can_return, holds, second_officer
from services.workflow.state import MOVED_WITH_CHANGE, UNDO_TIME, latest_revision, record_of
from services.workflow.transitions import make_move


def send_back(declaration: Declaration, actor: Actor, seen: int) -> Decision:
    """Return the file with the unsent marks of the revision that was seen. At least one, each with a reason."""
    send_marks(can_return(declaration, actor, seen))
    declaration.days_left = deadlines.days_left(declaration.due_on, today())
    decision = decide(declaration, latest_revision(declaration), "return", actor)
    _tell_later(declaration, "returned", "/apply/corrections")
    return decision


def send_marks(unsent: Sequence[Mark]) -> None:
    """The unsent marks of a revision become what the applicant has to deal with."""
    for mark in unsent:
        mark.reason = mark.reason or mark.comment
        mark.state = MarkState.OPEN
    _count_reasons([mark.reason_code for mark in unsent])


def _count_reasons(codes: list[str | None]) -> None:
    """The most used stand first. In one order, so that two returns at the same moment do not lock each other out."""
    for code in sorted(filter(None, codes)):
        count = update(ReturnReason).where(ReturnReason.code == code).values(uses=ReturnReason.uses + 1)
        db.session.execute(count)


def approve(
    declaration: Declaration, actor: Actor, seen: int, *, id_checked: bool = False, sample: int = 0
) -> Decision | SecondLook:
    """The revision that was seen becomes the person's record; a changed name becomes the sign-in name.

    ``sample``: the percentage of approvals that a second officer has to agree to; what it takes waits as a SecondLook.
    """
    holds(declaration, actor, seen)
    revision = latest_revision(declaration)
    if transfers.is_sampled(declaration, revision, sample, actor):
        return transfers.propose(declaration, actor, revision, id_checked=id_checked)
    return _approve(declaration, actor, revision, id_checked)


def _approve(declaration: Declaration, actor: Actor, revision: Revision, id_checked: bool) -> Decision:
    marks.drop_unsent(revision)
    account = declaration.account
    before = {"name_before": account.name, "assured_before": account.assured}
    decision = decide(declaration, revision, "approve", actor, id_checked=id_checked, **before)
    _stand_in_archive(declaration, revision)
    account.name = revision.answers["applicant_name"]
    account.assured = account.assured or id_checked
    _tell_later(declaration, "approved", "/archive")
    return decision


def answer_second_look(
    declaration: Declaration, actor: Actor, seen: int, *, agree: bool, comment: str = ""
) -> Decision | Claim:
    """Agree: the approval takes effect. Otherwise, with a reason, the file is in the second officer's hands."""
    waiting = second_officer(declaration, actor, seen)
    if not agree:
        return transfers.disagree(declaration, actor, waiting, comment)
    transfers.close(waiting, actor, agreed=True, comment=comment)
    return _approve(declaration, actor, waiting.revision, waiting.id_checked)


def decline(declaration: Declaration, actor: Actor, seen: int, *, reason_code: str, comment: str) -> Decision:
    """不予采集: final, with a reason of the list, a text, or both. The person may start again."""
    holds(declaration, actor, seen)
    reason = return_reasons.one(actor, reason_code, "decline")
    if not (reason or comment.strip()):
        raise NotAllowed("请选择不予采集的原因，或填写说明", "decline_reason")
    revision = latest_revision(declaration)
    marks.drop_unsent(revision)
    said = {"reason_code": reason.code if reason else None, "reason": reason.advice if reason else ""}
    decision = decide(declaration, revision, "decline", actor, **said, comment=comment.strip()[:200])
    _count_reasons([reason.code if reason else None])
    _tell_later(declaration, "declined", "/apply/status")
    return decision


def decide(declaration: Declaration, revision: Revision, verb: str, actor: Actor, **said: Any) -> Decision:
    """Write the verdict down and make the move. The claim ends."""
    earlier = select(func.count()).where(Decision.revision_id == revision.id).correlate(None).scalar_subquery()
    decision = Decision(
        revision=revision,
        position=earlier + 1,
        verb=verb,
        staff_id=actor.id,
        department_id=actor.department_id,
        **said,
    )
    db.session.add(decision)
    declaration.decided_at = utcnow()
    drop_claim(declaration)
    make_move(declaration, verb, actor)
    return decision


def _stand_in_archive(declaration: Declaration, revision: Revision) -> None:
    record = record_of(declaration)
    if record is None:
        record = Record(account_id=declaration.account_id)
        db.session.add(record)
    elif record.department_id != kept_by(revision):
        _move_away(declaration, record.department_id, kept_by(revision))
    update_record(record, revision, kept_by(revision), utcnow())


def _move_away(declaration: Declaration, before: int, now: int) -> None:
    """The department that kept the record gets a message. A transfer that waits has nothing left to move."""
    values = {texts.NUMBER: declaration.number, texts.DEPARTMENT: db.session.get_one(Department, now).name}
    later: dict[str, Any] = {"declaration_id": declaration.id, "visible_at": utcnow() + UNDO_TIME}
    for asking in _end_record_transfers(declaration.account_id) - {before, now}:
        inbox.tell_office(asking, "record_transfer_ended", values, "/staff/archive/transfers", **later)
    inbox.tell_office(before, "record_moved", values, **later)


def _end_record_transfers(account_id: int) -> set[int]:
    """调转 that waits for an answer gets this one. The departments that had asked for it."""
    query = select(RecordTransfer).where(RecordTransfer.account_id == account_id, RecordTransfer.answered_at.is_(None))
    asking = set[int | None]()
    for waiting in db.session.scalars(query):
        waiting.accepted, waiting.answer, waiting.answered_at = False, MOVED_WITH_CHANGE, utcnow()
        asking |= {waiting.from_department_id, waiting.to_department_id} - {waiting.answering_id}
    return {department for department in asking if department}


def kept_by(revision: Revision) -> int:
    """The department that keeps the record: the one that handled the file, even when an office above approved it."""
    return revision.declaration.department_id or revision.department_id


def update_record(record: Record, revision: Revision, department_id: int, at: datetime) -> None:
    """Point the record to this revision, kept by this department."""
    record.revision, record.department_id, record.approved_at = revision, department_id, at
    queue_index.sync_record(record)


def unsend_marks(revision: Revision) -> None:
    """The marks of a return that is taken back are unsent again."""
    for mark in marks.of_revision(revision, MarkState.OPEN):
        mark.state = MarkState.DRAFT


def _tell_later(declaration: Declaration, name: str, link: str) -> None:
    """The message waits until the decision can no longer be taken back."""
    inbox.tell(
        declaration.account_id,
        name,
        {texts.NUMBER: declaration.number},
        link,
        declaration_id=declaration.id,
        visible_at=utcnow() + UNDO_TIME,
    )
