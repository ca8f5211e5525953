"""What a monitor asks of the running processes: counters and times, kept by prometheus-client.

``flask serve`` names a folder in PROMETHEUS_MULTIPROC_DIR; there each worker keeps its figures, and any of them tells
those of all. Without the folder a process tells its own. No label holds personal data or anything that a visitor sends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

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
        for values, number in self.lines:
            family.add_metric(values, number)
        return family


class _Figures:
    """What is counted when the monitor asks."""

    def __init__(self, figures: Iterable[FigureFamily]) -> None:
        self._figures = tuple(figures)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [figure.family() for figure in self._figures]


def answered(endpoint: str, status: int, seconds: float) -> None:
    """Count a request: ``endpoint`` as Flask names it, or "" for an address that is none of ours."""
    counted, timed = _figures_of(endpoint, status)
    counted.inc()
    timed.observe(seconds)


@cache
def _figures_of(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(endpoint, str(status)), _seconds.labels(endpoint.partition(".")[0])


def waited_for_lock(seconds: float) -> None:
    _lock_wait.observe(seconds)


def picture_refused(reason: str) -> None:
    _refused.labels(reason).inc()


def job_ended(job: str, end: str, cpu_s: float) -> None:
    """Count a job of a decoding child: ``end`` is "ok" or the name of the signal that ended it."""
    _decoded.labels(job, end).inc()
    _decoding_cpu.inc(max(0.0, cpu_s))


def exposition(figures: Iterable[FigureFamily]) -> bytes:
    """Everything in the text format of Prometheus: the counters of all workers, and ``figures`` with them."""
    registry = _OWN
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    beside = CollectorRegistry()
    beside.register(_Figures(figures))
    return bytes(generate_latest(registry) + generate_latest(beside))
