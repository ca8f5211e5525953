"""P10 as granian serves it: two workers, forked from what their parent has loaded, against two of bare Flask.

CPU of granian and its workers until both have answered, and the memory of a worker (PSS): pages that several processes
share count for each of them in part. Bare Flask is loaded by each worker, which is granian's default.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench import report, server
from bench.timing import median
from commands.serve import GRANIAN

WORKERS = 2
_BARE = GRANIAN.replace("import worker\n", "").replace("worker.load()", "pass")
#: What is run by its Python, and the factory.
KINDS = {"bare Flask": (_BARE, "bench.hello:create_server"), "ours": (GRANIAN, "worker:create_server")}
TITLES = {
    "first_page": "CPU s until two workers have answered",
    "pss": "MB of each worker then",
    "pss_used": "MB of each at work",
}


def run(folder: Path, rounds: int, pages: Sequence[str], cookies: dict[str, str], must: float, aim: float) -> None:
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for number in range(rounds + 1):  # the first one compiles
        for kind, (program, factory) in KINDS.items():
            asked = pages if kind == "ours" else ["/"] * len(pages)
            facts = _started(folder, [sys.executable, "-c", program, factory, *_settings()], asked, cookies)
            if number:
                found[kind].append(facts)
    middle = {kind: {what: median([one[what] for one in told]) for what in TITLES} for kind, told in found.items()}
    bare, ours = middle.values()
    rows = [
        (title, f"{bare[what]:.2f}", f"{ours[what]:.2f}", f"{ours[what] / bare[what]:.2f}")
        for what, title in TITLES.items()
    ]
    print(f"\nP10: two workers of granian, must ≤ {must:g}, aim ≤ {aim:g}\n")
    print(report.table(("what", *KINDS, "ratio"), rows))
    for what, title in TITLES.items():
        report.note("P10", title, f"{ours[what] / bare[what]:.2f}", f"≤ {must:g}", f"≤ {aim:g}")
    print(f"written to {report.save('p10-served', middle)}", flush=True)


def _settings() -> list[str]:
    return ["--factory", "--interface", "wsgi", "--no-ws", "--workers", str(WORKERS), "--log-level", "error"]


def _started(folder: Path, command: list[str], pages: Sequence[str], cookies: dict[str, str]) -> dict[str, float]:
    with server.running(folder, command) as served:
        served.ask(["/"] * 20 * WORKERS)
        first = {"first_page": served.cpu(), "pss": _mean(served.memory())}
        served.ask([*pages] * 5 * WORKERS, cookies)
        return first | {"pss_used": _mean(served.memory())}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
