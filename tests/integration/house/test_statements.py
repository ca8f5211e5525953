"""How many statements a request of the applicant sends to the database: each table is read at most once."""

from __future__ import annotations

import pytest

from forms import STEPS
from models import Declaration, db
from services.marks.marks import MarkRequest
from tests.support.applicant.filing import filled, send_back
from tests.support.people import EMPLOYED, QUALIFIED
from tests.support.rules.statements import counted, numbered

SAVED = {
    "personal": {"postal_address": "样例路 88 号"},
    "department": {"employer_phone": "13800130088"},
    "education": {"full_time_school": "另一所样例大学"},
    "qualification": {"qualification_no": "20210905"},
}
PAGES = [(f"/apply/{step.slug}", 5) for step in STEPS]
OTHERS = [("/apply/check", 4), ("/apply/papers", 5), ("/apply/status", 4), ("/apply/sheet.pdf", 4)]


@pytest.fixture
def ready(make, browser) -> Declaration:
    """A complete declaration with every paper and a signed sheet, in a process that has answered before."""
    declaration = make.declaration(**(EMPLOYED | QUALIFIED))
    make.papers(declaration)
    browser.sign_in(declaration.account)
    browser.open("/apply/personal")
    return declaration


@pytest.mark.parametrize(("address", "most"), PAGES + OTHERS)
def test_a_page_of_a_complete_declaration(ready, browser, address, most):
    with counted() as asked:
        browser.open(address)
    assert len(asked) <= most, numbered(asked)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_saving_a_changed_answer(ready, browser, step):
    sent = filled(ready, step.slug, **SAVED[step.slug])
    with counted() as asked:
        browser.send(f"/apply/{step.slug}", sent)
    assert len(asked) <= 5, numbered(asked)
    (name,) = SAVED[step.slug]
    db.session.expire_all()
    assert getattr(ready, name) == SAVED[step.slug][name]


def test_submitting(ready, browser):
    with counted() as asked:
        assert browser.send("/apply/submit", {"agree": "yes"}).location == "/apply/done"
    assert len(asked) <= 27, numbered(asked)


@pytest.mark.parametrize(
    ("address", "most"), [("/apply/personal", 7), ("/apply/papers", 7), ("/apply/corrections", 8), ("/", 7)]
)
def test_a_page_of_a_returned_declaration(make, ready, browser, address, most):
    browser.send("/apply/submit", {"agree": "yes"})
    send_back(make, ready, MarkRequest("postal_address", "incomplete"), MarkRequest("id_portrait", "blurred"))
    browser.open("/apply/status")
    browser.open("/apply/personal")  # keeps the progress
    with counted() as asked:
        browser.open(address)
    assert len(asked) <= most, numbered(asked)
