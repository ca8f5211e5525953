"""P1: what a page costs, in answers of a bare Flask application that says hello in the same process.

Whole requests: WSGI call in, session, rights, queries, template, headers, body out. Each turn makes a few requests of
one page, then of the next one; medians of the turns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from flask import Flask

from bench import filled, report, timing
from bench.browser import Browser
from bench.page_forms import fields
from bench.timing import Call, median
from bench.visitor import QUEUE
from bench.wsgi import Ask, call
from forms import STEPS

HELLO = "bare Flask"
HELLOS, REQUESTS = 20, 3  # requests of one turn


@dataclass(frozen=True)
class Page:
    """One row: what is measured, and the ratios that it must and should keep."""

    title: str
    must: float
    aim: float
    work: Callable[[], Any]


def run(rounds: int, only: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = [page for page in _pages(filled.make(Path(folder))) if only in page.title]
        wsgi = _hello()
        variants = {HELLO: _times(HELLOS, lambda: call(wsgi, Ask("/")))}
        variants |= {page.title: _times(REQUESTS, page.work) for page in found}
        series = timing.in_turn(variants, rounds)
    hello = median(series[HELLO].cpu) / HELLOS
    rows, facts = [], {}
    for page in found:
        cpu = median(series[page.title].cpu) / REQUESTS
        ratio = cpu / hello
        rows.append((page.title, f"{cpu * 1e3:.2f}", f"{ratio:.1f}", f"≤ {page.must:g}", f"≤ {page.aim:g}"))
        report.note("P1", page.title, f"{ratio:.1f}", f"≤ {page.must:g}", f"≤ {page.aim:g}")
        facts[page.title] = {"cpu_ms": cpu * 1e3, "ratio": ratio, "must": page.must, "aim": page.aim}
    print(f"\nP1: CPU of a request against a bare Flask application ({hello * 1e6:.0f} µs)\n")
    print(report.table(("page", "CPU ms", "ratio", "must", "aim"), rows))
    print(f"written to {report.save('p1', {'hello_us': hello * 1e6, 'rounds': rounds, 'pages': facts})}", flush=True)


def _times(often: int, work: Callable[[], Any]) -> Call:
    def turn(_number: int) -> int:
        for _request in range(often):
            work()
        return often

    return turn


def _hello() -> Callable[..., Any]:
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello")
    return app.wsgi_app


def _pages(site: filled.Filled) -> list[Page]:
    wsgi = site.app.wsgi_app
    applicant, submitter = Browser(wsgi, site.applicant), Browser(wsgi, site.submitter)
    officer, stranger = Browser(wsgi, site.officer), Browser(wsgi, {})

    def get(who: Browser, path: str) -> Callable[[], Any]:
        return lambda: who.get(path)

    return [
        *(Page(step.title, 20, 12, get(applicant, f"/apply/{step.slug}")) for step in STEPS),
        Page("阅读须知", 10, 6, get(applicant, "/apply/notice")),
        Page("首页", 10, 6, get(stranger, "/")),
        Page("首页, signed in", 10, 6, get(applicant, "/")),
        Page("咨询电话", 10, 6, get(stranger, "/hotlines")),
        Page("申报进度", 10, 6, get(submitter, "/apply/status")),
        Page("核对信息", 30, 20, get(applicant, "/apply/check")),
        Page("附件上传", 30, 20, get(applicant, "/apply/papers")),
        Page("POST of 个人信息", 40, 25, _sending(applicant, "/apply/personal")),
        Page("待办, 50 rows", 30, 18, get(officer, QUEUE)),
        Page("审核 of a resubmission", 80, 50, get(officer, site.review)),
    ]


def _sending(who: Browser, path: str) -> Callable[[], Any]:
    """The page's own form with one of two addresses in turn, so that every request changes the row.

    ``seen`` tells which answers the form was filled with: it is read once for both.
    """
    forms = []
    for address in ("辽宁省沈阳市和平区样例路 1 号", "辽宁省沈阳市和平区样例路 2 号"):
        forms.append(fields(who.get(path).body.decode(), "seen") | {"postal_address": [address], "action": ["next"]})
        who.send(path, forms[-1], {})
    forms[0]["seen"] = fields(who.get(path).body.decode(), "seen")["seen"]
    turn = cycle(forms)
    return lambda: who.send(path, next(turn), {})
