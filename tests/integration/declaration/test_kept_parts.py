"""Kept HTML is what the templates would draw now, for everybody, and holds nothing of a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from unittest import mock

import pytest
import time_machine
from flask import render_template
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from blueprints import public
from blueprints.kept_parts import EncodedHtml, Part, PartsKept, hole
from blueprints.review import queue
from blueprints.wizard import papers, steps
from blueprints.wizard.question_cells import QuestionCells
from forms import STEPS
from lib.codes import Role, Status
from lib.questions.fields import StepForm
from lib.questions.pages import Step
from models import Option, db
from services.declaration import labels
from services.filing.case import DeclarationCase
from tests.support.people import COMPLETE, EMPLOYED, QUALIFIED

WORDS = ["", "单小燕", "<b>&\"单'", "~x~", "样例路 1 号 " * 5, "91219900MA0ABCDE1Y", "2021-09-05", "2021-13-99"]
CODES = ["", "yes", "no", "other", "210100", "210102", "bachelor", "junior", "none", "student", "12", "2015", "<i>"]
PAGES = ["/", "/hotlines", "/apply/notice", *(f"/apply/{step.slug}" for step in STEPS), "/apply/check", "/apply/papers"]
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def _typed(step: Step, chance: Random) -> MultiDict[str, str]:
    """Something in every field, sensible or not."""
    parts = [(f"{name}{end}", chance.choice([WORDS, CODES])) for name in labels.names(step) for end in _ENDS]
    return MultiDict([(name, chance.choice(values)) for name, values in parts])


_ENDS = ("", "-year", "-month")


def _random_form(step: Step, contexts: list, chance: Random) -> StepForm:
    form = step.form(_typed(step, chance) if chance.random() < 0.7 else None, context=chance.choice(contexts))
    if chance.random() < 0.2:
        form.checks()
    return form


@pytest.mark.parametrize(
    "value", [*WORDS, "<", ">", "&", '"', "'", "王　五", 0, 12, True, None, Markup("<b>&amp;</b>")]
)
def test_a_hole_is_filled_with_what_escape_makes_of_a_value(value):
    part, expected = Part(f"<i>{hole('what')}</i>", ["what"]), f"<i>{escape(value)}</i>"
    assert (part.joined({"what": value}), part.sent({"what": value}).decode()) == (expected, expected)


def test_a_hole_takes_encoded_html_as_it_is():
    assert (
        Part(f"<i>{hole('what')}</i>", ["what"]).sent({"what": EncodedHtml("<b>五</b>".encode())}).decode()
        == "<i><b>五</b></i>"
    )


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_a_kept_question_is_what_its_template_draws(app, make, step):
    chance, people = Random(step.slug), [COMPLETE, EMPLOYED | QUALIFIED, {"person_status": "student"}]
    contexts = [DeclarationCase(make.declaration(**given)).context for given in people]
    with app.test_request_context():
        for turn in range(60):
            form = _random_form(step, contexts, chance)
            cells = QuestionCells(form, step, {})
            for question in filter(cells.is_drawn, form.questions):
                drawn = cells.drawn(question, cells.said(question))
                assert cells.cell(question).decode() == drawn, (turn, question.name)


def test_a_changed_list_is_seen_at_once(make, browser):
    declaration = make.declaration()
    browser.sign_in(declaration.account).open("/apply/education")
    db.session.get_one(Option, ("education_level", "master")).title = "硕士研究生教育"
    db.session.commit()
    assert "硕士研究生教育" in browser.open("/apply/education").text


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """Pages as the templates draw them, without holes in the page."""

    def get(_self, _key, draw, names=()) -> Part:
        return Part(draw(), names)

    plain = [mock.patch.object(module, "render_kept", _plain) for module in (public, steps, papers, queue)]
    with mock.patch.object(PartsKept, "get", get), plain[0], plain[1], plain[2], plain[3]:
        yield


def _plain(template, holes=None, **values) -> str:
    return render_template(template, **values, **(holes or {}))


def _without_token(text: str) -> str:
    return re.sub(r"\n\s*", "\n", TOKEN.sub("", text))


def test_kept_pages_are_what_the_templates_draw_for_each_person(app, make, browser, another_browser):
    first, second = make.declaration(), make.declaration(account=make.account("欧阳<燕>"), **(EMPLOYED | QUALIFIED))
    for declaration in (first, second):
        make.papers(declaration)
    visitors = (browser.sign_in(first.account), another_browser.sign_in(second.account), browser)
    for round in range(2):
        for visitor in visitors:
            for address in PAGES:
                kept = visitor.open(address).text
                with _nothing_kept():
                    assert _without_token(kept) == _without_token(visitor.open(address).text), (round, address)


def test_what_is_kept_holds_no_token_and_no_name(app, make, browser):
    declaration = make.declaration(account=make.account("欧阳燕燕"))
    make.papers(declaration)
    browser.sign_in(declaration.account)
    tokens = {token for address in PAGES for token in TOKEN.findall(browser.open(address).text)}
    parts = app.extensions["kuaiji.parts"]._parts.values()
    held = "".join(part.whole for part in parts)
    assert len(parts) > 50
    assert tokens
    personal = (declaration.account.name, declaration.postal_address, declaration.mobile, declaration.pages[0].uid)
    assert not [text for text in (*tokens, *personal) if text in held]


def test_kept_pages_of_officers_are_what_the_templates_draw_for_each_and_hold_no_name(
    app, make, browser, another_browser
):
    county, manager = make.staff(name="王<审>"), make.staff(Role.MANAGER, name="李主管", keys_on=False)
    waiting = make.declaration(Status.SUBMITTED, **(EMPLOYED | QUALIFIED))
    held = make.declaration(Status.IN_REVIEW, make.account("欧阳燕燕"), county, mobile=waiting.mobile)
    make.mark(held, "postal_address", "mobile", reviewer=make.actor(county), comment="门牌缺号<全>")
    pages = ["/staff/queue", "/staff/queue?tab=all&kind=change", "/staff/queue?lane=again"]
    pages += [f"/staff/submissions/{one.uid}" for one in (waiting, held)]
    visitors = (browser.sign_in(county), another_browser.sign_in(manager))
    for _round in range(2):
        for visitor in visitors:
            for address in pages:
                with time_machine.travel(datetime.now(UTC), tick=False):  # pages tell the minute
                    kept = visitor.open(address).text
                    with _nothing_kept():
                        drawn = visitor.open(address).text
                assert _without_token(kept) == _without_token(drawn), address
    held_text = "".join(part.whole for part in app.extensions["kuaiji.parts"]._parts.values())
    personal = (county.name, manager.name, "欧阳燕燕", waiting.uid, held.uid, held.mobile, waiting.number, "门牌缺号")
    assert not [text for text in personal if text in held_text]
    assert "审核通过，下一件" in held_text
