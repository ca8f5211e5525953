"""P7: sign-ins against the hash that werkzeug uses unless told otherwise, CPU in one run and in turn.

The whole request of a right password, and its hash alone, against werkzeug's check of the same password alone.
"""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from bench import filled, report, timing
from bench.browser import Browser
from bench.timing import Call, median
from services.accounts import passwords
from tests.support.people import PASSWORD

MUST, AIM = 3.5, 4.0
PEOPLE = 8


WERKZEUG, HASH, WHOLE = "werkzeug's check", "our check", "a sign-in, whole request"


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = filled.make(Path(folder), 300)
        theirs = generate_password_hash(PASSWORD)
        variants: dict[str, Call] = {
            WERKZEUG: lambda _n: int(check_password_hash(theirs, PASSWORD)),
            HASH: lambda _n: int(passwords.is_correct(PASSWORD, ours)),
            WHOLE: _signing_in(site),
        }
        with site.app.app_context():
            ours = passwords.hashed(PASSWORD)
            series = timing.in_turn(variants, rounds)
    cpu = {name: median(one.cpu) for name, one in series.items()}
    ratios = {name: cpu[WERKZEUG] / took for name, took in cpu.items()}
    print(f"\nP7: sign-ins, must ≥ {MUST:g} ×, aim ≥ {AIM:g} ×\n")
    rows = [(name, f"{took * 1e3:.1f}", f"{1 / took:.1f}", f"{ratios[name]:.2f} ×") for name, took in cpu.items()]
    print(report.table(("what", "CPU ms", "a core-second", "ratio"), rows))
    report.note("P7", f"{HASH} against {WERKZEUG}", f"{ratios[HASH]:.2f} ×", f"≥ {MUST:g} ×", f"≥ {AIM:g} ×")
    report.note("P7", f"{WHOLE} against {WERKZEUG}", f"{ratios[WHOLE]:.2f} ×", "", "")
    facts = {name: {"cpu_ms": took * 1e3, "ratio": ratios[name]} for name, took in cpu.items()}
    saved = report.save("p7", {"hash": theirs.split("$")[0], "rounds": rounds, "what": facts})
    print(f"written to {saved}", flush=True)


def _signing_in(site: filled.Filled) -> Call:
    """In a browser that has the page already."""
    people, numbers = [filled.newcomer(site.app) for _person in range(PEOPLE)], count()
    visitor = Browser(site.app.wsgi_app, {})
    visitor.get("/login")
    fresh = dict(visitor.cookies)

    def sign_in(_number: int) -> int:
        name, number = people[next(numbers) % len(people)]
        visitor.cookies = dict(fresh)
        visitor.send("/login", {"id_type": "resident_id", "name": name, "number": number, "password": PASSWORD})
        return 1

    return sign_in
