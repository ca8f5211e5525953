"""Work on what people send, done in a bounded child process: ``run("paper", data)``. lib/sandbox/jobs.py lists the
jobs.

Each server process starts one keeper (lib/sandbox/forkserver.py) when it first needs it; the keeper forks a process
for each job, which has its limits of memory, CPU and time, writes no file, and takes nobody along when it dies. The
person is told in every case.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.pictures.images import PictureRefused
from lib.sandbox import messages
from lib.sandbox.forkserver import LIMITS, REPORT
from lib.sandbox.jobs import JOBS, Answer

log = logging.getLogger(__name__)

_AGAIN = "请重新拍照，或重新导出后再上传"
ODD = f"图片内容异常，无法处理。{_AGAIN}"
AT_ONCE = 2  # jobs of one server process; memory is bounded by it
WAIT_S = 15.0  # for one's turn
PATIENCE_S = 5.0  # with the keeper, which ends a job itself when its time is over

PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lib.sandbox import forkserver; forkserver.main(int(sys.argv[2]))"
)
#: An arena more is 64 MB of address space. Large pages: a fork touches all its memory for the first time.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@dataclass(frozen=True)
class Limits:
    cpu_s: float = 8.0
    wall_s: float = 20.0
    memory: int = 272 << 20  # bytes beside what the keeper takes; keeps the whole below 300 MB


LIMITED = Limits()


@dataclass(frozen=True)
class Usage:
    """How a job ended, and what it took: ``status`` as of waitpid."""

    job: str
    status: int
    memory: int  # bytes, at its peak
    cpu_s: float


class SandboxBusy(PictureRefused):
    """Too many jobs wait already."""


class Unavailable(PictureRefused):
    """No child process can be started on this machine."""


class _Gone(Exception):
    """The keeper is not there any more; the job is not to blame."""


#: Called with the Usage of each job that has ended, in the thread that asked for it. Tests and the bench listen.
listeners: list[Callable[[Usage], None]] = []


def run(job: str, data: bytes, *, limits: Limits = LIMITED, **options: Any) -> Answer:
    """The facts and blobs that the job makes of ``data``. Raises Refused: by the job itself, or because it was ended.

    ``options`` go through JSON. What comes back is as trustworthy as the data: the job may have been taken over by it.
    """
    if job not in JOBS:
        raise KeyError(job)
    here = _here
    if not here.turns.acquire(timeout=WAIT_S):
        raise SandboxBusy("系统繁忙，请稍后再试")
    try:
        for _ in range(2):
            keeper = here.keeper()
            try:
                return keeper.do(job, data, options, limits)
            except _Gone:
                here.forget(keeper)
    finally:
        here.turns.release()
    log.error("no child process can be started to decode pictures")
    raise Unavailable("暂时无法处理图片，请稍后再试")


def keeper_pid() -> int:
    """The process id of this process' keeper, which is started for it. For tests, the bench and the doctor."""
    return _here.keeper().process.pid


class _Keeper:
    """The server's end of one keeper."""

    def __init__(self) -> None:
        self._sending = threading.Lock()
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [sys.executable, "-I", "-c", PROGRAM, str(Path(__file__).parents[2]), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders complain there about each damaged picture
                start_new_session=True,  # Ctrl-C is for the server
            )

    def do(self, job: str, data: bytes, options: dict[str, Any], limits: Limits) -> Answer:
        work, theirs = socket.socketpair()
        report, told = socket.socketpair()
        with work, report:
            with theirs, told:
                self._begin(theirs, told, limits)
            for end in (work, report):
                end.settimeout(limits.wall_s + PATIENCE_S)
            words, blobs = self._talk(work, job, data, options)
            usage = self._usage(job, report)
        for listener in listeners:
            listener(usage)
        return _judged(words, blobs, usage)

    def _begin(self, work: socket.socket, report: socket.socket, limits: Limits) -> None:
        message = LIMITS.pack(limits.cpu_s, limits.wall_s, limits.memory)
        try:
            with self._sending:
                socket.send_fds(self.control, [message], [work.fileno(), report.fileno()])
        except OSError as error:
            raise _Gone from error

    @staticmethod
    def _talk(work: socket.socket, job: str, data: bytes, options: dict[str, Any]) -> messages.Message:
        """The job's answer; nothing when it died over it, fell silent or talks nonsense."""
        try:
            messages.send(work, {"job": job, "options": options}, [data])
            return messages.receive(work)
        except (OSError, EOFError, messages.Nonsense):
            return {}, []
        finally:
            work.close()  # whoever still writes is ended by it

    @staticmethod
    def _usage(job: str, report: socket.socket) -> Usage:
        try:
            found = report.recv(REPORT.size)
        except OSError as error:
            raise _Gone from error
        if len(found) != REPORT.size:
            raise _Gone
        return Usage(job, *REPORT.unpack(found))

    def close(self) -> None:
        self.control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
            return
        self.process.kill()
        self.process.wait()


def _judged(words: dict[str, Any], blobs: list[bytes], usage: Usage) -> Answer:
    if usage.status == 0 and isinstance(words.get("facts"), dict):
        return words["facts"], blobs
    if usage.status == 0 and isinstance(words.get("refused"), str):
        raise PictureRefused(words["refused"][:500])
    if usage.status == -1:
        raise SandboxBusy("系统繁忙，请稍后再试")
    ended = os.WTERMSIG(usage.status) if os.WIFSIGNALED(usage.status) else 0
    kind = _signal(ended) if ended else repr(words.get("failed", "nonsense"))[:60]
    log.warning("%s: ended by %s after %.1f s of CPU, %d MB", usage.job, kind, usage.cpu_s, usage.memory >> 20)
    if ended in (signal.SIGXCPU, signal.SIGKILL):
        raise PictureRefused(f"图片太复杂，无法处理：解码用时过长。{_AGAIN}")
    raise PictureRefused(ODD)


def _signal(number: int) -> str:
    """A process can end itself by any of them; those of real time have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Here:
    """What belongs to this process: its keeper, and the turns."""

    def __init__(self) -> None:
        self.turns = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._keeper: _Keeper | None = None

    def keeper(self) -> _Keeper:
        with self._lock:
            if self._keeper is None:
                self._keeper = _Keeper()
            return self._keeper

    def forget(self, keeper: _Keeper) -> None:
        with self._lock:
            if self._keeper is keeper:
                self._keeper = None
        keeper.close()

    def close(self) -> None:
        if self._keeper:
            self.forget(self._keeper)

    def leave(self) -> None:
        """In a fork of the server: the keeper stays the parent's."""
        if self._keeper:
            self._keeper.control.close()
            self._keeper.process.returncode = 0  # not ours to wait for


_here = _Here()


def _after_fork() -> None:
    global _here
    _here.leave()
    _here = _Here()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _here.close())
