"""What is typed and not yet validly saved: one encrypted row per page, and forms that came after a session's end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import select

from lib.database import Prebuilt, parameter, utcnow
from lib.questions.pages import Step
from models import Declaration, Draft, ParkedForm, db
from services.declaration import labels

#: Buttons and technical fields are no answers.
NOT_SAVED = frozenset({"csrf_token", "action", "crop_x", "crop_y", "crop_w", "crop_h"})
LONGEST = 60_000  # characters of one page's fields
PARKED_FOR = timedelta(hours=24)

Fields = Iterable[tuple[str, str]]
Page = Step | str  # a page of the wizard, or the name of a correction's screen


_DRAFTS: Any = Draft.__table__
_DELETE = Prebuilt(
    sql_delete(_DRAFTS).where(
        _DRAFTS.c.declaration_id == parameter("declaration"), _DRAFTS.c.page == parameter("of_page")
    )
)


def _name(page: Page) -> str:
    return page if isinstance(page, str) else page.slug


def save(declaration: Declaration, page: Page, fields: Fields) -> bool:
    """Save what one page's form holds now. False when it is far too long to be typed."""
    body = [[name, value] for name, value in fields if name not in NOT_SAVED]
    if sum(len(name) + len(value) for name, value in body) > LONGEST:
        return False
    draft = get(declaration, page) or Draft(declaration_id=declaration.id, page=_name(page))
    draft.body, draft.saved_at = body, utcnow()
    db.session.add(draft)
    return True


def get(declaration: Declaration, page: Page) -> Draft | None:
    query = select(Draft).where(Draft.declaration_id == declaration.id, Draft.page == _name(page))
    return db.session.scalar(query)


def delete(declaration: Declaration, page: Page) -> None:
    """A valid save makes the draft of its page superfluous."""
    db.session.flush()
    _DELETE.run(db.session, declaration=declaration.id, of_page=_name(page))


def delete_all(declaration: Declaration) -> None:
    """What was typed and not saved is of no use after a submission."""
    db.session.execute(sql_delete(Draft).where(Draft.declaration_id == declaration.id))


_AS_JSON = json.JSONEncoder(default=str, ensure_ascii=False)


def fingerprint(declaration: Declaration, step: Step, only: Iterable[str] | None = None) -> str:
    """Tells whether a page's stored answers, or ``only`` these, are still those that a form was filled with.

    Not a secret.
    """
    names = sorted(labels.names(step) if only is None else only)
    stored = _AS_JSON.encode({name: getattr(declaration, name) for name in names})
    return hashlib.sha256(f"{declaration.uid}{stored}".encode()).hexdigest()[:16]


def find(declaration: Declaration, page: Page, path: str) -> tuple[Draft | None, list[ParkedForm]]:
    """The draft of a page, and the forms that came after the session's end, newest first."""
    query = select(Draft, ParkedForm).select_from(Declaration).where(Declaration.id == declaration.id)
    query = query.outerjoin(Draft, (Draft.declaration_id == Declaration.id) & (Draft.page == _name(page)))
    is_own = (ParkedForm.account_id == Declaration.account_id) & (ParkedForm.path == path)
    rows = db.session.execute(
        query.outerjoin(ParkedForm, is_own).order_by(ParkedForm.at.desc(), ParkedForm.id.desc())
    ).all()
    return rows[0].Draft, [row.ParkedForm for row in rows if row.ParkedForm]


def restore(declaration: Declaration, page: Page, path: str) -> tuple[Draft | None, bool]:
    """The draft that fills a page, and whether it has just been written: a form that came after the session's end
    becomes the draft of its page; the newest one, each once."""
    draft, parked = find(declaration, page, path)
    if not parked:
        return draft, False
    save(declaration, page, [(name, value) for name, value in parked[0].body])
    for form in parked:
        db.session.delete(form)
    db.session.flush()
    return get(declaration, page), True


_ANY_LATE = Prebuilt(
    select(ParkedForm.id)
    .where(ParkedForm.staff_id == parameter("staff_id"), ParkedForm.path.startswith(parameter("path")))
    .limit(1)
)


def has_late_forms(staff_id: int, path: str) -> bool:
    """Is there one of ``late_forms``, or of a path that differs in little? For a page that asks each time."""
    return _ANY_LATE.first(db.session, staff_id=staff_id, path=path) is not None


def late_forms(staff_id: int, path: str) -> Sequence[ParkedForm]:
    """An officer's forms about one submission that came after the session's end, newest first."""
    query = select(ParkedForm).where(ParkedForm.staff_id == staff_id, ParkedForm.path.startswith(path, autoescape=True))
    return db.session.scalars(query.order_by(ParkedForm.at.desc(), ParkedForm.id.desc())).all()
