"""What differs between two revisions, and why: replayed on the old one it gives the new one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms import STEPS
from lib.questions.conditions import FormContext
from services.declaration import answers
from services.review import changes as review_changes
from services.review.changes import ASKED_FOR, FOLLOWED, OF_OWN_WILL, differences, why
from tests.support.people import COMPLETE, EMPLOYED, QUALIFIED, UNIVERSITY, WITH_EMPLOYER, WITHOUT_EMPLOYER

PERSON = {"id_type": "resident_id", "id_number": "219900199003070011", "number_sex": "male"}
#: Steps of an edit script: each sets some answers together.
EDITS: tuple[dict[str, Any], ...] = (
    WITH_EMPLOYER,
    WITHOUT_EMPLOYER,
    UNIVERSITY,
    QUALIFIED,
    {"full_time_level": "junior"},
    {"full_time_level": "master", "full_time_degree": "none"},
    {"qualification": "none"},
    {"qualification": "senior", "qualification_route": "assessment"},
    {"has_part_time": "yes", "part_time_level": "college", "part_time_school": "样例函授学院"},
    {"has_part_time": "no"},
    {"employer_county": "210103", "department_code": "210103"},
    {"home_city": "210200", "home_county": "210202"},
    {"person_status": "student", "school": "样例学校", "location_kind": "school"},
    {"holds_legacy_certificate": "yes", "legacy_certificate_no": "ZS20080001"},
    {"holds_legacy_certificate": "no"},
    {"postal_address": "样例路 99 号"},
    {"email": "someone@example.com"},
    {"email": None},
    {"accounting_posts": ["cashier"]},
    {"category": "qualified"},
    {"abacus": "ordinary_1", "abacus_no": "ZS-0001"},
)
SCRIPTS = st.tuples(st.lists(st.sampled_from(EDITS), max_size=6), st.lists(st.sampled_from(EDITS), max_size=6))
FRESH: dict[str, Any] = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None}


def frozen(found: dict[str, Any], *, tidy: bool = True) -> dict[str, Any]:
    """As a revision keeps it. ``tidy``: what is not asked is dropped, as saving every page does."""
    stored = dict.fromkeys(answers.question_names()) | PERSON | found
    for step in STEPS if tidy else ():
        form = step.form(None, context=FormContext(facts=stored), data=stored)
        stored |= {question.name: None for question in form.questions if not form.asks(question)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in stored.items()}


def applied(found: dict[str, Any], script: list[dict[str, Any]]) -> dict[str, Any]:
    for edit in script:
        found = found | edit
    return found


def followed(old: dict[str, Any], new: dict[str, Any]) -> frozenset[str]:
    return review_changes.followed(old, new, answers.pages(old), answers.pages(new))


def texts(found: dict[str, Any]) -> dict[str, str]:
    """What the page shows: question -> its answer in words; what is not answered is left out."""
    return {row.name: row.text for section in answers.sections(found) for row in section.rows if row.text}


@settings(**FRESH)
@given(scripts=SCRIPTS, tidy=st.booleans())
def test_the_diff_replayed_on_the_old_revision_gives_the_new_one(app, scripts, tidy):
    start = COMPLETE | {"applicant_name": "单小燕", "name_differs": "no"}
    old = frozen(applied(start, scripts[0]), tidy=tidy)
    new = frozen(applied(applied(start, scripts[0]), scripts[1]), tidy=tidy)

    replayed = old | {found.name: found.after for found in differences(old, new)}
    assert replayed == new

    shown = texts(old)
    for name, change in answers.changes(old, new).items():
        assert change.before == shown.get(name, "")
        shown |= {name: change.after}
    assert {name: text for name, text in shown.items() if text} == texts(new)


@settings(**FRESH)
@given(scripts=SCRIPTS)
def test_a_page_that_is_only_read_says_what_its_form_says(app, scripts):
    stored = frozen(applied(COMPLETE, scripts[0]))
    context = answers.asked_for(stored)
    for step, page in answers.pages(stored, context):
        form = step.form(None, context=context, data=stored)
        assert page.facts() == form.facts()
        said = [(question.name, question.say(stored.get(question.name))) for question in form.asked()]
        assert [(question.name, page.say(question, stored.get(question.name))) for question in page.asked()] == said


@settings(**FRESH)
@given(scripts=SCRIPTS)
def test_what_is_asked_on_one_side_only_has_followed(app, scripts):
    old, new = (frozen(applied(COMPLETE, script)) for script in scripts)
    one_side = texts(old).keys() ^ texts(new).keys()
    forms = [
        (
            step.form(None, context=FormContext(facts=old), data=old),
            step.form(None, context=FormContext(facts=new), data=new),
        )
        for step in STEPS
    ]
    appeared = {
        question.name
        for before, after in forms
        for question in after.questions
        if question.name in one_side and before.asks(before[question.name]) != after.asks(question)
    }
    assert appeared <= followed(old, new)


@pytest.mark.parametrize(
    ("edit", "names"),
    [
        ({"holds_legacy_certificate": "yes", "legacy_certificate_no": "ZS1"}, {"legacy_certificate_no"}),
        ({"employer_county": "210103", "department_code": "210103"}, {"department_code"}),
        ({"employer_city": "210200", "employer_county": "210202"}, {"employer_county", "department_code"}),
        ({"postal_address": "样例路 99 号"}, set()),
        ({"qualification": "none"}, {"qualification_no", "qualification_on", "qualification_certificate"}),
        ({"full_time_level": "college"}, {"full_time_degree", "full_time_degree_no", "full_time_degree_paper"}),
        ({"number_sex": "female", "sex": "female"}, {"sex"}),
    ],
    ids=["appears", "department", "county", "nothing", "gone", "degree", "derived"],
)
def test_what_follows_from_another_answer_is_told_apart(app, edit, names):
    old, new = frozen(EMPLOYED), frozen(EMPLOYED | edit)
    changed = {found.name for found in differences(old, new)}
    found = followed(old, new)
    assert names <= found
    assert not (changed - names) & found - {"qualification_kind", "qualification_route"}
    assert ("sheet" in found) is True


def test_a_moved_street_keeps_its_department(app):
    old = frozen(EMPLOYED)
    assert "department_code" not in followed(old, frozen(EMPLOYED | {"employer_address": "样例路 9 号"}))


@pytest.mark.parametrize(
    ("asked_for", "because", "word"),
    [(True, {"sex"}, ASKED_FOR), (False, {"sex"}, FOLLOWED), (False, set(), OF_OWN_WILL)],
)
def test_each_change_has_one_word(asked_for, because, word):
    assert why("sex", asked_for, frozenset(because)) == word
