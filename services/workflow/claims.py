"""Who holds a submission: taking it, putting it back, and the time that ends it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from lib.clock import local
from lib.codes import Status
from lib.database import utcnow
from models import Claim, Declaration, Event, SecondLook, db
from services.access import Actor
from services.workflow.errors import Conflict
from services.workflow.rules import handles, held_by_another, holds, refuse_waiting
from services.workflow.state import holder, own_claim, waiting_second_look, waits
from services.workflow.transitions import make_move

CLAIM_TIME = timedelta(minutes=30)


def claim(declaration: Declaration, actor: Actor) -> Claim:
    """Take a submission for 30 minutes; the officer's own claim is renewed.

    Raises Conflict when another holds it, NotAllowed when it waits for another department or a second officer.
    """
    now = utcnow()
    held = holder(declaration, now)
    if held and held.staff_id == actor.id:
        held.expires_at = now + CLAIM_TIME
        return held
    if held:
        raise Conflict(f"{held.staff.name}已于 {local(held.claimed_at):%H:%M} 领取这份申报")
    handles(declaration, actor)
    refuse_waiting(declaration)
    expire_lapsed(declaration, now)
    make_move(declaration, "claim", actor)
    return assign(declaration, actor, now)


def assign(declaration: Declaration, actor: Actor, now: datetime | None = None) -> Claim:
    """Put a submission into the officer's hands, whatever was there before."""
    now = now or utcnow()
    made = declaration.claim or Claim(declaration_id=declaration.id)
    made.staff_id, made.claimed_at, made.expires_at, made.opened_at = actor.id, now, now + CLAIM_TIME, None
    declaration.claim = made
    return made


def take_over(declaration: Declaration, actor: Actor) -> Claim:
    """Take it out of a colleague's hands; the log says from whom. Unsent marks pass on.

    Raises NotAllowed when no one holds it, or the officer does.
    """
    held = held_by_another(declaration, actor)
    make_move(declaration, "take_over", actor, detail=f"from staff {held.staff_id}")
    return assign(declaration, actor)


def renew(declaration: Declaration, actor: Actor) -> bool:
    """Prolong the officer's own claim: activity keeps it alive."""
    return own_claim(declaration, actor) is not None and _update(declaration, actor, expires_at=utcnow() + CLAIM_TIME)


def begin(declaration: Declaration, actor: Actor) -> bool:
    """The holder's first look: the time of the review runs from now."""
    return _update(declaration, actor, opened_at=utcnow())


def _update(declaration: Declaration, actor: Actor, **values: datetime) -> bool:
    """By a statement: a page reads the claim as a row."""
    mine = Claim.declaration_id == declaration.id, Claim.staff_id == actor.id
    done = db.session.execute(update(Claim).where(*mine).values(**values))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def release(declaration: Declaration, actor: Actor) -> Event:
    holds(declaration, actor)
    event = make_move(declaration, "release", actor)
    drop_claim(declaration)
    return event


def expire_lapsed(declaration: Declaration, now: datetime | None = None) -> bool:
    """Write down that a claim has lapsed, if it has."""
    if declaration.status != Status.IN_REVIEW or holder(declaration, now) or waits(declaration):
        return False
    make_move(declaration, "lapse", None)
    drop_claim(declaration)
    return True


def drop_claim(declaration: Declaration) -> None:
    if declaration.claim:
        db.session.delete(declaration.claim)
        declaration.claim = None


def vacate(staff_id: int, why: str) -> int:
    """What an officer holds who leaves, or has proposed and nobody has agreed to, is 待审核 again; returns how many.

    Unsent marks pass on. What was offered to another department is that department's to answer.
    """
    claimed = select(Claim.declaration_id).where(Claim.staff_id == staff_id)
    waiting = select(SecondLook.declaration_id).where(SecondLook.staff_id == staff_id, SecondLook.answered_at.is_(None))
    query = select(Declaration).where(
        Declaration.id.in_(claimed.union(waiting)), Declaration.status == Status.IN_REVIEW
    )
    found = db.session.scalars(query.order_by(Declaration.id).with_for_update()).all()
    for declaration in found:
        if proposed := waiting_second_look(declaration):
            proposed.agreed, proposed.comment, proposed.answered_at = False, "提交人变动", utcnow()
        drop_claim(declaration)
        make_move(declaration, "vacate", None, detail=why)
    return len(found)


def lapse_all(now: datetime | None = None) -> int:
    """Write down every lapsed claim; returns how many. For ``flask tick``."""
    query = select(Declaration).where(Declaration.status == Status.IN_REVIEW)
    query = query.outerjoin(Claim).where((Claim.declaration_id.is_(None)) | (Claim.expires_at <= (now or utcnow())))
    return sum(expire_lapsed(declaration, now) for declaration in db.session.scalars(query).all())
