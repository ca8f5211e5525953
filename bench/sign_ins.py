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
from lib.database import transaction_mode
from models import Account, db
from services.accounts import passwords
from tests.support.factory import Make
from tests.support.people import PASSWORD

MUST, AIM = 3.5, 4.0
PEOPLE = 8


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = filled.make(Path(folder), 300)
        people = _people(site)
        theirs = generate_password_hash(PASSWORD)
        numbers = count()

        def sign_in(_number: int) -> int:
            """A browser of its own each time, which has opened the page before."""
            name, number, _hash = people[next(numbers) % len(people)]
            visitor.cookies = dict(fresh)
            visitor.send("/login", {"id_type": "resident_id", "name": name, "number": number, "password": PASSWORD})
            return 1

        visitor = Browser(site.app.wsgi_app, {})
        visitor.get("/login")
        fresh = dict(visitor.cookies)
        with site.app.app_context():
            series = timing.in_turn(
                {
                    "werkzeug's check": lambda _n: int(check_password_hash(theirs, PASSWORD)),
                    "our check": lambda _n: int(passwords.is_correct(PASSWORD, people[0][2])),
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
    facts = {name: {"cpu_ms": median(one.cpu) * 1e3, "ratio": base / median(one.cpu)} for name, one in series.items()}
    print(
        f"written to {report.save('p7', {'hash': theirs.split('$')[0], 'rounds': rounds, 'what': facts})}", flush=True
    )


def _people(site: filled.Filled) -> list[tuple[str, str, str]]:
    with site.app.app_context(), transaction_mode("IMMEDIATE"):
        make = Make(site.app)
        made: list[Account] = [make.account(number=filled.free_number()) for _person in range(PEOPLE)]
        found = [(one.name, one.id_number, one.password_hash or "") for one in made]
        db.session.remove()
        return found
