"""What the office adds to a person's record: 注销 and 恢复, 诚信 notes and their ends. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lib.codes import ClosingReason, NoteKind, Status
from lib.database import utcnow
from models import Declaration, Record, RecordEntry, db
from services import access, audit, workflow
from services.access import Actor
from services.accounts import inbox
from services.workflow.state import record_in_transfer

TEXT_LENGTH = 200
#: How an entry is called in the history of a record.
VERBS = {"close": "注销", "reopen": "恢复", "note": "诚信记录", "end_note": "终止诚信记录"}
#: Why a record is closed on its page. 已转出 has a page of its own, which asks where to.
CLOSING = {code: title for code, title in ClosingReason.choices().items() if code != ClosingReason.MOVED}
_WITH_OFFICE = (Status.SUBMITTED, Status.IN_REVIEW)
_BEGUN = (Status.DRAFT, Status.RETURNED)


class EntryRefused(Exception):
    """Why nothing was added, as the officer reads it."""


@dataclass(frozen=True)
class RecordNote:
    """A 诚信 note, with the entry that ended it."""

    entry: RecordEntry
    end: RecordEntry | None

    @property
    def kind(self) -> NoteKind:
        return NoteKind(self.entry.code or NoteKind.OTHER)


def close(record: Record, actor: Actor, reason: str, text: str) -> None:
    """注销: the record stays as it is and is locked. What the person has begun and not sent is dropped."""
    if not access.lock_record(record) or record.closed_at:
        raise EntryRefused("这份档案已经注销")
    if reason not in CLOSING:
        raise EntryRefused("请选择注销原因")
    if record_in_transfer(record.account_id):
        raise EntryRefused("这份档案正在调转，请先收回，或者等对方答复以后再注销")
    said = _said(text)
    query = select(Declaration).where(Declaration.account_id == record.account_id)
    found = db.session.scalars(query.where(Declaration.status.in_((*_WITH_OFFICE, *_BEGUN)))).all()
    if any(declaration.status in _WITH_OFFICE for declaration in found):
        raise EntryRefused("申报人有一份待审核的信息变更，请先办结再注销")
    for declaration in found:
        workflow.discard(declaration, actor, "您的人员档案已注销")
    lock(record, actor, ClosingReason(reason), said)
    inbox.send(
        record.account_id, "人员档案已注销", "会计管理部门已注销您的人员档案。有疑问的，请联系该部门。", "/archive"
    )


def lock(record: Record, actor: Actor, reason: ClosingReason, text: str) -> None:
    """From now on the person cannot ask for a change."""
    record.closed_at, record.closed_reason = utcnow(), reason
    _add(record, actor, "close", reason.value, text[:TEXT_LENGTH])


def reopen(record: Record, actor: Actor, text: str) -> None:
    """恢复: as it was before."""
    if not access.lock_record(record) or not record.closed_at:
        raise EntryRefused("这份档案没有注销")
    said = _said(text)
    record.closed_at = record.closed_reason = None
    _add(record, actor, "reopen", None, said)
    inbox.send(record.account_id, "人员档案已恢复", "您的人员档案已恢复，可以申请变更。", "/archive")


def add_note(record: Record, actor: Actor, kind: str, text: str) -> None:
    if kind not in NoteKind.choices():
        raise EntryRefused("请选择记录的种类")
    _add(record, actor, "note", kind, _said(text))


def end_note(record: Record, actor: Actor, uid: str, text: str) -> None:
    """The note stays, and reads as ended. A note is ended once."""
    access.lock_record(record)
    found = next((note for note in notes(history(record)) if note.entry.uid == uid), None)
    if found is None:
        raise EntryRefused("没有找到这条记录")
    if found.end:
        raise EntryRefused("这条记录已经终止")
    _add(record, actor, "end_note", None, _said(text), ends_id=found.entry.id)


def history(record: Record) -> Sequence[RecordEntry]:
    """All entries of the person, newest first."""
    query = select(RecordEntry).where(RecordEntry.account_id == record.account_id)
    query = query.options(joinedload(RecordEntry.staff), joinedload(RecordEntry.department))
    return db.session.scalars(query.order_by(RecordEntry.at.desc(), RecordEntry.id.desc())).all()


def notes(entries: Sequence[RecordEntry]) -> list[RecordNote]:
    ends = {entry.ends_id: entry for entry in entries if entry.ends_id}
    return [RecordNote(entry, ends.get(entry.id)) for entry in entries if entry.verb == "note"]


def _said(text: str) -> str:
    if not text.strip():
        raise EntryRefused("请填写原因或内容")
    return text.strip()[:TEXT_LENGTH]


def _add(record: Record, actor: Actor, verb: str, code: str | None, text: str, *, ends_id: int | None = None) -> None:
    """The text may name people, so it stays in the entry; the audit trail says what was done and where it stands."""
    entry = RecordEntry(account_id=record.account_id, verb=verb, code=code, text=text, ends_id=ends_id)
    entry.staff_id, entry.department_id = actor.id, actor.department_id
    db.session.add(entry)
    audit.record(
        f"record_{verb}",
        actor,
        account_id=record.account_id,
        declaration_id=record.declaration_id,
        detail=code or "",
    )
