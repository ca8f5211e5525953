"""The client of clamd against one of ours on the loopback: what it sends, and how it reads each answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.remote.clamd import ScannerUnavailable, parse_address, ping, scan
from tests.support.attacks.fake_clamd import FakeClamd


@pytest.fixture(params=["unix", "tcp"])
def clamd(request, tmp_path: Path) -> Iterator[FakeClamd]:
    with FakeClamd(tmp_path / "s" if request.param == "unix" else None) as fake:
        yield fake


def test_nothing_found(clamd: FakeClamd) -> None:
    data = os.urandom(700_001)
    assert scan(data, clamd.address) is None
    assert clamd.got == [data], "every byte as it was sent, in order"


def test_an_empty_file_is_one_too(clamd: FakeClamd) -> None:
    assert scan(b"", clamd.address) is None


def test_what_was_found_has_a_name(clamd: FakeClamd) -> None:
    clamd.answer = b"stream: Eicar-Test-Signature FOUND\0"
    assert scan(b"x", clamd.address) == "Eicar-Test-Signature"


@pytest.mark.parametrize(
    "answer",
    [b"INSTREAM size limit exceeded. ERROR\0", b"", b"UNKNOWN COMMAND\0", b"x" * 100_000, b"stream: ", b"\xff\xfe\0"],
)
def test_any_other_answer_is_no_verdict(clamd: FakeClamd, answer: bytes) -> None:
    clamd.answer = answer
    with pytest.raises(ScannerUnavailable):
        scan(b"x" * 1000, clamd.address)


def test_an_answer_in_pieces(clamd: FakeClamd) -> None:
    clamd.slowly = True
    assert scan(b"x", clamd.address) is None


def test_who_refuses_in_the_middle_is_understood(clamd: FakeClamd) -> None:
    """Above its StreamMaxLength clamd answers and closes while we still send."""
    clamd.most, clamd.answer = 1000, b"INSTREAM size limit exceeded. ERROR\0"
    with pytest.raises(ScannerUnavailable):
        scan(bytes(8_000_000), clamd.address)


def test_who_says_nothing_is_not_waited_for_long(clamd: FakeClamd) -> None:
    clamd.silent = True
    with pytest.raises(ScannerUnavailable, match="timed out"):
        scan(b"x", clamd.address, timeout=0.2)


def test_ping(clamd: FakeClamd) -> None:
    assert ping(clamd.address)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(ScannerUnavailable):
        scan(b"x", f"unix:{tmp_path}/nobody")
    with FakeClamd(None) as fake:
        address = fake.address
    with pytest.raises(ScannerUnavailable):
        ping(address)


def test_addresses() -> None:
    assert parse_address("unix:/run/c d.ctl")[1] == "/run/c d.ctl"
    assert parse_address("tcp:av.example:3310")[1] == ("av.example", 3310)
    assert parse_address("tcp:[::1]:3310")[1] == ("::1", 3310)


@pytest.mark.parametrize(
    "address", ["", "localhost", "tcp:", "tcp:host", "tcp:host:0", "tcp:host:99999", "unix:", "unix:x", "http://x:1"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="unix:/套接字"):
        parse_address(address)
