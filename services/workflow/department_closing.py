"""撤并: a department is closed on a day, its successor takes over the work, and it may be opened again.

From that day on it is below its successor, so that the successor's officers read what it decided. Submissions and
records are handed over in batches; people get a message. docs/adr/030.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select, update

from lib.clock import today
from lib.codes import DepartmentKind, Status
from lib.database import utcnow
from models import Declaration, Department, DepartmentDivision, Record, RecordTransfer, Staff, Transfer, db
from services import audit
from services.access import OFFICERS, Actor
from services.accounts import inbox, staff
from services.departments import snapshot, tree
from services.departments.administration import COVERING, LONGEST_PATH, DepartmentRefused
from services.queue import index as queue_index
from services.workflow import department_changes
from services.workflow.claims import drop_claim, vacate
from services.workflow.department_changes import CHOOSING, OPEN_WORK
from services.workflow.state import waiting_transfer, waits
from services.workflow.transitions import make_move

AT_ONCE = 500  # submissions of one transaction


@dataclass(frozen=True)
class Affected:
    """What a closing touches. ``choosing``: who chose the department and has not submitted yet. ``answers``: 转交 and
    调转 that wait for the department's answer."""

    open: int
    choosing: int
    records: int
    answers: int
    officers: Sequence[Staff]
    below: Sequence[Department]

    @property
    def needs_successor(self) -> bool:
        return bool(self.open or self.records or self.answers or self.below)


def affected(department: Department) -> Affected:
    here = Declaration.department_id == department.id
    officers = select(Staff).where(Staff.department_id == department.id, Staff.active).order_by(Staff.name)
    below = select(Department).where(Department.parent_id == department.id, Department.active)
    return Affected(
        _count(Declaration.id, here, Declaration.status.in_(OPEN_WORK)),
        _count(Declaration.id, *_chosen(department)),
        _count(Record.id, Record.department_id == department.id),
        _waiting(department),
        db.session.scalars(officers).all(),
        db.session.scalars(below.order_by(Department.code)).all(),
    )


def _chosen(department: Department) -> tuple[ColumnElement[bool], ...]:
    return Declaration.department_code == department.code, Declaration.status.in_(CHOOSING)


def _waiting(department: Department) -> int:
    offered = _count(Transfer.id, Transfer.to_department_id == department.id, Transfer.answered_at.is_(None))
    sides = or_(RecordTransfer.from_department_id == department.id, RecordTransfer.to_department_id == department.id)
    return offered + _count(RecordTransfer.id, sides, RecordTransfer.answered_at.is_(None))


def _count(column: object, *which: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(column)).where(*which)) or 0  # type: ignore[arg-type]


# --- planning ----------------------------------------------------------------------------------------------------


def successors(department: Department) -> dict[str, str]:
    """The departments that may take over: code -> name; the nearest first."""
    rows = [row for row in tree.load().rows if row.active and row.closes_on is None and _may_follow(department, row)]
    nearest = sorted(rows, key=lambda row: row.parent_id != department.parent_id and row.id != department.parent_id)
    return {row.code: row.name for row in nearest}


def _may_follow(department: Department, row: snapshot.DepartmentNode) -> bool:
    inside = row.path.startswith(department.path)
    if department.kind == DepartmentKind.CITY and row.kind != DepartmentKind.CITY:
        return False  # its counties need a city above them
    return not inside and (department.own_system or not row.own_system)


def plan(actor: Actor, department: Department, on: date, successor_code: str, *, moves_staff: bool) -> None:
    """Close it on this day; today: at once. Raises DepartmentRefused."""
    successor = _successor(department, successor_code) if successor_code else None
    _refuse_closing(department, on, successor)
    if not moves_staff and actor.department_id == department.id:
        raise DepartmentRefused("officers", "您自己的账号在这个部门，不能停用，请选择转到接办部门")
    officers = affected(department).officers
    if not moves_staff and any(one.role not in OFFICERS for one in officers):
        raise DepartmentRefused("officers", "这个部门有系统、安全或审计管理员的账号，不能停用，请选择转到接办部门")
    if moves_staff and successor is None and officers:
        raise DepartmentRefused("officers", "没有接办部门，工作人员不能转走，请选择停用账号")
    department.closes_on, department.moves_staff = on, moves_staff
    department.successor_id = successor.id if successor else None
    db.session.flush()
    audit.record("department_closing", actor, detail=f"{department.code} on {on}, to {successor_code or 'none'}")
    if on <= today():
        _close(department, actor)


def _refuse_closing(department: Department, on: date, successor: Department | None) -> None:
    if not department.active or department.kind == DepartmentKind.PROVINCE:
        raise DepartmentRefused("on", "这个部门不能撤并")
    if on < today():
        raise DepartmentRefused("on", "撤并日期不能早于今天")
    if successor is None and affected(department).needs_successor:
        raise DepartmentRefused(
            "successor", "还有未办结的申报、等待答复的转交或调转、人员档案或下级部门，请选择接办部门"
        )
    query = select(Department).where(Department.successor_id == department.id, Department.active).limit(1)
    if waiting := db.session.scalar(query):
        raise DepartmentRefused("on", f"{waiting.name}将由这个部门接办，请先取消或更改那次撤并")


def _successor(department: Department, code: str) -> Department:
    if code not in successors(department):
        raise DepartmentRefused("successor", "请从列表中选择接办部门")
    successor = db.session.scalars(select(Department).where(Department.code == code)).one()
    longest = max(len(row.path) for row in tree.load().under(department.path)) - len(department.path)
    if len(f"{successor.path}{department.code}/") + longest > LONGEST_PATH:
        raise DepartmentRefused("successor", "这个部门的层级太深，请选择其他接办部门")
    return successor


def cancel(actor: Actor, department: Department) -> None:
    """Forget what is planned for a coming day."""
    if department.active:
        department.closes_on, department.successor_id = None, None
    department.reopens_on = None
    audit.record("department_plan_cancelled", actor, detail=department.code)


def plan_reopening(actor: Actor, department: Department, on: date) -> None:
    """Open it again on this day; today: at once. What was handed over stays with the successor."""
    if department.active:
        raise DepartmentRefused("on", "这个部门正在使用中")
    if on < today():
        raise DepartmentRefused("on", "恢复日期不能早于今天")
    if department.parent and not department.parent.active:
        raise DepartmentRefused("on", f"上级部门{department.parent.name}已撤并，请先恢复上级部门")
    department.reopens_on = on
    audit.record("department_reopening", actor, detail=f"{department.code} on {on}")
    if on <= today():
        _reopen(department, actor)


# --- on the day --------------------------------------------------------------------------------------------------


def carry_out(at_once: int = AT_ONCE) -> int:
    """What is due: closings, openings, and up to ``at_once`` submissions of closed departments. The caller commits.

    A department that has open work by now and no successor stays open: its page says so.
    """
    done, day = 0, today()
    for node in tree.load().rows:
        if node.active and node.closes_on and node.closes_on <= day:
            done += _close_if_possible(db.session.get_one(Department, node.id), at_once)
        elif not node.active and node.reopens_on and node.reopens_on <= day:
            done += _reopen_if_possible(db.session.get_one(Department, node.id))
    return done + _hand_over_all(at_once)


def _close_if_possible(department: Department, at_once: int) -> bool:
    successor = db.session.get(Department, department.successor_id) if department.successor_id else None
    if (successor and not successor.active) or (successor is None and affected(department).needs_successor):
        return False
    _close(department, None, at_once)
    return True


def _reopen_if_possible(department: Department) -> bool:
    if department.parent is None or not department.parent.active:
        return False
    _reopen(department, None)
    return True


def _close(department: Department, actor: Actor | None, at_once: int = AT_ONCE) -> None:
    department.active, department.reopens_on = False, None
    successor = db.session.get(Department, department.successor_id) if department.successor_id else None
    db.session.flush()
    audit.record("department_closed", actor, detail=department.code)
    _tell_choosing(department, successor)
    if successor:
        _join(department, successor)
    for officer in affected(department).officers:  # those who came since, too
        goes_along = department.moves_staff or officer.role not in OFFICERS  # administrators are never disabled here
        _move_officer(officer, successor if goes_along else None, actor)
    _hand_over_all(at_once)


def _join(department: Department, successor: Department) -> None:
    """The successor gets what the department covers and what is below it; the department itself goes below it."""
    if successor.kind in COVERING:
        known = {one.division_code for one in successor.covers}
        taken = {one.division_code for one in department.covers} - known
        db.session.add_all(DepartmentDivision(department_id=successor.id, division_code=code) for code in taken)
    followed = select(Department).where(Department.successor_id == department.id)
    for row in db.session.scalars(followed).all():
        row.successor_id = successor.id
        _hang(row, successor)
    for row in db.session.scalars(select(Department).where(Department.parent_id == department.id)).all():
        row.parent_id = successor.id
        if row.active or row.successor_id is None:
            _hang(row, successor)
    _hang(department, successor)


def _hang(department: Department, above: Department) -> None:
    """Below another department, with all below it. Its submissions count there from now on."""
    old, new = department.path, f"{above.path}{department.code}/"
    above_before = tree.load().scope(department.id)[:-1]
    for row in db.session.scalars(select(Department).where(Department.path.startswith(old))).all():
        row.path = new + row.path.removeprefix(old)
    db.session.flush()
    queue_index.move_below(department.id, above_before)


def _move_officer(officer: Staff, successor: Department | None, actor: Actor | None) -> None:
    if successor is None:
        officer.active = False
        staff.ended(officer, "staff_disable", actor)
        vacate(officer.id, f"staff {officer.uid} was disabled")
        return
    officer.department_id = successor.id
    audit.record("staff_move", actor, detail=f"staff {officer.uid} to {successor.code}")


def _tell_choosing(department: Department, successor: Department | None) -> None:
    follows = f"，由{successor.name}接办" if successor else ""
    columns = (Declaration.id, Declaration.account_id, Declaration.number)
    for row in db.session.execute(select(*columns).where(*_chosen(department))).all():
        body = f"您在申报 {row.number} 中选择的{department.name}已撤并{follows}。请重新选择会计管理部门，保存后再提交。"
        inbox.send(row.account_id, "请重新选择会计管理部门", body, "/apply/department", declaration_id=row.id)


def _reopen(department: Department, actor: Actor | None) -> None:
    """At its old place, with what it covered. Its officers and what was handed over stay where they are.

    A new bureau opens in the same way.
    """
    verb = "department_reopened" if department.closes_on else "department_opened"
    department_changes.tell_choosing(department)
    successor = db.session.get(Department, department.successor_id) if department.successor_id else None
    if successor:
        while _hand_over(department, successor, AT_ONCE):
            pass
        for one in successor.covers:
            covered = {other.division_code for other in department.covers}
            if one.division_code in covered and one.division_code != successor.code:
                db.session.delete(one)
    department.active, department.closes_on, department.reopens_on, department.successor_id = True, None, None, None
    db.session.flush()
    if department.parent:
        _hang(department, department.parent)
    audit.record(verb, actor, detail=department.code)


# --- handing over ------------------------------------------------------------------------------------------------


def _hand_over_all(at_most: int) -> int:
    """Also what reached a closed department since: a decision that was under way, for example."""
    done = 0
    for node in tree.load().rows:
        if not node.active and node.successor_id and done < at_most:
            department = db.session.get_one(Department, node.id)
            done += _hand_over(department, db.session.get_one(Department, node.successor_id), at_most - done)
    return done


def _hand_over(department: Department, successor: Department, at_most: int) -> int:
    """Up to so many submissions, and all records. Returns how many submissions there were."""
    city = tree.load().city_id(successor.id)
    mine = update(Record).where(Record.department_id == department.id)
    db.session.execute(mine.values(department_id=successor.id, city_id=city))
    _redirect_offers(department, successor)
    _redirect_records(department, successor)
    query = select(Declaration).where(Declaration.department_id == department.id).order_by(Declaration.id)
    found = db.session.scalars(query.limit(at_most).with_for_update(of=Declaration)).all()
    for declaration in found:
        _free(declaration, department, successor)
        _tell_moved(declaration, department, successor)
        declaration.department_id = successor.id
    db.session.flush()
    queue_index.hand_over([one.id for one in found], successor.id)
    return len(found)


def _redirect_offers(department: Department, successor: Department) -> None:
    """What is offered to the closed department is offered to its successor, unless it came from there."""
    query = select(Transfer).where(Transfer.to_department_id == department.id, Transfer.answered_at.is_(None))
    for offered in db.session.scalars(query).all():
        if offered.declaration.department_id == successor.id:
            _free(offered.declaration, department, department)
        else:
            offered.to_department_id = successor.id
    db.session.flush()


def _redirect_records(department: Department, successor: Department) -> None:
    """调转 that waits goes on with the successor; between the two there is nothing left to move."""
    waiting = RecordTransfer.answered_at.is_(None)
    for column in ("from_department_id", "to_department_id", "answering_id"):
        mine = update(RecordTransfer).where(waiting, getattr(RecordTransfer, column) == department.id)
        db.session.execute(mine.values({column: successor.id}))
    inside = RecordTransfer.from_department_id == RecordTransfer.to_department_id
    ended = db.session.scalars(select(RecordTransfer.account_id).where(waiting, inside)).all()
    over = {"accepted": False, "answer": "部门已撤并", "answered_at": utcnow()}
    db.session.execute(update(RecordTransfer).where(waiting, inside).values(over))
    body = f"{department.name}已撤并，您的人员档案由{successor.name}管理，不需要再调转。"
    for account_id in ended:
        inbox.send(account_id, "人员档案不需要调转", body, "/archive")


def _free(declaration: Declaration, department: Department, answering: Department) -> None:
    """Out of the hands that hold it, and no longer offered to the department that has it anyway."""
    waiting = waiting_transfer(declaration)
    if waiting and waiting.to_department_id == answering.id:
        waiting.accepted, waiting.answer, waiting.answered_at = False, "部门已撤并", utcnow()
    if declaration.status == Status.IN_REVIEW and not waits(declaration):
        make_move(declaration, "lapse", None, detail=f"{department.code} was closed")
        drop_claim(declaration)


def _tell_moved(declaration: Declaration, department: Department, successor: Department) -> None:
    if declaration.status not in OPEN_WORK:
        return
    audit.record(
        audit.OFFICE_CHANGED,
        None,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        detail=f"{department.code} to {successor.code}",
    )
    body = f"{department.name}已撤并，您的申报 {declaration.number} 改由{successor.name}办理，办理期限不变。"
    inbox.send(declaration.account_id, "办理部门有变更", body, "/apply/status", declaration_id=declaration.id)
