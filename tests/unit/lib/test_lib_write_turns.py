"""The line before SQLite's write lock: one thread tries, the others wait behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from lib.database import BUSY_TIMEOUT, LOCK_WAIT_S, engine_options, prepare_engine, turns
from lib.database.turns import WriteTurns
from tests.support.patience import PATIENCE_S

WRITERS, TRIES = 4, 30


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path}/turns.db"
    engine = create_engine(url, pool_size=WRITERS + 1, **engine_options(url))
    prepare_engine(engine)
    yield engine
    engine.dispose()


def test_one_thread_asks_for_the_lock_and_the_others_stand_behind_it(engine, monkeypatch):
    asked: list[int] = []
    often = threading.Event()

    def pause(seconds: float) -> None:
        asked.append(threading.get_ident())
        if len(asked) == TRIES:
            often.set()
        time.sleep(seconds)

    wrote: list[int] = []

    def write() -> None:
        with engine.begin():
            wrote.append(threading.get_ident())

    monkeypatch.setattr(turns, "sleep", pause)
    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    with engine.begin():
        for writer in writers:
            writer.start()
        assert often.wait(PATIENCE_S)
        assert len(set(asked)) == 1
        assert wrote == []
    for writer in writers:
        writer.join(PATIENCE_S)

    assert sorted(wrote) == sorted(writer.ident or 0 for writer in writers)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """Begins no transaction of its own."""
    plain = create_engine(engine.url, isolation_level="AUTOCOMMIT", **engine_options(str(engine.url)))
    with plain.connect() as connection:
        yield connection
    plain.dispose()


def test_who_waits_too_long_is_told_that_the_database_is_locked(engine, connection, monkeypatch):
    monkeypatch.setattr(WriteTurns, "wait_s", 0.05)
    impatient = WriteTurns(BUSY_TIMEOUT)
    with engine.begin():
        for _ in range(2):  # the first left no line behind it
            with pytest.raises(OperationalError, match="database is locked"):
                impatient.begin(connection, "BEGIN IMMEDIATE")
    assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 1000 * LOCK_WAIT_S


def test_other_errors_are_not_waited_for(connection, monkeypatch):
    monkeypatch.setattr(WriteTurns, "wait_s", PATIENCE_S)
    with pytest.raises(OperationalError, match="syntax error"):
        WriteTurns(BUSY_TIMEOUT).begin(connection, "BEGIN AT ONCE")
