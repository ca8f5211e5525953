"""``flask serve`` as shipped: two workers over an instance of the bench, and what they have spent and hold."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench import cold_start, process
from bench.process import ROOT

HOST = "127.0.0.1"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    port: int
    pid: int

    def connection(self) -> HTTPConnection:
        return HTTPConnection(HOST, self.port, timeout=60)

    def workers(self) -> list[int]:
        """The processes that answer: granian's, without the parent that has forked the others."""
        found = [pid for pid in [self.pid, *_below(self.pid)] if b":create_server" in _command_of(pid)]
        return [pid for pid in found if not set(_below(pid)) & set(found)]

    def ask(self, paths: Sequence[str], cookies: Mapping[str, str] | None = None) -> None:
        """Each on a connection of its own, so that every worker gets some."""
        cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        for path in paths:
            with closing(self.connection()) as connection:
                connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, (path, answer.status)

    def cpu(self) -> float:
        """CPU seconds of all its processes so far; what has ended is counted by its parent."""
        return sum(_cpu_of(pid) for pid in [self.pid, *_below(self.pid)])

    def memory(self) -> list[float]:
        """PSS of each worker, in MB."""
        return sorted(process.memory("Pss", pid) for pid in self.workers())


@contextmanager
def running(folder: Path, granian: Sequence[str] = ()) -> Iterator[Server]:
    """``flask serve`` over this folder; or a command that starts granian."""
    with closing(socket.create_server((HOST, 0))) as free:
        port = free.getsockname()[1]
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= cold_start.settings(folder) | {"KUAIJI_PORT": str(port)}
    flask = str(Path(sys.executable).with_name("flask"))
    command = [*granian, "--port", str(port)] if granian else [flask, "serve"]
    serving = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    try:
        server = Server(port, serving.pid)
        _wait(server)
        yield server
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(timeout=60)


def _wait(server: Server) -> None:
    for _try in range(600):
        try:
            with closing(server.connection()) as connection:
                connection.request("GET", "/")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def _below(pid: int) -> list[int]:
    """All descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *_below(child)]
    return found


def _command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _cpu_of(pid: int) -> float:
    """With that of its children that have ended."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, stat[11:15])) / _TICKS
