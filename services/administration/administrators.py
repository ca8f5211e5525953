"""Accounts of administrators: a security administrator proposes, a system administrator confirms (docs/adr/036).

Who proposes is given the second factor, who confirms the first password, and neither can renew the other one: so
neither of them can sign in with the account. One account has one role for good; the last one in use of a role stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from lib.codes import Role
from lib.database import advisory_lock, utcnow
from models import Staff, db, keys
from services import audit
from services.access import OFFICERS, STAFF, Actor
from services.accounts import inbox, staff
from services.accounts.staff import NewStaff, StaffRefused
from services.departments import matching

ADMINISTRATORS = tuple(role for role in STAFF if role not in OFFICERS)
PROPOSERS, CONFIRMERS = (Role.SECURITY,), (Role.SYSTEM,)

# --- who may what; the account is in the administrator's scope --------------------------------------------------------


def _is_anothers(actor: Actor, row: Staff) -> bool:
    return row.role in ADMINISTRATORS and row.id != actor.id


def may_propose(actor: Actor, row: Staff) -> bool:
    """Propose to let a disabled administrator sign in again."""
    return actor.role in PROPOSERS and _is_anothers(actor, row) and not row.active and row.proposed_by is None


def may_disable(actor: Actor, row: Staff) -> bool:
    return actor.role in PROPOSERS and _is_anothers(actor, row) and row.active


def may_decide(actor: Actor, row: Staff) -> bool:
    """Confirm or refuse what another administrator has proposed."""
    return actor.role in CONFIRMERS and row.proposed_by is not None and _is_anothers(actor, row)


def may_withdraw(actor: Actor, row: Staff) -> bool:
    return row.proposed_by is not None and row.proposed_by == actor.id


def may_renew_password(actor: Actor, row: Staff) -> bool:
    """The second factor is renewed by a security administrator."""
    return actor.role in CONFIRMERS and _is_anothers(actor, row) and row.active


def roles() -> dict[str, str]:
    return {role.value: role.label for role in ADMINISTRATORS}


# --- making, enabling -------------------------------------------------------------------------------------------------


def propose(actor: Actor, new: NewStaff, password_hash: str) -> tuple[Staff, str]:
    """An account that nobody can use yet, and its TOTP secret. ``password_hash``: of one that nobody knows.

    Raises StaffRefused.
    """
    if new.role not in ADMINISTRATORS or matching.one_in_scope(actor, new.department_code) is None:
        raise StaffRefused("请选择管理员的角色和您范围内的部门")
    row, secret = staff.create(new, password_hash, actor)
    row.active = False
    propose_enabling(actor, row)
    return row, secret


def propose_enabling(actor: Actor, row: Staff) -> None:
    """Raises StaffRefused when there is nobody to confirm it."""
    if not (seconds := _confirmers(row)):
        raise StaffRefused("这个部门没有可以确认的系统管理员，请选择上级部门")
    row.proposed_by, row.proposed_at = actor.id, utcnow()
    audit.record("staff_propose", actor, detail=f"staff {row.uid} as {row.role}")
    inbox.tell_staff(seconds, "administrator_proposed", link=f"/staff/admin/staff/{row.uid}")


def _confirmers(row: Staff) -> Sequence[Staff]:
    found = db.session.scalars(select(Staff).where(Staff.role.in_(CONFIRMERS), Staff.active)).all()
    return [one for one in found if one.id != row.id and row.department.path.startswith(one.department.path)]


def confirm(actor: Actor, row: Staff, password_hash: str) -> bool:
    """The account may be used. Whether it has the new first password: one that was used before keeps its own."""
    row.active, row.proposed_by, row.proposed_at = True, None, None
    is_new = row.last_sign_in_at is None
    if is_new:
        row.password_hash, row.first_password_at = password_hash, utcnow()
    audit.record("staff_confirm", actor, detail=f"staff {row.uid} as {row.role}")
    return is_new


def give_up(actor: Actor, row: Staff) -> None:
    """Refused, or withdrawn by who proposed it. The account stays, disabled."""
    row.proposed_by, row.proposed_at = None, None
    audit.record("staff_give_up", actor, detail=f"staff {row.uid} as {row.role}")


def waiting(actor: Actor) -> int:
    """How many proposals the administrator may confirm or refuse."""
    if actor.role not in CONFIRMERS:
        return 0
    rows = db.session.scalars(select(Staff).where(Staff.proposed_by.is_not(None))).all()
    return sum(row.department.path.startswith(actor.path) and may_decide(actor, row) for row in rows)


# --- the last one -----------------------------------------------------------------------------------------------------


def refuse_last(row: Staff) -> None:
    """Before an account in use is disabled or gets another role. Raises StaffRefused for the last one of a role."""
    if row.role not in ADMINISTRATORS or not row.active:
        return
    advisory_lock(db.session, keys().index("staff", "administrators"))  # two at once may not disable each other
    others = select(func.count()).select_from(Staff).where(Staff.role == row.role, Staff.active, Staff.id != row.id)
    if not db.session.scalar(others):
        raise StaffRefused(f"这是最后一个使用中的{row.role.label}账号，请先新建并启用另一个")
