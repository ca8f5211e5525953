"""May this person make this move? Each function returns when it is allowed and raises what the person reads if not.

Verbs, confirm pages and ``available`` ask the same functions, so a page and the rule behind it cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import select

from lib.clock import local
from lib.codes import AccountState, Kind, MarkState, Status
from lib.database import utcnow
from models import Claim, Declaration, Event, Mark, SecondLook, Staff, Transfer, db
from services import audit
from services.access import Actor, in_office
from services.marks import marks
from services.moves import MOVES, Move, RuleName
from services.workflow.errors import Conflict, NotAllowed
from services.workflow.state import (
    UNDO_TIME,
    has_open,
    holder,
    last_decision,
    latest_revision,
    record_in_transfer,
    record_of,
    undoable,
    waiting_second_look,
    waiting_transfer,
    with_office,
)

Row = TypeVar("Row")


def check(declaration: Declaration, verb: str, actor: Actor | None) -> Move:
    """State and role, as the table says."""
    move = MOVES[verb]
    if declaration.status not in move.sources or (actor.role not in move.by if actor else move.by):
        raise NotAllowed(f"当前状态为「{declaration.status.label}」，不能{move.label}")
    return move


def is_own_file(declaration: Declaration, actor: Actor) -> bool:
    return bool(actor.id_index) and actor.id_index == declaration.account.id_index


def refuse_own_file(declaration: Declaration, actor: Actor) -> None:
    if is_own_file(declaration, actor):
        raise NotAllowed("不能审核自己的申报")


def refuse_waiting(declaration: Declaration) -> None:
    if offered := waiting_transfer(declaration):
        raise NotAllowed(f"这份申报已转交{offered.to_department.name}，等待对方答复")
    if proposed := waiting_second_look(declaration):
        raise NotAllowed(f"{proposed.staff.name}已决定通过这份申报，等待复核")


def change(declaration: Declaration, _actor: Actor) -> None:
    if declaration.kind != Kind.CHANGE:
        raise NotAllowed("首次采集的申报不能放弃，可以留待以后继续填写")


def beside_record(declaration: Declaration, _actor: Actor) -> None:
    """Also a first filing that was taken up again while the record of another one stands."""
    if declaration.kind != Kind.CHANGE and record_of(declaration) is None:
        raise NotAllowed("首次采集的申报不能作废，可以留待申报人继续填写")


def handles(declaration: Declaration, actor: Actor) -> None:
    if not in_office(declaration, actor):
        raise NotAllowed("这份申报由其他会计管理部门办理，您只能查看")
    refuse_own_file(declaration, actor)


def holds(declaration: Declaration, actor: Actor, seen: int | None = None) -> Claim:
    """The officer's claim in force, on the revision that was seen. Raises Conflict that says what happened instead."""
    held = holder(declaration)
    if declaration.status != Status.IN_REVIEW or (seen is not None and seen != declaration.revision_number):
        raise Conflict(_what_happened(declaration, actor))
    refuse_waiting(declaration)
    if held is None or held.staff_id != actor.id:
        raise Conflict(
            f"{held.staff.name}已于 {local(held.claimed_at):%Y-%m-%d %H:%M} 领取这份申报，您的操作没有生效"
            if held
            else "您的领取已超过 30 分钟，请重新领取后再决定。标记已保留"
        )
    refuse_own_file(declaration, actor)
    return held


def _what_happened(declaration: Declaration, actor: Actor) -> str:
    query = select(Event.verb, Event.at, Event.staff_id, Staff.name).outerjoin(Staff, Staff.id == Event.staff_id)
    last = db.session.execute(
        query.where(Event.declaration_id == declaration.id, Event.verb.in_(MOVES))
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return "这份申报的状态已经改变，请刷新后再看"
    who = "您" if last.staff_id == actor.id else last.name or ("系统" if not MOVES[last.verb].by else "申报人")
    whose = "这次" if who == "您" else "您的"
    return f"{who}已于 {local(last.at):%Y-%m-%d %H:%M} {MOVES[last.verb].label}这份申报，{whose}操作没有生效"


def held_by_another(declaration: Declaration, actor: Actor) -> Claim:
    handles(declaration, actor)
    held = holder(declaration)
    if held is None or held.staff_id == actor.id:
        raise NotAllowed("这份申报现在不在其他人手中，可以直接领取")
    return held


def can_undo(declaration: Declaration, actor: Actor) -> None:
    if undoable(declaration, actor):
        return
    decision = last_decision(declaration)
    if decision is None or decision.staff_id != actor.id:
        raise Conflict("只能撤销自己刚才的决定")
    if audit.opened_result(declaration) or has_open(declaration):
        raise Conflict("申报人已经看到结果，不能再撤销")
    if decision.at + UNDO_TIME > utcnow():
        raise Conflict("申报或人员档案又有了变动（例如注销、调转），不能再撤销")
    raise Conflict("已超过 60 秒，不能再撤销")


def revocable(declaration: Declaration, actor: Actor, seen: int | None = None) -> None:
    """Only the revision that the record points to."""
    handles(declaration, actor)
    record, revision = record_of(declaration), latest_revision(declaration)
    if record is None or record.revision_id != revision.id or seen not in (None, revision.number):
        raise NotAllowed("人员档案已经以另一次申报为准，不能撤销这一次的审核结果")
    if record.closed_at:
        raise NotAllowed("人员档案已注销，恢复以前不能撤销审核结果")


def offered_here(declaration: Declaration, actor: Actor) -> Transfer:
    waiting = _still(waiting_transfer(declaration), "这次转交已经被收回或答复，您的操作没有生效")
    if not waiting.to_department.path.startswith(actor.path):
        raise NotAllowed("只有接收部门的工作人员可以答复")
    refuse_own_file(declaration, actor)
    return waiting


def second_officer(declaration: Declaration, actor: Actor, seen: int | None = None) -> SecondLook:
    """The decision that waits for this officer's answer, on the revision that was seen."""
    waiting = _still(waiting_second_look(declaration), "这份申报的复核已经完成，您的操作没有生效")
    if seen not in (None, waiting.revision.number):
        raise Conflict("这份申报的内容已经改变，请刷新后再看")
    if waiting.staff_id == actor.id:
        raise NotAllowed("需要由另一位工作人员复核")
    handles(declaration, actor)
    return waiting


def offered_by_us(declaration: Declaration, actor: Actor) -> Transfer:
    waiting = _still(waiting_transfer(declaration), "对方已经答复这次转交，不能再收回")
    handles(declaration, actor)
    return waiting


def proposed_by(declaration: Declaration, actor: Actor) -> SecondLook:
    waiting = _still(waiting_second_look(declaration), "复核已经完成，不能再收回")
    if waiting.staff_id != actor.id:
        raise NotAllowed("只有提交复核的工作人员可以收回")
    return waiting


def can_take_back(declaration: Declaration, actor: Actor) -> None:
    if waiting_second_look(declaration):
        proposed_by(declaration, actor)
    else:
        offered_by_us(declaration, actor)


def _still(waiting: Row | None, gone: str) -> Row:
    if waiting is None:
        raise Conflict(gone)
    return waiting


#: The functions behind the names of the table.
RULES: dict[RuleName, Callable[[Declaration, Actor], object]] = {
    "change": change,
    "beside_record": beside_record,
    "handles": handles,
    "holds": holds,
    "held_by_another": held_by_another,
    "undoable": can_undo,
    "revocable": revocable,
    "offered_here": offered_here,
    "second_officer": second_officer,
    "can_take_back": can_take_back,
}

# What confirm pages ask, too: the same functions that the verb calls.


def can_return(declaration: Declaration, actor: Actor, seen: int) -> Sequence[Mark]:
    """The marks that a return would send: at least one, each with a reason."""
    holds(declaration, actor, seen)
    return _marks_to_send(declaration)


def can_revoke(declaration: Declaration, actor: Actor, seen: int) -> Sequence[Mark]:
    """The marks that go out when an approval is revoked: only while nothing else of the person is with the office.

    A change that was begun, or returned, does not count: the revocation drops it.
    """
    check(declaration, "revoke", actor)
    revocable(declaration, actor, seen)
    if with_office(declaration):
        raise NotAllowed("申报人有一份正在办理的申报，办结之前不能撤销")
    if record_in_transfer(declaration.account_id):
        raise NotAllowed("人员档案正在调转，请先收回，或者等对方答复以后再撤销")
    return _marks_to_send(declaration)


def can_reopen(declaration: Declaration, actor: Actor, _seen: int = 0) -> None:
    check(declaration, "reopen", actor)
    handles(declaration, actor)
    if declaration.account.state == AccountState.CLOSED:
        raise NotAllowed("申报人已注销账号，不能再受理这一份")
    if has_open(declaration):
        raise NotAllowed("申报人已经重新申报，不能再受理这一份")


def _marks_to_send(declaration: Declaration) -> Sequence[Mark]:
    unsent = marks.of_revision(latest_revision(declaration), MarkState.DRAFT)
    if not unsent:
        raise NotAllowed("退回前请至少标记一处需要修改的内容")
    if any(not (mark.reason or mark.comment) for mark in unsent):
        raise NotAllowed("请为每一处标记选择原因或填写说明")
    return unsent
