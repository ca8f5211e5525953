"""Ends connections on which next to nothing moves while the server waits for the client (docs/adr/020).

What moves is known to the kernel (TCP_INFO), so it covers heads, bodies and answers, whatever the server does.
Linux only; elsewhere a proxy in front has to do it.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 5.0  # seconds between two looks
WINDOW = 30.0  # seconds in which a connection has to move ...
LEAST = 4096  # ... this many bytes, received or taken by the other end
TCP_INFO, ESTABLISHED = 11, 1
#: struct tcp_info of Linux 4.1 and later: the state, and two counters behind 24 other numbers.
_ACKED_RECEIVED = struct.Struct("=QQ")
_COUNTERS_AT = 120
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: throw away what is not sent yet


@dataclass
class _Seen:
    moved: int
    since: float


def watch(port: int, works_for: Callable[[str], bool]) -> None:
    """Look after this process's connections to ``port``. ``works_for``: whether an address waits for us."""
    if sys.platform == "linux":
        threading.Thread(target=_watch, args=(port, works_for), name="slow connections", daemon=True).start()


def _watch(port: int, works_for: Callable[[str], bool]) -> None:
    seen: dict[str, _Seen] = {}
    while True:
        time.sleep(EVERY)
        with suppress(OSError):  # no descriptor left to look with; some will be
            seen = look(seen, port, works_for, time.monotonic())


def look(seen: dict[str, _Seen], port: int, works_for: Callable[[str], bool], now: float) -> dict[str, _Seen]:
    """End the slow connections; returns what is to be remembered of the others."""
    found = {}
    for name, connection in _connections(port):
        with connection, suppress(OSError):  # it may have ended meanwhile
            moved, before = _moved(connection), seen.get(name)
            if before is None or moved - before.moved >= LEAST or works_for(connection.getpeername()[0]):
                before = _Seen(moved, now)
            if now - before.since < WINDOW:
                found[name] = before
            else:
                _end(connection)
    return found


def _connections(port: int) -> Iterator[tuple[str, socket.socket]]:
    """This process's connections to ``port``, each with a name that no other one ever has."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            name = os.readlink(descriptor)
            if not name.startswith("socket:"):
                continue
            connection = socket.socket(fileno=os.dup(int(descriptor.name)))
            if _is_ours(connection, port):
                yield name, connection
            else:
                connection.close()


def _is_ours(connection: socket.socket, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
        return False
    return connection.getsockname()[1] == port and _info(connection)[0] == ESTABLISHED


def _info(connection: socket.socket) -> bytes:
    return connection.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256)


def _moved(connection: socket.socket) -> int:
    acked, received = _ACKED_RECEIVED.unpack_from(_info(connection), _COUNTERS_AT)
    return int(acked + received)


def _end(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.shutdown(socket.SHUT_RDWR)
