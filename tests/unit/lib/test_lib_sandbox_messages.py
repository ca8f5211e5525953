"""The way to a decoding process and back: whole messages only."""

from __future__ import annotations

import socket
import struct
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lib.sandbox import messages


def test_a_message_that_ends_early_is_no_message() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">4sII", b"kj1\n", 10, 0) + b"{}")
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            messages.receive(ours)


def test_an_empty_blob_is_not_sent_to_somebody_who_has_answered_and_gone() -> None:
    sent: list[bytes] = []
    line = SimpleNamespace(sendall=sent.append)
    messages.send(cast(Any, line), {"job": "paper"}, [b"", b"x"])
    assert all(sent)
    assert sent[1:] == [b"x"]
