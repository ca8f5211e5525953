"""Moving a declaration from one state to another: the only writer of a status."""

from __future__ import annotations

from sqlalchemy.orm.exc import StaleDataError

from lib.codes import Status
from lib.database import utcnow
from models import Declaration, Event, db
from services import audit
from services.access import Actor
from services.queue import index as queue_index
from services.workflow.errors import Conflict
from services.workflow.rules import check


def make_move(
    declaration: Declaration, verb: str, actor: Actor | None, *, target: Status | None = None, detail: str = ""
) -> Event:
    move = check(declaration, verb, actor)
    before, after = declaration.status, target or move.target
    assert after is not None
    declaration.status, declaration.touched_at = after, utcnow()  # a move that keeps the status counts as a change, too
    try:
        db.session.flush()
    except StaleDataError as error:
        raise Conflict("这份申报刚刚被别人处理过，请刷新后再看") from error
    queue_index.sync(declaration)
    return audit.record(
        verb,
        actor,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        revision_number=declaration.revision_number or None,
        from_status=before,
        to_status=after,
        detail=detail,
    )
