"""Taking a verdict back: the officer's own undo within a minute, the manager's revoke and reopen."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, select

from lib.clock import today
from lib.codes import OPEN, Status
from lib.database import utcnow
from models import Decision, Declaration, InboxMessage, ReviewMeasure, Revision, db
from services import audit, deadlines, inbox
from services.access import Actor
from services.workflow.claims import hold, refuse_elsewhere, refuse_own_file
from services.workflow.decisions import UNDO_TIME, decide, kept_by, point, record_of, send_marks, unsend_marks
from services.workflow.transitions import DECIDED, Conflict, NotAllowed, check, revision_numbered

VERDICT_OF = {Status.APPROVED: "approve", Status.RETURNED: "return", Status.DECLINED: "decline"}


def last_decision(declaration: Declaration) -> Decision | None:
    query = select(Decision).join(Revision).where(Revision.declaration_id == declaration.id)
    return db.session.scalar(query.order_by(Decision.id.desc()).limit(1))


def undoable(declaration: Declaration, actor: Actor, now: datetime | None = None) -> datetime | None:
    """Until when this officer may take the last decision back; None: not, or not any more."""
    decision = last_decision(declaration) if declaration.status in DECIDED else None
    if decision is None or decision.staff_id != actor.id or decision.verb != VERDICT_OF[declaration.status]:
        return None
    if decision.revision.number != declaration.revision_number:  # submitted again meanwhile, and taken back
        return None
    until = decision.at + UNDO_TIME
    gone = (now or utcnow()) >= until or audit.opened_result(declaration) or _has_open(declaration)
    return None if gone else until


def _has_open(declaration: Declaration) -> bool:
    """Has the person another declaration in hand?"""
    query = select(Declaration.id).where(Declaration.account_id == declaration.account_id)
    others = query.where(Declaration.id != declaration.id, Declaration.status.in_(OPEN))
    return db.session.scalar(others.limit(1)) is not None


def undo(declaration: Declaration, actor: Actor) -> Decision:
    """Take one's own decision back within a minute, while the applicant has not opened it. It is in one's hands again.

    Raises Conflict when it is too late, with the reason.
    """
    check(declaration, "undo", actor)
    if undoable(declaration, actor) is None:
        raise Conflict(_why_not(declaration, actor))
    undone = last_decision(declaration)
    assert undone is not None
    _take_back(declaration, undone)
    db.session.execute(delete(ReviewMeasure).where(ReviewMeasure.decision_id == undone.id))
    _drop_waiting_messages(declaration)
    decision = decide(declaration, undone.revision, "undo", actor)
    declaration.decided_at = None
    hold(declaration, actor)
    return decision


def _drop_waiting_messages(declaration: Declaration) -> None:
    """The message of a decision that does not stand any more, and that nobody has seen yet."""
    waiting = InboxMessage.declaration_id == declaration.id, InboxMessage.visible_at > utcnow()
    db.session.execute(delete(InboxMessage).where(*waiting))


def _why_not(declaration: Declaration, actor: Actor) -> str:
    decision = last_decision(declaration)
    if decision is None or decision.staff_id != actor.id:
        return "只能撤销自己刚才的决定"
    if audit.opened_result(declaration) or _has_open(declaration):
        return "申报人已经看到结果，不能再撤销"
    return "已超过 60 秒，不能再撤销"


def _take_back(declaration: Declaration, undone: Decision) -> None:
    if undone.verb == "approve":
        _fall_back(declaration, undone)
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
        point(record, before.revision, kept_by(before.revision), before.at)
    account.name = approval.name_before or account.name
    if approval.assured_before is not None:
        account.assured = approval.assured_before
    db.session.flush()


def _approved_before(approval: Decision) -> Decision | None:
    """The newest approval of the person that still stands, other than this one."""
    query = select(Decision).join(Revision).join(Declaration).order_by(Decision.id)
    query = query.where(Declaration.account_id == approval.revision.declaration.account_id)
    last = {decision.revision_id: decision for decision in db.session.scalars(query)}
    standing = [found for found in last.values() if found.verb == "approve" and found.id != approval.id]
    return max(standing, key=lambda decision: decision.id, default=None)


def revoke(declaration: Declaration, actor: Actor, seen: int, *, comment: str) -> Decision:
    """撤销审核结果: the approved revision goes back to the applicant with the unsent marks, the record falls back.

    Only the revision that the record points to, and only while nothing else of the person is open (rules, section 1).
    """
    check(declaration, "revoke", actor)
    refuse_elsewhere(declaration, actor)
    refuse_own_file(declaration, actor)
    record, revision = record_of(declaration), revision_numbered(declaration, declaration.revision_number)
    if record is None or record.revision_id != revision.id or seen != revision.number:
        raise NotAllowed("人员档案已经以另一次申报为准，不能撤销这一次的审核结果")
    if _has_open(declaration):
        raise NotAllowed("申报人有一份正在办理的申报，办结之前不能撤销")
    if not comment.strip():
        raise NotAllowed("请填写撤销原因")
    send_marks(revision)
    approval = last_decision(declaration)
    assert approval is not None
    _fall_back(declaration, approval)
    declaration.days_left = deadlines.LEAST_AFTER_RETURN
    decision = decide(declaration, revision, "revoke", actor, comment=comment.strip()[:200])
    _drop_waiting_messages(declaration)
    body = "您的审核结果已被撤销，有内容需要修改。请登录后按提示修改并重新提交。"
    inbox.send(declaration.account_id, "审核结果已撤销", body, "/apply/corrections", declaration_id=declaration.id)
    return decision


def reopen(declaration: Declaration, actor: Actor, *, comment: str) -> Decision:
    """重新受理: a declined submission is 待审核 again, with at least three working days."""
    check(declaration, "reopen", actor)
    refuse_elsewhere(declaration, actor)
    refuse_own_file(declaration, actor)
    if _has_open(declaration):
        raise NotAllowed("申报人已经重新申报，不能再受理这一份")
    if not comment.strip():
        raise NotAllowed("请填写重新受理的原因")
    least = deadlines.due_date(today(), deadlines.LEAST_AFTER_RETURN, deadlines.calendar())
    if (declaration.due_on or date.min) < least.on:
        declaration.due_on, declaration.due_estimated = least.on, least.estimated
    revision = revision_numbered(declaration, declaration.revision_number)
    _drop_waiting_messages(declaration)
    decision = decide(declaration, revision, "reopen", actor, comment=comment.strip()[:200])
    inbox.send(
        declaration.account_id,
        "申报重新受理",
        f"您的申报 {declaration.number} 已重新受理，请留意审核结果。",
        "/apply/status",
        declaration_id=declaration.id,
    )
    return decision
