"""All that is derived from declarations and revisions, to be compared with what a rebuild makes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models import Employer, EmployerSuffix, QueueCount, QueueItem, Record, SearchKey, db


def rows_of(*columns: Any) -> set[Any]:
    return {tuple(row) for row in db.session.execute(select(*columns))}


def everything() -> dict[str, set[Any]]:
    """All that is derived, in a form that does not depend on the ids of employers."""
    names = {one.id: one.name for one in db.session.scalars(select(Employer))}
    queue = {column.name: column for column in QueueItem.__table__.columns if column.name != "checked_at"}
    rows = [dict(row._mapping) for row in db.session.execute(select(*queue.values()))]
    for row in rows:
        row["employer_id"] = names.get(row["employer_id"])
    kept = (Record.id, Record.declaration_id, Record.city_id, Record.name, Record.employer, Record.masked_number)
    record = (*kept, Record.name_key, Record.employer_key)
    return {
        "items": {tuple(row.items()) for row in rows},
        "counts": rows_of(*QueueCount.__table__.columns),
        "keys": rows_of(*SearchKey.__table__.columns),
        "suffixes": {(part, names[n]) for part, n in db.session.execute(select(*EmployerSuffix.__table__.columns))},
        "records": rows_of(*record),
    }
