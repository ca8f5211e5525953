"""How somebody with every right over the database changes what the product only ever adds to."""

from __future__ import annotations

from sqlalchemy import text

from models import db


def without_guards(*tables: str) -> None:
    """Until the end of the transaction, rows may be changed, and refer to what is not there.

    What SQLite drops comes back only when the transaction is undone.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for table in tables:
        for verb in ("update", "delete"):
            db.session.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
