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
from bench.timing import median
from services.accounts import passwords
from tests.support.people import PASSWORD

MUST, AIM = 3.5, 4.0
PEOPLE = 8


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = filled.make(Path(folder), 300)
        people = [filled.newcomer(site.app) for _person in range(PEOPLE)]
        theirs = generate_password_hash(PASSWORD)
        numbers = count()

        visitor = Browser(site.app.wsgi_app, {})
        visitor.get("/login")
        fresh = dict(visitor.cookies)

        def sign_in(_number: int) -> int:
            """In a browser that has the page already."""
            name, number = people[next(numbers) % len(people)]
            visitor.cookies = dict(fresh)
            visitor.send("/login", {"id_type": "resident_id", "name": name, "number": number, "password": PASSWORD})
            return 1

        with site.app.app_context():
            ours = passwords.hashed(PASSWORD)
            series = timing.in_turn(
                {
                    "werkzeug's check": lambda _n: int(check_password_hash(theirs, PASSWORD)),
                    "our check": lambda _n: int(passwords.is_correct(PASSWORD, ours)),
                    "a sign-in, whole request": sign_in,
                },
                rounds,
            )
    base = median(series["werkzeug's check"].cpu)
    rows = [
        (name, f"{median(one.cpu) * 1e3:.1f}", f"{1 / median(one.cpu):.1f}", f"{base / median(one.cpu):.2f} ×")
        for name, one in series.items()
    ]
    print(f"\nP7: sign-ins, must ≥ {MUST:g} ×, aim ≥ {AIM:g} ×\n")
    print(report.table(("what", "CPU ms", "a core-second", "ratio"), rows))
    for name in ("our check", "a sign-in, whole request"):
        ratio = base / median(series[name].cpu)
        report.note("P7", f"{name} against werkzeug's check", f"{ratio:.2f} ×", f"≥ {MUST:g} ×", f"≥ {AIM:g} ×")
    facts = {name: {"cpu_ms": median(one.cpu) * 1e3, "ratio": base / median(one.cpu)} for name, one in series.items()}
    print(
        f"written to {report.save('p7', {'hash': theirs.split('$')[0], 'rounds': rounds, 'what': facts})}", flush=True
    )
