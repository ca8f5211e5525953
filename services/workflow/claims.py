"""Who holds a submission: taking it, putting it back, and the time that ends it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from lib.clock import local
from lib.codes import Status
from lib.database import utcnow
from models import Claim, Declaration, Event, Staff, db
from services.access import Actor
from services.workflow.transitions import (
    MOVES,
    Conflict,
    NotAllowed,
    holder,
    in_office,
    make_move,
    waiting_second_look,
    waiting_transfer,
    waits,
)

CLAIM_TIME = timedelta(minutes=30)


def claim(declaration: Declaration, actor: Actor) -> Claim:
    """Take a submission for 30 minutes; one's own claim is renewed.

    Raises Conflict when another holds it, NotAllowed when it waits for another department or a second officer.
    """
    now = utcnow()
    held = holder(declaration, now)
    if held and held.staff_id == actor.id:
        held.expires_at = now + CLAIM_TIME
        return held
    if held:
        raise Conflict(f"{held.staff.name}已于 {local(held.claimed_at):%H:%M} 领取这份申报")
    refuse_elsewhere(declaration, actor)
    refuse_waiting(declaration)
    settle(declaration, now)
    refuse_own_file(declaration, actor)
    make_move(declaration, "claim", actor)
    return hold(declaration, actor, now)


def hold(declaration: Declaration, actor: Actor, now: datetime | None = None) -> Claim:
    """Put a submission into the officer's hands, whatever was there before."""
    now = now or utcnow()
    made = declaration.claim or Claim(declaration_id=declaration.id)
    made.staff_id, made.claimed_at, made.expires_at, made.opened_at = actor.id, now, now + CLAIM_TIME, None
    declaration.claim = made
    return made


def take_over(declaration: Declaration, actor: Actor) -> Claim:
    """Take it out of a colleague's hands; the log says from whom. Unsent marks pass on.

    Raises NotAllowed when nobody holds it, or one does so oneself.
    """
    held = holder(declaration)
    refuse_elsewhere(declaration, actor)
    refuse_own_file(declaration, actor)
    if held is None or held.staff_id == actor.id:
        raise NotAllowed("这份申报现在不在其他人手中，可以直接领取")
    make_move(declaration, "take_over", actor, detail=f"from staff {held.staff_id}")
    return hold(declaration, actor)


def renew(declaration: Declaration, actor: Actor) -> bool:
    """Prolong one's own claim: activity keeps it alive."""
    held = holder(declaration)
    if held is None or held.staff_id != actor.id:
        return False
    held.expires_at = utcnow() + CLAIM_TIME
    return True


def release(declaration: Declaration, actor: Actor) -> Event:
    own_claim(declaration, actor)
    event = make_move(declaration, "release", actor)
    drop_claim(declaration)
    return event


def settle(declaration: Declaration, now: datetime | None = None) -> bool:
    """Write down that a claim has lapsed, if it has."""
    if declaration.status != Status.IN_REVIEW or holder(declaration, now) or waits(declaration):
        return False
    make_move(declaration, "lapse", None)
    drop_claim(declaration)
    return True


def own_claim(declaration: Declaration, actor: Actor, seen: int | None = None) -> Claim:
    """The officer's claim in force, on the revision that was seen. Raises Conflict that says what happened instead."""
    held = holder(declaration)
    if declaration.status != Status.IN_REVIEW or (seen is not None and seen != declaration.revision_number):
        raise Conflict(_what_happened(declaration))
    refuse_waiting(declaration)
    if held is None or held.staff_id != actor.id:
        raise Conflict(
            f"{held.staff.name}已于 {local(held.claimed_at):%Y-%m-%d %H:%M} 领取这份申报，您的操作没有生效"
            if held
            else "您的领取已超过 30 分钟，请重新领取后再决定。标记已保留"
        )
    refuse_own_file(declaration, actor)
    return held


def _what_happened(declaration: Declaration) -> str:
    query = select(Event.verb, Event.at, Staff.name).outerjoin(Staff, Staff.id == Event.staff_id)
    last = db.session.execute(
        query.where(Event.declaration_id == declaration.id, Event.verb.in_(MOVES)).order_by(Event.id.desc()).limit(1)
    ).first()
    if last is None:
        return "这份申报的状态已经改变，请刷新后再看"
    who = last.name or ("系统" if last.verb == "lapse" else "申报人")
    return f"{who}已于 {local(last.at):%Y-%m-%d %H:%M} {MOVES[last.verb].label}这份申报，您的操作没有生效"


def refuse_own_file(declaration: Declaration, actor: Actor) -> None:
    if actor.id_index and actor.id_index == declaration.account.id_index:
        raise NotAllowed("不能审核自己的申报")


def refuse_elsewhere(declaration: Declaration, actor: Actor) -> None:
    if not in_office(declaration, actor):
        raise NotAllowed("这份申报由其他会计管理部门办理，您只能查看")


def refuse_waiting(declaration: Declaration) -> None:
    if offered := waiting_transfer(declaration):
        raise NotAllowed(f"这份申报已转交{offered.to_department.name}，等待对方答复")
    if proposed := waiting_second_look(declaration):
        raise NotAllowed(f"{proposed.staff.name}已决定通过这份申报，等待复核")


def drop_claim(declaration: Declaration) -> None:
    if declaration.claim:
        db.session.delete(declaration.claim)
        declaration.claim = None


def lapse_all(now: datetime | None = None) -> int:
    """Write down every lapsed claim; returns how many. For ``flask tick``."""
    query = select(Declaration).where(Declaration.status == Status.IN_REVIEW)
    query = query.outerjoin(Claim).where((Claim.declaration_id.is_(None)) | (Claim.expires_at <= (now or utcnow())))
    return sum(settle(declaration, now) for declaration in db.session.scalars(query).all())
