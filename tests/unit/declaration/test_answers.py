"""Answers read through the pages: in words, complete or not, frozen, compared."""

from __future__ import annotations

import json
from datetime import date
from random import Random
from typing import Any

import pytest

from forms import STEPS
from lib.codes import IdType
from lib.questions.validators import Fits
from models import Declaration, Option, db
from services.declaration import answers, labels
from services.filing.case import DeclarationCase
from tests.support.people import COMPLETE, EMPLOYED, QUALIFIED
from tests.support.rules.statements import counted

DALIAN = {"home_city": "210200", "home_county": "210202"}


def frozen(make, **changed: Any) -> dict[str, Any]:
    return answers.freeze(answers.facts(make.declaration(**changed)))


def texts(facts: dict[str, Any]) -> dict[str, str]:
    return {row.name: row.text for section in answers.sections(facts) for row in section.rows}


# --- in words ---------------------------------------------------------------------------------------------------------


def test_sections_are_the_pages_in_their_order(make):
    sections = answers.sections(frozen(make, **EMPLOYED))
    assert [section.step for section in sections] == list(STEPS)
    order = [row.name for section in sections for row in section.rows if row.on_page]
    assert order == [name for name in answers.question_names() if name in order]


def test_answers_are_said_in_words(make):
    said = texts(frozen(make, **EMPLOYED))
    expected = {
        "sex": "男",
        "nation": "汉族",
        "political_status": "群众",
        "has_employer": "是",
        "category": "从事会计工作",
        "industry": "制造业",
        "employer_city": "沈阳市",
        "employer_county": "和平区",
        "accounting_posts": "出纳、财务会计报告(决算报告)编制",
        "department_code": "沈阳市和平区财政局",
        "full_time_graduated": "2012-07",
        "qualification_on": "2021-09-05",
        "id_type": "居民身份证",
    }
    assert {name: said[name] for name in expected} == expected


def test_what_is_asked_and_open_is_there_and_empty_and_what_is_not_asked_is_not_there(make):
    said = texts(frozen(make))
    assert said["postcode"] == ""
    assert "employer_name" not in said
    assert "qualification_no" not in said


def test_the_document_stands_behind_the_name_and_no_page_asks_it(make):
    rows = answers.sections(frozen(make))[0].rows
    assert [(row.name, row.on_page) for row in rows[:4]] == [
        ("applicant_name", True),
        ("id_type", False),
        ("id_number", False),
        ("id_expires_on", True),
    ]


def test_a_retired_option_keeps_its_title_and_is_offered_to_nobody_else(make):
    declaration = make.declaration(**EMPLOYED)
    option = db.session.get_one(Option, ("unit_type", "private"))
    option.retired = True
    db.session.commit()

    assert texts(answers.freeze(answers.facts(declaration)))["unit_type"] == option.title
    assert answers.gaps(answers.asked(declaration)) == []
    assert "private" not in answers.asked(declaration).options["unit_type"]
    declaration.unit_type = "nothing"
    assert [gap.name for gap in answers.gaps(answers.asked(declaration))] == ["unit_type"]


def test_a_code_that_nobody_knows_any_more_is_shown_as_it_is(make):
    facts = frozen(make, **EMPLOYED) | {"unit_type": "gone", "employer_street": "999999999"}
    assert texts(facts)["unit_type"] == "gone"
    assert texts(facts)["employer_street"] == "999999999"


# --- complete or not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [COMPLETE, EMPLOYED], ids=["short", "employed"])
def test_complete_answers_have_no_gaps(make, given):
    declaration = make.declaration(**given)
    assert answers.gaps(answers.asked(declaration)) == []
    assert DeclarationCase(declaration).first_unfinished == "check"
    context = answers.asked(declaration)
    assert answers.gaps(context) == []


GAPS = [
    ("postal_address", None, "personal", "请填写通讯地址"),
    ("department_code", None, "department", "请选择会计管理部门"),
    ("home_county", "210202", "department", "请选择所在县(区)"),
    ("full_time_level", None, "education", "请选择全日制最高学历"),
    ("technical_post", None, "qualification", "请选择会计技术职务"),
]


@pytest.mark.parametrize(("name", "value", "slug", "message"), GAPS, ids=[row[0] for row in GAPS])
def test_a_gap_names_its_page_its_question_and_what_to_do(make, name, value, slug, message):
    declaration = make.declaration()
    setattr(declaration, name, value)
    gap = next(gap for gap in answers.gaps(answers.asked(declaration)) if gap.name == name)
    assert (gap.step.slug, gap.message) == (slug, message)
    assert DeclarationCase(declaration).first_unfinished == slug
    assert not DeclarationCase(declaration).is_finished(gap.step)


def test_before_the_notice_nothing_else_is_next(make):
    declaration = make.declaration()
    declaration.notice_read_at = None
    assert DeclarationCase(declaration).first_unfinished == "notice"


def test_an_answer_that_was_right_once_is_judged_by_the_day(make):
    declaration = make.declaration(**EMPLOYED)
    day_before = date(2021, 9, 4)
    late = {gap.name for gap in answers.gaps(answers.asked(declaration, day_before))}
    assert late == {"qualification_on", "technical_post_on"}


# --- facts ------------------------------------------------------------------------------------------------------------


def test_sex_and_birth_date_are_known_from_some_documents_only(make):
    resident = answers.identity_facts(make.account())
    assert (resident["number_sex"], resident["number_birth_date"]) == ("male", date(1990, 3, 7))
    passport = answers.identity_facts(make.account("JOHN SMITH", "E12345678", id_type=IdType.PASSPORT))
    assert passport == {"id_type": "passport", "id_number": "E12345678"}


def test_a_name_differs_from_a_record_or_an_old_certificate_only(make):
    account = make.account("甲某某")
    declaration = make.declaration(account=account, applicant_name="乙某某")
    assert answers.facts(declaration)["name_differs"] == "no"

    account.legacy = make.legacy("甲某某")
    assert answers.facts(declaration)["name_differs"] == "yes"
    declaration.applicant_name = None
    assert answers.facts(declaration)["name_differs"] == "no"
    assert answers.known_name(account, has_record=True) == "甲某某"


def test_divisions_are_those_below_a_place(app):
    assert answers.divisions_below("")["210100"] == "沈阳市"
    assert answers.divisions_below("210100")["210102"] == "和平区"
    assert all(code.startswith("210102") for code in answers.divisions_below("210102"))


def offered(**facts: Any) -> list[str]:
    context = answers.asked_for({"has_employer": "no"} | facts)
    return [candidate.code for candidate in context.departments(context.facts)]


def test_departments_are_offered_for_the_side_that_is_asked(app):
    home, work = (
        {"home_city": "210100", "home_county": "210102"},
        {"employer_city": "210300", "employer_county": "210302"},
    )
    assert offered(**home, **work) == ["210102", "210100", "210000"]
    assert offered(has_employer="yes", **home, **work) == ["210302", "210300", "210000"]


def test_without_a_county_nothing_is_offered(app):
    assert offered(home_city="210100") == []
    assert offered(home_county="210102") == []


def test_in_dalian_its_own_departments_are_shown_alone_unless_the_unit_is_the_provinces(app):
    assert offered(**DALIAN) == ["210202", "210200"]
    dalian = {"has_employer": "yes", "employer_city": "210200", "employer_county": "210202"}
    assert offered(**dalian, affiliation="municipal") == ["210200", "210202"]
    assert offered(**dalian, affiliation="central")[0] == "210000"
    assert offered(affiliation="central", **DALIAN) == ["210202", "210200"], "a leftover of the other side counts not"


def test_lists_divisions_and_departments_of_a_page_ask_the_database_nothing(make):
    context = answers.asked(make.declaration(**EMPLOYED))
    with counted() as asked:
        assert context.divisions("210100")["210102"] == "和平区"
        assert context.options["unit_type"]
        assert context.departments(EMPLOYED)
    assert asked == []


# --- saving, freezing, comparing --------------------------------------------------------------------------------------


def test_saving_a_page_stores_its_answers_and_clears_what_is_not_asked(make):
    declaration = make.declaration(**EMPLOYED)
    step = next(step for step in STEPS if step.slug == "qualification")
    context = answers.asked(declaration)
    form = step.form(None, context=context, data=answers.stored(declaration) | {"qualification": "none"})
    assert form.checks()
    answers.save(declaration, form)
    assert (declaration.qualification, declaration.qualification_no) == ("none", None)
    assert declaration.technical_post == QUALIFIED["technical_post"]


def test_frozen_answers_are_plain_json_and_do_not_follow_the_declaration(make):
    declaration = make.declaration(**EMPLOYED)
    kept = answers.freeze(answers.facts(declaration))
    assert json.loads(json.dumps(kept)) == kept
    assert kept["qualification_on"] == "2021-09-05"
    assert set(kept) >= {*answers.question_names(), *labels.IDENTITY, "name_differs"}
    declaration.postal_address = "样例路 9 号"
    assert kept["postal_address"] == EMPLOYED["postal_address"]


def test_frozen_answers_are_said_like_living_ones(make):
    declaration = make.declaration(**EMPLOYED)
    assert texts(answers.freeze(answers.facts(declaration))) == texts(answers.facts(declaration))


def test_nothing_changed_is_no_change(make):
    kept = frozen(make, **EMPLOYED)
    assert answers.changes(kept, dict(kept)) == {}


def test_changes_are_in_words_and_in_the_order_of_the_pages(make):
    old = frozen(make, **EMPLOYED)
    new = old | {"technical_post": "senior", "nation": "11", "accounting_posts": ["cashier"], "id_number": "x"}
    found = answers.changes(old, new)
    assert list(found) == ["id_number", "nation", "accounting_posts", "technical_post"]
    assert (found["nation"].label, found["nation"].before, found["nation"].after) == ("民族", "汉族", "满族")
    assert found["accounting_posts"].after == "出纳"


def test_a_question_that_was_asked_on_one_side_only_has_an_empty_other_side(make):
    account = make.account()
    with_work = answers.freeze(answers.facts(make.declaration(account=account, **EMPLOYED)))
    without = answers.freeze(answers.facts(changed(make, account)))
    found = answers.changes(with_work, without)
    assert (found["employer_name"].before, found["employer_name"].after) == (EMPLOYED["employer_name"], "")
    assert (found["home_address"].before, found["home_address"].after) == ("", COMPLETE["home_address"])
    assert found["home_address"].label == "详细地址"
    back = answers.changes(without, with_work)
    assert (back["employer_name"].before, back["employer_name"].after) == ("", EMPLOYED["employer_name"])


def changed(make, account) -> Declaration:
    """The same person's declaration with the short answers."""
    declaration: Declaration = make.declaration(account=account)
    return declaration


def test_a_leftover_that_was_never_asked_is_no_change(make):
    kept = frozen(make)
    assert answers.changes(kept, kept | {"employer_name": "样例县某厂"}) == {}


class Watched(dict[str, Any]):
    """Facts that remember which of them the rules of a page have looked at."""

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_the_rules_of_a_page_look_at_no_other_facts_than_it_says(make, step):
    """Else a page would stay done after a change on another one that makes it wrong (progress_after)."""
    chance, seen = Random(7), set()
    whole = answers.facts(make.declaration(**(COMPLETE | EMPLOYED | QUALIFIED)))
    for _time in range(60):
        without = chance.sample(answers.question_names(), chance.randrange(12))
        facts = Watched(whole | dict.fromkeys(without))
        answers.step_gaps(step, answers.asked_for(facts))
        seen |= facts.read
    rules = [rule for question in labels.unfilled(step).questions for rule in question.validators]
    only_said = {rule.other for rule in rules if isinstance(rule, Fits) and rule.warn}
    assert (seen & whole.keys()) - set(labels.names(step)) - only_said == labels.reads(step)
