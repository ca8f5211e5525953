"""Saving a page of questions: one UPDATE of the row that the page was judged by, while nobody has changed it since.

It is worked out with plain rows before the write lock is taken; what is written then does not depend on what is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import update
from sqlalchemy.orm.exc import StaleDataError

from lib.database import Prebuilt, parameter, utcnow
from lib.questions.fields import StepForm
from lib.questions.pages import Step
from lib.sealed import Sealed
from models import Declaration, db
from services.declaration import answers, labels
from services.filing import change, progress
from services.filing.case import DeclarationCase
from services.filing.reading import DeclarationRow


def saved(case: DeclarationCase, step: Step, form: StepForm) -> DeclarationCase:
    """The case as it is with the valid answers of a page. ``case`` is of a plain row."""
    row = cast(DeclarationRow, case.declaration)
    given = form.answers()
    facts = answers.facts_with(case.declaration, case.facts, given)
    found = DeclarationCase(case.declaration, facts).progress_after(step, case)
    columns = dict(_in_column(row, name, answer) for name, answer in given.items())
    columns |= {"version": row.version + 1, "touched_at": utcnow(), "progress": progress.to_keep(found)}
    columns["change_topics"] = change.topics_after(case, step, facts)
    return DeclarationCase(cast(Declaration, row.changed(columns)), facts)


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
    if not _update(step).run(db.session, **values, row=row["id"], seen=row["version"] - 1):
        raise StaleDataError("another request has changed the declaration")


@cache
def _columns(step: Step) -> tuple[str, ...]:
    questions = ((_sealed(name), name) for name in labels.names(step))
    answers_of = (sealed.column if sealed else name for sealed, name in questions)
    return (*answers_of, "version", "touched_at", "progress", "change_topics")


@cache
def _update(step: Step) -> Prebuilt:
    table: Any = Declaration.__table__
    query = update(table).where(table.c.id == parameter("row"), table.c.version == parameter("seen"))
    return Prebuilt(query.values({name: parameter(f"new_{name}") for name in _columns(step)}))
