"""A question is asked once and appears everywhere. A new one is one field and one column; what it misses fails here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from app import create_app
from config import TestConfig
from forms import STEPS
from lib.codes import IdType
from lib.database import begin_mode
from models import Answers, Declaration, db
from services.declaration import answers
from services.filing.case import DeclarationCase
from services.review import page as review_page
from services.review.case import ReviewCase
from services.review.rows import Privacy, plain_sections
from services.sheet import content as sheet_content
from services.sheet import templates as sheet_templates
from tests.conftest import Browser
from tests.support.applicant.filing import filled, submit
from tests.support.factory import Make
from tests.support.people import COMPLETE, DOUBTFUL_CODE, EMPLOYED, UNIVERSITY, WITHOUT_EMPLOYER

NAMES = answers.question_names()
PART_TIME = {name.replace("full", "part"): value for name, value in UNIVERSITY.items() if name.startswith("full")}

#: Answers under which questions are asked; together they answer every one.
FULL: dict[str, Any] = {
    **EMPLOYED,
    **PART_TIME,
    "email": "someone@example.com",
    "id_expires_on": date(2036, 5, 4),
    "postcode": "110000",
    "work_started": "2012-08",
    "accounting_started": "2012-09",
    "holds_legacy_certificate": "yes",
    "legacy_certificate_no": "ZS20120001",
    "employer_code": DOUBTFUL_CODE,
    "employer_code_confirmed": "yes",
    "employer_street": "",  # filled in from the list
    "employer_phone": "024-23456789",
    "has_part_time": "yes",
    "abacus": "p6",
    "abacus_no": "ZJ0001",
}
STUDENT: dict[str, Any] = {
    **FULL,
    **WITHOUT_EMPLOYER,
    "person_status": "student",
    "school": "东北样例大学",
    "location_kind": "school",
    "home_street": "",
}
FOREIGN: dict[str, Any] = {**FULL, "nation": None, "region": "JP"}
VARIANTS = {"employed": FULL, "student": STUDENT, "foreign": FOREIGN, "short": COMPLETE}


@dataclass(frozen=True)
class Shown:
    """Where one declaration shows its questions: names, or the texts of answers."""

    given: dict[str, Any]
    stored: dict[str, Any]
    frozen: dict[str, Any]
    again: dict[str, Any]  # sent from its pages once more, as a browser does
    texts: dict[str, str]  # in sections()
    sheet: list[tuple[str, str]]  # label and text
    printed: dict[str, Any]
    review: dict[str, str]
    record: dict[str, str]
    check: str
    pages: str
    changed: set[str]


@pytest.fixture(scope="module")
def shown(template, tmp_path_factory) -> Iterator[dict[str, Shown]]:
    folder = tmp_path_factory.mktemp("questions") / "instance"
    shutil.copytree(template, folder)
    app = create_app(TestConfig(folder))
    app.config["WTF_CSRF_ENABLED"] = False
    token = begin_mode.set("DEFERRED")
    with app.app_context():
        make = Make(app)
        yield {name: look(app, make, name, given) for name, given in VARIANTS.items()}
        db.session.remove()
        db.engine.dispose()
    begin_mode.reset(token)


def look(app: Any, make: Make, variant: str, given: dict[str, Any]) -> Shown:
    """Fill in by the factory, save every page again in a browser, submit, and open what shows the answers."""
    street = next(iter(answers.divisions_below("210102")))
    given = {name: street if value == "" else value for name, value in given.items()}
    passport = {"number": "E12345678", "id_type": IdType.PASSPORT} if variant == "foreign" else {}
    account = make.account("JOHN SMITH" if passport else "单小燕", **passport)
    given |= {"applicant_name": account.name, "mobile": account.phone}
    declaration = make.declaration(account=account, **given)
    assert answers.gaps(answers.asked(declaration)) == []
    before = answers.stored(declaration)
    make.papers(declaration)
    browser = Browser(app).sign_in(account)
    pages = "".join(browser.open(f"/apply/{step.slug}").text for step in STEPS)
    for step in STEPS:
        browser.send(f"/apply/{step.slug}", filled(declaration, step.slug))
    db.session.expire_all()
    again = answers.stored(declaration)
    check = browser.open("/apply/check").text
    blocks = sheet_content.blocks(answers.sections(DeclarationCase(declaration).printed_answers))
    submit(browser)
    return seen_by_the_office(make, declaration, given, before, again, check, pages, blocks)


def seen_by_the_office(make: Make, declaration: Declaration, given, before, again, check, pages, blocks) -> Shown:
    db.session.expire_all()
    revision = declaration.revisions[-1]
    officer = make.actor(make.staff())
    found = review_page.submission(ReviewCase(revision, officer), reveal=True)
    plain = plain_sections(revision, Privacy(open_numbers=True, known=[]))
    nothing = dict.fromkeys(revision.answers) | {name: revision.answers[name] for name in ("id_type", "id_number")}
    return Shown(
        given=given,
        stored=before,
        frozen=revision.answers,
        again=again,
        texts={row.name: row.text for section in answers.sections(revision.answers) for row in section.rows},
        sheet=list(printed_pairs(blocks)),
        printed=DeclarationCase(declaration).printed_answers,
        review={line.name: line.text for section in found.sections for line in section.lines},
        record={line.name: line.text for section in plain for line in section.lines},
        check=check,
        pages=pages,
        changed=set(answers.changes(nothing, revision.answers)),
    )


def printed_pairs(blocks: tuple[sheet_content.Block, ...]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        yield from ((cell.label, cell.text) for cell in block.cells)
        for table in block.tables:
            for row in table.rows:
                yield from zip(table.header, row, strict=True)


def columns() -> dict[str, str]:
    return {name.removesuffix("_sealed"): name for name in Answers.__annotations__}


def test_every_question_has_a_column_and_every_column_a_question():
    assert sorted(columns()) == sorted(NAMES)
    assert {columns()[name] for name in NAMES} <= set(Declaration.__table__.columns.keys())


def variant_of(shown: dict[str, Shown], name: str) -> Shown:
    found = next((one for one in shown.values() if one.frozen.get(name) not in (None, "")), None)
    assert found, f"no declaration here answers {name}: give it an answer in VARIANTS"
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_question_appears_everywhere(shown, name):
    one = variant_of(shown, name)
    text = one.texts[name]
    assert text, "an answer has words"
    assert one.again[name] == one.stored[name], "saving an unchanged page changes nothing"
    assert one.review[name] == one.record[name] == text
    if name in answers.not_printed():
        assert name not in one.printed
        assert text not in [printed for _label, printed in one.sheet]
    else:
        assert one.frozen[name] == one.printed[name]
        assert text in [printed for _label, printed in one.sheet]
    step = next(step for step in STEPS if name in step.form(None, context=answers.FormContext())._fields)
    assert f'href="/apply/{step.slug}#{name}"' in one.check
    assert f'id="{name}"' in one.pages
    assert name in one.changed


CONDITIONAL = [q.name for step in STEPS for q in step.form(None, context=answers.FormContext()) if q.flags.when]


@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_question_that_is_not_asked_appears_nowhere(shown, name):
    without = [one for one in shown.values() if name not in one.texts]
    assert without, f"every declaration here is asked {name}: add one that is not to VARIANTS"
    for one in without:
        assert one.frozen[name] is None
        assert name not in one.review
        assert name not in one.record
        assert f'#{name}"' not in one.check


def test_labels_of_the_sheet_are_those_of_the_questions(shown):
    for one in shown.values():
        labels = {label for label, _text in one.sheet}
        for step in STEPS:
            for question in step.form(None, context=answers.FormContext()):
                if (
                    question.printed
                    and question.name in one.texts
                    and not question.name.startswith(("full_time", "part_time"))
                ):
                    assert question.short in labels


def test_id_type_and_number_stand_beside_the_name_and_no_page_asks_them(shown):
    for one in shown.values():
        assert list(one.texts)[:3] == ["applicant_name", "id_type", "id_number"]
        assert one.texts["id_number"] == one.frozen["id_number"]


def test_the_blank_form_has_every_question():
    text = "".join(
        "".join(page.extract_text() for page in PdfReader(BytesIO(sheet_templates.pdf("sheet", "示例"))).pages).split()
    )
    for step in STEPS:
        for question in (q for q in step.form(None, context=answers.FormContext()) if q.printed):
            label = sheet_content.EDUCATION.get(question.name.partition("_time_")[2], question.short)
            assert "".join(label.split()) in text, question.name
