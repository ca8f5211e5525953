"""``make bench``: the short form; ``make bench ARGS="--people 2000000"``: the whole one. See docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import (
    against_django,
    bulk,
    change_list,
    cold_start,
    desk,
    first_visit,
    instances,
    keys26,
    lists,
    over_http,
    page_costs,
    pictures,
    postgres,
    report,
    sheets,
    sign_ins,
    write_lock,
)
from bench.instances import HOME, Instance

SMALL = 10_000
SHORT = 200_000
LARGEST_PEER = 1_000_000


def main() -> int:
    given = _arguments()
    try:
        if not set(given.figures) <= set(APART):
            instances.check_room(given.data, given.people, with_postgres="postgresql" in given.engines)
        with instances.locked(given.data):
            for name, run in (FIGURES | APART).items():
                if name in given.figures:
                    run(given)
            report.summary()
    except (instances.NoRoom, instances.InUse) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("figures", nargs="*", default=list(FIGURES), choices=[*FIGURES, *APART], help="which figures")
    parser.add_argument(
        "--people", type=int, help=f"people of the large database ({SHORT:,}; keys26: {keys26.PEOPLE:,})"
    )
    parser.add_argument("--small", type=int, default=SMALL, help=f"people of the small one ({SMALL:,})")
    parser.add_argument("--calls", type=int, help="calls of each list and database (40; from a million people on, 300)")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each page (20)")
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    parser.add_argument("--only", default="", help="only pages (p1) and lists (p3) whose title has this text")
    parser.add_argument("--sheets", type=int, default=1000, help="sheets of the file that has many (1,000)")
    parser.add_argument("--requests", type=int, default=3000, help="HTTP requests before the memory is read (3,000)")
    parser.add_argument(
        "--files", type=int, default=200, help="files that an officer decides one after the other (200)"
    )
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the old register (100,000)")
    parser.add_argument("--data", type=Path, default=HOME, help="where the databases are kept")
    given = parser.parse_args()
    given.people = given.people or (keys26.PEOPLE if given.figures == ["keys26"] else SHORT)
    given.calls = given.calls or (300 if given.people >= 1_000_000 else 40)
    return given


def _sqlite(home: Path, people: int) -> Instance:
    instance = instances.sqlite(home, people)
    print(f"{instance.name} people: {instance.size / 1e6:,.0f} MB", flush=True)
    return instance


def _lists(given: argparse.Namespace) -> None:
    pairs = [(_sqlite(given.data, given.small), _sqlite(given.data, given.people))]
    with ExitStack() as stack:
        if "postgresql" in given.engines:
            server = stack.enter_context(postgres.running(given.data / "postgres"))
            if server is None:
                print("PostgreSQL is left out: no server program found (initdb, pg_ctl)")
            else:
                small, large = (instances.in_postgres(server, instance) for instance in pairs[0])
                pairs.append((small, large))
                print(f"{large.name} people: {large.size / 1e6:,.0f} MB", flush=True)
        lists.run([pair for pair in pairs if pair[0].engine in given.engines], given.calls, given.only)


def _bulk(given: argparse.Namespace) -> None:
    bulk.register(given.rows)
    bulk.rosters(_sqlite(given.data, given.small), _sqlite(given.data, min(given.people, LARGEST_PEER)))


FIGURES: dict[str, Callable[[argparse.Namespace], None]] = {
    "p1": lambda given: page_costs.run(given.rounds, given.only),
    "p2": lambda given: against_django.pages(given.rounds),
    "p3": _lists,
    "p4": lambda given: change_list.run(_sqlite(given.data, min(given.people, LARGEST_PEER))),
    "p5": lambda given: sheets.run(given.sheets),
    "p6": lambda given: pictures.run(given.calls),
    "p7": lambda given: sign_ins.run(given.rounds),
    "p8": lambda given: against_django.journeys(given.rounds),
    "p9": _bulk,
    "p10": lambda given: cold_start.run(max(3, given.rounds // 4)),
    "p11": lambda _given: first_visit.run(),
    "desk": lambda given: desk.run(given.files),
    "http": lambda given: over_http.run(given.requests),
    "lock": lambda given: write_lock.run(max(3, given.rounds // 2)),
}
#: Only when they are asked for.
APART: dict[str, Callable[[argparse.Namespace], None]] = {
    "keys26": lambda given: keys26.run(given.data, given.small, given.people, given.calls, given.only)
}


if __name__ == "__main__":
    sys.exit(main())
