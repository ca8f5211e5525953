"""调转: a record goes to another department, leaves for a place outside of this platform, or came from one.

Between two departments the other side agrees first; until then nothing moves. What stands in the way: 注销, a frozen
account, another transfer that waits, and a filing of the person's that lies with the office. What the person has begun
and not sent stays in a move between departments, and is dropped when the record leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased, joinedload

from lib.codes import EDITABLE, AccountState, ClosingReason, Status
from lib.database import utcnow
from models import Account, Declaration, Department, Record, RecordTransfer, db
from services import access, audit, workflow
from services.access import Actor
from services.accounts import applicants, inbox, throttle
from services.accounts.throttle import Limit
from services.departments import snapshot, tree
from services.departments.snapshot import DepartmentNode
from services.messages import texts
from services.queue import index as queue_index
from services.records import entries
from services.workflow.state import record_in_transfer

PAGE = "/staff/archive/transfers"
ELSEWHERE = "elsewhere"  # 外省
SHOWN_AT_MOST = 100  # of those that wait; and of the department's latest
#: Numbers that a manager asks for and that are no record's under that name: the answer says so.
LOOK_UPS = Limit("record_look_up", 20, timedelta(hours=1))
_OFFICE = (Status.SUBMITTED, Status.IN_REVIEW)


class TransferRefused(Exception):
    """Why nothing was done, as the officer reads it. ``field``: of the form, "" for the whole."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class TransferLine:
    """A transfer in a list, with what the answering manager has to know of a record that is not in the scope."""

    transfer: RecordTransfer
    name: str
    masked_number: str
    number: str
    employer: str
    record_uid: str  # "" for a record outside of the scope
    answers_here: bool
    asked_here: bool


# --- where to -----------------------------------------------------------------------------------------------------


def destinations(record: Record) -> dict[str, str]:
    """Code -> title: departments in use, then those with a system of their own, then 外省."""
    rows = [row for row in snapshot.current().departments if row.active]
    inside = {row.code: row.name for row in rows if not row.own_system and row.id != record.department_id}
    own = {row.code: f"{row.name}（使用自己的采集系统）" for row in _with_own_system(rows)}
    return inside | own | {ELSEWHERE: "外省（自治区、直辖市）"}


def _with_own_system(rows: Sequence[DepartmentNode]) -> list[DepartmentNode]:
    """The topmost ones: they speak for those below."""
    own = [row for row in rows if row.own_system]
    return [row for row in own if not any(row.path.startswith(other.path) for other in own if other is not row)]


def leaves(code: str) -> bool:
    """Does a record that goes there leave the platform?"""
    found = tree.load().by_code.get(code)
    return code == ELSEWHERE or bool(found and found.own_system)


def send(record: Record, actor: Actor, code: str, *, place: str, on: date, reason: str) -> RecordTransfer:
    """To a department: offered, it has to agree. To a system of its own or another province: at once."""
    if code not in destinations(record):
        raise TransferRefused("请选择调往的部门", "to")
    if leaves(code):
        return _send_out(record, actor, code, place, on, reason)
    _refuse_standing(record)
    to = db.session.scalars(select(Department).where(Department.code == code)).one()
    asked = RecordTransfer(from_department_id=record.department_id, to_department_id=to.id, answering_id=to.id)
    return _ask(record, actor, asked, reason)


def request(actor: Actor, number: str, name: str, reason: str) -> RecordTransfer:
    """The receiving manager asks for a record by number and name; the department that keeps it has to agree.

    A look-up that finds none under that name counts; the caller commits in any case.
    """
    if throttle.minutes_blocked(LOOK_UPS, str(actor.id)):
        raise TransferRefused("一小时内查找的次数太多，请稍后再试", "number")
    record = _named(actor, number, name)
    audit.record("record_look_up", actor, account_id=record.account_id if record else None)
    if record is None:
        throttle.count_attempt((LOOK_UPS, str(actor.id)))
        raise TransferRefused("没有找到号码和姓名都相符的人员档案，请核对；还没有档案的，请本人办理首次采集", "number")
    if record.department_id == actor.department_id:
        raise TransferRefused("这份档案已在本部门，不需要调入", "number")
    _refuse_standing(record)
    here = {"to_department_id": actor.department_id, "from_department_id": record.department_id}
    return _ask(record, actor, RecordTransfer(**here, answering_id=record.department_id), reason)


def _named(actor: Actor, number: str, name: str) -> Record | None:
    index = applicants.number_index(number)
    query = select(Record).join(Account).where(Account.id_index == index, Account.state == AccountState.ACTIVE)
    found = db.session.scalar(query) if index != actor.id_index else None
    return found if found and applicants.same_name(name, found.account.name) else None


def _refuse_standing(record: Record) -> None:
    """What stands in the way now; asked again when it is answered."""
    if not access.lock_record(record):
        raise TransferRefused("这份档案的审核结果已撤销，不能调转")
    if record.closed_at:
        raise TransferRefused("这份档案已注销或调出，恢复以后才能调转")
    if record.account.state != AccountState.ACTIVE:
        raise TransferRefused("本人账号已冻结，解除冻结以后才能调转")
    if waiting := record_in_transfer(record.account_id):
        raise TransferRefused(f"这份档案正在从{waiting.origin}调往{waiting.destination}，请先等待答复或者收回")
    if db.session.scalar(_filings(record, _OFFICE)):
        raise TransferRefused("申报人有一份待审核的申报，请先办结再调转")


def _filings(record: Record, statuses: Sequence[Status]) -> Select[Declaration]:
    query = select(Declaration).where(Declaration.account_id == record.account_id)
    return query.where(Declaration.status.in_(statuses))


def _ask(record: Record, actor: Actor, asked: RecordTransfer, reason: str) -> RecordTransfer:
    _keep(record, actor, asked, reason, "record_transfer_asked")
    values = {texts.NUMBER: record.number or "", texts.DEPARTMENT: actor.department_name}
    assert asked.answering_id is not None
    inbox.tell_office(asked.answering_id, "record_asked", values, PAGE)
    said = f"您的人员档案正在从{asked.origin}调转到{asked.destination}，等待对方确认。确认以前，档案仍在原部门。"
    inbox.send(record.account_id, "人员档案正在调转", said, "/archive")
    return asked


def _keep(record: Record, actor: Actor, made: RecordTransfer, reason: str, verb: str) -> None:
    """The reason may name people, so it stays in the row."""
    made.account_id, made.staff_id, made.reason = record.account_id, actor.id, reason.strip()[:200]
    db.session.add(made)
    db.session.flush()
    _note(verb, record, actor, made)


def _note(verb: str, record: Record, actor: Actor, made: RecordTransfer) -> None:
    sides = (made.from_department, made.to_department)
    detail = " to ".join(side.code if side else "outside" for side in sides)
    audit.record(verb, actor, account_id=record.account_id, declaration_id=record.declaration_id, detail=detail)


# --- to and from outside ------------------------------------------------------------------------------------------


def _send_out(record: Record, actor: Actor, code: str, place: str, on: date, reason: str) -> RecordTransfer:
    """已调出: the record stays, locked as after 注销; the person reads how to go on."""
    if code == ELSEWHERE and not place.strip():
        raise TransferRefused("请填写调往的省份和部门", "place")
    _refuse_standing(record)
    own = tree.load().by_code.get(code)
    name = f"{own.name}{f'（{place.strip()}）' if place.strip() else ''}" if own else place.strip()
    made = RecordTransfer(from_department_id=record.department_id, place=name[:60], moved_on=on)
    made.accepted, made.answered_by, made.answered_at = True, actor.id, utcnow()
    _keep(record, actor, made, reason, "record_transfer_out")
    for declaration in db.session.scalars(_filings(record, EDITABLE)).all():
        workflow.discard(declaration, actor, "您的人员档案已调出")
    entries.lock(record, actor, ClosingReason.MOVED, f"{made.place}：{made.reason}")
    way = f"网址 {own.system_url} " if own and own.system_url else ""
    said = f"您的人员档案已于 {on} 调出到{made.place}。请到那里办理采集。{way}本平台保留您的档案，可以查看和打印。"
    inbox.send(record.account_id, "人员档案已调出", said, "/archive")
    return made


def note_origin(record: Record, actor: Actor, *, place: str, on: date, reason: str) -> RecordTransfer:
    """调入: the person's record was elsewhere before it was collected here."""
    if not place.strip():
        raise TransferRefused("请填写从哪里调入", "place")
    if not access.lock_record(record) or record.closed_at:
        raise TransferRefused("这份档案已注销或调出，恢复以后才能登记调入")
    made = RecordTransfer(to_department_id=record.department_id, place=place.strip()[:60], moved_on=on)
    made.accepted, made.answered_by, made.answered_at = True, actor.id, utcnow()
    _keep(record, actor, made, reason, "record_transfer_in")
    said = f"会计管理部门登记了您的档案于 {on} 从{made.place}调入。有疑问的，请联系该部门。"
    inbox.send(record.account_id, "人员档案已登记调入", said, "/archive")
    return made


# --- the answer ---------------------------------------------------------------------------------------------------


def answer(actor: Actor, uid: str, *, accept: bool, reason: str) -> RecordTransfer:
    """The other department's managers, or those above, agree or return it with a reason."""
    waiting = _waiting(uid)
    if waiting is None or not _is_below(waiting.answering_id, actor):
        raise TransferRefused("这次调转已经收回或者答复过")
    if not accept and not reason.strip():
        raise TransferRefused("请填写退回原因")
    record = db.session.scalar(select(Record).where(Record.account_id == waiting.account_id))
    if record is not None and record.account.id_index == actor.id_index:
        raise TransferRefused("不能办理本人的档案，请由其他工作人员办理")
    waiting.accepted, waiting.answer = accept, reason.strip()[:200]
    waiting.answered_by, waiting.answered_at = actor.id, utcnow()
    db.session.flush()
    if accept:
        _move(record, waiting)
    if record is not None:
        _tell_answer(record, actor, waiting)
    return waiting


def _waiting(uid: str) -> RecordTransfer | None:
    """Of two answers at the same moment the second one waits here, and finds nothing."""
    query = select(RecordTransfer).where(RecordTransfer.uid == uid, RecordTransfer.answered_at.is_(None))
    return db.session.scalar(query.with_for_update(of=RecordTransfer))


def _is_below(department_id: int | None, actor: Actor) -> bool:
    return department_id in tree.load().ids_under(actor.path)


def _move(record: Record | None, waiting: RecordTransfer) -> None:
    """What rests on it goes along: its approved filings that the old department handled, and their search keys."""
    if record is None or record.department_id != waiting.from_department_id:
        raise TransferRefused("这份档案已不在原部门，请退回这次调转")
    _refuse_standing(record)
    to = waiting.to_department
    assert to is not None
    if not to.active or to.own_system:
        raise TransferRefused(f"{to.name}不在本平台保管档案，请退回这次调转")
    moved = _filings(record, (Status.APPROVED,)).where(Declaration.department_id == record.department_id)
    filings = db.session.scalars(moved).all()
    for declaration in filings:
        declaration.department_id = to.id
    record.department_id, record.city_id = to.id, tree.load().city_id(to.id)
    db.session.flush()
    queue_index.hand_over([declaration.id for declaration in filings], to.id)


def _tell_answer(record: Record, actor: Actor, done: RecordTransfer) -> None:
    _note("record_transfer" if done.accepted else "record_transfer_returned", record, actor, done)
    asking = done.from_department_id if done.answering_id == done.to_department_id else done.to_department_id
    assert asking is not None
    values = {texts.NUMBER: record.number or "", texts.DEPARTMENT: actor.department_name}
    inbox.tell_office(asking, "record_answered", values, PAGE)
    if not done.accepted:
        said = f"您的人员档案没有调转到{done.destination}，仍在{done.origin}。有疑问的，请联系会计管理部门。"
        inbox.send(record.account_id, "人员档案没有调转", said, "/archive")
        return
    said = f"您的人员档案已从{done.origin}调转到{done.destination}，以后请在{done.destination}办理。"
    if db.session.scalar(_filings(record, EDITABLE)):
        said += "您还没有提交的信息变更，请先核对其中的会计管理部门。"
    inbox.send(record.account_id, "人员档案已调转", said, "/archive")


def take_back(actor: Actor, uid: str) -> RecordTransfer:
    """By the side that asked, before it is answered."""
    waiting = _waiting(uid)
    if waiting is None or not _asks(waiting, actor):
        raise TransferRefused("这次调转已经答复，不能再收回")
    waiting.accepted, waiting.answer = False, "已收回"
    waiting.answered_by, waiting.answered_at = actor.id, utcnow()
    record = db.session.scalar(select(Record).where(Record.account_id == waiting.account_id))
    if record is not None:
        _note("record_transfer_taken_back", record, actor, waiting)
    said = f"您的人员档案不再调转到{waiting.destination}，仍在{waiting.origin}。"
    inbox.send(waiting.account_id, "人员档案没有调转", said, "/archive")
    return waiting


def _asks(waiting: RecordTransfer, actor: Actor) -> bool:
    sides = {waiting.from_department_id, waiting.to_department_id} - {waiting.answering_id}
    return all(_is_below(side, actor) for side in sides)


# --- lists --------------------------------------------------------------------------------------------------------


def history(account_id: int) -> Sequence[RecordTransfer]:
    """Of one person, newest first."""
    query = select(RecordTransfer).where(RecordTransfer.account_id == account_id).options(*_SIDES)
    return db.session.scalars(query.order_by(RecordTransfer.at.desc(), RecordTransfer.id.desc())).all()


_SIDES = (joinedload(RecordTransfer.from_department), joinedload(RecordTransfer.to_department))


def waiting_lines(actor: Actor) -> list[TransferLine]:
    """Those of the scope that wait, the oldest first."""
    sides = aliased(Department), aliased(Department)
    query = _lines().outerjoin(sides[0], sides[0].id == RecordTransfer.from_department_id)
    query = query.outerjoin(sides[1], sides[1].id == RecordTransfer.to_department_id)
    here = [side.path.startswith(actor.path, autoescape=True) for side in sides]
    query = query.where(RecordTransfer.answered_at.is_(None), or_(*here)).order_by(RecordTransfer.at)
    return _read(query, actor)


def latest_lines(actor: Actor) -> list[TransferLine]:
    """What the manager's own department has had to do with, the newest first; each side is read along an index."""
    found: dict[int, TransferLine] = {}
    for side in (RecordTransfer.from_department_id, RecordTransfer.to_department_id):
        query = _lines().where(side == actor.department_id, RecordTransfer.answered_at.is_not(None))
        found |= {line.transfer.id: line for line in _read(query.order_by(RecordTransfer.at.desc()), actor)}
    return sorted(found.values(), key=lambda line: line.transfer.at, reverse=True)[:SHOWN_AT_MOST]


def _lines() -> Select[RecordTransfer, Record]:
    query = select(RecordTransfer, Record).join(Record, Record.account_id == RecordTransfer.account_id)
    return query.options(*_SIDES, joinedload(Record.account))


def _read(query: Select[RecordTransfer, Record], actor: Actor) -> list[TransferLine]:
    rows = db.session.execute(query.limit(SHOWN_AT_MOST)).all()
    return [
        TransferLine(
            transfer,
            name=record.name,
            masked_number=record.masked_number,
            number=record.number or "",
            employer=record.employer,
            record_uid=record.uid if _is_below(record.department_id, actor) else "",
            answers_here=_is_below(transfer.answering_id, actor),
            asked_here=_asks(transfer, actor),
        )
        for transfer, record in rows
        if actor.id_index is None or record.account.id_index != actor.id_index
    ]
