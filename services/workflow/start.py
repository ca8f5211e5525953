"""How a declaration begins: the first one of a person, and a change that starts as a copy of the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from lib.clock import today
from lib.codes import OPEN, AgreedKind, Kind
from lib.database import insert
from models import Account, Counter, Declaration, Record, db, site
from services import access, audit
from services.access import Actor
from services.declaration import answers
from services.filing import change
from services.papers import papers
from services.site import agreed_texts, preparing


class AlreadyOpen(Exception):
    """The person has a declaration in hand; at most one is open."""


class RecordClosed(Exception):
    """The record was closed by the office (注销)."""


def start(actor: Actor, account: Account) -> Declaration:
    """The person's open declaration; a new one when there is none and no record stands yet."""
    found = _open(account.id)
    if found:
        return found
    declaration = Declaration(number=next_number(), account_id=account.id, account=account, kind=Kind.FIRST)
    db.session.add(declaration)
    _prefill(declaration, account)
    db.session.flush()
    audit.record("create", actor, account_id=account.id, declaration_id=declaration.id)
    return declaration


def _prefill(declaration: Declaration, account: Account) -> None:
    """Name and phone come from the registration, and what was answered before it on 准备材料; the known facts of a
    legacy holder with a strong proof as well."""
    declaration.applicant_name, declaration.mobile, declaration.email = account.name, account.phone, account.email
    prepared, account.prepared = preparing.of(account.prepared), None
    for name, answer in preparing.answers_of(prepared).items() if prepared else ():
        setattr(declaration, name, answer)
    legacy = account.legacy if account.assured else None
    if legacy:
        declaration.holds_legacy_certificate = "yes"
        declaration.legacy_certificate_no = legacy.archive_no or legacy.certificate_no
        declaration.employer_name = legacy.employer


def _open(account_id: int) -> Declaration | None:
    return db.session.scalar(
        select(Declaration).where(Declaration.account_id == account_id, Declaration.status.in_(OPEN))
    )


def widen(declaration: Declaration, topics: Sequence[str]) -> Sequence[str]:
    """More topics for a change in hand. Returns those that are new: what was chosen before stays."""
    before = declaration.change_topics or []
    declaration.change_topics = change.known([*before, *topics])
    return [code for code in declaration.change_topics if code not in before]


def next_number() -> str:
    """申报编号: the prefix of the province, the year, 7 digits from a counter row that never gives one twice."""
    name = f"declaration-{today().year}"
    raised = update(Counter).where(Counter.name == name).values(value=Counter.value + 1)
    if not db.session.execute(raised).rowcount:  # type: ignore[attr-defined]
        first = insert(db.session, Counter).values(name=name, value=0)
        db.session.execute(first.on_conflict_do_nothing())  # two may be the first of a year
        db.session.execute(raised)
    value = db.session.scalar(select(Counter.value).where(Counter.name == name))
    return f"{site().number_prefix}{today().year}{value:07d}"


def start_change(actor: Actor, record: Record, topics: Sequence[str] = ()) -> Declaration:
    """信息变更: a new declaration that starts as a copy of the record's answers and papers. Not of a closed record.

    ``topics``: what has changed (forms.TOPICS); without any, all pages are shown.
    """
    if not access.lock_record(record):
        raise RecordClosed("您的审核结果已撤销，不能申请变更")
    may_change(actor, record)
    old = record.revision
    declaration = Declaration(number=next_number(), account_id=actor.id, account=record.account, kind=Kind.CHANGE)
    for name in answers.question_names():
        setattr(declaration, name, thawed(name, old.answers.get(name)))
    papers.thaw(declaration, old)
    if topics:
        declaration.change_topics, declaration.notice_read_at = change.known(topics), _notice_read(old.declaration)
    db.session.add(declaration)
    answers.follow_document(declaration, {})  # the number may have been corrected since
    db.session.flush()
    audit.record("create", actor, account_id=actor.id, declaration_id=declaration.id)
    return declaration


def may_change(actor: Actor, record: Record) -> None:
    """Raises RecordClosed or AlreadyOpen."""
    if record.closed_at:
        raise RecordClosed("您的人员档案已注销，不能申请变更。有疑问的，请联系会计管理部门")
    if _open(actor.id):
        raise AlreadyOpen("您已有一份正在办理的申报，请先办完再申请变更")


def _notice_read(before: Declaration) -> datetime | None:
    """When the person read the 阅读须知 that is still in force; a newer one is to be read first."""
    read_at = before.notice_read_at
    return read_at if read_at and read_at >= agreed_texts.current(AgreedKind.NOTICE).starts_at else None


def thawed(name: str, value: Any) -> Any:
    column = Declaration.__table__.columns.get(name)
    is_date = column is not None and column.type.python_type is date
    return date.fromisoformat(value) if is_date and value else value
