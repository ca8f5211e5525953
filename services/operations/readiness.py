"""Can the site do its work now? For a load balancer or a monitor, which ask every few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from lib import database, files
from lib.files import Note, StorageFailure
from models import ReferenceVersion, db

LEAST_ROOM = 64 * 1024 * 1024  # bytes: the largest request


def problems(damage: Note, data: Path, uploads: Path) -> Iterator[str]:
    """What does not work, one line each, without paths: anybody may ask."""
    if damage.read() is not None:
        yield f"database: {StorageFailure.DAMAGED}"
    else:
        yield from _database()
    for name, folder in (("data", data), ("uploads", uploads)):
        try:
            files.refuse_unwritable(folder, LEAST_ROOM)
        except OSError as error:
            yield f"{name}: {files.failure_of(error) or StorageFailure.UNREACHABLE}"


def _database() -> Iterator[str]:
    try:
        db.session.execute(select(ReferenceVersion)).first()
    except SQLAlchemyError as error:
        yield f"database: {database.failure_of(error) or 'not set up'}"
