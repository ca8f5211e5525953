"""Taking a verdict back: the officer's own undo within a minute, the manager's revoke and reopen."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete, select

from lib.clock import today
from lib.database import utcnow
from models import Decision, Declaration, InboxMessage, RecordTransfer, ReviewMeasure, Revision, db
from services import access
from services.access import Actor
from services.accounts import inbox
from services.declaration import deadlines
from services.messages import outbox, texts
from services.workflow.claims import assign
from services.workflow.decisions import decide, kept_by, send_marks, unsend_marks, update_record
from services.workflow.errors import NotAllowed
from services.workflow.rules import beside_record, can_reopen, can_revoke, can_undo, check
from services.workflow.state import MOVED_WITH_CHANGE, begun, last_decision, latest_revision, record_of
from services.workflow.transitions import make_move


def undo(declaration: Declaration, actor: Actor) -> Decision:
    """Undo the officer's own decision within a minute, before the applicant opens it. The officer holds the file again.

    Raises Conflict when it is too late, with the reason.
    """
    check(declaration, "undo", actor)
    if record := record_of(declaration):
        access.lock_record(record)
    can_undo(declaration, actor)
    undone = last_decision(declaration)
    assert undone is not None
    _take_back(declaration, undone)
    db.session.execute(delete(ReviewMeasure).where(ReviewMeasure.decision_id == undone.id))
    _drop_waiting_messages(declaration)
    decision = decide(declaration, undone.revision, "undo", actor)
    declaration.decided_at = None
    assign(declaration, actor)
    return decision


def _drop_waiting_messages(declaration: Declaration) -> None:
    """Delete the message of a decision that no longer counts. The applicant cannot have seen it yet."""
    waiting = InboxMessage.declaration_id == declaration.id, InboxMessage.visible_at > utcnow()
    db.session.execute(delete(InboxMessage).where(*waiting))
    outbox.drop_waiting(declaration.id)


def _take_back(declaration: Declaration, undone: Decision) -> None:
    if undone.verb == "approve":
        _fall_back(declaration, undone)
        _resume_record_transfer(undone)
    elif undone.verb == "return":
        unsend_marks(undone.revision)
        declaration.days_left = None


def _fall_back(declaration: Declaration, approval: Decision) -> None:
    """The record stands again for the revision approved before, if any; the sign-in name is what it was."""
    record, account = record_of(declaration), declaration.account
    assert record is not None
    before = _approved_before(approval)
    if before is None:
        db.session.delete(record)
    else:
        update_record(record, before.revision, kept_by(before.revision), before.at)
    account.name = approval.name_before or account.name
    if approval.assured_before is not None:
        account.assured = approval.assured_before
    db.session.flush()


def _resume_record_transfer(approval: Decision) -> None:
    """A 调转 that the approval ended waits for its answer again. No other one can wait: then there is no undo."""
    ended = (
        RecordTransfer.account_id == approval.revision.declaration.account_id,
        RecordTransfer.answered_at >= approval.at,
    )
    query = select(RecordTransfer).where(*ended, RecordTransfer.answer == MOVED_WITH_CHANGE)
    if transfer := db.session.scalar(query):
        transfer.accepted, transfer.answer, transfer.answered_at = None, "", None


def _approved_before(approval: Decision) -> Decision | None:
    """The newest approval of the person that still stands, other than this one."""
    query = select(Decision).join(Revision).join(Declaration).order_by(Decision.at, Decision.id)
    query = query.where(Declaration.account_id == approval.revision.declaration.account_id)
    last = {decision.revision_id: decision for decision in db.session.scalars(query)}
    standing = [found for found in last.values() if found.verb == "approve" and found.id != approval.id]
    return max(standing, key=lambda decision: (decision.at, decision.id), default=None)


def revoke(declaration: Declaration, actor: Actor, seen: int, *, comment: str) -> Decision:
    """撤销审核结果: the approved revision goes back to the applicant with the unsent marks, the record falls back.

    Only the revision that the record points to, and only while nothing else of the person is with the office. What the
    person has begun and not sent, or was asked to correct, is dropped, and the person told.
    """
    if record := record_of(declaration):
        access.lock_record(record)
    unsent = can_revoke(declaration, actor, seen)
    if not comment.strip():
        raise NotAllowed("请填写撤销原因", "why")
    send_marks(unsent)
    if left := begun(declaration):
        discard(left, actor, "审核结果已撤销")
    approval = last_decision(declaration)
    assert approval is not None
    _fall_back(declaration, approval)
    declaration.days_left = deadlines.LEAST_AFTER_RETURN
    decision = decide(declaration, latest_revision(declaration), "revoke", actor, comment=comment.strip()[:200])
    _drop_waiting_messages(declaration)
    values = {texts.NUMBER: declaration.number}
    inbox.tell(declaration.account_id, "revoked", values, "/apply/corrections", declaration_id=declaration.id)
    return decision


def discard(left: Declaration, actor: Actor, why: str) -> None:
    """作废变更: what it started from does not hold any more. ``why``: a sentence's first half, for the person."""
    beside_record(left, actor)
    make_move(left, "discard", actor, detail=why)
    inbox.send(
        left.account_id,
        f"{left.kind.label}已作废",
        f"{why}，您还没有提交的{left.kind.label}（申报编号 {left.number}）已作废。需要变更的，请以后重新申请。",
        declaration_id=left.id,
    )


def reopen(declaration: Declaration, actor: Actor, *, comment: str) -> Decision:
    """重新受理: a declined submission is 待审核 again, with at least three working days."""
    can_reopen(declaration, actor)
    if not comment.strip():
        raise NotAllowed("请填写重新受理的原因", "why")
    least = deadlines.due_date(today(), deadlines.LEAST_AFTER_RETURN, deadlines.calendar())
    if (declaration.due_on or date.min) < least.on:
        declaration.due_on, declaration.due_estimated = least.on, least.estimated
        declaration.due_from, declaration.due_days = today(), deadlines.LEAST_AFTER_RETURN
    _drop_waiting_messages(declaration)
    decision = decide(declaration, latest_revision(declaration), "reopen", actor, comment=comment.strip()[:200])
    values = {texts.NUMBER: declaration.number}
    inbox.tell(declaration.account_id, "reopened", values, "/apply/status", declaration_id=declaration.id)
    return decision
