"""Which questions the screen of one correction asks, and its form: the page's own rules, on a part of its questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, cast

from lib.questions.conditions import FormContext
from lib.questions.fields import DepartmentQuestion, DivisionQuestion, Question, StepForm
from lib.questions.pages import Step

#: A correction of the first asks the others too: they may no longer fit.
BRINGS = {
    "employer_code": ("employer_code_confirmed",),
    "employer_code_confirmed": ("employer_code",),
    "affiliation": ("department_code",),
    "has_employer": ("department_code",),
}


def stored_form(step: Step, context: FormContext) -> StepForm:
    return step.form(None, context=context)


def questions_for(form: StepForm, names: Iterable[str]) -> set[str]:
    """The questions of a screen about ``names``. ``form`` holds the stored answers.

    With them come those that belong together, and those that another answer would open: they are hidden until then.
    """
    wanted = set(names)
    wanted |= {other for name in wanted for other in _beside(form, name)}
    while opened := _opened_by(form, wanted) - wanted:
        wanted |= opened
    return together(form, wanted)


def together(form: StepForm, names: set[str]) -> set[str]:
    """City, county and street are never asked apart; what a page cannot ask at all is left out."""
    groups = [_address(form, form[name]) for name in names if name in form._fields]
    found = names.union(*groups) if groups else names
    return {name for name in found if name in form._fields and not form.impossible(form[name])}


def _beside(form: StepForm, name: str) -> set[str]:
    """The departments depend on the address, and the other way round."""
    question = form[name]
    departments = {other.name for other in form.questions if isinstance(other, DepartmentQuestion)}
    addresses = {other.name for other in form.questions if isinstance(other, DivisionQuestion) and form.asks(other)}
    found = set(BRINGS.get(name, ()))
    if isinstance(question, DivisionQuestion):
        found |= departments
    return found | addresses if isinstance(question, DepartmentQuestion) else found


def _address(form: StepForm, question: Question) -> set[str]:
    if not isinstance(question, DivisionQuestion):
        return set()
    side = question.name.rpartition("_")[0]
    return {
        other.name
        for other in form.questions
        if isinstance(other, DivisionQuestion) and other.name.rpartition("_")[0] == side
    }


def _opened_by(form: StepForm, names: set[str]) -> set[str]:
    """Questions that are not asked now, and depend on one of these, or on a fact that is derived from one."""
    sources = {name: derived.source for name, derived in form.derived.items()}
    hidden = set(form.questions) - set(form.asked())
    return {
        question.name
        for question in hidden
        if question.when and any(sources.get(part.question, part.question) in names for part in question.when.parts)
    }


def bound(step: Step, context: FormContext, shown: set[str], typed: Any) -> StepForm:
    """The page with what was typed for the questions ``shown``; all others keep their stored answers."""
    form = step.form(typed, context=context)
    for question in form.questions:
        if question.name not in shown:
            question.process(None, context.facts.get(question.name))
    return form


def facts_for_browser(form: StepForm, shown: Collection[str]) -> dict[str, Any]:
    """The facts that the conditions of these questions read and that are not asked with them."""
    facts = form.facts()
    return {name: facts.get(name) for name in _read_elsewhere(cast(Any, type(form)), frozenset(shown))}


@cache
def _read_elsewhere(form: Any, shown: frozenset[str]) -> Sequence[str]:
    conditions = [question.when for question in form(context=FormContext()) if question.name in shown]
    return sorted({part.question for condition in conditions if condition for part in condition.parts} - shown)
