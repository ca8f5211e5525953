"""Reading from a copy of the database that follows it, for what takes long and may be seconds old."""

from __future__ import annotations

import logging
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from lib.database import engine_options, prepare_engine

AWAY_S = 60  # how long nobody asks a replica that did not answer
READ_ONLY = "-cdefault_transaction_read_only=on"
log = logging.getLogger("kuaiji.replica")


class Replica:
    """``where()`` says where a statement reads: arguments of ``Session.execute``, none for the database itself."""

    def __init__(self, url: str, schema: str) -> None:
        self._url, self._schema = url, schema
        self._engine: Engine | None = None
        self._away_until = 0.0
        self._lock = Lock()

    def where(self) -> dict[str, Any]:
        if not self._url or monotonic() < self._away_until:
            return {}
        engine = self._made()
        try:
            engine.connect().close()  # the pool asks a connection that it has kept whether it still is one
        except (SQLAlchemyError, OSError) as error:
            self._away_until = monotonic() + AWAY_S
            log.warning("the replica is away, reading from the database itself: %s", type(error).__name__)
            return {}
        return {"bind": engine}

    def _made(self) -> Engine:
        """After a fork each process makes connections of its own: none before the first use."""
        with self._lock:
            if self._engine is None:
                self._engine = create_engine(make_url(self._url), **_read_only(self._url, self._schema))
                prepare_engine(self._engine)
            return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()


def _read_only(url: str, schema: str) -> dict[str, Any]:
    options = engine_options(url, schema)
    arguments = options["connect_args"]
    arguments["options"] = f"{arguments.get('options', make_url(url).query.get('options', ''))} {READ_ONLY}".strip()
    return options
