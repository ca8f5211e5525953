"""Who was read by other systems: a row for each person, token and day, which the person sees, and an event for each
request, which the auditor sees."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from lib.clock import today
from lib.database import insert, utcnow
from models import ApiAccess, db
from services import audit
from services.api.tokens import ApiReader

KEPT = timedelta(days=365)


def record(reader: ApiReader, what: str, account_ids: Collection[int]) -> None:
    """Also when nobody was found: a system that tries numbers shows in the trail."""
    event = audit.record("api_read", None, detail=f"token {reader.uid}: {what}, {len(account_ids)} people")
    event.department_id = reader.department_id
    now, day = utcnow(), today()
    # Everybody in the same order: two requests that read the same people do not wait for each other in a circle.
    rows: list[dict[str, Any]] = [
        {"account_id": account_id, "token_id": reader.id, "day": day, "at": now, "times": 1}
        for account_id in sorted(account_ids)
    ]
    if rows:
        again = {"at": now, "times": ApiAccess.times + 1}
        key = ("account_id", "day", "token_id")
        db.session.execute(insert(db.session, ApiAccess).on_conflict_do_update(index_elements=key, set_=again), rows)


def delete_old() -> int:
    """For ``flask tick``. The events stay."""
    gone: Any = db.session.execute(delete(ApiAccess).where(ApiAccess.day < today() - KEPT))
    return int(gone.rowcount)
