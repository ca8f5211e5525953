"""每日提要: on working days each manager is told what waits, what is overdue and what is due soon, once a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, update

from lib.clock import local
from lib.codes import Role
from lib.database import utcnow
from lib.workdays import is_workday
from models import Counter, Staff, db
from services.accounts import inbox
from services.accounts.staff import actor_of
from services.declaration import deadlines
from services.messages import texts
from services.queue import manager_overview

DONE = "digest"  # the counter holds the day of the last digests


def send_all(hour: int) -> int:
    """For ``flask tick``; returns how many managers were told. Who has nothing waiting is left alone."""
    now = local(utcnow())
    if now.hour < hour or not is_workday(now.date(), deadlines.calendar()) or not _is_first(now.date()):
        return 0
    managers = db.session.scalars(
        select(Staff).where(Staff.active, Staff.role == Role.MANAGER).order_by(Staff.created_at, Staff.id)
    )
    return sum(_tell(manager) for manager in managers.all())


def _is_first(day: date) -> bool:
    """Several servers may tick at once: the one that changes the row sends."""
    newer = update(Counter).where(Counter.name == DONE, Counter.value < day.toordinal())
    changed: Any = db.session.execute(newer.values(value=day.toordinal()))
    if changed.rowcount or db.session.get(Counter, DONE) is not None:
        return bool(changed.rowcount)
    db.session.add(Counter(name=DONE, value=day.toordinal()))
    db.session.flush()
    return True


def _tell(manager: Staff) -> bool:
    found = manager_overview.workload(actor_of(manager))
    if not found.open:
        return False
    values = {texts.WAITING: found.open, texts.OVERDUE: found.overdue, texts.SOON: found.soon}
    inbox.tell_staff([manager], "digest", {name: str(count) for name, count in values.items()}, "/staff/overview")
    return True
