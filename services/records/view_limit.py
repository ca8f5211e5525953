"""How many records an officer opens in an hour. More than that needs a stated reason, and the manager sees it.

Reading file after file is no one's work in 待办; the page for it says so before it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lib.database import utcnow
from models import Department, RecordViewWarning, db
from services import audit
from services.access import Actor
from services.accounts import throttle
from services.accounts.throttle import Limit

LIMIT = Limit("record_view", 30, timedelta(hours=1))
SHOWN_FOR = timedelta(days=180)
SHOWN_AT_MOST = 200


def count_view(actor: Actor) -> bool:
    """One more record is opened. False: it must not be before the officer has said why; the manager sees that, too."""
    if throttle.count_attempt((LIMIT, str(actor.id))).until is None:
        return True
    if _open(actor) is None:
        db.session.add(RecordViewWarning(staff_id=actor.id, department_id=actor.department_id))
        audit.record("record_views", actor)
    return False


def is_warned(actor: Actor) -> bool:
    return _open(actor) is not None


def go_on(actor: Actor, reason: str) -> None:
    """The officer said why: as many again."""
    warning = _open(actor)
    if warning is None:
        return
    warning.reason, warning.answered_at = reason, utcnow()
    throttle.reset_failures(LIMIT, str(actor.id))


def _open(actor: Actor) -> RecordViewWarning | None:
    query = select(RecordViewWarning).where(RecordViewWarning.staff_id == actor.id)
    query = query.where(RecordViewWarning.answered_at.is_(None), RecordViewWarning.at > utcnow() - LIMIT.window)
    return db.session.scalar(query.order_by(RecordViewWarning.at.desc()).limit(1))


def warnings(actor: Actor) -> Sequence[RecordViewWarning]:
    """Those of the manager's scope in the last half year, newest first."""
    query = select(RecordViewWarning).join(Department, Department.id == RecordViewWarning.department_id)
    query = query.where(Department.path.startswith(actor.path, autoescape=True))
    query = query.where(RecordViewWarning.at > utcnow() - SHOWN_FOR).order_by(RecordViewWarning.at.desc())
    load = (joinedload(RecordViewWarning.staff), joinedload(RecordViewWarning.department))
    return db.session.scalars(query.options(*load).limit(SHOWN_AT_MOST)).all()
