"""What a request reads with, before and after it needs it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from lib.database import Prebuilt, transaction_mode
from lib.database.reader import Reader, stop_reading
from lib.database.transactions import request_reader
from models import Counter, db


@pytest.mark.sqlite
def test_one_connection_of_a_reader_waits_for_the_next_one_without_a_transaction(app):
    db.engine.dispose()
    names = Prebuilt(select(Counter.name))
    pool: Any = db.engine.pool
    first, second = Reader(db.engine), Reader(db.engine)
    for reader in (first, second):
        request_reader.set(reader)
        with transaction_mode("DEFERRED"):
            names.rows(db.session)
    first.end()
    second.end()
    (waiting,) = pool.waiting
    assert (waiting.driver_connection.in_transaction, pool.checkedin()) == (False, 1)
    held: Any = second.connection
    assert (held, held.driver_connection.in_transaction, pool.waiting) == (waiting, True, [])
    stop_reading()
    db.engine.dispose()
    assert (waiting.driver_connection, pool.waiting) == (None, [])
