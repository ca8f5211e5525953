"""When the installation last did what it has to do again and again, whichever machine did it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from lib.database import insert, utcnow
from models import Heartbeat, db

TICK = "tick"


def beat(name: str) -> None:
    """It was done just now. The caller commits."""
    row = {"name": name, "at": utcnow()}
    statement = insert(db.session, Heartbeat).values(row)
    db.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": row["at"]}))


def last(name: str) -> datetime | None:
    return db.session.scalar(select(Heartbeat.at).where(Heartbeat.name == name))


def forget(name: str) -> None:
    db.session.execute(delete(Heartbeat).where(Heartbeat.name == name))
