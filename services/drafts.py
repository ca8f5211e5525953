"""What is typed and not yet validly saved: one encrypted row per page, and forms that came after a session's end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from forms import Step
from lib.database import utcnow
from models import Declaration, Draft, ParkedForm, db
from services import answers

#: Buttons and technical fields are no answers.
NOT_KEPT = frozenset({"csrf_token", "action", "crop_x", "crop_y", "crop_w", "crop_h"})
LONGEST = 60_000  # characters of one page's fields
PARKED_FOR = timedelta(hours=24)

Fields = Iterable[tuple[str, str]]


def keep(declaration: Declaration, step: Step, fields: Fields) -> bool:
    """Keep what one page's form holds now. False when it is far too long to be typed."""
    body = [[name, value] for name, value in fields if name not in NOT_KEPT]
    if sum(len(name) + len(value) for name, value in body) > LONGEST:
        return False
    draft = of(declaration, step) or Draft(declaration_id=declaration.id, page=step.slug)
    draft.body, draft.saved_at = body, utcnow()
    db.session.add(draft)
    return True


def of(declaration: Declaration, step: Step) -> Draft | None:
    query = select(Draft).where(Draft.declaration_id == declaration.id, Draft.page == step.slug)
    return db.session.scalar(query)


def drop(declaration: Declaration, step: Step) -> None:
    """A valid save makes the draft of its page superfluous."""
    db.session.execute(delete(Draft).where(Draft.declaration_id == declaration.id, Draft.page == step.slug))


def fingerprint(declaration: Declaration, step: Step) -> str:
    """Tells whether a page's stored answers are still those that a form was filled with. Not a secret."""
    names = sorted(step.form(None, asked=answers.Asked())._fields)
    stored = json.dumps({name: getattr(declaration, name) for name in names}, default=str, ensure_ascii=False)
    return hashlib.sha256(f"{declaration.uid}{stored}".encode()).hexdigest()[:16]


def give_back(declaration: Declaration, step: Step, path: str) -> bool:
    """Turn a form that came after the session's end into this page's draft; newest first, each once."""
    query = select(ParkedForm).where(ParkedForm.account_id == declaration.account_id, ParkedForm.path == path)
    parked = db.session.scalars(query.order_by(ParkedForm.id.desc())).all()
    for position, form in enumerate(parked):
        if position == 0:
            keep(declaration, step, [(name, value) for name, value in form.body])
        db.session.delete(form)
    return bool(parked)


def late_forms(staff_id: int, path: str) -> Sequence[ParkedForm]:
    """An officer's forms about one submission that came after the session's end, newest first."""
    query = select(ParkedForm).where(ParkedForm.staff_id == staff_id, ParkedForm.path.startswith(path, autoescape=True))
    return db.session.scalars(query.order_by(ParkedForm.id.desc())).all()


def forget_parked() -> int:
    """Remove parked forms that nobody came back for; returns how many. For ``flask tick``."""
    gone = db.session.execute(delete(ParkedForm).where(ParkedForm.at < utcnow() - PARKED_FOR))
    return int(gone.rowcount)  # type: ignore[attr-defined]
