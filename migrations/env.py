"""Alembic's environment: the application's engine and metadata, batch mode for SQLite, plain column types."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from lib.database import ensure_schema
from models import db


def plain_type(kind: str, item: Any, _autogen: Any) -> str | bool:
    """A migration must not change when our column types do: write what the database knows."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run(connection: Connection) -> None:
    configured = current_app.extensions["migrate"].configure_args
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=plain_type,
        transaction_per_migration=True,
        **configured,
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    ensure_schema(given)
    run(given)  # inside a transaction of the caller's, as when a back-up is restored
else:
    with db.engine.begin() as making:
        ensure_schema(making)
    with db.engine.connect() as own:
        run(own)
