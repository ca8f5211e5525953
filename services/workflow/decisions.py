"""The officer's verdicts on the revision that was seen."""

from __future__ import annotations

from sqlalchemy import func, select

from lib.clock import today
from lib.codes import MarkState
from lib.database import utcnow
from models import Decision, Declaration, Record, Revision, db
from services import deadlines, inbox, marks
from services.access import Actor
from services.workflow.claims import drop_claim, own_claim
from services.workflow.moves import NotAllowed, make_move, revision_numbered


def send_back(declaration: Declaration, actor: Actor, seen: int) -> Decision:
    """Return the file with the unsent marks of the revision that was seen. At least one, each with a reason."""
    own_claim(declaration, actor, seen)
    revision = revision_numbered(declaration, seen)
    unsent = marks.of_revision(revision, MarkState.DRAFT)
    if not unsent:
        raise NotAllowed("退回前请至少标记一处需要修改的内容")
    if any(not (mark.reason or mark.comment) for mark in unsent):
        raise NotAllowed("请为每一处标记选择原因或填写说明")
    for mark in unsent:
        mark.reason = mark.reason or mark.comment
        mark.state = MarkState.OPEN
    declaration.days_left = deadlines.days_left(declaration.due_on, today())
    decision = _decide(declaration, revision, "return", actor)
    inbox.tell(
        declaration.account_id,
        "申报已退回",
        "您的申报有内容需要修改。请登录后按提示修改并重新提交。",
        "/apply/corrections",
    )
    return decision


def approve(declaration: Declaration, actor: Actor, seen: int, *, id_checked: bool = False) -> Decision:
    """The revision that was seen becomes the person's record; a changed name becomes the sign-in name."""
    own_claim(declaration, actor, seen)
    revision = revision_numbered(declaration, seen)
    for mark in marks.of_revision(revision, MarkState.DRAFT):
        db.session.delete(mark)
    decision = _decide(declaration, revision, "approve", actor, id_checked=id_checked)
    _stand_in_archive(declaration, revision, id_checked)
    inbox.tell(declaration.account_id, "审核通过", "您的信息已审核通过，可以在人员档案中查看。", "/archive")
    return decision


def _decide(
    declaration: Declaration, revision: Revision, verb: str, actor: Actor, *, id_checked: bool = False
) -> Decision:
    position = db.session.scalar(select(func.count()).where(Decision.revision_id == revision.id)) or 0
    decision = Decision(
        revision_id=revision.id,
        position=position + 1,
        verb=verb,
        staff_id=actor.id,
        department_id=actor.department_id,
        id_checked=id_checked,
    )
    db.session.add(decision)
    declaration.decided_at = utcnow()
    make_move(declaration, verb, actor)
    drop_claim(declaration)
    return decision


def _stand_in_archive(declaration: Declaration, revision: Revision, id_checked: bool) -> None:
    record = db.session.scalar(select(Record).where(Record.account_id == declaration.account_id))
    if record is None:
        record = Record(account_id=declaration.account_id)
        db.session.add(record)
    record.revision, record.department_id, record.approved_at = revision, revision.department_id, utcnow()
    account = declaration.account
    account.name = revision.answers["applicant_name"]
    account.assured = account.assured or id_checked
