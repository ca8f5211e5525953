"""A page of questions with stored answers, to be read: what a form says about them, at a fraction of its cost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, cast

from lib.questions.conditions import Condition, FormContext
from lib.questions.fields import ChoiceQuestion, Question, StepForm


class AnsweredPage:
    """``data``: what each question's stored answer stands for."""

    meta = None

    def __init__(self, form: type[StepForm], context: FormContext, answers: Mapping[str, Any]) -> None:
        self.context, self.derived = context, form.derived
        self.questions = _questions(cast(Any, form))
        self.data = {
            question.name: question.kept(answers.get(question.name)) for question, _condition in self.questions
        }

    def __getitem__(self, name: str) -> Question:
        """One question with its answer and its choices."""
        question = next(question for question, _condition in self.questions if question.name == name)
        return self._with_answer(question)

    def _with_answer(self, question: Question) -> Question:
        copied = question.copy_for(self)
        copied.data = self.data[question.name]
        return copied

    @cached_property
    def _facts(self) -> dict[str, Any]:
        facts = {**self.context.facts, **self.data}
        found = {name: derived.value(facts) for name, derived in self.derived.items()}
        return facts | {name: value for name, value in found.items() if value is not None}

    def facts(self) -> dict[str, Any]:
        """As of a form: all pages, this one, and what is derived from it."""
        return self._facts

    def asked(self) -> list[Question]:
        """The questions that apply."""
        facts = self._facts
        return [question for question, condition in self.questions if condition is None or condition.holds(facts)]

    def say(self, question: Question, answer: Any) -> str:
        """An answer in words."""
        if isinstance(question, ChoiceQuestion) and question.listed:
            return question.title_of(answer, self.context)
        return self._with_answer(question).say(answer) if self.has_own_choices(question) else question.say(answer)

    @staticmethod
    def has_own_choices(question: Question) -> bool:
        """Do the words of an answer follow from this page, not from the answer and the reference data alone?"""
        return isinstance(question, ChoiceQuestion) and not question.fixed and not question.listed


@cache
def _questions(form: Any) -> tuple[tuple[Question, Condition | None], ...]:
    return tuple((question, question.when) for question in form(None, context=FormContext()).questions)
