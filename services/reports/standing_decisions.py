"""Which decisions count: verdicts that stand. What the officer took back within the minute never counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from models import Decision, Revision
from services.moves import VERDICTS


def stands(decision: Any) -> ColumnElement[bool]:
    """The condition that a decision (the table or an alias of it) is a verdict that was not undone."""
    undo = aliased(Decision)
    undone = select(undo.id).where(undo.revision_id == decision.revision_id, undo.verb == "undo")
    return and_(decision.verb.in_(VERDICTS), ~exists(undone.where(undo.position == decision.position + 1)))


def approves(decision: Any) -> ColumnElement[bool]:
    """The condition that a decision is an approval on which nothing followed: neither undone nor revoked."""
    later = aliased(Decision)
    taken_back = select(later.id).where(later.revision_id == decision.revision_id, later.position > decision.position)
    return and_(decision.verb == "approve", ~exists(taken_back))


def is_first(decision: Any, revision: Any) -> ColumnElement[bool]:
    """Is it the first verdict that the declaration got, of all its submissions? ``revision``: what it judges."""
    earlier, judged = aliased(Decision), aliased(Revision)
    before = select(earlier.id).join(judged, judged.id == earlier.revision_id)
    before = before.where(judged.declaration_id == revision.declaration_id, earlier.id < decision.id)
    return ~exists(before.where(stands(earlier)))
