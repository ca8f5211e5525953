"""A rare name, from the form to search, lists and print; one that no font has is reported, and written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pypdf
import pytest

from lib.codes import Role, Status
from lib.pdf import fonts
from models import db
from services import workflow
from tests.support.applicant.filing import add_photo, page, stored, submit, words
from tests.support.applicant.rare import needs_hanazono
from tests.support.office.printing import REASON, drawn, job_at
from tests.support.office.spreadsheets import tables

RARE = "王𤰉"  # extension B
NOWHERE = "王\U000323af"  # extension H, in no font
TOLD = "「\U000323af」(U+323AF)打印时显示为□，请在打印的表上手写补正；不影响申报"


@pytest.fixture
def no_fallback() -> Iterator[None]:
    fonts.set_fallbacks([])
    yield
    fonts.set_fallbacks([fonts.HANAZONO])


def sheet_of(browser: Any) -> str:
    printed = browser.send("/apply/check/print")
    return "".join(pypdf.PdfReader(BytesIO(browser.open(printed.location).data)).pages[0].extract_text().split())


@needs_hanazono
def test_a_rare_name_is_the_same_from_the_form_to_the_last_list(app, make, browser, another_browser):
    account = make.account(RARE)
    declaration = make.declaration(account=account)
    add_photo(declaration)
    browser.sign_in(account)
    saved = browser.send("/apply/personal", page(declaration, "personal", applicant_name=RARE))
    assert "打印时显示为□" not in browser.follow(saved).text
    make.papers(stored(declaration))
    assert RARE in sheet_of(browser)
    submit(browser)

    reviewer = make.staff(Role.REVIEWER, department="210102")
    officer = another_browser.sign_in(reviewer)
    for typed in (RARE, "𤰉"):
        assert f"{RARE}</a>" in officer.send("/staff/queue/search", {"q": typed}, expect=200).text
    officer.open(f"/staff/submissions/{declaration.uid}")
    workflow.claim(stored(declaration), make.actor(reviewer))
    workflow.approve(declaration, make.actor(reviewer), 1)
    db.session.commit()
    assert f"{RARE}</a>" in officer.send("/staff/archive/search", {"q": "𤰉"}, expect=200).text

    sent = {"office": "210102", "source": "records", "form": "xlsx", "reason": REASON}
    job = drawn(officer.app, job_at(officer.send("/staff/roster", sent).location))
    assert RARE in tables(officer.open(f"/staff/print/{job.uid}/file").data)[0].column("申报人姓名")
    job = job_at(officer.send("/staff/print", {"list": "records", "which": "all", "reason": REASON}).location)
    pdf = pypdf.PdfReader(BytesIO(officer.open(f"/staff/print/{drawn(app, job).uid}/file").data))
    assert RARE in "".join(pdf.pages[0].extract_text().split())


def test_a_character_that_no_font_has_is_told_at_the_save_and_on_the_sheet_and_hinders_nothing(make, browser):
    account = make.account(NOWHERE)
    declaration = make.declaration(account=account)
    add_photo(declaration)
    browser.sign_in(account)

    saved = browser.send("/apply/personal", page(declaration, "personal", applicant_name=NOWHERE))

    assert TOLD in words(browser.follow(saved).text)
    assert stored(declaration).applicant_name == NOWHERE
    make.papers(stored(declaration))
    sheet = sheet_of(browser)
    assert NOWHERE in sheet  # drawn as a box, and still found when the file is searched
    assert "（U+323AF），请在□上手写补正" in sheet
    submit(browser)
    assert stored(declaration).status == Status.SUBMITTED


@pytest.mark.usefixtures("no_fallback")
def test_without_the_fallback_font_its_characters_are_told_too(make, browser):
    browser.sign_in(make.account())
    assert "「𤰉」(U+24C09)打印时显示为□" in ask(browser, "𤰉")


def ask(browser: Any, characters: str) -> str:
    answer = browser.send("/characters", {"characters": characters}, expect=200).response
    assert answer.mimetype == "application/json"
    return str(answer.json["note"])


def test_anybody_who_types_may_ask_and_each_character_is_named_once(browser):
    assert ask(browser, "") == ask(browser, "䶮㛃") == ""
    assert ask(browser, "\U000323af😀\U000323af") == (
        "「\U000323af」(U+323AF)、「😀」(U+1F600)打印时显示为□，请在打印的表上手写补正；不影响申报"
    )
    assert len(ask(browser, "".join(map(chr, range(0x1F000, 0x1F000 + 9000))))) < 4000


def test_a_private_character_is_refused_with_the_standard_one(make, browser):
    assert ask(browser, "\ue863") == "内容中有电脑自造的字(U+E863)，请改用标准的字「䶮」"
    declaration = make.declaration()
    add_photo(declaration)
    browser.sign_in(declaration.account)
    sent = page(declaration, "personal", postal_address="沈阳市和平区\ue863街 1 号")
    assert "请改用标准的字「䶮」" in browser.send("/apply/personal", sent, expect=422).text
    sent = page(declaration, "personal", applicant_name="张\ue863")  # in a name it is corrected
    browser.send("/apply/personal", sent)
    assert stored(declaration).applicant_name == "张䶮"
