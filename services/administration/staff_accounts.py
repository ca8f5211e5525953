"""Accounts of officers as administrators manage them: who may change whose, and what a change brings with it.

A manager manages reviewers of the own department and below, and managers below; a system administrator both anywhere.
A security administrator unlocks, renews second factors and ends sessions; an auditor reads. Nobody changes the own
account here. Accounts of administrators: services.administration.administrators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from lib.codes import Role
from lib.database import utcnow
from models import Department, Event, KnownDevice, Staff, WebSession, db
from services import audit, workflow
from services.access import OFFICERS, Actor
from services.accounts import sessions, staff, throttle
from services.accounts.staff import NewStaff, StaffRefused
from services.administration import administrators
from services.departments import matching
from services.departments.snapshot import DepartmentNode

PAGE_SIZE = 50
SIGN_INS = 10  # shown of one officer
#: Who manages accounts, and who helps officers that are locked out.
MANAGERS, HELPERS = (Role.MANAGER, Role.SYSTEM), (Role.SECURITY,)


@dataclass(frozen=True)
class StaffFilters:
    """What the list shows; "" does not matter. ``text``: a part of name or user name. ``after``: a user name."""

    text: str = ""
    role: str = ""
    office: str = ""  # its code: it and those below it
    state: str = ""  # active, disabled, waiting (to be confirmed), never (signed in), no_totp
    after: str = ""


@dataclass(frozen=True)
class StaffPage:
    """``after``: where the next page begins, "" on the last one."""

    lines: Sequence[Staff]
    after: str = ""


# --- whom one sees, and whom one may change ---------------------------------------------------------------------------


def _visible(actor: Actor) -> Select[Staff]:
    query = select(Staff).join(Department).options(joinedload(Staff.department))
    query = query.where(Department.path.startswith(actor.path, autoescape=True))
    return query.where(Staff.role.in_(OFFICERS)) if actor.role == Role.MANAGER else query


def find(actor: Actor, uid: str) -> Staff | None:
    """An account that the administrator may see."""
    return db.session.scalar(_visible(actor).where(Staff.uid == uid))


def listing(actor: Actor, wanted: StaffFilters) -> StaffPage:
    query = _visible(actor).where(Staff.username > wanted.after)
    if wanted.text:
        query = query.where(or_(*(column.contains(wanted.text, autoescape=True) for column in _SEARCHED)))
    if wanted.role:
        query = query.where(Staff.role == Role(wanted.role))
    if wanted.office and (office := matching.one_in_scope(actor, wanted.office)):
        query = query.where(Department.path.startswith(office.path, autoescape=True))
    if wanted.state in _STATES:
        query = query.where(_STATES[wanted.state])
    rows = db.session.scalars(query.order_by(Staff.username).limit(PAGE_SIZE + 1)).all()
    return StaffPage(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].username if len(rows) > PAGE_SIZE else "")


_SEARCHED = (Staff.username, Staff.name)
_STATES = {
    "active": Staff.active,
    "disabled": ~Staff.active,
    "waiting": Staff.proposed_by.is_not(None),
    "never": Staff.last_sign_in_at.is_(None),
    "no_totp": Staff.totp_secret_sealed.is_(None),
}


def everybody(department_code: str = "") -> Sequence[Staff]:
    """All accounts, or those of a department and below it, by department. Raises StaffRefused."""
    path = staff.office_of(department_code).path if department_code else ""
    query = select(Staff).join(Department).where(Department.path.startswith(path, autoescape=True))
    return db.session.scalars(
        query.options(joinedload(Staff.department)).order_by(Department.path, Staff.username)
    ).all()


def may_manage(actor: Actor, row: Staff) -> bool:
    """May this administrator change role, department, state and password? Never of equals, so never one's own."""
    return _may_assign(actor, row.role, row.department.path)


def _may_assign(actor: Actor, role: Role, path: str) -> bool:
    if role not in OFFICERS or actor.role not in MANAGERS or not path.startswith(actor.path):
        return False
    return actor.role == Role.SYSTEM or role == Role.REVIEWER or path != actor.path


def may_help(actor: Actor, row: Staff) -> bool:
    return actor.role in HELPERS and row.id != actor.id


def assignable_roles(actor: Actor) -> dict[str, str]:
    return {role.value: role.label for role in OFFICERS if actor.role in MANAGERS}


def assignable_offices(actor: Actor) -> Sequence[DepartmentNode]:
    return [office for office in matching.in_scope(actor) if office.active]


def sign_ins(row: Staff) -> Sequence[datetime]:
    """The latest ones."""
    query = select(Event.at).where(Event.staff_id == row.id, Event.verb == "staff_sign_in")
    return db.session.scalars(query.order_by(Event.at.desc(), Event.id.desc()).limit(SIGN_INS)).all()


def open_sessions(row: Staff) -> Sequence[WebSession]:
    now = utcnow()
    alive = (WebSession.ended_at.is_(None), WebSession.expires_at > now, WebSession.seen_at > now - sessions.STAFF_IDLE)
    query = select(WebSession).where(WebSession.staff_id == row.id, *alive)
    return db.session.scalars(query.order_by(WebSession.seen_at.desc())).all()


# --- changing ---------------------------------------------------------------------------------------------------------


def create(actor: Actor, new: NewStaff, password_hash: str) -> tuple[Staff, str]:
    """An account with a first password, and its TOTP secret. Raises StaffRefused."""
    _refuse_assignment(actor, new.role, new.department_code)
    row, secret = staff.create(new, password_hash, actor)
    row.first_password_at = utcnow()
    return row, secret


def move(row: Staff, actor: Actor | None, role: Role, department_code: str) -> int:
    """Another role or department; returns how many submissions go back to the list. Raises StaffRefused."""
    if actor:
        _refuse_assignment(actor, role, department_code)
    office = staff.office_of(department_code)
    if (row.role, row.department_id) == (role, office.id):
        raise StaffRefused("角色和部门没有变化")
    if role != row.role:
        administrators.refuse_last(row)
    returned = workflow.vacate(row.id, f"staff {row.uid} was moved")
    row.role, row.department = role, office
    staff.ended(row, "staff_move", actor, f"as {role} to {office.code}")
    return returned


def _refuse_assignment(actor: Actor, role: Role, department_code: str) -> None:
    office = matching.one_in_scope(actor, department_code)
    if office is None or not _may_assign(actor, role, office.path):
        raise StaffRefused("您不能设置这个角色和部门：部门管理员只能管理本部门的审核员和下级部门的人员")


def disable(row: Staff, actor: Actor | None) -> int:
    """Block sign-in; returns how many submissions go back to the list. Raises StaffRefused."""
    administrators.refuse_last(row)
    row.active, row.proposed_by, row.proposed_at = False, None, None
    staff.ended(row, "staff_disable", actor)
    return workflow.vacate(row.id, f"staff {row.uid} was disabled")


def enable(row: Staff, actor: Actor | None) -> None:
    row.active, row.proposed_by, row.proposed_at = True, None, None
    audit.record("staff_enable", actor, detail=f"staff {row.uid}")


def reset_password(row: Staff, actor: Actor, password_hash: str) -> None:
    """A first password again, to be changed at the next sign-in."""
    staff.reset_password(row.username, password_hash, actor)
    row.first_password_at = utcnow()


def failures(row: Staff) -> int:
    """Failed sign-ins that count against the account now."""
    return throttle.failures(throttle.STAFF_SIGN_IN.person, row.username)


def unlock(row: Staff, actor: Actor | None) -> None:
    """Forget failed sign-ins, also those in the officer's known browsers."""
    throttle.reset_failures(throttle.STAFF_SIGN_IN.person, row.username)
    if limit := throttle.STAFF_SIGN_IN.device:
        for device in db.session.scalars(select(KnownDevice.id).where(KnownDevice.staff_id == row.id)):
            throttle.reset_failures(limit, str(device))
    audit.record("staff_unlock", actor, detail=f"staff {row.uid}")


def end_sessions(row: Staff, actor: Actor) -> None:
    staff.ended(row, "staff_end_sessions", actor)
