"""What a request reads with, before and after it needs it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from lib.codes import Status
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


@pytest.mark.parametrize("whose", ["the record", "the register", "the papers", "a submission"])
def test_no_connection_is_held_while_a_picture_is_read(app, make, browser, monkeypatch, whose):
    """The store may be a slow one, and PostgreSQL would show the transaction as idle meanwhile."""
    record, officer = make.record(), make.staff()
    submission, returned = make.declaration(Status.SUBMITTED), make.declaration(Status.RETURNED)
    person, address, picture = {
        "the record": (record.account, "/archive", r"/archive/versions/[^\"?]+\.jpg"),
        "the register": (officer, f"/staff/archive/{record.uid}", r"/staff/archive/[^\"?]+/pictures/[^\"?]+"),
        "a submission": (
            officer,
            f"/staff/submissions/{submission.uid}",
            r"/staff/submissions/[^\"?]+/pictures/[^\"?]+",
        ),
        "the papers": (returned.account, "/apply/papers", r"/apply/pages/[^\"?]+\.jpg"),
    }[whose]
    found = re.search(picture, browser.sign_in(person).open(address).text)
    assert found
    held, store = [], app.extensions["kuaiji.store"]
    read = store.get

    def get(asked: str) -> bytes:
        reader = request_reader.get()
        held.append((reader is not None and reader.taken() is not None, db.session().in_transaction()))
        return read(asked)

    monkeypatch.setattr(store, "get", get)
    browser.open(found[0])
    assert held == [(False, False)]
