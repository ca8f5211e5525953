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
from services.declaration import answers

#: Buttons and technical fields are no answers.
NOT_KEPT = frozenset({"csrf_token", "action", "crop_x", "crop_y", "crop_w", "crop_h"})
LONGEST = 60_000  # characters of one page's fields
PARKED_FOR = timedelta(hours=24)

Fields = Iterable[tuple[str, str]]
Page = Step | str  # a page of the wizard, or the name of a correction's screen


def _name(page: Page) -> str:
    return page if isinstance(page, str) else page.slug


def keep(declaration: Declaration, page: Page, fields: Fields) -> bool:
    """Keep what one page's form holds now. False when it is far too long to be typed."""
    body = [[name, value] for name, value in fields if name not in NOT_KEPT]
    if sum(len(name) + len(value) for name, value in body) > LONGEST:
        return False
    draft = of(declaration, page) or Draft(declaration_id=declaration.id, page=_name(page))
    draft.body, draft.saved_at = body, utcnow()
    db.session.add(draft)
    return True


def of(declaration: Declaration, page: Page) -> Draft | None:
    query = select(Draft).where(Draft.declaration_id == declaration.id, Draft.page == _name(page))
    return db.session.scalar(query)


def drop(declaration: Declaration, page: Page) -> None:
    """A valid save makes the draft of its page superfluous."""
    db.session.execute(delete(Draft).where(Draft.declaration_id == declaration.id, Draft.page == _name(page)))


def fingerprint(declaration: Declaration, step: Step, only: Iterable[str] | None = None) -> str:
    """Tells whether a page's stored answers, or ``only`` these, are still those that a form was filled with.

    Not a secret.
    """
    names = sorted(step.form(None, context=answers.FormContext())._fields if only is None else only)
    stored = json.dumps({name: getattr(declaration, name) for name in names}, default=str, ensure_ascii=False)
    return hashlib.sha256(f"{declaration.uid}{stored}".encode()).hexdigest()[:16]


def give_back(declaration: Declaration, page: Page, path: str) -> bool:
    """Turn a form that came after the session's end into this page's draft; newest first, each once."""
    query = select(ParkedForm).where(ParkedForm.account_id == declaration.account_id, ParkedForm.path == path)
    parked = db.session.scalars(query.order_by(ParkedForm.id.desc())).all()
    for position, form in enumerate(parked):
        if position == 0:
            keep(declaration, page, [(name, value) for name, value in form.body])
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
