"""P10: from the start of the program to its first page, and the memory of one process, against bare Flask.

Each start is a process of its own: CPU of all it did until the first page was there, and its share of memory (PSS)
then and after it has been at work.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from bench import process
from bench.wsgi import Ask, call

MUST, AIM = 3.0, 2.0
BARE, OURS = "bare Flask", "ours"
AT_WORK = 5  # times each page


def run(rounds: int) -> None:
    from bench import filled, report, served_start
    from bench.timing import median
    from forms import STEPS

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = filled.make(folder, 300)
        pages = [f"/apply/{step.slug}" for step in STEPS] + ["/apply/papers", "/apply/sheet.pdf", "/hotlines"]
        plan = {"pages": pages, "cookies": site.applicant}
        (folder / "plan.json").write_text(json.dumps(plan))
        found: dict[str, list[dict[str, float]]] = {BARE: [], OURS: []}
        for number in range(rounds + 1):  # the first one compiles, and warms the disk's cache
            for kind, told in found.items():
                began = perf_counter()
                facts = process.run("bench.cold_start", kind, folder, environ=_with_bytecode(folder))
                if number:
                    told.append(facts | {"wall": perf_counter() - began})
        served_start.run(folder, max(2, rounds // 2), pages, site.applicant, MUST, AIM)
    middle = {kind: {what: median([one[what] for one in told]) for what in told[0]} for kind, told in found.items()}
    bare, ours = middle[BARE], middle[OURS]
    titles = {"first_page": "CPU s until the first page", "pss": "MB of memory then", "pss_used": "MB at work"}
    rows = [
        (title, f"{bare[what]:.2f}", f"{ours[what]:.2f}", f"{ours[what] / bare[what]:.2f}")
        for what, title in titles.items()
    ]
    print(f"\nP10: a cold start, must ≤ {MUST:g}, aim ≤ {AIM:g}\n")
    print(report.table(("what", BARE, OURS, "ratio"), rows))
    for what, title in titles.items():
        report.note("P10", title, f"{ours[what] / bare[what]:.2f}", f"≤ {MUST:g}", f"≤ {AIM:g}")
    facts = {what: {"bare": bare[what], "ours": ours[what], "ratio": ours[what] / bare[what]} for what in titles}
    print(f"written to {report.save('p10', {'rounds': rounds, 'what': facts})}", flush=True)


def _with_bytecode(folder: Path) -> dict[str, str]:
    """As after any earlier start: a module is compiled already, whatever the environment of the bench says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _job(kind: str, folder: Path) -> None:
    """Loads no more of the bench than the few lines that ask the application."""
    plan = json.loads((folder / "plan.json").read_text())
    if kind == OURS:
        gc.disable()  # as worker.py does it
        from app import create_app
        from config import Config

        wsgi = create_app(Config(settings(folder)), with_commands=False).wsgi_app
        gc.freeze()
        gc.enable()
        pages, cookie = plan["pages"], "; ".join(f"{name}={value}" for name, value in plan["cookies"].items())
    else:
        from flask import Flask

        app = Flask("hello")
        app.add_url_rule("/", "hello", lambda: "hello")
        wsgi, pages, cookie = app.wsgi_app, ["/"], ""
    assert call(wsgi, Ask("/")).status == 200
    facts = {"first_page": process_time(), "pss": process.memory("Pss")}
    for path in pages * AT_WORK:
        assert call(wsgi, Ask(path), cookie).status == 200, path
    process.tell(**facts, pss_used=process.memory("Pss"))


def settings(folder: Path) -> dict[str, str]:
    """The environment of an instance that bench.instances made."""
    places = {"KUAIJI_DATA": str(folder), "KUAIJI_UPLOADS": str(folder / "uploads"), "KUAIJI_SECRET_KEY": "bench"}
    return places | {"KUAIJI_STAFF_TOTP": "off", "KUAIJI_DEMO": "no"}


if __name__ == "__main__":
    _job(sys.argv[1], Path(sys.argv[2]))
