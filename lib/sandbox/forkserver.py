"""The fork server behind lib/sandbox/client.py: it forks one short-lived, bounded process for the pictures of a person.

It is a program of its own, with no environment and none of the web process's descriptors. It loads the decoders once,
so that a fork costs a millisecond or two. It never reads uploaded data: it passes the job's socket to the fork, watches
the clock, and reports how the fork ended. It ends when the web process ends.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import mmap
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from lib.pictures.images import PictureRefused
from lib.sandbox import messages
from lib.sandbox.jobs import JOBS, Job

#: What the client sends with the two sockets of a job: seconds of CPU, seconds by the clock, bytes of memory on top of
#: the fork server's own.
LIMITS = struct.Struct(">ddQ")
#: What the client receives at the end: wait status (-1: could not be started), peak memory in bytes, seconds of CPU.
REPORT = struct.Struct(">iQd")
#: What the client sends to the socket of the report: seconds from now to the end. It closes it to end the fork at once.
TIME_LEFT = struct.Struct(">d")

#: Pages go before pictures when the cores are full. Linux compares processes of one session only (autogroup).
NICENESS = 10

#: After a job a fork goes on only if it has taken less CPU than that and could still map the memory of a new one but so
#: much: the next picture has the same limits as if it were the first.
_SPENT_CPU_S, _KEPT_MEMORY = 1.0, 12 << 20
_JOB_DESCRIPTOR = 3  # the only one that a job has besides the standard ones, which lead to /dev/null
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


@dataclass
class _Running:
    report: socket.socket
    deadline: float


def load_jobs() -> dict[str, Job]:
    """The jobs whose modules can be imported; each other one fails when it is requested."""
    found: dict[str, Job] = {}
    prepared = set()
    for name, path in JOBS.items():
        module, _, function = path.rpartition(".")
        with suppress(ImportError):
            loaded = importlib.import_module(module)
            found[name] = getattr(loaded, function)
            if module not in prepared:
                getattr(loaded, "prepare", lambda: None)()
            prepared.add(module)
    return found


def serve(control: socket.socket) -> None:
    """Runs until the client closes its end."""
    jobs, running = load_jobs(), dict[int, _Running]()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    gc.freeze()  # else the collector would touch, and so copy, shared memory in each fork
    while True:
        now = time.monotonic()
        wait = min((job.deadline - now for job in running.values()), default=None)
        ready = {key.fileobj for key, _events in selector.select(wait if wait is None else max(wait, 0.0))}
        if woken in ready:
            os.read(woken, 4096)
        for job in running.values():
            if job.report in ready:
                _read_time_left(job, selector)
        if control in ready and not _start_job(control, jobs, running, selector):
            break
        _reap(running, selector)
        _kill_overdue(running)
    for pid in running:  # where the kernel does not (PR_SET_PDEATHSIG)
        os.kill(pid, signal.SIGKILL)


def _start_job(
    control: socket.socket, jobs: dict[str, Job], running: dict[int, _Running], selector: selectors.BaseSelector
) -> bool:
    """Fork for one person; False when the client has ended."""
    try:
        message, descriptors, _flags, _address = socket.recv_fds(control, LIMITS.size, 2)
    except OSError:
        return False
    if len(message) != LIMITS.size or len(descriptors) != 2:
        return False
    work, report = descriptors[0], socket.socket(fileno=descriptors[1])
    cpu, wall, memory = LIMITS.unpack(message)
    forkserver = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        _report(report, -1, 0, 0.0)
    else:
        if not pid:
            _child_main(jobs, work, cpu, memory, forkserver)
        running[pid] = _Running(report, time.monotonic() + wall)
        selector.register(report, selectors.EVENT_READ)
    os.close(work)
    return True


def _read_time_left(job: _Running, selector: selectors.BaseSelector) -> None:
    try:
        found = job.report.recv(TIME_LEFT.size)
    except OSError:
        found = b""
    if len(found) == TIME_LEFT.size:
        job.deadline = time.monotonic() + TIME_LEFT.unpack(found)[0]
    else:  # closed: nobody waits for it
        selector.unregister(job.report)
        job.deadline = 0.0


def _reap(running: dict[int, _Running], selector: selectors.BaseSelector) -> None:
    while running:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        report = running.pop(pid).report
        with suppress(KeyError):  # when the client had closed it
            selector.unregister(report)
        _report(report, status, *_used(used))


def _used(usage: resource.struct_rusage) -> tuple[int, float]:
    """Peak memory in bytes, seconds of CPU."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), usage.ru_utime + usage.ru_stime


def _report(report: socket.socket, status: int, memory: int, cpu: float) -> None:
    with report, suppress(OSError):  # the client may have stopped waiting
        report.send(REPORT.pack(status, memory, cpu))


def _kill_overdue(running: dict[int, _Running]) -> None:
    now = time.monotonic()
    for pid, job in running.items():
        if job.deadline <= now:
            os.kill(pid, signal.SIGKILL)
            job.deadline = now + 1.0


# --- in the fork ----------------------------------------------------------------------------------------------------


def _child_main(jobs: dict[str, Job], descriptor: int, cpu: float, memory: int, forkserver: int) -> NoReturn:
    """Run the jobs of one person under limits, and exit in every case."""
    try:
        apply_limits(descriptor, cpu, memory, forkserver)
        connection = socket.socket(fileno=_JOB_DESCRIPTOR)
        while _do_job(connection, jobs, memory):
            resource.setrlimit(resource.RLIMIT_CPU, _cpu_limits(cpu + _SPENT_CPU_S, cpu))
        os._exit(0)
    finally:
        os._exit(1)


def _do_job(connection: socket.socket, jobs: dict[str, Job], memory: int) -> bool:
    """One job; whether there may be another one."""
    words, blobs = messages.receive(connection)
    answer, made = run_job(jobs, words, blobs)
    del blobs
    peak, cpu = _used(resource.getrusage(resource.RUSAGE_SELF))
    stays = bool(words.get("more")) and cpu < _SPENT_CPU_S and _has_memory_for_another(memory)
    messages.send(connection, answer | {"stays": stays, "used": [peak, cpu]}, made)
    return stays


def _has_memory_for_another(memory: int) -> bool:
    """Whether the limit of memory leaves to the next job nearly what it left to the first one."""
    try:
        mmap.mmap(-1, max(memory - _KEPT_MEMORY, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, ValueError):
        return False
    return True


def _cpu_limits(soft: float, cpu: float) -> tuple[int, int]:
    """The hard limit is one and the same from the beginning, because it cannot be raised."""
    return max(1, round(soft)), max(1, round(cpu)) + 2


def apply_limits(descriptor: int, cpu: float, memory: int, forkserver: int) -> None:
    """Only the job's socket stays open, and nothing can be opened. The process dies with the fork server."""
    signal.set_wakeup_fd(-1)
    os.dup2(descriptor, _JOB_DESCRIPTOR, inheritable=False)
    os.closerange(_JOB_DESCRIPTOR + 1, 1024)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),  # open ones stay open; no new number is free, not even after a close
        (resource.RLIMIT_AS, _address_space() + memory),
    ):
        with suppress(ValueError, OSError):  # not every system has all of them
            resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, _cpu_limits(cpu, cpu))
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != forkserver:
            os._exit(1)
    os.nice(NICENESS)


def _address_space() -> int:
    """Bytes that this process and its libraries have mapped; most of it is never touched."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 512 << 20


def run_job(jobs: dict[str, Job], words: dict[str, object], blobs: list[bytes]) -> messages.Message:
    """The answer: ``facts``, ``refused`` with a text, or ``failed`` with only the kind of error."""
    try:
        (data,) = blobs
        facts, made = jobs[str(words["job"])](data, **words["options"])  # type: ignore[arg-type]
        return {"facts": facts}, made
    except PictureRefused as refused:
        return {"refused": str(refused), "reason": refused.reason}, []
    except Exception as error:
        return {"failed": type(error).__name__}, []


def main(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as control:
        serve(control)
