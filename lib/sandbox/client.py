"""Runs jobs on uploaded data in a bounded child process: ``run("paper", data)``. lib/sandbox/jobs.py lists the jobs.

Each web process starts one fork server (lib/sandbox/forkserver.py) when it first needs it. The fork server forks a
process for each job. That process has limits of memory, CPU and time, writes no file, and its crash harms no other
process. Every failure becomes a message for the person.
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

_TRY_AGAIN = "请重新拍照，或重新导出后再上传"
UNUSABLE_PICTURE = f"图片内容异常，无法处理。{_TRY_AGAIN}"
MAX_CONCURRENT_JOBS = 2  # of one web process; this bounds its memory
QUEUE_TIMEOUT_S = 15.0
GRACE_PERIOD_S = 5.0  # beyond a job's own limit, at which the fork server ends it

FORKSERVER_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lib.sandbox import forkserver; forkserver.main(int(sys.argv[2]))"
)
#: Each further arena takes 64 MB of address space. Large pages make the first touch of memory in a fork cheaper.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@dataclass(frozen=True)
class Limits:
    cpu_s: float = 8.0
    wall_s: float = 20.0
    memory: int = 272 << 20  # bytes on top of the fork server's own; keeps the total below 300 MB


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Usage:
    """How a job ended, and what it used: ``status`` as waitpid gives it."""

    job: str
    status: int
    memory: int  # bytes, at its peak
    cpu_s: float


class SandboxBusy(PictureRefused):
    """Too many jobs are waiting."""


class SandboxUnavailable(PictureRefused):
    """No child process can be started on this machine."""


class _ForkServerGone(Exception):
    """The fork server has ended; the job is not the cause."""


#: Called with the Usage of each finished job, in the thread that ran it. Tests and benchmarks add to it.
usage_listeners: list[Callable[[Usage], None]] = []


def run(job: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS, **options: Any) -> Answer:
    """The facts and blobs that the job makes of ``data``. Raises PictureRefused, also when the job was ended.

    ``options`` go through JSON. Trust the answer no more than the data, which may have taken over the job.
    """
    if job not in JOBS:
        raise KeyError(job)
    process = _process
    if not process.slots.acquire(timeout=QUEUE_TIMEOUT_S):
        raise SandboxBusy("系统繁忙，请稍后再试")
    try:
        for _ in range(2):
            forkserver = process.forkserver()
            try:
                return forkserver.run_job(job, data, options, limits)
            except _ForkServerGone:
                process.discard(forkserver)
    finally:
        process.slots.release()
    log.error("no child process can be started to decode pictures")
    raise SandboxUnavailable("暂时无法处理图片，请稍后再试")


def forkserver_pid() -> int:
    """The process id of this process's fork server, started if needed. For tests and benchmarks."""
    return _process.forkserver().process.pid


class _ForkServer:
    """The web process's end of one fork server."""

    def __init__(self) -> None:
        self._sending = threading.Lock()
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [sys.executable, "-I", "-c", FORKSERVER_PROGRAM, str(Path(__file__).parents[2]), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders complain there about each damaged picture
                start_new_session=True,  # Ctrl-C is for the web process
            )

    def run_job(self, job: str, data: bytes, options: dict[str, Any], limits: Limits) -> Answer:
        work, theirs = socket.socketpair()
        report, their_report = socket.socketpair()
        with work, report:
            with theirs, their_report:
                self._submit(theirs, their_report, limits)
            for end in (work, report):
                end.settimeout(limits.wall_s + GRACE_PERIOD_S)
            words, blobs = self._exchange(work, job, data, options)
            usage = self._receive_usage(job, report)
        for listener in usage_listeners:
            listener(usage)
        return _checked_answer(words, blobs, usage)

    def _submit(self, work: socket.socket, report: socket.socket, limits: Limits) -> None:
        message = LIMITS.pack(limits.cpu_s, limits.wall_s, limits.memory)
        try:
            with self._sending:
                socket.send_fds(self.control, [message], [work.fileno(), report.fileno()])
        except OSError as error:
            raise _ForkServerGone from error

    @staticmethod
    def _exchange(work: socket.socket, job: str, data: bytes, options: dict[str, Any]) -> messages.Message:
        """The job's answer; empty when it died, timed out or sent a malformed message."""
        try:
            messages.send(work, {"job": job, "options": options}, [data])
            return messages.receive(work)
        except (OSError, EOFError, messages.MalformedMessage):
            return {}, []
        finally:
            work.close()  # ends a job that is still writing

    @staticmethod
    def _receive_usage(job: str, report: socket.socket) -> Usage:
        try:
            found = report.recv(REPORT.size)
        except OSError as error:
            raise _ForkServerGone from error
        if len(found) != REPORT.size:
            raise _ForkServerGone
        return Usage(job, *REPORT.unpack(found))

    def close(self) -> None:
        self.control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
            return
        self.process.kill()
        self.process.wait()


def _checked_answer(words: dict[str, Any], blobs: list[bytes], usage: Usage) -> Answer:
    if usage.status == 0 and isinstance(words.get("facts"), dict):
        return words["facts"], blobs
    if usage.status == 0 and isinstance(words.get("refused"), str):
        raise PictureRefused(words["refused"][:500])
    if usage.status == -1:
        raise SandboxBusy("系统繁忙，请稍后再试")
    ended = os.WTERMSIG(usage.status) if os.WIFSIGNALED(usage.status) else 0
    kind = _signal_name(ended) if ended else repr(words.get("failed", "nonsense"))[:60]
    log.warning("%s: ended by %s after %.1f s of CPU, %d MB", usage.job, kind, usage.cpu_s, usage.memory >> 20)
    if ended in (signal.SIGXCPU, signal.SIGKILL):
        raise PictureRefused(f"图片太复杂，无法处理：解码用时过长。{_TRY_AGAIN}")
    raise PictureRefused(UNUSABLE_PICTURE)


def _signal_name(number: int) -> str:
    """Its name; real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Process:
    """The state of this process: its fork server, and the slots for jobs."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(MAX_CONCURRENT_JOBS)
        self._lock = threading.Lock()
        self._forkserver: _ForkServer | None = None

    def forkserver(self) -> _ForkServer:
        with self._lock:
            if self._forkserver is None:
                self._forkserver = _ForkServer()
            return self._forkserver

    def discard(self, forkserver: _ForkServer) -> None:
        with self._lock:
            if self._forkserver is forkserver:
                self._forkserver = None
        forkserver.close()

    def close(self) -> None:
        if self._forkserver:
            self.discard(self._forkserver)

    def detach_after_fork(self) -> None:
        """In a fork of the web process: the fork server remains the parent's child."""
        if self._forkserver:
            self._forkserver.control.close()
            self._forkserver.process.returncode = 0  # the parent waits for it


_process = _Process()


def _after_fork() -> None:
    global _process
    _process.detach_after_fork()
    _process = _Process()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _process.close())
