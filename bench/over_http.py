"""The same pages by an HTTP client, from ``flask serve`` as shipped, and the workers' memory after many requests."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import filled, report, server
from bench.server import Server
from bench.timing import percentile

CLIENTS = 4
PAGES = {"个人信息, signed in": "/apply/personal", "/healthz": "/healthz"}
WARM = 200


def run(requests: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        site = filled.make(Path(name), 500)
        with server.running(Path(name)) as served:
            _load(served, site.applicant, [*PAGES.values()], WARM)
            found = {title: _load(served, site.applicant, [path], 400) for title, path in PAGES.items()}
            paths = ["/apply/personal", "/apply/department", "/apply/papers", "/hotlines", "/", "/apply/status"]
            before = served.memory()
            mixed = _load(served, site.applicant, paths, requests)
            after = served.memory()
    found[f"{requests:,} of six pages"] = mixed
    rows = [
        (title, f"{one['per_s']:.0f}", f"{one['cpu_ms']:.2f}", f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}")
        for title, one in found.items()
    ]
    print(f"\nHTTP: flask serve with {len(after)} workers, {CLIENTS} clients at once\n")
    print(report.table(("what", "requests a second", "CPU ms a request", "p50 ms", "p99 ms"), rows))
    told = [", ".join(f"{one:.1f}" for one in side) for side in (before, after)]
    print(f"memory of the workers (PSS, MB): {told[0]} before, {told[1]} after {requests:,} requests")
    for title, one in found.items():
        report.note("HTTP", title, f"{one['per_s']:.0f}/s, {one['cpu_ms']:.2f} ms CPU", "", "")
    report.note("HTTP", f"memory before and after {requests:,} requests, MB", " → ".join(told), "", "")
    facts = {"requests": requests, "pages": found, "memory_before_mb": before, "memory_after_mb": after}
    print(f"written to {report.save('http', facts)}", flush=True)


def _load(served: Server, cookies: Mapping[str, str], paths: list[str], requests: int) -> dict[str, Any]:
    """``requests`` of these pages by CLIENTS at once, each on a connection that it keeps."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    took: list[float] = []
    wrong: list[int] = []

    def client() -> None:
        turn = cycle(paths)
        with closing(served.connection()) as connection:
            for _request in range(requests // CLIENTS):
                began = perf_counter()
                connection.request("GET", next(turn), headers=headers)
                answer = connection.getresponse()
                answer.read()
                took.append(perf_counter() - began)
                if answer.status != 200:
                    wrong.append(answer.status)

    cpu, began = served.cpu(), perf_counter()
    clients = [threading.Thread(target=client) for _client in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    wall = perf_counter() - began
    if wrong or not took:
        raise RuntimeError(f"{len(wrong)} answers were not 200: {wrong[:5]}")
    return {
        "per_s": len(took) / wall,
        "cpu_ms": (served.cpu() - cpu) / len(took) * 1e3,
        "p50_ms": percentile(took, 0.5) * 1e3,
        "p99_ms": percentile(took, 0.99) * 1e3,
    }
