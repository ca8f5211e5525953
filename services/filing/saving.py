"""Saving a page of questions: one UPDATE of the row that the page was judged by, while nobody has changed it since.

It is worked out with plain rows before the write lock is taken; what is written then does not depend on what is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import Update, bindparam, update
from sqlalchemy.orm.exc import StaleDataError

from lib.questions.fields import StepForm
from lib.questions.pages import Step
from lib.sealed import Sealed
from models import Declaration, db
from services.declaration import labels
from services.filing import progress
from services.filing.case import DeclarationCase
from services.filing.reading import DeclarationRow


def saved(case: DeclarationCase, step: Step, form: StepForm) -> DeclarationCase:
    """The case as it is with the valid answers of a page. ``case`` is of a plain row."""
    row = cast(DeclarationRow, case.declaration)
    columns = dict(_in_column(row, name, answer) for name, answer in form.answers().items())
    after = DeclarationCase(cast(Declaration, row.changed(columns)))
    kept = progress.to_keep(after.progress_after(step, case))
    return DeclarationCase(cast(Declaration, row.changed(columns | {"version": row.version + 1, "progress": kept})))


def _in_column(row: DeclarationRow, name: str, answer: Any) -> tuple[str, Any]:
    """The column of a question and its value; what is sealed already stays as it is."""
    sealed = _sealed(name)
    if sealed is None:
        return name, answer
    same = answer == getattr(row, name)
    return sealed.column, getattr(row, sealed.column) if same else sealed.sealed(row, answer)


def _sealed(name: str) -> Sealed | None:
    found = vars(DeclarationRow).get(name)
    return found if isinstance(found, Sealed) else None


def write(case: DeclarationCase, step: Step) -> None:
    """Store what ``saved`` has found. Raises StaleDataError when the row has changed since it was read."""
    row: Mapping[str, Any] = vars(case.declaration)
    values = {f"new_{name}": row[name] for name in _columns(step)}
    done = db.session.connection().execute(_update(step), values | {"row": row["id"], "seen": row["version"] - 1})
    if not done.rowcount:
        raise StaleDataError("another request has changed the declaration")


@cache
def _columns(step: Step) -> tuple[str, ...]:
    answers = ((_sealed(name), name) for name in labels.names(step))
    return (*(sealed.column if sealed else name for sealed, name in answers), "version", "progress")


@cache
def _update(step: Step) -> Update:
    table: Any = Declaration.__table__
    query: Update = update(table).where(table.c.id == bindparam("row"), table.c.version == bindparam("seen"))
    return query.values({name: bindparam(f"new_{name}") for name in _columns(step)})
