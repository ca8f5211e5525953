"""The audit trail: the one way to write an event, and what people may read of it.

Details carry no names, numbers or phones; the database refuses to change or remove a row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from operator import attrgetter

from sqlalchemy import Select, exists, select, union

from lib.codes import Status
from lib.database import Prebuilt, parameter
from models import ApiAccess, ApiToken, Declaration, Department, Event, Record, Revision, RosterExport, Transfer, db
from services.access import Actor
from services.moves import DECIDED, MOVES, VERDICTS

OFFICE_CHANGED = "office_changed"  # its department was closed, another one took it over
#: What the applicant reads in 办理进度. Other moves (taking, putting back) are the office's own affair.
PROGRESS = {
    "create": "开始填写",
    OFFICE_CHANGED: "改由其他部门办理",
    **{move.verb: move.progress for move in MOVES.values() if move.progress},
}
RENAMED = "department_renamed"
OPENED = "open_result"  # the applicant saw a verdict
#: Staff looked into a person's file: 信息查阅记录.
ACCESSES = {
    "view": "查看申报资料",
    "view_picture": "查看附件图片",
    "load_ahead": "领取后预先载入附件图片",
    "view_record": "查看人员档案",
    "record_look_up": "申请调入时按号码和姓名查找档案",
    "reveal": "查看完整证件号码或手机号码",
    "export": "导出资料",
    "export_roster": "导出名册，其中有您的资料",
    "print_sheets": "批量打印信息表，其中有您的一份",
    "counter_lookup": "窗口查询",
    "code_issued": "窗口发放激活码",
    "view_assistance": "办理核验申请时查看账号情况",
    "api_read": "其他系统通过接口读取",
}


@dataclass(frozen=True)
class AuditEntry:
    """One line of a history: what happened, when, and which office did it ("" for the person and the system)."""

    verb: str
    title: str
    at: datetime
    office: str = ""
    phone: str = ""  # of the office that a transfer came to


def record(
    verb: str,
    actor: Actor | None,
    *,
    account_id: int | None = None,
    declaration_id: int | None = None,
    revision_number: int | None = None,
    from_status: Status | None = None,
    to_status: Status | None = None,
    detail: str = "",
) -> Event:
    """Add what happened to the transaction in hand. ``account_id`` says whose file; an applicant's is always his own.

    ``actor`` None is the system: time, or a command line.
    """
    is_applicant = actor is not None and not actor.is_staff
    event = Event(
        verb=verb,
        actor="system" if actor is None else "applicant" if is_applicant else "staff",
        account_id=actor.id if actor and is_applicant else account_id,
        staff_id=actor.id if actor and actor.is_staff else None,
        department_id=(actor.department_id or None) if actor else None,
        declaration_id=declaration_id,
        revision_number=revision_number,
        from_status=from_status,
        to_status=to_status,
        detail=detail[:200],
    )
    db.session.add(event)
    return event


def verdict_or_opening(declaration: Declaration) -> Select[str]:
    """Which came last, a verdict or the applicant's opening it: the event's verb."""
    query = select(Event.verb).where(Event.declaration_id == declaration.id)
    return query.where(Event.verb.in_((OPENED, *VERDICTS))).order_by(Event.at.desc(), Event.id.desc()).limit(1)


def opened_result(declaration: Declaration) -> bool:
    """Has the applicant seen the last decision? Then it can no longer be undone."""
    return db.session.scalar(verdict_or_opening(declaration)) == OPENED


def result_unseen(declaration: Declaration) -> bool:
    """Is there a verdict that the applicant has not seen yet?"""
    return declaration.status in DECIDED and not opened_result(declaration)


_HISTORY = Prebuilt(
    select(Event.verb, Event.at, Department.name.label("office"))
    .outerjoin(Department, Department.id == Event.department_id)
    .where(Event.declaration_id == parameter("declaration"), Event.verb.in_((*PROGRESS, "undo")))
    .order_by(Event.at, Event.id)
)


def history(declaration: Declaration) -> list[AuditEntry]:
    """What has happened to a declaration, oldest first, as the applicant may read it: offices, no officers' names.

    A verdict that was undone is left out with its undo: the applicant had not seen it.
    """
    happened: list[AuditEntry] = []
    for event in _HISTORY.rows(db.session, declaration=declaration.id):
        if event.verb == "undo":
            _forget_last_verdict(happened)
        else:
            happened.append(AuditEntry(event.verb, PROGRESS[event.verb], event.at, event.office or ""))
    if not any(item.verb == "transfer" for item in happened):
        return happened
    offices = iter(_transferred_to(declaration))
    return [_with_new_office(item, offices) if item.verb == "transfer" else item for item in happened]


def _transferred_to(declaration: Declaration) -> Sequence[Department]:
    query = select(Department).join(Transfer, Transfer.to_department_id == Department.id)
    query = query.where(Transfer.declaration_id == declaration.id, Transfer.accepted.is_(True))
    return db.session.scalars(query.order_by(Transfer.answered_at)).all()


def _with_new_office(item: AuditEntry, offices: Iterator[Department]) -> AuditEntry:
    """Who handles it from here on, which is not always the office of the officer who accepted it."""
    office = next(offices, None)
    return replace(item, office=office.name, phone=office.phone) if office else item


def _forget_last_verdict(happened: list[AuditEntry]) -> None:
    at = next((at for at in reversed(range(len(happened))) if happened[at].verb in VERDICTS), None)
    if at is not None:
        del happened[at]


def accesses(account_id: int, limit: int = 100) -> list[AuditEntry]:
    """信息查阅记录: who of the office looked into this person's file, newest first."""
    query = select(Event, Department.name).outerjoin(Department, Department.id == Event.department_id)
    query = query.where(Event.account_id == account_id, Event.actor == "staff", Event.verb.in_(ACCESSES))
    found = list(db.session.execute(query.order_by(Event.at.desc(), Event.id.desc()).limit(limit)))
    entries = [
        AuditEntry(event.verb, ACCESSES[event.verb], event.at, office or "")
        for event, office in (*found, *_exports_with(account_id, limit))
    ]
    return sorted((*entries, *_by_systems(account_id, limit)), key=attrgetter("at"), reverse=True)[:limit]


def _by_systems(account_id: int, limit: int) -> Iterator[AuditEntry]:
    """Other systems that read of this person: an entry for each day."""
    query = select(ApiAccess, ApiToken.name, Department.name).join(ApiToken, ApiToken.id == ApiAccess.token_id)
    query = query.join(Department, Department.id == ApiToken.department_id).where(ApiAccess.account_id == account_id)
    for row, system, office in db.session.execute(query.order_by(ApiAccess.day.desc()).limit(limit)):
        title = f"{system}（其他系统）通过接口读取，当天 {row.times} 次"
        yield AuditEntry("api_read", title, row.at, office)


# Who was in an exported 名册: one row for each export, not for each person; everyone in it still sees it.


BLOCK = 1024  # bytes
IN_BLOCKS = b"\1"  # no zlib stream begins so


class Members:
    """A set of accounts, one bit for each: 250 KB for two million, a few hundred bytes once packed for a county.

    In blocks, of which only those with members are there: a distributed database makes ids from 2**48 on.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, account_id: int) -> None:
        block, place, bit = _place(account_id)
        self._blocks.setdefault(block, bytearray(BLOCK))[place] |= 1 << bit

    def packed(self) -> bytes:
        """The number of each block (8 bytes) and its bits."""
        blocks = (block.to_bytes(8, "big") + bits for block, bits in sorted(self._blocks.items()))
        return IN_BLOCKS + zlib.compress(b"".join(blocks))


def _place(account_id: int) -> tuple[int, int, int]:
    place, bit = divmod(account_id, 8)
    return *divmod(place, BLOCK), bit


def is_member(packed: bytes, account_id: int) -> bool:
    """Rows that were written before there were blocks hold one bit for each id from 0 on: they are never changed."""
    block, place, bit = _place(account_id)
    if not packed.startswith(IN_BLOCKS):
        return _has_bit(zlib.decompress(packed), block * BLOCK + place, bit)
    found, head = zlib.decompress(packed[len(IN_BLOCKS) :]), block.to_bytes(8, "big")
    starts = range(0, len(found), 8 + BLOCK)
    return any(_has_bit(found, start + 8 + place, bit) for start in starts if found[start : start + 8] == head)


def _has_bit(bits: bytes, place: int, bit: int) -> bool:
    return place < len(bits) and bool(bits[place] >> bit & 1)


def record_members(event: Event, department_id: int, members: Members) -> None:
    """Write down who was in it, next to the event. ``department_id``: the list was of it and of those below."""
    db.session.flush()
    db.session.add(RosterExport(event_id=event.id, department_id=department_id, members=members.packed()))


def _exports_with(account_id: int, limit: int) -> Sequence[tuple[Event, str | None]]:
    """The exports that this person was in, newest first, each with the office that made it."""
    query = select(RosterExport, Event, Department.name).join(Event, Event.id == RosterExport.event_id)
    query = query.outerjoin(Department, Department.id == Event.department_id)
    query = query.where(RosterExport.department_id.in_(_offices_over(account_id))).order_by(
        Event.at.desc(), Event.id.desc()
    )
    rows = db.session.execute(query.execution_options(yield_per=5))
    members = ((event, office) for export, event, office in rows if is_member(export.members, account_id))
    found = list(islice(members, limit))
    rows.close()
    return found


def _offices_over(account_id: int) -> list[int]:
    """Every department that has handled something of this person's, and those above them."""
    own = select(Declaration.id).where(Declaration.account_id == account_id)
    handled = union(
        select(Declaration.department_id).where(Declaration.account_id == account_id),
        select(Revision.department_id).where(Revision.declaration_id.in_(own)),
        select(Transfer.to_department_id).where(Transfer.declaration_id.in_(own)),
        select(Record.department_id).where(Record.account_id == account_id),
    ).subquery()
    paths = db.session.scalars(select(Department.path).where(Department.id.in_(select(handled.c[0]))))
    codes = {code for path in paths for code in path.split("/") if code}
    return list(db.session.scalars(select(Department.id).where(Department.code.in_(codes))))


def department_renamed(code: str, since: datetime) -> bool:
    """Has the department another name now than on what was printed at that time?"""
    renamed = exists().where(Event.verb == RENAMED, Event.at > since, Event.detail == code)
    return bool(db.session.scalar(select(renamed)))
