"""The messages between a web process and a job: lengths, JSON, bytes. Every length has a limit.

Nothing is unpickled: an attacker who controls the child can send wrong data, but no code.
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
_MAGIC = b"kj1\n"
MAX_JSON_BYTES, MAX_BLOBS, MAX_BLOB_BYTES = 1 << 20, 16, 64 << 20


class MalformedMessage(Exception):
    """The received bytes are not a message."""


def send(connection: socket.socket, words: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    text = json.dumps(words).encode()
    head = [_HEAD.pack(_MAGIC, len(text), len(blobs)), *(_LENGTH.pack(len(blob)) for blob in blobs), text]
    connection.sendall(b"".join(head))
    for blob in filter(None, blobs):  # the reader of an empty blob may have closed its end
        connection.sendall(blob)


def receive(connection: socket.socket) -> Message:
    """Raises MalformedMessage, EOFError when the other side ends too early, and socket errors."""
    mark, length, count = _HEAD.unpack(_receive_exactly(connection, _HEAD.size))
    if mark != _MAGIC or length > MAX_JSON_BYTES or count > MAX_BLOBS:
        raise MalformedMessage
    sizes = [_LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))[0] for _ in range(count)]
    if sum(sizes) > MAX_BLOB_BYTES:
        raise MalformedMessage
    try:
        words = json.loads(_receive_exactly(connection, length), parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage from error
    if not isinstance(words, dict):
        raise MalformedMessage
    return words, [bytes(_receive_exactly(connection, size)) for size in sizes]


def _reject_constant(constant: str) -> None:
    """NaN and Infinity are not JSON: PostgreSQL and every browser refuse them."""
    raise ValueError(constant)


def _receive_exactly(connection: socket.socket, size: int) -> bytearray:
    found = bytearray(size)
    view = memoryview(found)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return found
