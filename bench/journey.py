"""One applicant's way: eight pages, eight papers, the printed sheet, submitted. Standard library only.

As a browser without scripts goes it: each form is filled from its page, each redirect is followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.browser import Browser
from bench.page_forms import fields

Answers = Mapping[str, Mapping[str, str | Sequence[str]]]  # of each page, by its slug


def go(browser: Browser, answers: Answers, pictures: Mapping[str, bytes]) -> dict[str, float]:
    """CPU seconds of the parts. The first of the ``pictures`` (by paper) is the photo, sent with the first page."""
    spent: dict[str, float] = {}

    def part(name: str) -> None:
        spent[name] = browser.spent - sum(spent.values())

    photo, *rest = pictures
    _fill(browser, answers, {photo: pictures[photo]})
    part("pages")
    browser.get("/apply/check")
    browser.get(browser.send("/apply/check/print", {}).header("location"))
    part("sheet")
    browser.get("/apply/papers")
    for kind in rest:
        browser.send(f"/apply/papers/{kind}", {}, {"file": pictures[kind]})
        browser.get("/apply/papers")
    part("papers")
    browser.send("/apply/submit", {"agree": "yes"})
    browser.get("/apply/done")
    part("submit")
    return spent


def _fill(browser: Browser, answers: Answers, photo: Mapping[str, bytes]) -> None:
    browser.get("/apply/notice")
    browser.send("/apply/notice", {})
    for number, (slug, given) in enumerate(answers.items()):
        path = f"/apply/{slug}"
        there = fields(browser.get(path).body.decode(), next(iter(given)))
        sent = there | {(name if name in there else name.replace("-", "_")): value for name, value in given.items()}
        browser.send(path, {**sent, "action": "next"}, {} if number else photo)
