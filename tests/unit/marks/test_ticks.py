"""没问题: a tick stays exactly until the answer or the pictures change, however the answer is typed again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from forms import STEPS
from lib.codes import Status
from models import Declaration, Revision, Tick, db
from services.declaration import answers
from services.marks import ticks
from services.papers import preparation
from tests.support.factory import picture
from tests.support.people import EMPLOYED, as_form

#: Answers as they are stored, and another valid one for each.
TYPED = {
    "applicant_name": "单晓燕",
    "mobile": "13800139999",
    "postal_address": "辽宁省沈阳市和平区样例路 99 号",
    "employer_name": "样例县华业机械有限责任公司",
    "employer_address": "样例路 9 号",
    "full_time_school": "西北样例大学",
    "full_time_diploma_no": "101731201205001133",
    "qualification_no": "20210921034219911",
}


def full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


#: Ways to type the same answer once more.
DISGUISES = (
    str,
    full_width,
    lambda text: f"  {text}\u3000",
    lambda text: f"\u3000{full_width(text)} ",
    lambda text: text.replace(" ", "\u3000"),
)
EDITS = st.dictionaries(st.sampled_from(sorted(TYPED)), st.sampled_from([None, *DISGUISES]), min_size=1)


@pytest.fixture
def ticked(make):
    """A submission with a tick on each of those answers, on one that was left open, and on two papers."""
    officer = make.actor(make.staff())
    declaration = make.declaration(Status.SUBMITTED, **EMPLOYED)
    ticks.save(declaration.revisions[0], officer, {*TYPED, "email", "work_proof", "full_time_diploma"})
    db.session.commit()
    return declaration


def typed_again(declaration: Declaration, edits: dict[str, Any]) -> None:
    """Send every page with the edited answers, as the applicant would."""
    for step in STEPS:
        names = list(step.form(None, context=answers.asked(declaration))._fields)
        sent = as_form(answers.stored(declaration), names)
        sent |= {name: sent_text(declaration, name, how) for name, how in edits.items() if name in names}
        form = step.form(MultiDict(sent), context=answers.asked(declaration))
        assert form.checks(), form.errors
        answers.save(declaration, form)


def sent_text(declaration: Declaration, name: str, how: Any) -> str:
    return TYPED[name] if how is None else how(getattr(declaration, name))


def submitted_again(declaration: Declaration, pages: Any = None) -> Revision:
    revision = Revision(number=2, papers=pages or declaration.revisions[0].papers)
    revision.answers = answers.freeze(answers.facts(declaration))
    return revision


def standing() -> set[str]:
    return {tick.target for tick in db.session.query(Tick)}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_tick_survives_exactly_when_the_answer_is_unchanged(ticked, edits):
    before = standing()
    typed_again(ticked, edits)
    with db.session.no_autoflush:
        ticks.drop_changed(ticked, submitted_again(ticked))
    db.session.flush()
    assert before - standing() == {name for name, how in edits.items() if how is None}
    db.session.rollback()


def test_an_answer_that_is_not_given_any_more_loses_its_tick(ticked):
    ticked.email = "someone@example.com"
    ticks.drop_changed(ticked, submitted_again(ticked))
    assert "email" not in standing()


def test_a_tick_on_a_paper_lives_as_long_as_its_pictures(ticked, app):
    pages = copy.deepcopy(ticked.revisions[0].papers)
    pages["work_proof"][0]["address"] = preparation.prepare(
        app.extensions["kuaiji.store"], picture(700, 500, 9)
    ).blob.address
    ticks.drop_changed(ticked, submitted_again(ticked, pages))
    assert {"work_proof", "full_time_diploma"} & standing() == {"full_time_diploma"}


def test_only_ticks_that_fit_what_a_revision_shows_are_told(ticked):
    ticked.mobile = "13800139999"
    assert set(ticks.of(ticked, ticked.revisions[0])) == standing()
    assert set(ticks.of(ticked, submitted_again(ticked))) == standing() - {"mobile"}


def test_whoever_ticked_first_stays_named_until_it_is_ticked_anew(make, ticked):
    colleague = make.actor(make.staff(name="李审核"))
    first = ticked.revisions[0]
    ticks.save(first, colleague, {"mobile", "nation"})
    by = {tick.target: tick.staff_id for tick in db.session.query(Tick)}
    assert by.keys() == {"mobile", "nation"}
    assert by["nation"] == colleague.id
    assert by["mobile"] != colleague.id
