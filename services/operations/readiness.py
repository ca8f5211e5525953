"""Can the site do its work now? For a load balancer or a monitor, which ask every few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from lib import database, files
from lib.clock import today
from lib.database import utcnow
from lib.files import Note, StorageFailure
from lib.storage import Store
from models import ReferenceVersion, db
from services.declaration import deadlines
from services.operations import heartbeats

LEAST_ROOM = 64 * 1024 * 1024  # bytes: the largest request
LATE_TICK = timedelta(minutes=10)
MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"


def problems(damage: Note, data: Path, store: Store) -> Iterator[str]:
    """What does not work, one line each, without paths: anybody may ask."""
    if damage.read() is not None:
        yield f"database: {StorageFailure.DAMAGED}"
    else:
        yield from _database()
    for name, refuse in (("data", partial(files.refuse_unwritable, data)), ("uploads", store.refuse_unwritable)):
        try:
            refuse(LEAST_ROOM)
        except OSError as error:
            yield f"{name}: {files.failure_of(error) or StorageFailure.UNREACHABLE}"


def warnings() -> Iterator[str]:
    """What works, but needs looking after. Only for a database without problems."""
    at = heartbeats.last(heartbeats.TICK)
    if at is None or utcnow() - at > LATE_TICK:
        yield "tick: not done for ten minutes"
    if today().year not in deadlines.calendar().known_years:
        yield "calendar: holidays of this year are not known"


def _database() -> Iterator[str]:
    try:
        db.session.execute(select(ReferenceVersion)).first()
        at = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        if at != newest_migration():
            yield "database: not at the newest migration"
    except SQLAlchemyError as error:
        yield f"database: {database.failure_of(error) or 'not set up'}"


@cache
def newest_migration() -> str:
    """By the names of the files: they count upwards. Alembic would read all of them, and is large."""
    return max(path.name for path in MIGRATIONS.glob("[0-9]*.py"))[:4]
