"""An officer's day: files taken from the queue one after the other, looked at and decided. What is the site's part?

As a browser goes it: the page with its first picture, then the verdict, which leads to the next file. Every fifth one
is returned with three marks, after the question that the page asks.
"""

from __future__ import annotations

import html
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import filled, report
from bench.browser import Browser
from bench.timing import median
from bench.wsgi import Form

AIM = 60  # seconds of a clean case, of which the site's part is none to speak of
MARKED = ("nation", "postal_address", "id_portrait")
_PICTURE = re.compile(r'src="(/staff/submissions/[^"?]+/pictures/[^"?]+)"')


@dataclass
class Hours:
    """CPU milliseconds of each file, by what was done."""

    page: list[float]
    picture: list[float]
    verdict: list[float]

    @property
    def whole(self) -> list[float]:
        return [sum(parts) for parts in zip(self.page, self.picture, self.verdict, strict=True)]


def run(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = filled.make(Path(folder), people=0, files=files)
        hours = _replay(Browser(made.app, made.officer), made.review, files)
    rows = [
        (title, f"{median(spent):.1f}", f"{sum(spent) / 1000:.1f}")
        for title, spent in (
            ("the page", hours.page),
            ("its first picture", hours.picture),
            ("the verdict", hours.verdict),
            ("a file", hours.whole),
        )
    ]
    print(f"\nThe desk: {files} files one after the other, every fifth one returned\n")
    print(report.table(("what", "CPU ms, median", "all, s"), rows))
    whole = median(hours.whole)
    report.note("desk", "the site's part of a file", f"{whole:.0f} ms of CPU", "", f"{AIM} s with the officer's")
    print(f"written to {report.save('desk', {'files': files, 'median_ms': whole})}", flush=True)


def _replay(officer: Browser, at: str, files: int) -> Hours:
    hours = Hours([], [], [])
    for number in range(files):
        before = officer.spent
        page = officer.get(at).body.decode()
        seen_page = officer.spent
        if found := _PICTURE.search(page):
            officer.get(html.unescape(found[1]))
        seen_picture = officer.spent
        seen = re.search(r'name="seen" value="(\d+)"', page)
        form: Form = {"seen": seen[1] if seen else "", "ticks": "sent", "keys": "2", "clicks": "0", "spent": "9,30,0,2"}
        at = _returned(officer, at, form) if number % 5 == 4 else officer.send(f"{at}/approve", form).header("location")
        for spent, seconds in (
            (hours.page, seen_page - before),
            (hours.picture, seen_picture - seen_page),
            (hours.verdict, officer.spent - seen_picture),
        ):
            spent.append(seconds * 1000)
    return hours


def _returned(officer: Browser, at: str, form: Form) -> str:
    marks = {"mark": MARKED} | {f"comment-{target}": "请核对" for target in MARKED}
    officer.send(f"{at}/return", {**form, **marks}, expect=200)
    return officer.send(f"{at}/return", {**form, **marks, "confirmed": "yes"}).header("location")
