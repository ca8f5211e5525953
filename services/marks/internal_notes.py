"""内部备注: what officers tell each other about a file. The applicant never reads them; rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models import Declaration, InternalNote, db
from services.access import Actor

LONGEST = 500  # characters


def of(declaration: Declaration) -> Sequence[InternalNote]:
    """Newest first."""
    query = select(InternalNote).where(InternalNote.declaration_id == declaration.id)
    return db.session.scalars(
        query.options(joinedload(InternalNote.staff)).order_by(InternalNote.at.desc(), InternalNote.id.desc())
    ).all()


def add(declaration: Declaration, actor: Actor, text: str) -> InternalNote:
    """``text`` is not empty; what is too long is cut."""
    note = InternalNote(declaration_id=declaration.id, staff_id=actor.id)
    note.text = text[:LONGEST]
    db.session.add(note)
    return note
