"""A connection on which next to nothing moves is ended; one that moves, or that waits for us, is not."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from lib.http import slow_connections
from lib.http.slow_connections import LEAST, WINDOW, look

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the counters are Linux's")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket, int]]:
    """A client and the server's end of its connection."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as ours,
    ):
        yield client, ours, server.getsockname()[1]


def nobody(_address: str) -> bool:
    return False


def ended(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def looks(port: int, *moments: float, works_for=nobody) -> None:
    seen: dict[str, Any] = {}
    for now in moments:
        seen = look(seen, port, works_for, now)


def test_a_silent_connection_is_ended_when_the_window_is_over(pair):
    client, _ours, port = pair
    looks(port, 0, WINDOW - 1)
    assert not ended(client)
    looks(port, 0, WINDOW - 1, WINDOW)
    assert ended(client)


def test_a_few_bytes_now_and_then_do_not_help(pair):
    client, ours, port = pair
    seen = look({}, port, nobody, 0)
    for now in range(1, int(WINDOW)):
        client.sendall(b"x" * 10)
        ours.recv(10)
        seen = look(seen, port, nobody, now)
    look(seen, port, nobody, WINDOW)
    assert ended(client)


@pytest.mark.parametrize("sender", [0, 1], ids=["a body", "an answer"])
def test_what_moves_goes_on(pair, sender):
    _client, _ours, port = pair
    seen = look({}, port, nobody, 0)
    for now in (WINDOW - 1, 2 * WINDOW - 2, 3 * WINDOW - 3):
        pair[sender].sendall(b"x" * LEAST)
        assert len(pair[1 - sender].recv(LEAST, socket.MSG_WAITALL)) == LEAST
        seen = look(seen, port, nobody, now)
        assert seen
    assert not ended(pair[0])


def test_an_answer_that_nobody_reads_is_ended(pair):
    _client, ours, port = pair
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            ours.send(b"x" * 100_000)
    looks(port, 0, WINDOW)
    with pytest.raises(BrokenPipeError):
        ours.send(b"x")


def test_who_waits_for_our_answer_is_left_alone(pair):
    client, _ours, port = pair
    looks(port, 0, WINDOW, 2 * WINDOW, works_for=lambda address: address == "127.0.0.1")
    assert not ended(client)


def test_connections_to_other_ports_are_none_of_its_business(pair):
    client, _ours, port = pair
    looks(port + 1, 0, WINDOW)
    assert not ended(client)


def test_elsewhere_nobody_looks(monkeypatch):
    monkeypatch.setattr(slow_connections.sys, "platform", "darwin")
    begun: list[object] = []
    monkeypatch.setattr(slow_connections.threading, "Thread", lambda **of: begun.append(of))
    slow_connections.watch(1, nobody)
    assert begun == []
