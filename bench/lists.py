"""P3: every staff list at many people against the same list at few, in one run and in turn, on both engines.

Measured are the service functions that a view calls, each in an application context of its own as in a request, and
then whole pages. On PostgreSQL the CPU of the server's process counts too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from bench import report, timing
from bench import visitor as browsers
from bench.asked import CITY, COUNTY, KINDS, PROVINCE, Asked
from bench.instances import Instance
from bench.timing import Call, Series, median, percentile
from bench.visitor import QUEUE, SEARCH, lines_of
from lib.codes import Status
from lib.database import transaction_mode
from services.queue import listing as queue_listing
from services.queue.keyset_pages import LAST
from services.queue.listing import Filters
from services.records import office_list as office_records

GOAL = 1.2
#: Answers count as equally long up to this; else the ratio is of the answers' lengths, not of the lists.
_SAME_LENGTH = 1.2
SCOPES = {"province": PROVINCE, "city": CITY, "county": COUNTY}
_RECORDS = "/staff/archive"

Pair = tuple[Instance, Instance]
Ask = Callable[[str], Any]
Make = Callable[[], Call | None]  # None: this database has no argument of the kind


class Desk:
    """One officer at one database, with everything that such an officer asks for."""

    def __init__(self, instance: Instance, department: str) -> None:
        self.instance = instance
        self.officer = instance.officer(department)
        self.asked = Asked(instance, self.officer)

    def services(self) -> dict[str, Make]:
        """Title -> what makes the call of a service function."""
        return dict([*self._queue(), *self._lanes(), *self._searches(), *self._records()])

    def _call(self, ask: Ask, arguments: Callable[[], Sequence[str]]) -> Make:
        app = self.instance.app

        def make() -> Call | None:
            words = arguments()

            def call(number: int) -> int:
                with app.app_context(), transaction_mode("DEFERRED"):
                    found = ask(words[number % len(words)])
                    return len(found.lines) if hasattr(found, "lines") else 0

            return call if words else None

        return make

    def _listing(self, filters: Filters, arguments: Callable[[], Sequence[str]]) -> Make:
        return self._call(lambda after: queue_listing.listing(self.officer, filters, after), arguments)

    def _queue(self) -> Iterator[tuple[str, Make]]:
        for tab, status in {"submitted": Status.SUBMITTED, "approved": Status.APPROVED, "all": None}.items():
            filters, title = Filters(tab=tab), status.label if status else "全部"
            yield f"{title}, first page", self._listing(filters, lambda: [""])
            yield f"{title}, in the middle", self._listing(filters, partial(self.asked.inside, status))
            yield f"{title}, last page", self._listing(filters, lambda: [LAST])

    def _lanes(self) -> Iterator[tuple[str, Make]]:
        for lane in ("clean", "flagged", "again", "overdue", "mine"):
            yield f"lane {lane}, first page", self._listing(Filters(lane=lane), lambda: [""])
        yield "信息变更, first page", self._listing(Filters(kind="change"), lambda: [""])
        yield "the counters", self._call(lambda _: queue_listing.counts(self.officer), lambda: [""])
        yield "领取下一件, which", self._call(lambda _: queue_listing.next_due(self.officer), lambda: [""])

    def _words(self) -> Iterator[tuple[str, Callable[[], Sequence[str]]]]:
        asked = self.asked
        for kind in KINDS:
            for length in (1, 2, 3):
                yield f"name, {length} characters, {kind}", partial(asked.name_parts, length, kind)
            yield f"initials, {kind}", partial(asked.initials, 3, kind)
            yield f"phone's tail, {kind}", partial(asked.tails, kind)
            yield f"employer, {kind}", partial(asked.employer_parts, 5 if kind == "few" else 2, kind)
        yield "ID number", asked.numbers
        yield "申报编号", asked.application_numbers

    def _searches(self) -> Iterator[tuple[str, Make]]:
        for title, words in self._words():
            yield f"search: {title}", self._call(lambda text: queue_listing.search(self.officer, text), words)

    def _records(self) -> Iterator[tuple[str, Make]]:
        listing: Ask = lambda after: office_records.listing(self.officer, after)  # noqa: E731
        yield "records, first page", self._call(listing, lambda: [""])
        yield "records, in the middle", self._call(listing, self.asked.inside_records)
        yield "records, last page", self._call(listing, lambda: [LAST])
        search: Ask = lambda text: office_records.found_by(self.officer, text)  # noqa: E731
        for title, words in self._words():
            if title.startswith(("name, 2", "ID", "phone's tail")):
                yield f"records, search: {title}", self._call(search, words)

    def pages(self) -> dict[str, Make]:
        """Title -> what makes a whole request of the officer, who signs in for it."""
        return {
            "page 待审核, first": lambda: self._page(QUEUE, lambda: [""]),
            "page 待审核, in the middle": lambda: self._page(QUEUE, partial(self.asked.inside, Status.SUBMITTED)),
            "page 人员档案, first": lambda: self._page(_RECORDS, lambda: [""]),
            "page search: a surname": self._search_page,
        }

    def _page(self, path: str, arguments: Callable[[], Sequence[str]]) -> Call:
        visitor, cursors = browsers.officer(self.instance, self.officer), arguments()
        return lambda n: lines_of(visitor.get(f"{path}?{urlencode({'after': cursors[n % len(cursors)]})}"))

    def _search_page(self) -> Call | None:
        visitor, words = browsers.officer(self.instance, self.officer), self.asked.name_parts(1, "many")
        return (lambda n: lines_of(visitor.send(SEARCH, {"q": words[n % len(words)]}, expect=200))) if words else None


@dataclass(frozen=True)
class Measured:
    """One list on one engine and scope: at few and at many people."""

    engine: str
    scope: str
    title: str
    small: Series
    large: Series

    @property
    def ratios(self) -> dict[str, float]:
        pairs = {
            "cpu p50": (median(self.large.cpu), median(self.small.cpu)),
            "cpu p99": (percentile(self.large.cpu, 0.99), percentile(self.small.cpu, 0.99)),
            "wall p50": (median(self.large.wall), median(self.small.wall)),
            "wall p99": (percentile(self.large.wall, 0.99), percentile(self.small.wall, 0.99)),
        }
        return {name: large / small for name, (large, small) in pairs.items()}

    @property
    def comparable(self) -> bool:
        """Are the answers equally long?"""
        small, large = self.small.mean_lines, self.large.mean_lines
        return max(small, large) <= _SAME_LENGTH * min(small, large) + 1

    @property
    def verdict(self) -> str:
        if not self.comparable:
            return "other length"
        return "ok" if max(self.ratios["cpu p50"], self.ratios["cpu p99"]) <= GOAL else "MISSED"

    def row(self) -> list[str]:
        times = [report.microseconds(median(series.cpu)) for series in (self.small, self.large)]
        times += [report.microseconds(percentile(series.cpu, 0.99)) for series in (self.small, self.large)]
        ratios = [f"{ratio:.2f}" for ratio in self.ratios.values()]
        lines = [f"{self.small.mean_lines:.0f}", f"{self.large.mean_lines:.0f}"]
        return [self.engine, self.scope, self.title, *times, *ratios, *lines, self.verdict]

    def facts(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "scope": self.scope,
            "list": self.title,
            "verdict": self.verdict,
            "calls": len(self.small.cpu),
            "ratio": self.ratios,
            "few": _figures(self.small),
            "many": _figures(self.large),
        }


def _figures(series: Series) -> dict[str, float]:
    return {
        "cpu_p50": median(series.cpu),
        "cpu_p99": percentile(series.cpu, 0.99),
        "wall_p50": median(series.wall),
        "wall_p99": percentile(series.wall, 0.99),
        "lines": series.mean_lines,
    }


_TIMES = ("cpu µs few", "many", "p99 few", "many")
_HEADS = (
    "engine",
    "scope",
    "list",
    *_TIMES,
    "cpu p50",
    "cpu p99",
    "wall p50",
    "wall p99",
    "lines few",
    "many",
    "≤ 1.2",
)


def run(pairs: Sequence[Pair], calls: int, only: str = "", *, figure: str = "p3", desk: type[Desk] = Desk) -> None:
    """Measure, print the table, write the JSON."""
    found = []
    for pair in pairs:
        for scope, department in SCOPES.items():
            for measured in _measure(pair, scope, department, calls, only, desk):
                print(f"  {measured.engine} {scope} {measured.title}: {measured.ratios['cpu p50']:.2f}", flush=True)
                found.append(measured)
    small, large = pairs[0]
    people = f"{large.people:,} people against {small.people:,}"
    print(f"\n{figure.upper()}  lists at {people}, {calls} calls of each in turn\n")
    print(report.table(_HEADS, [measured.row() for measured in found]))
    counted = [measured for measured in found if measured.comparable]
    missed = sum(measured.verdict == "MISSED" for measured in counted)
    print(f"\n{len(counted) - missed} of {len(counted)} lists with answers of one length keep to ≤ {GOAL}")
    kept = f"{len(counted) - missed} of {len(counted)} lists"
    report.note(figure.upper(), f"lists at {people}", kept, f"≤ {GOAL} × each", "")
    facts = {"few": small.people, "many": large.people, "lists": [measured.facts() for measured in found]}
    print(report.save(figure, facts))


def _measure(pair: Pair, scope: str, department: str, calls: int, only: str, desk: type[Desk]) -> Iterator[Measured]:
    small, large = (desk(instance, department) for instance in pair)
    for few, many in ((small.services(), large.services()), (small.pages(), large.pages())):
        for title in few:
            if only in title and (call := few[title]()) and (other := many[title]()):
                yield _compare(pair, scope, title, (call, other), calls)


def _compare(pair: Pair, scope: str, title: str, both: tuple[Call, Call], calls: int) -> Measured:
    variants = dict(zip(("small", "large"), both, strict=True))
    for call in both:
        call(0)  # opens the connection whose server process is watched
    elsewhere = {
        name: cpu for name, instance in zip(variants, pair, strict=True) if (cpu := instance.backend_cpu()) is not None
    }
    series = timing.in_turn(variants, calls, elsewhere)
    return Measured(pair[0].engine, scope, title, series["small"], series["large"])
