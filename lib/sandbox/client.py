"""Runs jobs on uploaded data in a bounded child process: ``run("paper", data)``. lib/sandbox/jobs.py lists the jobs.

Each web process starts one fork server (lib/sandbox/forkserver.py) when it first needs it. The fork server forks a
process for each job, or for the jobs of one ``person`` that follow each other: a picture that takes the process over
sees nobody else's. That process has limits of memory, CPU and time for each picture, writes no file, and its crash
harms no other process. Every failure becomes a message for the person.
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
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.monitoring import metrics
from lib.pictures.refusals import REASONS, PictureRefused
from lib.sandbox import messages
from lib.sandbox.forkserver import LIMITS, REPORT, TIME_LEFT
from lib.sandbox.jobs import JOBS, Answer

log = logging.getLogger(__name__)

_TRY_AGAIN = "请重新拍照，或重新导出后再上传"
UNUSABLE_PICTURE = f"图片内容异常，无法处理。{_TRY_AGAIN}"
MAX_CONCURRENT_JOBS = 2  # of one web process, waiting children included; this bounds its memory
IDLE_S = 15.0  # so long a child waits for the next picture of its person
QUEUE_TIMEOUT_S = 15.0
GRACE_PERIOD_S = 5.0  # beyond a job's own limit, at which the fork server ends it

FORKSERVER_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lib.sandbox import forkserver; forkserver.main(int(sys.argv[2]))"
)
#: Each further arena takes 64 MB of address space. Large pages make the first touch of memory in a fork cheaper. What
#: is freed is given back at once when it is large, else kept for the next picture, less than a fork may keep to go on.
ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": ":".join(
        ("glibc.malloc.hugetlb=1", f"glibc.malloc.mmap_threshold={8 << 20}", f"glibc.malloc.trim_threshold={8 << 20}")
    ),
}


@dataclass(frozen=True)
class Limits:
    cpu_s: float = 12.0
    wall_s: float = 40.0  # pages go before pictures: much longer than the CPU when the cores are full
    memory: int = 272 << 20  # bytes on top of the fork server's own; keeps the total below 300 MB


DEFAULT_LIMITS = Limits()
Whose = tuple[str, Limits]  # a person, or "" for a child of one picture


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


def run(job: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS, person: str = "", **options: Any) -> Answer:
    """The facts and blobs that the job makes of ``data``. Raises PictureRefused, also when the job was ended.

    ``options`` go through JSON. Trust the answer no more than the data, which may have taken over the job. The child
    waits a while for the next picture of the same ``person`` with the same limits; without one it ends.
    """
    if job not in JOBS:
        raise KeyError(job)
    try:
        return _run(job, data, options, (person, limits))
    except PictureRefused as refused:
        metrics.picture_refused(refused.reason)
        raise


def _run(job: str, data: bytes, options: dict[str, Any], whose: Whose) -> Answer:
    process = _process
    if not process.slots.acquire(timeout=QUEUE_TIMEOUT_S):
        raise SandboxBusy("系统繁忙，请稍后再试", "busy")
    try:
        for _ in range(2):
            forkserver = process.forkserver()
            try:
                return process.run_job(forkserver, job, data, options, whose)
            except _ForkServerGone:
                process.discard(forkserver)
        why: object = "it ends at once"
    except OSError as error:  # too many processes or open files, too little memory
        why = error.strerror
    finally:
        process.slots.release()
    log.error("no child process can be started to decode pictures: %s", why)
    raise SandboxUnavailable("暂时无法处理图片，请稍后再试", "unavailable")


def forkserver_pid() -> int:
    """The process id of this process's fork server, started if needed. For tests and benchmarks."""
    return _process.forkserver().process.pid


class _ForkServer:
    """The web process's end of one fork server."""

    def __init__(self) -> None:
        self._sending = threading.Lock()
        self.control, theirs = socket.socketpair()
        try:
            with theirs:
                self.process = self._started(theirs.fileno())
        except OSError:
            self.control.close()
            raise

    def _started(self, theirs: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            [sys.executable, "-I", "-c", FORKSERVER_PROGRAM, str(Path(__file__).parents[2]), str(theirs)],
            pass_fds=(theirs,),
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # decoders complain there about each damaged picture
            process_group=0,  # Ctrl-C is for the web process; another session would not give way to it
        )

    def submit(self, work: socket.socket, report: socket.socket, limits: Limits) -> None:
        message = LIMITS.pack(limits.cpu_s, limits.wall_s, limits.memory)
        try:
            with self._sending:
                socket.send_fds(self.control, [message], [work.fileno(), report.fileno()])
        except OSError as error:
            raise _ForkServerGone from error

    def close(self) -> None:
        self.control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
            return
        self.process.kill()
        self.process.wait()


class _Child:
    """The web process's end of one decoding process. ``whose``: of whom its pictures are, and their limits."""

    def __init__(self, forkserver: _ForkServer, whose: Whose) -> None:
        self.forkserver, self.whose = forkserver, whose
        self._idle_since = self._cpu_s = 0.0
        self._work, theirs = socket.socketpair()
        self._report, their_report = socket.socketpair()
        try:
            with theirs, their_report:
                forkserver.submit(theirs, their_report, whose[1])
        except _ForkServerGone:
            self.close()
            raise
        for end in (self._work, self._report):
            end.settimeout(whose[1].wall_s + GRACE_PERIOD_S)

    def resume(self) -> bool:
        """Whether it takes another picture, for which its clock starts anew."""
        return time.monotonic() - self._idle_since < IDLE_S and self._give_time(self.whose[1].wall_s)

    def run_job(self, job: str, data: bytes, options: dict[str, Any]) -> tuple[messages.Message, Usage, bool]:
        """The answer, empty when the child died, timed out or sent a malformed message; and whether it stays."""
        try:
            messages.send(self._work, {"job": job, "options": options, "more": bool(self.whose[0])}, [data])
            answer = messages.receive(self._work)
        except (OSError, EOFError, messages.MalformedMessage):
            answer = {}, []
        stays = bool(self.whose[0]) and answer[0].get("stays") is True
        if stays and (usage := self._usage_told(job, answer[0])) and self._give_time(IDLE_S + GRACE_PERIOD_S):
            self._idle_since = time.monotonic()
            return answer, usage, True
        self._work.close()  # ends a job that is still writing
        return answer, self._receive_usage(job), False

    def _give_time(self, seconds: float) -> bool:
        try:
            return bool(self._report.send(TIME_LEFT.pack(seconds)))
        except OSError:
            return False

    def _receive_usage(self, job: str) -> Usage:
        try:
            found = self._report.recv(REPORT.size)
        except OSError as error:
            raise _ForkServerGone from error
        if len(found) != REPORT.size:
            raise _ForkServerGone
        return self._usage(job, *REPORT.unpack(found))

    def _usage_told(self, job: str, words: dict[str, Any]) -> Usage | None:
        """What a child that stays has used, in its own words."""
        match words.get("used"):
            case [int(memory), float(cpu_s)]:
                return self._usage(job, 0, memory, cpu_s)
        return None

    def _usage(self, job: str, status: int, memory: int, cpu_s: float) -> Usage:
        """Without the CPU of the jobs before."""
        before, self._cpu_s = self._cpu_s, cpu_s
        return Usage(job, status, memory, cpu_s - before)

    def close(self) -> None:
        """The fork server ends it."""
        self._work.close()
        self._report.close()


def _checked_answer(words: dict[str, Any], blobs: list[bytes], usage: Usage) -> Answer:
    if usage.status == 0 and isinstance(words.get("facts"), dict):
        return words["facts"], blobs
    if usage.status == 0 and isinstance(words.get("refused"), str):
        raise PictureRefused(words["refused"][:500], _reason(words.get("reason")))
    if usage.status == -1:
        raise SandboxBusy("系统繁忙，请稍后再试", "busy")
    ended = os.WTERMSIG(usage.status) if os.WIFSIGNALED(usage.status) else 0
    kind = _signal_name(ended) if ended else repr(words.get("failed", "nonsense"))[:60]
    log.warning("%s: ended by %s after %.1f s of CPU, %d MB", usage.job, kind, usage.cpu_s, usage.memory >> 20)
    if ended == signal.SIGKILL:
        raise PictureRefused(f"处理图片用时过长，没有完成。请稍后再试；仍然不行的，{_TRY_AGAIN}", "complex")
    if ended == signal.SIGXCPU:
        raise PictureRefused(f"图片太复杂，无法处理：解码用时过长。{_TRY_AGAIN}", "complex")
    raise PictureRefused(UNUSABLE_PICTURE, "damaged")


def _reason(told: object) -> str:
    """A child that was taken over can say anything, and each reason is kept."""
    return told if isinstance(told, str) and told in REASONS else "other"


def _ending(status: int) -> str:
    return _signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else "ok"


def _signal_name(number: int) -> str:
    """Its name; real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Process:
    """The state of this process: its fork server, the slots for jobs, and the children that wait for another one."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(MAX_CONCURRENT_JOBS)
        self._lock = threading.Lock()
        self._forkserver: _ForkServer | None = None
        self._idle: list[_Child] = []
        self._busy = 0

    def run_job(self, forkserver: _ForkServer, job: str, data: bytes, options: dict[str, Any], whose: Whose) -> Answer:
        child, stays = self._child(forkserver, whose), False
        try:
            (words, blobs), usage, stays = child.run_job(job, data, options)
        finally:
            self._put_back(child, stays)
        metrics.job_ended(job, _ending(usage.status), usage.cpu_s)
        for listener in usage_listeners:
            listener(usage)
        return _checked_answer(words, blobs, usage)

    def _child(self, forkserver: _ForkServer, whose: Whose) -> _Child:
        """One that waits for this person; else a new one, in the place of one that waits for another person."""
        with self._lock:
            own = [child for child in self._idle if child.whose == whose and child.forkserver is forkserver]
            child = own[-1] if own else None
            if child:
                self._idle.remove(child)
            self._busy += 1
            while self._idle and self._busy + len(self._idle) > MAX_CONCURRENT_JOBS:
                self._idle.pop(0).close()
        if child and child.resume():
            return child
        if child:
            child.close()
        try:
            return _Child(forkserver, whose)
        except BaseException:
            self._busy -= 1
            raise

    def _put_back(self, child: _Child, stays: bool) -> None:
        with self._lock:
            self._busy -= 1
            if stays:
                self._idle.append(child)
        if not stays:
            child.close()

    def forkserver(self) -> _ForkServer:
        with self._lock:
            if self._forkserver is None:
                self._forkserver = _ForkServer()
            return self._forkserver

    def discard(self, forkserver: _ForkServer) -> None:
        with self._lock:
            if self._forkserver is forkserver:
                self._forkserver = None
            for child in self._idle:
                child.close()
            self._idle.clear()
        forkserver.close()

    def close(self) -> None:
        if self._forkserver:
            self.discard(self._forkserver)

    def detach_after_fork(self) -> None:
        """In a fork of the web process: the fork server remains the parent's child."""
        for child in self._idle:
            child.close()
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
