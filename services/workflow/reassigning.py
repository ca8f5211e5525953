"""A manager shares out the work: what one officer holds goes to another, an absent one keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select

from lib.clock import today
from lib.codes import Status
from lib.database import utcnow
from models import Claim, Declaration, Staff, db
from services import access, audit
from services.access import OFFICERS, Actor
from services.accounts.staff import actor_of
from services.departments import tree
from services.workflow import claims
from services.workflow.errors import NotAllowed
from services.workflow.state import holder
from services.workflow.transitions import make_move

LONGEST_ABSENCE = timedelta(days=366)


def officers(actor: Actor) -> Sequence[Staff]:
    """Those of the manager's department and below it, by name."""
    offices = tree.load().ids_under(actor.path)
    query = select(Staff).where(Staff.active, Staff.role.in_(OFFICERS), Staff.department_id.in_(offices))
    return db.session.scalars(query.order_by(Staff.name, Staff.id)).all()


def held(actor: Actor, officer: Staff) -> Sequence[Declaration]:
    """What the officer holds now, without the manager's own file: nobody chooses who reviews that."""
    query = access.office_declarations(actor).join(Claim, Claim.declaration_id == Declaration.id)
    query = query.where(Claim.staff_id == officer.id, Claim.expires_at > utcnow())
    query = query.where(Declaration.status == Status.IN_REVIEW)
    return db.session.scalars(query.order_by(Declaration.due_on, Declaration.id)).all()


def may_take(declaration: Declaration, officer: Staff) -> bool:
    """Is it in the scope of the officer, and somebody else's?"""
    where, account = tree.load().by_id[declaration.department_id or 0], declaration.account
    in_charge = where.path.startswith(officer.department.path)
    return in_charge and not is_absent(officer) and (officer.id_index is None or officer.id_index != account.id_index)


def is_absent(officer: Staff) -> bool:
    return officer.absent_until is not None and officer.absent_until >= today()


def reassign(actor: Actor, from_: Staff, to: Staff | None) -> tuple[int, int]:
    """All that one officer holds goes to another, for 30 minutes as if just taken, or back to 待审核.

    Returns how many went, and how many could not. Unsent marks pass on.
    """
    query = select(Declaration).where(Declaration.id.in_([one.id for one in held(actor, from_)]))
    found = db.session.scalars(query.order_by(Declaration.submitted_at, Declaration.id).with_for_update()).all()
    went = [one for one in found if _pass_on(one, actor, from_, to)]
    return len(went), len(found) - len(went)


def passed_to(staff_id: int) -> str:
    """How the detail of a 转办 ends: in whose hands the submission came."""
    return f" to staff {staff_id}"


def _pass_on(declaration: Declaration, actor: Actor, from_: Staff, to: Staff | None) -> bool:
    claim = holder(declaration)
    if claim is None or claim.staff_id != from_.id or (to is not None and not may_take(declaration, to)):
        return False
    if to is None:
        claims.drop_claim(declaration)
        make_move(declaration, "vacate", None, detail=f"by staff {actor.id}")
        return True
    make_move(declaration, "reassign", actor, detail=f"from staff {from_.id}{passed_to(to.id)}")
    claims.assign(declaration, actor_of(to))
    return True


def set_absence(actor: Actor, officer: Staff, until: date | None) -> int:
    """Until that day, included, the officer's files go on without: claims end, and what was returned waits for nobody.

    None: the officer is back. Returns how many files went back to 待审核.
    """
    if until is not None and not today() <= until <= today() + LONGEST_ABSENCE:
        raise NotAllowed("请填写今天以后、一年以内的日期" if until > today() else "离岗的最后一天不能早于今天")
    officer.absent_until = until
    audit.record("staff_absence", actor, detail=f"staff {officer.id} until {until or '-'}")
    return claims.vacate(officer.id, "经办人离岗") if until else 0
