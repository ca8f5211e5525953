"""Clients that hold a server's connections: bodies and heads that come byte by byte, answers that nobody reads."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"
SLOW_ADDRESS = "127.0.0.2"  # theirs, so that they can be told from the ordinary visitors
PAUSE = 2.0  # seconds between two bytes
HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


class SlowClients:
    """They keep coming back as long as the block lasts: ``with SlowClients(port, bodies=200, heads=200, unread=100)``.

    ``large``: the path of an answer that is larger than what the system buffers.
    """

    def __init__(self, port: int, bodies: int, heads: int = 0, unread: int = 0, large: str = "/") -> None:
        self.port, self.wanted = port, {self._body: bodies, self._head: heads, self._unread: unread}
        self.large = large
        self.connected = threading.Semaphore(0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> SlowClients:
        self._thread.start()
        for _ in range(sum(self.wanted.values())):
            assert self.connected.acquire(timeout=60)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        clients = [self._again(kind) for kind, count in self.wanted.items() for _ in range(count)]
        self._all: Any = asyncio.gather(*clients)
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._all)
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _again(self, kind: Any) -> None:
        while True:
            with socket.socket() as connection, suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.setblocking(False)
                connection.bind((SLOW_ADDRESS, 0))
                await self._loop.sock_connect(connection, (HOST, self.port))
                await kind(connection)
            await asyncio.sleep(PAUSE)

    async def _drip(self, connection: socket.socket) -> None:
        self.connected.release()
        while True:
            await asyncio.sleep(PAUSE)
            await self._loop.sock_sendall(connection, b"a")

    async def _body(self, connection: socket.socket) -> None:
        await self._loop.sock_sendall(connection, HEAD + b"Content-Length: 5000\r\n\r\n")
        await self._drip(connection)

    async def _head(self, connection: socket.socket) -> None:
        await self._loop.sock_sendall(connection, HEAD + b"X: ")
        await self._drip(connection)

    async def _unread(self, connection: socket.socket) -> None:
        asked = f"GET {self.large} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        await self._loop.sock_sendall(connection, asked * 20)
        await self._drip(connection)
