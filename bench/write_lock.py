"""How long each POST holds SQLite's write lock: from the first statement that takes it until the end of the commit.

Whole journeys and decisions in one process, one request at a time, so nothing waits for another one. By the clock: a
busy machine makes the longest times longer.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from flask import Flask, has_request_context, request
from sqlalchemy import event, select

from bench import against_django, filled, journey, report
from bench.browser import Browser
from bench.timing import percentile
from lib.codes import Status
from lib.database import begin_mode
from models import Declaration, db

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


class Watch:
    """Follows the engine's transactions; ``held``: seconds by route. The bench sends one request at a time."""

    def __init__(self, app: Flask) -> None:
        self.held: dict[str, list[float]] = defaultdict(list)
        self.since: float | None = None
        with app.app_context():
            engine = db.engine
        event.listen(engine, "begin", self._begun)
        event.listen(engine, "before_cursor_execute", self._asked)
        for name in ("do_commit", "do_rollback"):
            setattr(engine.dialect, name, self._ending(getattr(engine.dialect, name)))

    def _begun(self, _connection: Any) -> None:
        """After the product's own listener, which sends BEGIN."""
        if begin_mode.get() == "IMMEDIATE":
            self.since = perf_counter()

    def _asked(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if self.since is None and _WRITES.match(statement):
            self.since = perf_counter()

    def _ending(self, end: Callable[..., Any]) -> Callable[..., Any]:
        def ended(*arguments: Any) -> Any:
            found = end(*arguments)
            if self.since is not None and has_request_context():
                self.held[f"{request.method} {request.url_rule}"].append(perf_counter() - self.since)
            self.since = None
            return found

        return ended


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = filled.make(folder / "ours", 500)
        plan = against_django.plan_of(site, folder)
        people = [filled.newcomer(site.app) for _person in range(rounds)]
        officer = Browser(site.app.wsgi_app, site.officer)
        watch = Watch(site.app)
        for number, who in enumerate(people):
            pictures = against_django.draw_pictures(folder, plan, number)
            browser = Browser(site.app.wsgi_app, {})
            filled.sign_in(browser, who)
            journey.go(browser, plan["answers"], {kind: Path(place).read_bytes() for kind, place in pictures})
            _approve(site.app, officer)
    _tell(watch.held)


def _approve(app: Flask, officer: Browser) -> None:
    """Take what was submitted last, mark an answer, and approve without the mark."""
    with app.app_context():
        query = select(Declaration.uid).where(Declaration.status == Status.SUBMITTED).order_by(Declaration.id.desc())
        path = f"/staff/submissions/{db.session.scalar(query.limit(1))}"
        db.session.remove()
    officer.get(path)
    officer.send(f"{path}/claim", {})
    officer.get(path)
    officer.send(f"{path}/marks", {"seen": "1", "mark": "postal_address", "comment-postal_address": "请写到门牌号"})
    officer.send(f"{path}/approve", {"seen": "1", "id_checked": "yes", "confirmed": "yes"})


def _tell(held: dict[str, list[float]]) -> None:
    figures = {
        route: {"n": len(times), **{f"p{share}": percentile(times, share / 100) * 1e3 for share in (50, 99, 100)}}
        for route, times in sorted(held.items())
    }
    every = [one for times in held.values() for one in times]
    figures["all"] = {"n": len(every), **{f"p{share}": percentile(every, share / 100) * 1e3 for share in (50, 99, 100)}}
    told = figures["all"]
    report.note("lock", "held by a transaction, ms, p50 / p99", f"{told['p50']:.1f} / {told['p99']:.1f}", "", "")
    rows = [
        (route, one["n"], f"{one['p50']:.2f}", f"{one['p99']:.2f}", f"{one['p100']:.2f}")
        for route, one in figures.items()
    ]
    print("\nSQLite's write lock, ms that each transaction holds it\n")
    print(report.table(("route", "transactions", "p50", "p99", "max"), rows))
    print(f"written to {report.save('lock', {'routes': figures})}", flush=True)
