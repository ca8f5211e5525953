"""Which version of the reference data a transaction works with. Every change of that data gives it a new mark.

The mark is random, not a count: a mark of a change that was rolled back, or of a database before a restore, never comes
back with other contents. It changes in the transaction of the change, so no transaction sees one without the other.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sqlalchemy import Label, Table, event, insert, select, update
from sqlalchemy.orm import ORMExecuteState, Session

from lib.database import Prebuilt
from lib.database.transactions import has_session
from lib.sealed import new_uid
from models import (
    CalendarDay,
    Department,
    DepartmentDivision,
    Division,
    FieldHint,
    MessageText,
    Option,
    ReferenceVersion,
    TextVersion,
    db,
)

#: The tables that services.departments.snapshot holds.
TABLES = (Division, Department, DepartmentDivision, Option, CalendarDay, MessageText, TextVersion, FieldHint)

_MARK = Prebuilt(select(ReferenceVersion.mark))
_OF_TRANSACTION = "reference.of_transaction"  # key of Session.info
_of_request: ContextVar[str | None] = ContextVar("reference_of_request", default=None)


def column() -> Label[str | None]:
    """The mark as a column, for a query that a request makes anyway."""
    return select(ReferenceVersion.mark).scalar_subquery().label("reference_mark")


def current() -> str:
    """The mark that counts now. Empty while the database has none."""
    info = db.session.info if has_session(db.session) else {}  # a page that only reads needs no session
    mark: str | None = info.get(_OF_TRANSACTION, _of_request.get())
    if mark is None:
        row = _MARK.first(db.session)
        mark = row.mark if row else ""
        if has_session(db.session) and db.session().in_transaction():
            db.session.info[_OF_TRANSACTION] = mark
        else:  # read by the request's reader
            use(mark)
    return mark


def use(mark: str | None) -> None:
    """Work with this mark until ``release``, also in later transactions: a request reads it once only."""
    _of_request.set(mark or "")


def release() -> None:
    _of_request.set(None)


def renew(session: Session) -> None:
    """Give the reference data a new mark. Writes through the ORM do it by themselves."""
    table, mark, connection = _table(), new_uid(), session.connection()
    if not connection.execute(update(table).values(mark=mark)).rowcount:
        connection.execute(insert(table).values(id=1, mark=mark))
    session.info[_OF_TRANSACTION] = mark
    release()


def _table() -> Table:
    table = ReferenceVersion.__table__
    assert isinstance(table, Table)
    return table


@event.listens_for(db.session, "before_flush")
def _renew_for_rows(session: Session, _context: Any, _instances: Any) -> None:
    changed = [row for row in session.dirty if isinstance(row, TABLES) and session.is_modified(row)]
    if changed or any(isinstance(row, TABLES) for row in (*session.new, *session.deleted)):
        renew(session)


@event.listens_for(db.session, "do_orm_execute")
def _renew_for_statement(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and any(mapper.class_ in TABLES for mapper in state.all_mappers):
        renew(state.session)


@event.listens_for(db.session, "after_commit")
@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, *_previous: Any) -> None:
    session.info.pop(_OF_TRANSACTION, None)
