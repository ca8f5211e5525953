"""Who takes SQLite's write lock next.

SQLite lets everybody who waits sleep and try again, with sleeps that grow to 100 ms: under load the one who has waited
longest is the least likely to find the lock free. Here one thread of a process tries at a time, often, and the others
stand in line behind it.
"""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import Any

import pysqlite3.dbapi2 as sqlite_driver

#: How long a thread waits for a lock or a connection. Longer waits would fill every thread of the server.
LOCK_WAIT_S = 5
#: Between two tries. Short beside the time for which a write holds the lock, long beside what a try costs.
PAUSE_S = 0.003


class WriteTurns:
    """The line of one process; one for each engine."""

    wait_s: float = LOCK_WAIT_S

    def __init__(self, pragma: str) -> None:
        """``pragma``: how long a connection waits otherwise, as it was set."""
        self._first = threading.Lock()
        self._pragma = pragma

    def begin(self, connection: Any, statement: str) -> None:
        """Begin a transaction that locks; ``connection`` is SQLAlchemy's. Raises OperationalError after the wait."""
        until = monotonic() + self.wait_s
        if not self._first.acquire(timeout=self.wait_s):
            until = 0.0
        try:
            self._try_until(until, connection, statement)
        finally:
            if until:
                self._first.release()

    def _try_until(self, until: float, connection: Any, statement: str) -> None:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA busy_timeout=0")
        try:
            while monotonic() < until:
                try:
                    driver.execute(statement)
                except sqlite_driver.OperationalError as error:
                    if not _is_locked(error):
                        break  # again by SQLAlchemy, whose errors everybody knows
                    sleep(PAUSE_S)
                else:
                    return
            connection.exec_driver_sql(statement)
        finally:
            driver.execute(f"PRAGMA {self._pragma}")


def _is_locked(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite_driver.SQLITE_BUSY
