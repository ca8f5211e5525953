"""Jobs that misbehave, for tests of the bounded child process. They run in it, never in a test."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from lib.pictures.images import Answer, PictureRefused
from lib.sandbox import jobs

NAMES = (
    *(
        "echo",
        "refuse",
        "fail",
        "grow",
        "hog",
        "crash",
        "leave",
        "babble",
        "promise",
        "spin",
        "sleep",
        "kill_forkserver",
    ),
    *("write", "open_many", "look_around", "call_out", "read", "read_after_closing", "run_program", "large"),
    *("remember", "keep"),
)
TABLE = {name: f"tests.support.attacks.bad_jobs.{name}" for name in NAMES}


def begin(descriptor: int) -> None:
    """The program of a fork server that knows these jobs too."""
    from lib.sandbox import forkserver

    jobs.JOBS.update(TABLE)

    forkserver.main(descriptor)


def echo(data: bytes, **options: Any) -> Answer:
    return {"length": len(data), **options}, [data, data[::-1]]


def refuse(_data: bytes) -> Answer:
    raise PictureRefused("不收")


def fail(_data: bytes) -> Answer:
    raise ValueError("何新丽 210102199001011234")


def grow(_data: bytes) -> Answer:
    return {"length": len(bytearray(2 << 30))}, []


def hog(_data: bytes) -> Answer:
    """Allocates more and more memory."""
    kept = []
    while True:
        with suppress(MemoryError):
            kept.append(bytearray(b"x" * (1 << 20)))


def crash(_data: bytes, number: int) -> Answer:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    time.sleep(60)
    return {}, []


def leave(_data: bytes, size: int) -> Answer:
    os._exit(0)


def _connection() -> int:
    return next(number for number in range(3, 32) if _is_open(number))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def babble(data: bytes) -> Answer:
    """Writes ``data`` instead of an answer."""
    with suppress(OSError):
        socket.socket(fileno=_connection()).sendall(data)
    os._exit(0)


def promise(_data: bytes) -> Answer:
    """Begins an answer and stops."""
    os.write(_connection(), b"kj1\n\0\0\0\x10")
    time.sleep(60)
    return {}, []


def spin(_data: bytes) -> Answer:
    while True:
        pass


def sleep(_data: bytes) -> Answer:
    time.sleep(60)
    return {}, []


def kill_forkserver(_data: bytes) -> Answer:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
    return {}, []


def large(_data: bytes, size: int) -> Answer:
    return {"x": "x" * size}, []


# --- what a job that was taken over would try; each returns the result -----------------------------------------------


def _tried(what: Any) -> Answer:
    try:
        return {"done": str(what())}, []
    except OSError as error:
        return {"error": type(error).__name__}, []


def write(_data: bytes, path: str) -> Answer:
    return _tried(lambda: Path(path).write_bytes(b"x" * 10))


def open_many(_data: bytes) -> Answer:
    return _tried(lambda: [os.dup(2) for _ in range(100)])


def look_around(_data: bytes) -> Answer:
    open_here = [number for number in range(3, 200) if _is_open(number)]
    return {
        "environment": sorted(os.environ),
        "open": len(open_here),
        "folder": os.getcwd(),
        "nice": os.nice(0),
        "session": os.getsid(0),
    }, []


def call_out(_data: bytes) -> Answer:
    return _tried(lambda: socket.socket().connect(("127.0.0.1", 9)))


def read(_data: bytes) -> Answer:
    return _tried(lambda: Path("/etc/passwd").read_bytes())


def read_after_closing(_data: bytes) -> Answer:
    """The standard descriptors lead to /dev/null, and their numbers could belong to a file."""
    os.closerange(0, 3)
    return _tried(lambda: Path("/etc/passwd").read_bytes())


_seen: list[str] = []


def remember(data: bytes) -> Answer:
    """What a process that was taken over by its first picture would see of the others."""
    _seen.append(data.decode())
    return {"process": os.getpid(), "seen": _seen}, []


def keep(_data: bytes) -> Answer:
    """Memory that is not given back."""
    _kept.append(bytearray(32 << 20))
    return {"process": os.getpid()}, []


_kept: list[bytearray] = []


def run_program(_data: bytes) -> Answer:
    return _tried(lambda: os.execv("/bin/true", ["true"]))
