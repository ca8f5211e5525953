"""A line between a client and a server that drops, delays, duplicates and cuts: a small TCP proxy on the loopback.

Each connection carries one request; a seeded random choice decides what happens to it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.support.patience import PATIENCE_S


@dataclass
class BadLine:
    """``with BadLine(port, seed) as line:`` and connect to ``line.port`` instead of ``port``."""

    server_port: int
    seed: int
    longest: int = 300_000  # bytes of a request, about: where cuts are drawn from
    happened: Counter[str] = field(default_factory=Counter)

    WAYS: tuple[str, ...] = (
        ("straight",) * 6 + ("drop",) + ("cut request",) * 4 + ("cut answer",) * 3 + ("twice",) * 3 + ("slow",) * 3
    )

    def __enter__(self) -> BadLine:
        self.chance = Random(self.seed)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            way, cut = self.chance.choice(self.WAYS), self.chance.randrange(self.longest)
            self.happened[way] += 1
            threading.Thread(target=self._carry, args=(client, way, cut), daemon=True).start()

    def _carry(self, client: socket.socket, way: str, cut: int) -> None:
        with client, suppress(OSError):
            if way == "drop":
                return
            request = _whole_request(client)
            if way == "slow":
                time.sleep(cut / self.longest * 0.05)
            if way == "cut request":
                self._send_a_part(request[:cut] if cut < len(request) else request[:-1])
                return
            replies = [self._exchange(request) for _time in range(2 if way == "twice" else 1)]
            reply = replies[cut % len(replies)]
            client.sendall(_cut(reply, cut) if way == "cut answer" else reply)

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server_port), timeout=PATIENCE_S)

    def _send_a_part(self, part: bytes) -> None:
        with self._connect() as server:
            server.sendall(part)

    def _exchange(self, request: bytes) -> bytes:
        reply = bytearray()
        with self._connect() as server:
            server.sendall(request)
            while piece := server.recv(65536):
                reply += piece
        return bytes(reply)


def _cut(reply: bytes, cut: int) -> bytes:
    """A part of the body, or nothing: Python's client takes half a head for a whole one, a browser does not."""
    head, gap, body = reply.partition(b"\r\n\r\n")
    return head + gap + body[: cut % len(body)] if len(body) > 1 and cut % 2 else b""


def _whole_request(client: socket.socket) -> bytes:
    """One request with its body; clients of this line say how long that is."""
    client.settimeout(PATIENCE_S)
    request = bytearray()
    while b"\r\n\r\n" not in request:
        request += _more(client)
    head, _gap, body = bytes(request).partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while missing > 0:
        piece = _more(client)
        request += piece
        missing -= len(piece)
    return bytes(request)


def _more(client: socket.socket) -> bytes:
    piece = client.recv(65536)
    if not piece:
        raise OSError("the client has gone")
    return piece
