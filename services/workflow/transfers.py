"""转交 and 复核: a submission waits for another department, or a decision for a second officer. It stays 审核中."""

from __future__ import annotations

from sqlalchemy import func, select

from lib.database import utcnow
from models import Claim, Decision, Declaration, Department, Revision, SecondLook, Staff, Transfer, db, keys
from services.access import OFFICERS, Actor
from services.accounts import inbox
from services.messages import texts
from services.workflow.claims import assign, drop_claim
from services.workflow.errors import NotAllowed
from services.workflow.rules import holds, offered_by_us, offered_here, proposed_by
from services.workflow.transitions import make_move

# --- 转交 ----------------------------------------------------------------------------------------------------


def offer(declaration: Declaration, actor: Actor, seen: int, department: Department, reason: str) -> Transfer:
    """Offer a submission that one holds to another department. The due date stays; unsent marks pass on with it."""
    holds(declaration, actor, seen)
    if department.id == declaration.department_id:
        raise NotAllowed("这份申报本来就由这个部门办理，请选择其他部门", "department")
    if not department.active or department.own_system:
        raise NotAllowed(f"{department.name}不在本平台受理申报，请选择其他部门", "department")
    if not reason.strip():
        raise NotAllowed("请填写转交原因", "why")
    make_move(declaration, "offer", actor, detail=f"to {department.code}")
    drop_claim(declaration)
    made = Transfer(
        declaration=declaration,
        from_department_id=declaration.department_id,
        to_department_id=department.id,
        reason=reason.strip()[:200],
        staff_id=actor.id,
    )
    db.session.add(made)
    db.session.flush()
    return made


def answer_offer(declaration: Declaration, actor: Actor, *, accept: bool, reason: str = "") -> Transfer:
    """Accept: the submission is 待审核 here, as new. Refuse, with a reason: it is 待审核 again where it came from.

    Raises Conflict when the offer was taken back or answered, NotAllowed for an officer of another department.
    """
    waiting = offered_here(declaration, actor)
    if not accept and not reason.strip():
        raise NotAllowed("请填写退还原因", "why")
    waiting.accepted, waiting.answer = accept, reason.strip()[:200]
    waiting.answered_by, waiting.answered_at = actor.id, utcnow()
    if not accept:
        make_move(declaration, "refuse", actor)
        return waiting
    declaration.department = waiting.to_department
    make_move(declaration, "transfer", actor, detail=f"to {waiting.to_department.code}")
    values = {texts.NUMBER: declaration.number, texts.DEPARTMENT: waiting.to_department.name}
    inbox.tell(declaration.account_id, "transferred", values, "/apply/status", declaration_id=declaration.id)
    return waiting


def take_back_offer(declaration: Declaration, actor: Actor) -> Claim:
    """The offering office wants it back before it is answered; it is in the officer's hands again."""
    waiting = offered_by_us(declaration, actor)
    waiting.accepted, waiting.answer = False, "已收回"
    waiting.answered_by, waiting.answered_at = actor.id, utcnow()
    make_move(declaration, "take_back", actor)
    return assign(declaration, actor)


# --- 复核 ----------------------------------------------------------------------------------------------------


def is_sampled(declaration: Declaration, revision: Revision, percent: int, actor: Actor) -> bool:
    """Does the sample take this revision? The draw is fixed for a revision, so that trying again does not help.

    Never where the handling department has fewer than two officers who may decide, nor from the officer who gave the
    second look: after disagreeing, that officer decides alone.
    """
    if percent <= 0 or _officers(declaration) < 2:
        return False
    looked = select(SecondLook.id).where(SecondLook.revision_id == revision.id)
    gave_it = SecondLook.answered_by == actor.id, SecondLook.staff_id != actor.id
    if db.session.scalar(looked.where(*gave_it).limit(1)):
        return False
    draw = int.from_bytes(keys().index("second look", revision.uid)[:4], "big") % 100
    return draw < percent


def _officers(declaration: Declaration) -> int:
    """Active officers of the handling department who may decide on this file."""
    query = select(func.count()).select_from(Staff).where(Staff.department_id == declaration.department_id)
    own = (Staff.id_index.is_(None)) | (Staff.id_index != declaration.account.id_index)
    return db.session.scalar(query.where(Staff.active, Staff.role.in_(OFFICERS), own)) or 0


def propose(declaration: Declaration, actor: Actor, revision: Revision, *, id_checked: bool) -> SecondLook:
    """An approval that waits for a second officer."""
    make_move(declaration, "propose", actor)
    drop_claim(declaration)
    made = SecondLook(
        declaration=declaration,
        revision_id=revision.id,
        verb="approve",
        id_checked=id_checked,
        staff_id=actor.id,
    )
    db.session.add(made)
    db.session.flush()
    return made


def close(waiting: SecondLook, actor: Actor, *, agreed: bool, comment: str) -> None:
    waiting.agreed, waiting.comment = agreed, comment.strip()[:200]
    waiting.answered_by, waiting.answered_at = actor.id, utcnow()
    db.session.flush()


def disagree(declaration: Declaration, actor: Actor, waiting: SecondLook, comment: str) -> Claim:
    """The file is in the second officer's hands, who now decides."""
    if not comment.strip():
        raise NotAllowed("请填写不同意的原因", "why")
    close(waiting, actor, agreed=False, comment=comment)
    make_move(declaration, "disagree", actor)
    return assign(declaration, actor)


def take_back_second_look(declaration: Declaration, actor: Actor) -> Claim:
    """The officer who proposed the decision wants the file back, before it is answered."""
    waiting = proposed_by(declaration, actor)
    close(waiting, actor, agreed=False, comment="已收回")
    make_move(declaration, "take_back", actor)
    return assign(declaration, actor)


def proposer(decision: Decision) -> SecondLook | None:
    """The proposal that led to a decision, if a second officer had to agree."""
    query = select(SecondLook).where(SecondLook.revision_id == decision.revision_id, SecondLook.agreed.is_(True))
    return db.session.scalar(query.order_by(SecondLook.at.desc(), SecondLook.id.desc()).limit(1))
