"""Drafts that nobody touches: announced a month before, removed after twelve months. For ``flask tick``.

Only a draft: what lies with the office, was returned or decided on stays, and so does the record that a change began
with.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select, update

from lib.clock import local
from lib.codes import Status
from lib.database import utcnow
from lib.database.sql import with_written_constants
from models import Declaration, Draft, db
from services import audit, workflow
from services.accounts import inbox
from services.messages import texts
from services.retention.emptying import empty

KEPT = timedelta(days=365)
ANNOUNCED = timedelta(days=30)  # before
BATCH = 100  # in one run: others write between two runs


def _untouched(since: timedelta, *more: Any) -> Sequence[Declaration]:
    """Drafts that were not changed, and in which nothing was typed, for so long; the oldest first."""
    before = utcnow() - since
    typed = exists().where(Draft.declaration_id == Declaration.id, Draft.saved_at > before)
    query = select(Declaration).where(Declaration.status == Status.DRAFT, Declaration.touched_at <= before, ~typed)
    query = query.where(*more).order_by(Declaration.touched_at).limit(BATCH)
    query = query.with_for_update(skip_locked=True, of=Declaration)  # two machines may tick at once
    return db.session.scalars(with_written_constants(query)).all()  # else the index of drafts is not used


def announce() -> int:
    """Tell the people whose draft will be removed; once, unless they touch it."""
    untold = Declaration.removal_told_at.is_(None) | (Declaration.removal_told_at < Declaration.touched_at)
    found = _untouched(KEPT - ANNOUNCED, untold)
    for draft in found:
        day = f"{local(utcnow() + ANNOUNCED):%Y-%m-%d}"
        values = {texts.NUMBER: draft.number, texts.DAY: day}
        inbox.tell(draft.account_id, "draft_expires", values, "/apply", declaration_id=draft.id)
        audit.record("draft_announced", None, account_id=draft.account_id, declaration_id=draft.id)
        told = update(Declaration).where(Declaration.id == draft.id)  # a message does not change the draft
        same = {"touched_at": draft.touched_at, "removal_told_at": utcnow()}
        db.session.execute(told.values(same).execution_options(synchronize_session=False))
    return len(found)


def remove() -> int:
    """Empty the drafts that were announced and still not touched."""
    told = Declaration.removal_told_at >= Declaration.touched_at, Declaration.removal_told_at <= utcnow() - ANNOUNCED
    found = _untouched(KEPT, *told)
    for draft in found:
        workflow.expire(draft)
        empty(draft)
        values = {texts.NUMBER: draft.number}
        inbox.tell(draft.account_id, "draft_removed", values, "/apply", declaration_id=draft.id)
    return len(found)
