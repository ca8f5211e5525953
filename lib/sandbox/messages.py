"""How a job and its answer travel between the server and the child: lengths, JSON, bytes; every length has a limit.

Nothing is unpickled: whoever has taken over the child can send wrong words and wrong bytes, and no code.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

Message = tuple[dict[str, Any], list[bytes]]

_HEAD = struct.Struct(">4sII")  # mark, bytes of JSON, number of blobs
_LENGTH = struct.Struct(">I")
_MARK = b"kj1\n"
MOST_JSON, MOST_BLOBS, MOST_BYTES = 1 << 20, 16, 64 << 20


class Nonsense(Exception):
    """What came is no message."""


def send(connection: socket.socket, words: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    text = json.dumps(words).encode()
    head = [_HEAD.pack(_MARK, len(text), len(blobs)), *(_LENGTH.pack(len(blob)) for blob in blobs), text]
    connection.sendall(b"".join(head))
    for blob in filter(None, blobs):  # whoever has read all may be gone already, and nothing cannot be sent to nobody
        connection.sendall(blob)


def receive(connection: socket.socket) -> Message:
    """Raises Nonsense, EOFError when the other side ends too early, and what sockets raise."""
    mark, length, count = _HEAD.unpack(_exactly(connection, _HEAD.size))
    if mark != _MARK or length > MOST_JSON or count > MOST_BLOBS:
        raise Nonsense
    sizes = [_LENGTH.unpack(_exactly(connection, _LENGTH.size))[0] for _ in range(count)]
    if sum(sizes) > MOST_BYTES:
        raise Nonsense
    try:
        words = json.loads(_exactly(connection, length), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Nonsense from error
    if not isinstance(words, dict):
        raise Nonsense
    return words, [bytes(_exactly(connection, size)) for size in sizes]


def _no_number(constant: str) -> None:
    """NaN and Infinity are Python's own: PostgreSQL's JSON and every browser refuse them."""
    raise ValueError(constant)


def _exactly(connection: socket.socket, size: int) -> bytearray:
    found = bytearray(size)
    view = memoryview(found)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return found
