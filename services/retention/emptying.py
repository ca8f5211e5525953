"""Emptying a working copy: its answers, pictures, typed text and sheets. What was submitted stays, and so does the row.

The row has the 申报编号, and the audit trail names it; neither is given to anybody else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from models import Answers, Declaration, Draft, PaperPage, PhoneUpload, PrintCode, Revision, Sheet, Tick, Upload, db

_ANSWERS = dict.fromkeys(name for name in Answers.__annotations__ if name in Declaration.__table__.columns)


def empty(declaration: Declaration) -> None:
    """Files that no row names any more go with ``flask storage sweep``."""
    db.session.flush()
    here = {"declaration_id": declaration.id}
    for table in (Draft, Tick, Upload, PhoneUpload, PrintCode, PaperPage):
        db.session.execute(_quiet(delete(table).filter_by(**here)))
    submitted = select(Revision.sheet_id).where(
        Revision.declaration_id == declaration.id, Revision.sheet_id.is_not(None)
    )
    db.session.execute(_quiet(delete(Sheet).filter_by(**here).where(Sheet.id.not_in(submitted))))
    values: dict[str, Any] = {**_ANSWERS, "progress": None, "notice_read_at": None}
    values["version"] = Declaration.version + 1
    db.session.execute(_quiet(update(Declaration).where(Declaration.id == declaration.id).values(values)))
    db.session.expire(declaration)


def _quiet(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)
