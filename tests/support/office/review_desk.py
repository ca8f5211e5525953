"""What the tests of the officers' side share: what a form of one submission sends, and the events of views."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from models import Declaration, Event, db
from tests.support.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER

#: Answers to which all usual papers belong.
COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED


def path(declaration: Declaration, verb: str = "") -> str:
    return f"/staff/submissions/{declaration.uid}" + (f"/{verb}" if verb else "")


def address(declaration: Declaration) -> str:
    """The path for a browser: another thread answers, so this one lets go of the database."""
    found = path(declaration)
    db.session.rollback()
    return found


def form(*targets: str, seen: int = 1, **more: Any) -> dict[str, Any]:
    """Marks on ``targets``, each with a comment, on the revision ``seen``; ``more`` overrides (- is written __)."""
    sent: dict[str, Any] = {"seen": seen, "mark": list(targets)}
    sent |= {f"comment-{target}": f"请核对{target}" for target in targets}
    return sent | {name.replace("__", "-"): value for name, value in more.items()}


def fresh(declaration: Declaration) -> Declaration:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Declaration, declaration.id)


def events_of(declaration: Declaration, *verbs: str) -> list[str]:
    fresh(declaration)
    query = select(Event.verb).where(Event.declaration_id == declaration.id, Event.verb.in_(verbs))
    return list(db.session.scalars(query.order_by(Event.id)))


def unsent(declaration: Declaration) -> dict[str, str]:
    """The marks of the latest revision: target -> comment."""
    return {mark.target: mark.comment for mark in fresh(declaration).revisions[-1].marks}


def holder_id(declaration: Declaration) -> int | None:
    """The officer who holds its claim row."""
    claim = fresh(declaration).claim
    return claim.staff_id if claim else None


def match(pattern: str, page: Any) -> str:
    """What the pattern's group finds on a page."""
    found = re.search(pattern, page.text)
    assert found, f"{pattern} is not on the page"
    return found.group(1)
