"""P2 and P8: a page of the wizard, and a whole journey, against the same on Django (bench/peers/wizard.py).

The peer gets the questions from the product's pages, with their options and the answers of the same person.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from bench import filled, journey, report
from bench.browser import Browser
from bench.page_forms import controls
from bench.peer import Peer
from bench.pictures import child_cpu, photo
from bench.sheets import invented, strokes
from bench.timing import median, quiet_collector
from forms import PHOTO, STEPS
from lib.codes import IdType
from lib.pdf import fonts
from lib.questions.conditions import FormContext
from lib.questions.pages import Step
from services.papers import papers
from tests.support.people import PERSONAL, as_form

P2_MUST, P2_AIM = 8.0, 12.0
P8_MUST, P8_AIM = 4.0, 6.0
OURS_A_ROUND, THEIRS_A_ROUND = 6, 3
_TOLD = {
    name: value for name, value in {**PERSONAL, **filled.ANSWERS}.items() if name not in ("applicant_name", "mobile")
}
_NOT_ASKED = ("csrf_token", "seen", "action")
_FIRST = {"personal": "nation", "department": "has_employer", "education": "full_time_level", "qualification": "abacus"}


@dataclass(frozen=True)
class Pair:
    """Ours and the peer, with the same questions."""

    site: filled.Filled
    peer: Peer
    plan: Mapping[str, Any]
    folder: Path


@contextmanager
def _pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = filled.make(folder / "ours", 500)
        plan = plan_of(site, folder)
        (folder / "plan.json").write_text(json.dumps(plan))
        peer = Peer("wizard.py", folder)
        try:
            yield Pair(site, peer, plan, folder)
        finally:
            peer.end()


def plan_of(site: filled.Filled, folder: Path) -> dict[str, Any]:
    browser = Browser(site.app.wsgi_app, site.applicant)
    pages = []
    for step in STEPS:
        asked = controls(browser.get(f"/apply/{step.slug}").body.decode(), _FIRST[step.slug])
        there = [vars(control) for control in asked.values() if control.kind != "file"]
        there = [control | {"name": control["name"].replace("-", "_")} for control in there]
        there = [control for control in there if control["name"] not in _NOT_ASKED]
        pages.append({"slug": step.slug, "title": step.title, "controls": there})
    wanted = papers.wanted(_TOLD | {"id_type": IdType.RESIDENT.value})
    (folder / "photo.jpg").write_bytes(photo(Random(0), (750, 1050), 100_000))
    return {
        "pages": pages,
        "papers": [(paper.kind, paper.title) for paper in wanted if paper.required],
        "photo": str(folder / "photo.jpg"),
        "fonts": [str(fonts.SERIF), str(fonts.LABEL_SUBSET)],
        "strokes": strokes(invented(1)[0]),
        "answers": {step.slug: _given(step.slug) for step in STEPS},
    }


def _given(slug: str) -> dict[str, Any]:
    """What the person types and chooses on the page, what tells its form from others first."""
    step = next(step for step in STEPS if step.slug == slug)
    names = [name for name in step.form(None, context=FormContext())._fields if name in _TOLD]
    sent = as_form(_TOLD, names)
    return {_FIRST[slug]: sent[_FIRST[slug]], **sent}


def pages(rounds: int) -> None:
    """P2."""
    with _pair() as pair:
        browser = Browser(pair.site.app.wsgi_app, pair.site.applicant)
        found = [_page(pair, browser, step, rounds) for step in STEPS]
        django = pair.peer.facts["django"]
    rows = [
        (one["page"], f"{one['ours_ms']:.2f}", f"{one['django_ms']:.2f}", f"{one['ratio']:.2f} ×", one["bytes"])
        for one in found
    ]
    for one in found:
        report.note("P2", one["page"], f"{one['ratio']:.2f} ×", f"≥ {P2_MUST:g} ×", f"≥ {P2_AIM:g} ×")
    print(f"\nP2: a page of the wizard against Django {django}, CPU of the whole request")
    print(f"must ≥ {P2_MUST:g} ×, aim ≥ {P2_AIM:g} ×\n")
    print(report.table(("page", "ours ms", "Django ms", "ratio", "bytes, Django's"), rows))
    print(f"written to {report.save('p2', {'django': django, 'rounds': rounds, 'pages': found})}", flush=True)


def _page(pair: Pair, browser: Browser, step: Step, rounds: int) -> dict[str, Any]:
    """Rounds of a few requests each, first ours, then theirs; the first round warms up."""
    path = f"/apply/{step.slug}"
    ours: list[float] = []
    theirs: list[float] = []
    sizes: list[int] = []
    with quiet_collector():
        for number in range(rounds + 1):
            mine = []
            for _request in range(OURS_A_ROUND):
                before = browser.spent
                size = len(browser.get(path).body)
                mine.append(browser.spent - before)
            answer = pair.peer.ask({"pages": [path] * THEIRS_A_ROUND})
            if number:
                ours, theirs, sizes = ours + mine, theirs + answer["cpu"], [size, answer["bytes"][0]]
    found = {"ours_ms": median(ours) * 1e3, "django_ms": median(theirs) * 1e3}
    return {"page": step.title, **found, "ratio": median(theirs) / median(ours), "bytes": sizes}


def journeys(rounds: int) -> None:
    """P8."""
    with _pair() as pair:
        elsewhere = child_cpu()
        ours: list[dict[str, float]] = []
        theirs: list[dict[str, float]] = []
        for number in range(rounds + 1):
            places = draw_pictures(pair.folder, pair.plan, number)
            sent = {kind: Path(place).read_bytes() for kind, place in places}
            browser = Browser(pair.site.app.wsgi_app, {}, elsewhere)
            filled.sign_in(browser, filled.newcomer(pair.site.app))
            browser.spent = 0.0
            mine = journey.go(browser, pair.plan["answers"], sent)
            answer = pair.peer.ask({"journey": places})
            if number:
                ours.append(mine)
                theirs.append(answer)
        django = pair.peer.facts["django"]
    _tell_journeys(ours, theirs, django)


def draw_pictures(folder: Path, plan: Mapping[str, Any], number: int) -> list[tuple[str, str]]:
    """One picture for each paper, about 100 KB, others for each person: papers and their files."""
    made = []
    for place, (kind, _title) in enumerate(plan["papers"]):
        path = folder / f"{kind}.jpg"
        size = (750, 1050) if kind == PHOTO else (1000, 750)
        path.write_bytes(photo(Random(1000 * number + place), size, 100_000))
        made.append((kind, str(path)))
    return made


def _tell_journeys(ours: list[dict[str, float]], theirs: list[dict[str, float]], django: str) -> None:
    parts = {part: [median([one[part] for one in side]) for side in (ours, theirs)] for part in ours[0]}
    parts["whole"] = [median([sum(one.values()) for one in side]) for side in (ours, theirs)]
    rows = [(part, f"{a * 1e3:.0f}", f"{b * 1e3:.0f}", f"{b / a:.2f} ×") for part, (a, b) in parts.items()]
    print(f"\nP8: a whole journey against Django {django}, CPU of all processes")
    print(f"must ≥ {P8_MUST:g} ×, aim ≥ {P8_AIM:g} ×; {1 / parts['whole'][0]:.1f} journeys a core-second\n")
    print(report.table(("part", "ours ms", "Django ms", "ratio"), rows))
    ours_s, theirs_s = parts["whole"]
    report.note("P8", "whole journey", f"{theirs_s / ours_s:.2f} ×", f"≥ {P8_MUST:g} ×", f"≥ {P8_AIM:g} ×")
    facts = {part: {"ours_ms": a * 1e3, "django_ms": b * 1e3, "ratio": b / a} for part, (a, b) in parts.items()}
    print(f"written to {report.save('p8', {'django': django, 'rounds': len(ours), 'parts': facts})}", flush=True)
