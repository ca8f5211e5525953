"""Whatever the conditions do: every open mark can be reached and answered, or closes by itself; nothing gets stuck."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from forms import PAPER, STEPS
from lib.codes import MarkState, Status
from lib.questions.conditions import FormContext
from lib.questions.fields import ChoiceQuestion, ConfirmQuestion, DivisionQuestion, ManyQuestion
from models import Decision, Declaration, Mark, Revision, db
from services import workflow
from services.corrections import form as correction_form
from services.corrections import tasks as corrections
from services.declaration import answers, labels
from services.filing.case import DeclarationCase
from services.papers import papers
from services.workflow import start as workflow_start
from tests.support.applicant.filing import sent_by, words
from tests.support.people import COMPLETE, EMPLOYED
from tests.support.rules.manners import Tree

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))
NAMES = answers.question_names()
TEXTS = ("另外的内容 1234", None)


@pytest.fixture(params=[COMPLETE, EMPLOYED], ids=["without employer", "employed"])
def declaration(make, request) -> Declaration:
    return make.declaration(Status.RETURNED, **request.param)


@pytest.fixture
def choices(declaration) -> dict[str, list[Any]]:
    """What a question may be changed to: every code of its list, and nothing."""
    context = answers.asked(declaration)
    found: dict[str, list[Any]] = {}
    for step in STEPS:
        for question in step.form(None, context=context).questions:
            if isinstance(question, ManyQuestion):
                found[question.name] = [[code] for code in question.choices][:3]
            elif isinstance(question, ChoiceQuestion) and not isinstance(question, DivisionQuestion | ConfirmQuestion):
                found[question.name] = [*question.choices][:12] or [None]
            elif question.kind == "text":
                found[question.name] = list(TEXTS)
            elif question.kind == "month":
                found[question.name] = ["2015-07", None]
    return found


def change(declaration: Declaration, choices: dict[str, list[Any]], data: st.DataObject) -> None:
    """Some of the returned answers become others; what is then not asked is dropped, as saving a page does."""
    revision = db.session.scalars(select(Revision).where(Revision.declaration_id == declaration.id)).one()
    for name in NAMES:
        setattr(declaration, name, workflow_start.thawed(name, revision.answers.get(name)))
    for name in data.draw(st.lists(st.sampled_from(sorted(choices)), max_size=6, unique=True), label="changed"):
        setattr(declaration, name, data.draw(st.sampled_from(choices[name]), label=name))
    for _round in range(3):
        for step in STEPS:
            form = step.form(None, context=answers.asked(declaration))
            for question in form.questions:
                if not form.asks(question):
                    setattr(declaration, question.name, None)


def mark_some(declaration: Declaration, data: st.DataObject) -> list[Mark]:
    """Open marks on some of what the returned revision shows, some of them with an explanation."""
    db.session.rollback()
    revision = db.session.scalars(select(Revision).where(Revision.declaration_id == declaration.id)).one()
    officer = db.session.scalars(select(Decision.staff_id)).one()
    rows = {row.name for section in answers.sections(revision.answers) for row in section.rows}
    targets = sorted(rows | set(revision.papers) | {paper.kind for paper in papers.wanted(revision.answers)})
    chosen = data.draw(st.lists(st.sampled_from(targets), min_size=1, max_size=5, unique=True), label="marked")
    made = [
        Mark(revision_id=revision.id, target=target, reason="请核对", state=MarkState.OPEN, staff_id=officer)
        for target in chosen
    ]
    db.session.execute(delete(Mark))
    for mark in made:
        mark.explanation = data.draw(st.sampled_from(["", "", "没有填错"]), label=f"explained {mark.target}")
    db.session.add_all(made)
    db.session.flush()
    return made


def is_asked(declaration: Declaration, target: str) -> bool:
    if target in PAPER:
        return PAPER[target].asked(answers.facts(declaration))
    if target in labels.IDENTITY:
        return True
    form = next(step.form(None, context=answers.asked(declaration)) for step in STEPS if target in names_of(step))
    return form.asks(form[target])


def names_of(step: Any) -> list[str]:
    return list(step.form(None, context=FormContext())._fields)


@SLOW
@given(data=st.data())
def test_an_open_mark_is_in_the_walk_or_closed_and_nothing_else_blocks(declaration, choices, data):
    made = mark_some(declaration, data)
    change(declaration, choices, data)
    db.session.flush()
    found = corrections.items(DeclarationCase(declaration))
    todo = corrections.left(found)

    for mark in made:
        (item,) = [item for item in found if item.view and item.view.mark is mark]
        if not is_asked(declaration, mark.target):
            assert item.state == corrections.CLOSED
            continue
        assert item.state != corrections.CLOSED
        if item.is_document:
            assert item.target == mark.target
        elif item.step:
            form = correction_form.stored_form(item.step, answers.asked(declaration))
            assert mark.target in correction_form.questions_for(form, item.names)
        else:
            assert item.paper is PAPER[mark.target]
    missing = workflow.missing_for_submit(DeclarationCase(declaration))
    blocked = {stop.anchor.removeprefix("paper-") for stop in missing}
    asked = {name for item in todo for name in (item.names or (item.target,))}
    assert blocked == asked, "each stop has its screen, and each screen is for a stop"
    assert {view.mark.target for view in DeclarationCase(declaration).untouched} <= blocked
    assert [item.number for item in found if item.number] == list(range(1, len([i for i in found if i.number]) + 1))
    db.session.rollback()


@settings(SLOW, max_examples=10, phases=[Phase.generate])
@given(data=st.data())
def test_the_screen_of_an_open_mark_really_asks_for_it(declaration, choices, browser, data):
    browser.sign_in(declaration.account)
    made = mark_some(declaration, data)
    change(declaration, choices, data)
    db.session.commit()
    found = corrections.items(DeclarationCase(declaration))
    assert len([item for item in found if item.view]) == len(made)
    for item in found:
        if item.view is None or item.state == corrections.CLOSED:
            continue
        path = f"/apply/corrections/{item.key}"
        page = browser.open(path)
        sent = sent_by(page, path)
        assert "explanation" in sent
        name = "number" if item.target == "id_number" else item.target
        asked = f'name="{name}"' in page.text or f'name="{item.target}-year"' in page.text
        picture = item.paper and 'type="file"' in page.text
        told = ("由证件号码得出", "在校学生固定", "选好所在市和县(区)后，这里会列出")
        assert asked or picture or any(part in words(page.text) for part in told), item.target
        assert not hidden(page.text, item.target)


def hidden(text: str, name: str) -> bool:
    """True when the input of a question is inside a hidden element."""
    page = Tree(html5lib.parse(text, namespaceHTMLElements=False))
    inputs = [one for one in page.find("input", "select", "textarea") if one.get("name") in (name, f"{name}-year")]
    return any(parent.get("hidden") is not None for one in inputs for parent in page.ancestors(one))
