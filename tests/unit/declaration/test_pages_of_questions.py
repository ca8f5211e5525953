"""Pages of questions are built cheaply and share nothing; their labels are in one table."""

from __future__ import annotations

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from forms import PAPER, PAPERS, PHOTO, SHEET, STEPS
from lib.codes import LocationKind
from lib.questions import conditions
from lib.questions import fields as questions
from lib.questions.conditions import FormContext
from lib.questions.validators import problem_of
from services.declaration import answers, labels
from tests.support.people import COMPLETE, EMPLOYED
from tests.support.rules.house import ROOT

PERSONAL, DEPARTMENT, *_ = STEPS


# --- building ---------------------------------------------------------------------------------------------------------


def test_a_second_form_of_a_page_builds_no_field(monkeypatch):
    labels.unfilled(PERSONAL)

    def refuse(*_args, **_kwargs):
        raise AssertionError("a field was built again")

    monkeypatch.setattr(questions.Field, "__init__", refuse)
    assert labels.unfilled(PERSONAL).questions[0].name == "applicant_name"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_a_page_has_its_questions_in_the_order_in_which_it_is_written(step):
    """WTForms orders fields by when they were made, and some are made before their page."""
    assert labels.names(step) == tuple(name for name in vars(step.form) if name in answers.question_names())


def test_what_decides_on_other_questions_stands_before_them():
    names = answers.question_names()
    governed = [
        (part.question, question.name)
        for step in STEPS
        for question in labels.unfilled(step).questions
        for part in (question.flags.when.parts if question.flags.when else ())
        if part.question in names
    ]
    assert ("has_part_time", "part_time_level") in governed
    assert [pair for pair in governed if names.index(pair[0]) > names.index(pair[1])] == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_two_forms_of_a_page_share_no_answer_error_or_warning(step):
    typed = MultiDict([(name, "？") for name in labels.names(step)])
    context = FormContext(unprintable=lambda text: ("？",))
    first = step.form(typed, context=context)
    assert not first.checks()
    assert any(question.errors for question in first.questions)

    second = step.form(None, context=FormContext())
    assert not any(question.errors or question.warnings or question.raw_data for question in second.questions)
    assert all(question.data == question.default for question in second.questions)
    assert {question._form for question in second.questions} == {second}
    assert {question._form for question in first.questions} == {first}


def test_a_month_and_a_day_keep_what_was_typed_on_their_own_form_only():
    typed = MultiDict({"work_started-year": "2009", "work_started-month": "7", "birth_date": "昨天"})
    first, second = PERSONAL.form(typed, context=FormContext()), labels.unfilled(PERSONAL)
    assert (first["work_started"].data, first["birth_date"].typed) == ("2009-07", "昨天")
    assert (second["work_started"].data, second["birth_date"].typed) == (None, "")
    assert second["work_started"].year == ""


def test_asked_and_asks_say_the_same():
    for facts in (COMPLETE, EMPLOYED, {}):
        for step in STEPS:
            form = step.form(None, context=FormContext(facts=facts))
            assert form.asked() == [question for question in form.questions if form.asks(question)]


# --- derived facts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "standing"),
    [(None, "ok"), ("91210102MA0000001", "ok"), (EMPLOYED["employer_code"], "ok"), ("91210102MA00000012", "failed")],
)
def test_a_page_works_out_whether_a_code_is_in_doubt(code, standing):
    form = DEPARTMENT.form(None, context=FormContext(facts=EMPLOYED | {"employer_code": code}))
    assert form.facts()["employer_code_check"] == standing


def test_where_a_student_is_follows_from_being_one():
    student = FormContext(facts={"has_employer": "no", "person_status": "student"})
    assert DEPARTMENT.form(None, context=student).facts()["student_location"] == LocationKind.SCHOOL.value
    assert "student_location" not in labels.unfilled(DEPARTMENT).facts()


def test_every_derived_fact_depends_on_a_question_of_its_page():
    sources = [(step, derived.source) for step in STEPS for derived in step.form.derived.values()]
    assert sources
    assert all(source in labels.names(step) for step, source in sources)


# --- the table of labels ----------------------------------------------------------------------------------------------


def test_the_table_has_the_document_all_questions_in_order_and_all_papers():
    assert list(labels.table()) == [*labels.IDENTITY, *answers.question_names(), *PAPER]


def test_a_label_is_what_the_page_shows_and_the_short_one_what_the_sheet_shows():
    for step in STEPS:
        for question in labels.unfilled(step).questions:
            label = labels.table()[question.name]
            assert (label.full, label.short, label.step) == (question.label.text, question.short, step)


def test_a_long_paper_is_shortened_at_its_bracket():
    assert labels.short("employer_licence") == "统一社会信用代码证书"
    assert labels.short("id_portrait") == labels.full("id_portrait") == "居民身份证(人像面)"


def test_a_paper_of_a_page_belongs_to_it_and_others_to_none():
    assert labels.table()[PHOTO].step is PERSONAL
    assert labels.table()[SHEET].step is None


def test_an_unknown_name_stays_as_it_is():
    assert labels.full("gone") == "gone"


def test_every_page_says_what_templates_and_sheet_need():
    assert all(step.short for step in STEPS)
    assert [step.document_after for step in STEPS if step.document_after] == ["applicant_name"]


def test_personal_papers_are_those_that_no_two_people_have_alike():
    shared = {paper.kind for paper in PAPERS if not paper.personal}
    assert {SHEET, "employer_licence", "id_emblem", "work_proof"} <= shared
    assert {PHOTO, "id_portrait", "full_time_diploma", "qualification_certificate"}.isdisjoint(shared)


def test_no_template_names_a_page(templates):
    assert templates
    assert [name for name, text in templates.items() if "step.slug ==" in text] == []


@pytest.fixture
def templates() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.html")}


# --- messages ---------------------------------------------------------------------------------------------------------

WRONG = ("", "1", "?", "x" * 201, "\u0001", "2199-01-01", "1800-01-01", "19900230", "12a45678901", "024 1", "8612345")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_every_message_names_its_field_in_the_list_and_says_what_to_do(step, monkeypatch):
    monkeypatch.setattr(conditions.When, "holds", lambda *_: True)  # whatever may be asked is asked
    names, told = labels.names(step), set()
    for wrong in WRONG:
        typed = MultiDict({name + part: wrong for name in names for part in ("", "-year")})
        form = step.form(typed, context=FormContext(facts={"birth_date": date(1990, 1, 1)}))
        form.checks()
        told |= {(question.name, problem_of(question)) for question in form.questions if question.errors}
    assert {name for name, _line in told} == {*names} - {"employer_street", "home_street", "location_kind"}
    for name, line in told:
        assert labels.unfilled(step)[name].label.text in line
        assert "请" in line, line
