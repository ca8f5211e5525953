"""Due dates are calculated again when the calendar changes, and people get a message when theirs moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select, update

from lib.clock import today
from lib.codes import Status
from lib.workdays import Calendar
from models import Declaration, ReferenceVersion, db
from services import audit
from services.accounts import inbox
from services.declaration import deadlines
from services.declaration.deadlines import Due
from services.departments import reference_version
from services.queue import index as queue_index

AT_ONCE = 500  # changed rows of one transaction

_RUNNING = (
    select(Declaration.id, Declaration.due_on, Declaration.due_estimated, Declaration.due_from, Declaration.due_days)
    .where(Declaration.status.in_((Status.SUBMITTED, Status.IN_REVIEW)), Declaration.due_from.is_not(None))
    .order_by(Declaration.id)
)


def moved_by(calendar: Calendar) -> int:
    """How many running due dates would be another day with this calendar."""
    return sum(due.on != before for _id, before, due in _changes(calendar, today()))


def reckon_again() -> int:
    """Bring up to ``AT_ONCE`` due dates in line with a calendar that has changed; returns how many. The caller commits.

    Without a change of the reference data since the last time, it reads one row.
    """
    mark = reference_version.current()
    if not mark or db.session.scalar(select(ReferenceVersion.due_mark)) == mark:
        return 0
    done = 0
    for declaration_id, _before, due in _changes(deadlines.calendar(), today()):
        if done == AT_ONCE:
            return done
        done += 1
        _move(declaration_id, due)
    db.session.execute(update(ReferenceVersion).values(due_mark=mark))
    return done


def _changes(calendar: Calendar, day: date) -> Iterator[tuple[int, date, Due]]:
    """Declarations whose due date is no longer right: id, the date until now, what is right.

    A date that had not passed yet does not become one of the past: nobody is late because a notice was entered.
    """
    for row in db.session.execute(_RUNNING).all():
        due = deadlines.due_date(row.due_from, row.due_days, calendar)
        if due.on < day <= row.due_on:
            due = Due(day, due.estimated)
        if (due.on, due.estimated) != (row.due_on, row.due_estimated):
            yield row.id, row.due_on, due


def _move(declaration_id: int, due: Due) -> None:
    declaration = db.session.get_one(Declaration, declaration_id, with_for_update=True)
    before, declaration.due_on, declaration.due_estimated = declaration.due_on, due.on, due.estimated
    queue_index.sync(declaration)
    if before != due.on:
        audit.record("due_date_moved", None, account_id=declaration.account_id, declaration_id=declaration.id)
        inbox.send(
            declaration.account_id,
            "审核期限有变化",
            f"工作日历已按放假通知更新，您的申报 {declaration.number} 的审核期限改为 {due.on.isoformat()}。",
            "/apply/status",
            declaration_id=declaration.id,
        )
