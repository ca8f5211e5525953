"""Reading without a session of the ORM, which is all that most pages need."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from sqlalchemy import Engine, PoolProxiedConnection, QueuePool
from sqlalchemy.exc import DBAPIError

from lib.database import begin_deferred
from lib.database.transactions import begin_mode, request_reader


class Reader:
    """The connection and the transaction in which a request reads by prebuilt statements.

    A session of the ORM costs four times as much. When one is needed after all, it takes the connection over and reads
    on in the same transaction (``HandingPool``).
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self.dialect = engine, engine.dialect
        self._held: PoolProxiedConnection | None = None

    @property
    def connection(self) -> PoolProxiedConnection:
        if self._held is None:
            self._held = self._connected()
        return self._held

    def _connected(self) -> PoolProxiedConnection:
        try:
            held = self.engine.raw_connection()
        except self.dialect.loaded_dbapi.Error as error:
            driver = self.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(None, None, error, driver, dialect=self.dialect) from error
        if self.dialect.name == "sqlite":
            begin_deferred(held)
        return held

    def taken(self) -> PoolProxiedConnection | None:
        """The connection, for somebody else to go on with."""
        held, self._held = self._held, None
        return held

    def end(self) -> None:
        """Give the connection back; the pool ends its transaction."""
        if (held := self.taken()) and not self._left(held):
            held.close()

    def _left(self, held: PoolProxiedConnection) -> bool:
        """Leave the connection, without its transaction, for the next request. False: it is to be given back."""
        pool, driver = self.engine.pool, cast(Any, held.driver_connection)
        if self.dialect.name != "sqlite" or not isinstance(pool, HandingPool) or pool.waiting:
            return False
        try:
            driver.rollback()
        except self.dialect.loaded_dbapi.Error:
            return False  # the pool finds the same error, and closes it
        pool.waiting.append(held)
        return True

    def invalidate(self, error: BaseException) -> None:
        if held := self.taken():
            held.invalidate(error)


def begin_reading(engine: Engine) -> None:
    """From now on, until ``stop_reading``, what needs no session reads without one."""
    stop_reading()
    request_reader.set(Reader(engine))


def end_reading() -> None:
    """End the transaction; what is read later sees what others have written meanwhile."""
    if reader := request_reader.get():
        reader.end()


def stop_reading() -> None:
    end_reading()
    request_reader.set(None)


class HandingPool(QueuePool):
    """Whoever connects to read while a reader of the same request has a connection gets that one.

    Of SQLite the connection of one request waits for the next: to take it back and to give it out again costs a pool
    as much as a small statement. One, for whoever waits for a connection looks for it among those given back; nobody
    waits in a pool that has as many as there are threads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: list[PoolProxiedConnection] = []

    def connect(self) -> PoolProxiedConnection:
        reader = request_reader.get()
        if reader and reader.engine.pool is self:
            if begin_mode.get() == "DEFERRED" and (held := reader.taken()):
                return held
            reader.end()
        with suppress(IndexError):
            return self.waiting.pop()
        return super().connect()

    def dispose(self) -> None:
        while self.waiting:  # more than one, when two requests ended at the same moment
            self.waiting.pop().close()
        super().dispose()
