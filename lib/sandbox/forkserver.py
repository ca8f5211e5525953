"""The child side of lib/sandbox/client.py: a small process that forks one short-lived, bounded process for each job.

It is a program of its own, started with no environment and without the server's descriptors, and loads the decoders
once; a fork then costs a millisecond or two. It never looks at what people send: it hands the job's socket to the fork,
watches the clock, and reports how the fork ended. It ends when the server does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
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

#: What the server sends with the two sockets of a job: seconds of CPU, seconds by the clock, bytes of memory
#: beside what the keeper itself takes.
LIMITS = struct.Struct(">ddQ")
#: What it is told in the end: wait status (-1: could not be started), peak memory in bytes, seconds of CPU.
REPORT = struct.Struct(">iQd")

_ONLY = 3  # the descriptor that a job has beside the three standard ones, which lead nowhere
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


@dataclass
class _Running:
    report: int  # descriptor
    deadline: float


def load() -> dict[str, Job]:
    """The jobs whose modules can be imported here; the others fail one by one, when they are asked for."""
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
    """Until the server closes its end."""
    jobs, running = load(), dict[int, _Running]()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    gc.freeze()  # the forks need not copy what the collector would touch
    while True:
        now = time.monotonic()
        wait = min((job.deadline - now for job in running.values()), default=None)
        ready = {key.fileobj for key, _events in selector.select(wait if wait is None else max(wait, 0.0))}
        if woken in ready:
            os.read(woken, 4096)
        if control in ready and not _begin(control, jobs, running):
            break
        _reap(running)
        _end_late(running)
    for pid in running:  # where the kernel does not do it
        os.kill(pid, signal.SIGKILL)


def _begin(control: socket.socket, jobs: dict[str, Job], running: dict[int, _Running]) -> bool:
    """Fork for one job; False at the end of the server."""
    try:
        message, descriptors, _flags, _address = socket.recv_fds(control, LIMITS.size, 2)
    except OSError:
        return False
    if len(message) != LIMITS.size or len(descriptors) != 2:
        return False
    work, report = descriptors
    cpu, wall, memory = LIMITS.unpack(message)
    keeper = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        _report(report, -1, 0, 0.0)
    else:
        if not pid:
            _job(jobs, work, cpu, memory, keeper)
        running[pid] = _Running(report, time.monotonic() + wall)
    os.close(work)
    return True


def _reap(running: dict[int, _Running]) -> None:
    while running:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        unit = 1 if sys.platform == "darwin" else 1024
        _report(running.pop(pid).report, status, used.ru_maxrss * unit, used.ru_utime + used.ru_stime)


def _report(descriptor: int, status: int, memory: int, cpu: float) -> None:
    with suppress(OSError):  # nobody waits for it any longer
        os.write(descriptor, REPORT.pack(status, memory, cpu))
    os.close(descriptor)


def _end_late(running: dict[int, _Running]) -> None:
    now = time.monotonic()
    for pid, job in running.items():
        if job.deadline <= now:
            os.kill(pid, signal.SIGKILL)
            job.deadline = now + 1.0


# --- in the fork ----------------------------------------------------------------------------------------------------


def _job(jobs: dict[str, Job], descriptor: int, cpu: float, memory: int, keeper: int) -> NoReturn:
    """Do one job under limits and end, whatever happens."""
    try:
        confine(descriptor, cpu, memory, keeper)
        connection = socket.socket(fileno=_ONLY)
        words, blobs = messages.receive(connection)
        messages.send(connection, *answer(jobs, words, blobs))
        os._exit(0)
    finally:
        os._exit(1)


def confine(descriptor: int, cpu: float, memory: int, keeper: int) -> None:
    """Nothing but the job's socket is open, and nothing can be opened: no file, no socket. The keeper's end is ours."""
    signal.set_wakeup_fd(-1)
    os.dup2(descriptor, _ONLY, inheritable=False)
    os.closerange(_ONLY + 1, 1024)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays; no number is left, also not after closing one
        (resource.RLIMIT_AS, _address_space() + memory),
    ):
        with suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(limit, (most, most))
    seconds = max(1, round(cpu))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != keeper:
            os._exit(1)


def _address_space() -> int:
    """What this process takes already, with its libraries: most of it is mapped and never touched."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 512 << 20


def answer(jobs: dict[str, Job], words: dict[str, object], blobs: list[bytes]) -> messages.Message:
    """What the job says: ``facts``, ``refused`` with a text, or ``failed`` with no more than the kind of error."""
    try:
        (data,) = blobs
        facts, made = jobs[str(words["job"])](data, **words["options"])  # type: ignore[arg-type]
        return {"facts": facts}, made
    except PictureRefused as refused:
        return {"refused": str(refused)}, []
    except Exception as error:
        return {"failed": type(error).__name__}, []


def main(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as control:
        serve(control)
