"""A client of clamd, the daemon of ClamAV, with its INSTREAM and PING commands."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

TIMEOUT_S = 15.0
_CHUNK = 256 * 1024
_MAX_ANSWER = 4096  # of an answer
_LENGTH = struct.Struct(">I")
_TCP = re.compile(r"tcp:(?:\[([0-9A-Fa-f:]+)\]|([\w.-]+)):([0-9]{1,5})")


class ScannerUnavailable(Exception):
    """No verdict: no answer, or an error. The message is for the log."""


def parse_address(address: str) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    """``unix:/run/clamav/clamd.ctl`` or ``tcp:host:3310``. Raises ValueError that says what is expected."""
    if address.startswith("unix:/"):
        return socket.AF_UNIX, address.removeprefix("unix:")
    found = _TCP.fullmatch(address)
    if not found or not 0 < int(found[3]) < 65536:
        raise ValueError("unix:/套接字的路径 或 tcp:主机:端口")
    return (socket.AF_INET6 if found[1] else socket.AF_INET), (found[1] or found[2], int(found[3]))


def scan(data: bytes, address: str, timeout: float = TIMEOUT_S) -> str | None:
    """The name of the virus that clamd finds in ``data``, or None. Raises ScannerUnavailable."""
    with _connected(address, timeout) as connection:
        connection.sendall(b"zINSTREAM\0")
        try:
            for start in range(0, len(data), _CHUNK):
                piece = data[start : start + _CHUNK]
                connection.sendall(_LENGTH.pack(len(piece)) + piece)
            connection.sendall(_LENGTH.pack(0))
        except ConnectionError:
            pass  # for a file above its own limit it answers at once and closes
        answer = _answer(connection)
    if answer == "stream: OK":
        return None
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScannerUnavailable(f"clamd 的应答是 {answer[:100]!r}")


def ping(address: str, timeout: float = 3.0) -> bool:
    """Whether clamd answers correctly. Raises ScannerUnavailable when there is no answer."""
    with _connected(address, timeout) as connection:
        connection.sendall(b"zPING\0")
        return _answer(connection) == "PONG"


@contextmanager
def _connected(address: str, timeout: float) -> Iterator[socket.socket]:
    family, place = parse_address(address)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(place)
            yield connection
    except OSError as error:
        raise ScannerUnavailable(f"{address}: {error}") from error


def _answer(connection: socket.socket) -> str:
    """Up to a zero byte or the end."""
    answer = b""
    while b"\0" not in answer and len(answer) < _MAX_ANSWER and (more := connection.recv(_MAX_ANSWER)):
        answer += more
    return answer.split(b"\0")[0].decode("utf-8", "replace").strip()
