"""P4: the officers' list against Django's admin change list over as many equal rows, SQLite both.

Whole requests of somebody signed in who sees everything, each application in a process of its own, in turn. Django's
figures are those of its defaults; ``tuned`` is without ``show_full_result_count``, which counts all rows once more.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import Any
from urllib.parse import urlencode

from bench import asked, peer, report
from bench.instances import Instance
from bench.peer import Peer
from bench.timing import median, quiet_collector
from bench.visitor import QUEUE, SEARCH, lines_of
from bench.visitor import officer as signed_in
from bench.wsgi import Answer
from lib.codes import Status

LIST = "/admin/auth/submission/"
PAGE = 50
AIMS = {15: 30, 50: 100, 150: 400}  # by what must be reached
ROUNDS, OURS_A_ROUND, THEIRS_A_ROUND = 12, 25, 5


@dataclass
class Scene:
    """The same thing looked for in both: ``ours`` makes request ``n``, ``theirs`` says its address there."""

    title: str
    goal: int  # how many times our requests per CPU second
    ours: Callable[[int], Answer]
    theirs: Callable[[int], str]
    cpu: dict[str, list[float]] = field(default_factory=lambda: {"ours": [], "django": [], "tuned": []})
    lines: dict[str, list[int]] = field(default_factory=lambda: {"ours": [], "django": []})


@contextmanager
def django_over(instance: Instance) -> Iterator[Peer]:
    """The peer over the instance's rows, copied at the first time."""
    database = instance.home / "django.db"
    if not database.exists():
        part = database.with_suffix(".part")
        part.unlink(missing_ok=True)
        subprocess.run(peer.command("change_list.py", part, instance.home / "kuaiji.db"), check=True)
        part.rename(database)
    process = Peer("change_list.py", database, instance.home / "kuaiji.db")
    try:
        yield process
    finally:
        process.end()


def scenes(instance: Instance) -> list[Scene]:
    officer = instance.officer(asked.PROVINCE)
    visitor, found = signed_in(instance, officer), asked.Asked(instance, officer)

    def middle(title: str, status: Status) -> Scene:
        cursors, last, rng = found.inside(status), found.how_many(status) // PAGE, random.Random(4)
        pages = [rng.randint(last * 3 // 10, last * 7 // 10) for _ in cursors]
        return Scene(
            f"{title}, in the middle",
            50,
            lambda n: visitor.get(f"{QUEUE}?" + urlencode({"tab": status.value, "after": cursors[n % len(cursors)]})),
            lambda n: LIST + "?" + urlencode({"status__exact": status.value, "p": pages[n % len(pages)]}),
        )

    def search(title: str, words: Sequence[str]) -> Scene:
        return Scene(
            f"search, {title}",
            150,
            lambda n: visitor.send(SEARCH, {"q": words[n % len(words)]}, expect=200),
            lambda n: LIST + "?" + urlencode({"q": words[n % len(words)]}),
        )

    return [
        Scene("待审核, first page", 15, lambda _n: visitor.get(QUEUE), lambda _n: f"{LIST}?status__exact=submitted"),
        middle("待审核", Status.SUBMITTED),
        middle("审核通过", Status.APPROVED),
        search("a whole name", found.name_parts(3, "few")),
        search("a surname", found.name_parts(1, "many")),
        search("no match", asked.UNKNOWN_NAMES),
    ]


def run(instance: Instance) -> None:
    """Measure, print the table, write the JSON."""
    with django_over(instance) as django:
        found = scenes(instance)
        for scene in found:
            _measure(scene, django)
    print(f"\nP4  the officers' list against Django {django.facts['django']}'s change list,", end=" ")
    print(f"{django.facts['rows']:,} rows each, SQLite, CPU of the whole request\n")
    print(report.table(_HEADS, [_row(scene) for scene in found]))
    facts = {"people": instance.people, "django": django.facts, "scenes": [_facts(scene) for scene in found]}
    print(f"\n{report.save('p4', facts)}")


def _measure(scene: Scene, django: Peer) -> None:
    """Rounds of a few requests each, first ours, then theirs; the first round warms up."""
    for number in range(ROUNDS + 1):
        ours = range(number * OURS_A_ROUND, (number + 1) * OURS_A_ROUND)
        theirs = [scene.theirs(n) for n in range(number * THEIRS_A_ROUND, (number + 1) * THEIRS_A_ROUND)]
        timed = _ours(scene, ours)
        full, tuned = (django.ask({"calls": theirs, "full": full}) for full in (True, False))
        if number:
            scene.cpu["ours"] += [seconds for seconds, _lines in timed]
            scene.lines["ours"] += [lines for _seconds, lines in timed]
            scene.cpu["django"] += full["cpu"]
            scene.cpu["tuned"] += tuned["cpu"]
            scene.lines["django"] += full["lines"]


def _ours(scene: Scene, numbers: range) -> list[tuple[float, int]]:
    found = []
    with quiet_collector():
        for n in numbers:
            before = process_time()
            answer = scene.ours(n)
            found.append((process_time() - before, lines_of(answer)))
    return found


_HEADS = ("page", "ours ms", "Django ms", "tuned ms", "ratio", "tuned", "goal", "", "lines", "Django's")


def _facts(scene: Scene) -> dict[str, Any]:
    cpu = {name: median(values) for name, values in scene.cpu.items()}
    lines = {name: round(sum(values) / len(values), 1) for name, values in scene.lines.items()}
    ratios = {name: cpu[name] / cpu["ours"] for name in ("django", "tuned")}
    return {"page": scene.title, "goal": scene.goal, "cpu": cpu, "ratio": ratios, "lines": lines}


def _row(scene: Scene) -> list[str]:
    facts = _facts(scene)
    cpu = [f"{facts['cpu'][name] * 1e3:.2f}" for name in ("ours", "django", "tuned")]
    ratios = [f"{facts['ratio'][name]:.1f}×" for name in ("django", "tuned")]
    kept = "ok" if facts["ratio"]["django"] >= scene.goal else "MISSED"
    report.note(
        "P4", scene.title, f"{facts['ratio']['django']:.1f} ×", f"≥ {scene.goal:g} ×", f"≥ {AIMS[scene.goal]} ×"
    )
    goal = [f"≥ {scene.goal:g}×", kept]
    return [scene.title, *cpu, *ratios, *goal, *(f"{lines:.0f}" for lines in facts["lines"].values())]
