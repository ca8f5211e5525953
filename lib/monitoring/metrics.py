"""What a monitor asks of the running processes: counters and times, kept by prometheus-client.

``flask serve`` names a folder in PROMETHEUS_MULTIPROC_DIR; there each worker keeps its figures, and any of them tells
those of all. Without the folder a process tells its own. No label holds personal data or anything that a visitor sends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

KINDS = ("counter", "histogram")  # a process has a file for each
ROOM = 1 << 19  # bytes of a file, more than all figures take


class _OwnNumber:
    """The number of this process, with which prometheus-client names its files; they are made when it first asks.

    It maps them into memory, and would let them grow while they are written: where the disk is full, the kernel ends
    the process. So each is made with all of its room, or a figure is not counted (OSError) until there is some.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._made_for = folder, 0

    def __call__(self) -> int:
        number = os.getpid()
        if self._made_for != number:
            for kind in KINDS:
                _make(self._folder / f"{kind}_{number}.db")
            self._made_for = number
        return number


def _make(file: Path) -> None:
    """Written whole, with another name at first: other processes read every file of figures at any time."""
    if file.exists():  # of a process that had the same number
        return
    beginning = file.with_suffix(".new")
    try:
        beginning.write_bytes(bytes(ROOM))
        beginning.replace(file)
    finally:
        beginning.unlink(missing_ok=True)


def _keep_figures() -> bool:
    """In files that all processes read; False: in memory, also where there is no room for the files at the start."""
    values.ValueClass = values.MutexValue
    with suppress(OSError):
        if folder := os.environ.get(FOLDER):
            values.ValueClass = values.MultiProcessValue(_OwnNumber(Path(folder)))  # type: ignore[no-untyped-call]
            return True
    return False


_ARE_SHARED = _keep_figures()
_OWN = CollectorRegistry()
_TIMES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_requests = Counter("kuaiji_requests", "Requests answered", ["endpoint", "status"], registry=_OWN)
_seconds = Histogram("kuaiji_request_seconds", "Time to answer a request", ["area"], buckets=_TIMES, registry=_OWN)
_lock_wait = Histogram(
    "kuaiji_lock_wait_seconds", "Time until a writing transaction had the lock of SQLite", buckets=_TIMES, registry=_OWN
)
_refused = Counter("kuaiji_pictures_refused", "Pictures that were not accepted", ["reason"], registry=_OWN)
_decoded = Counter("kuaiji_decoding_jobs", "Jobs of the decoding child processes", ["job", "end"], registry=_OWN)
_decoding_cpu = Counter("kuaiji_decoding_cpu_seconds", "CPU time of the decoding child processes", registry=_OWN)


@dataclass(frozen=True)
class FigureFamily:
    """One figure with its lines: the values of its labels and the number."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    lines: Iterable[tuple[tuple[str, ...], float]]

    def family(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for labelled, number in self.lines:
            family.add_metric(labelled, number)
        return family


class _Figures:
    """What is counted when the monitor asks."""

    def __init__(self, figures: Iterable[FigureFamily]) -> None:
        self._figures = tuple(figures)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [figure.family() for figure in self._figures]


def answered(endpoint: str, status: int, seconds: float) -> None:
    """Count a request: ``endpoint`` as Flask names it, or "" for an address that is none of ours."""
    with suppress(OSError):
        counted, timed = _figures_of(endpoint, status)
        counted.inc()
        timed.observe(seconds)


@cache
def _figures_of(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(endpoint, str(status)), _seconds.labels(endpoint.partition(".")[0])


def waited_for_lock(seconds: float) -> None:
    with suppress(OSError):
        _lock_wait.observe(seconds)


def picture_refused(reason: str) -> None:
    with suppress(OSError):
        _refused.labels(reason).inc()


def job_ended(job: str, end: str, cpu_s: float) -> None:
    """Count a job of a decoding child: ``end`` is "ok" or the name of the signal that ended it."""
    with suppress(OSError):
        _decoded.labels(job, end).inc()
        _decoding_cpu.inc(max(0.0, cpu_s))


def exposition(figures: Iterable[FigureFamily]) -> bytes:
    """Everything in the text format of Prometheus: the counters of all workers, and ``figures`` with them."""
    registry = _OWN
    if _ARE_SHARED:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    beside = CollectorRegistry()
    beside.register(_Figures(figures))
    return bytes(generate_latest(registry) + generate_latest(beside))
