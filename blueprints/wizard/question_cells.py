"""The questions of a page as HTML. Each is kept by what it shows (blueprints/kept_parts.py): most of a page is the same
for everybody, and what a person typed goes into a hole. One template draws all of them, kept or not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping
from functools import cached_property
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup

from blueprints.kept_parts import EncodedHtml, PartsKept, hole, kept
from lib.identity import mask_number
from lib.questions.fields import (
    ChoiceQuestion,
    DayQuestion,
    DepartmentQuestion,
    DivisionQuestion,
    MonthQuestion,
    Question,
    StepForm,
    TextQuestion,
)
from lib.questions.pages import Step
from models import Account
from services.declaration import labels
from services.departments import reference_version

TEMPLATE = "wizard/_question.html"
_NONE: Mapping[str, str] = {}
_MONTH = re.compile(r"([0-9]{4})?-([0-9]{2})?")


class QuestionCells:
    """One page of questions, drawn question by question. ``shown``: only these; None: all. ``hints``: the office's."""

    def __init__(
        self,
        form: StepForm,
        step: Step,
        marks: Mapping[str, Any],
        shown: Collection[str] | None = None,
        hints: Mapping[str, str] = _NONE,
    ) -> None:
        self.form, self.step, self.marks, self.shown = form, step, marks, shown
        for name in hints.keys() & form._fields.keys():
            form[name].office_hint = hints[name]
        self.facts = form.facts()
        self.parts: PartsKept = current_app.extensions["kuaiji.parts"]
        self.version = reference_version.current()

    def html(self, account: Account) -> EncodedHtml:
        """All of them; after ``Step.document_after`` the ID document of the account."""
        cells: list[bytes] = []
        for question in self.form.questions:
            if self.is_drawn(question):
                cells.append(self.cell(question))
            if question.name == self.step.document_after and self.shown is None:
                cells.append(_document(account, self.marks).encode())
        return EncodedHtml(b"".join(cells))

    def is_drawn(self, question: Question) -> bool:
        if self.form.impossible(question) or (self.shown is not None and question.name not in self.shown):
            return False
        if isinstance(question, DivisionQuestion) and question.parent:
            return False  # drawn with its city
        return question.kind != "confirm" or self.facts.get("employer_code_check") == "failed"

    def cell(self, question: Question) -> EncodedHtml:
        said = self.said(question)
        together = self._together(question)
        if not self.version or any(map(self._is_special, together)):
            return EncodedHtml(self.drawn(question, said).encode())
        state: Hashable = "fixed" if said is not None else tuple(map(self._state, together))
        state = state, tuple([one.office_hint for one in together])
        key = (TEMPLATE, self.version, self.this_year, self.step.slug, question.name, self._hidden(question), state)
        value = _typed(question) if said is None else said
        return self.parts.get(key, lambda: self._with_hole(question, said), ("value",)).sent({"value": value})

    def _with_hole(self, question: Question, said: str | None) -> str:
        return self.drawn(_shadow(question), None if said is None else hole("value"))

    def drawn(self, question: Question, said: str | None) -> str:
        template = current_app.jinja_env.get_template(TEMPLATE)
        return template.render(field=question, form=self.form, marks=self.marks, said=said)

    @cached_property
    def this_year(self) -> int:
        return self.form.context.today.year

    def said(self, question: Question) -> str | None:
        """The answer in words, where it follows from another fact."""
        fact = self.facts.get(question.derived) if question.derived else None
        return None if fact is None else question.say(fact)

    def _is_special(self, question: Question) -> bool:
        """Errors, marks, and typing that is none of the choices: the keys of what is kept are nothing typed."""
        if question.errors or question.warnings or question.name in self.marks:
            return True
        if isinstance(question, MonthQuestion):
            return not _MONTH.fullmatch(f"{question.year}-{question.month}")
        if not isinstance(question, ChoiceQuestion) or not question.raw_data or not question.data:
            return False
        chosen = question.data if isinstance(question.data, list) else [question.data]
        return not set(chosen) <= set(question.choices)

    def _hidden(self, question: Question) -> bool:
        return question.when is not None and not question.when.holds(self.facts)

    def _together(self, question: Question) -> list[Question]:
        """City, county and street share a cell."""
        if not isinstance(question, DivisionQuestion):
            return [question]
        group = question.name.rpartition("_")[0]
        return [self.form[f"{group}_{level}"] for level in ("city", "county", "street")]

    def _state(self, question: Question) -> Hashable:
        """All that its HTML follows from, besides what goes into the hole."""
        if isinstance(question, DepartmentQuestion):
            return question.data, tuple(self.form.context.departments(self.facts))
        if isinstance(question, MonthQuestion):
            return question.year, question.month
        if isinstance(question, ChoiceQuestion):
            data = question.data
            return tuple(data) if isinstance(data, list) else data, _hashable(question.object_data)
        return None


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


def _typed(question: Question) -> str:
    """What goes into the hole."""
    if isinstance(question, DayQuestion):
        return question.typed
    return (question.data or "") if isinstance(question, TextQuestion) else ""


def _shadow(question: Question) -> Question:
    """The question with a hole in place of what was typed."""
    shadow = question.copy_for(question._form)
    if isinstance(shadow, DayQuestion):
        shadow.typed = hole("value")
    elif isinstance(shadow, TextQuestion):
        shadow.data = hole("value")
    return shadow


def _document(account: Account, marks: Mapping[str, Any]) -> Markup:
    shown = {"number": mask_number(account.id_number), "title": account.id_type.label}
    found = [marks[name] for name in labels.IDENTITY if name in marks]
    if found:
        return Markup(render_template("wizard/_document.html", marks=found, **shown))  # noqa: S704 - our template
    return kept("wizard/_document.html", {"number": shown["number"]}, title=shown["title"], marks=())
