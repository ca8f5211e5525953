"""What a request of the applicant asks of the database: each table at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from forms import STEPS
from lib.codes import Status
from models import Declaration
from tests.filing import filled, returned
from tests.people import EMPLOYED, QUALIFIED
from tests.statements import counted


@pytest.fixture
def ready(make, browser) -> Declaration:
    """A complete declaration with every paper and a signed sheet; its person has looked around before."""
    declaration = make.declaration(**(EMPLOYED | QUALIFIED))
    make.papers(declaration)
    browser.sign_in(declaration.account)
    browser.open("/apply/personal")
    return declaration


def assert_at_most(most: int, asked: list[str]) -> None:
    assert len(asked) <= most, "\n".join([f"{len(asked)} statements, at most {most}:", *asked])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_a_page(ready, browser, step):
    with counted() as asked:
        browser.open(f"/apply/{step.slug}")
    assert_at_most(5, asked)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_saving_an_answer(ready, browser, step):
    changed = {"personal": {"postal_address": "样例路 88 号"}}.get(step.slug, {})
    sent = filled(ready, step.slug, **changed)
    with counted() as asked:
        browser.send(f"/apply/{step.slug}", sent)
    assert_at_most(9, asked)


@pytest.mark.parametrize(("address", "most"), [("/apply/check", 4), ("/apply/papers", 5), ("/apply/status", 6), ("/apply/sheet.pdf", 7)])
def test_other_pages(ready, browser, address, most):
    with counted() as asked:
        browser.open(address)
    assert_at_most(most, asked)


def test_submitting(ready, browser):
    with counted() as asked:
        browser.send("/apply/submit", {"agree": "yes"})
    assert_at_most(34, asked)
