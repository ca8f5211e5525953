"""The real server as a process of its own, for tests of what only it can show: its end, its start, a cut line."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import SystemRandom
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT
from tests.support.site.of_run import folder_of_run, made_once

FLASK = ROOT / ".venv" / "bin" / "flask"
Environment = dict[str, str]


def free_port() -> int:
    """Below those that the system gives to connections: none of them takes it while the server starts, or is down."""
    while True:
        port = SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port


def environment(folder: Path, port: int) -> Environment:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = {"DATA": folder, "UPLOADS": folder / "uploads", "PORT": port, "WORKERS": 1, "THREADS": 2}
    return kept | {f"KUAIJI_{name}": str(value) for name, value in ours.items()}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``flask init`` leaves it, made once for all workers, to be copied: tests/conftest.py has it."""

    def make(folder: Path) -> None:
        subprocess.run([FLASK, "init"], cwd=ROOT, env=environment(folder, 1), check=True, capture_output=True)

    return made_once(folder_of_run(tmp_path_factory) / "served" / "instance", make)


def with_static_files(folder: Path, installed: Path) -> None:
    """What the first start would build, which takes seconds."""
    shutil.copytree(installed / "static", folder / "static")


def wait_for(true: Callable[[], Any], seconds: float = PATIENCE_S, pause: float = 0.1) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(pause)
    raise AssertionError("it did not happen in time")


def answer(env: Environment, path: str = "/healthz") -> int:
    with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{env['KUAIJI_PORT']}{path}", timeout=2) as page:
        return int(page.status)
    return 0


def wait_for_line(server: subprocess.Popen[str], line: str) -> bool:
    """Read the server's error output until it contains this; when the wait is over, the server is ended."""
    assert server.stderr
    end = threading.Timer(PATIENCE_S, server.kill)
    end.start()
    try:
        return line in iter(server.stderr.readline, "")
    finally:
        end.cancel()


def descendants(pid: int) -> int:
    """How many processes this one has started, with theirs (Linux)."""
    return len(family(pid))


def family(pid: int) -> list[int]:
    """The processes that this one has started, with theirs (Linux)."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    return _below(parents, pid)


def workers(pid: int) -> list[int]:
    """The processes in which this server works on requests (Linux): those that granian's parent has forked."""
    found = []
    for child in family(pid):
        with suppress(OSError):  # it has ended meanwhile
            if b"worker:create_server" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found[1:]


def _below(parents: dict[int, list[int]], pid: int) -> list[int]:
    return [found for child in parents.get(pid, []) for found in (child, *_below(parents, child))]


def start(env: Environment) -> subprocess.Popen[bytes]:
    """``flask serve``, once it answers."""
    server = subprocess.Popen(
        [FLASK, "serve"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: answer(env) == 200)
    except BaseException:
        kill(server)
        raise
    return server


def kill(server: subprocess.Popen[bytes]) -> None:
    """kill -9 of the whole server: the parent, its workers, and what those have started."""
    for pid in [server.pid, *family(server.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.wait()
