"""办事指南: the required papers and their conditions in words, generated from PAPERS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forms import PAPERS, STEPS
from lib.codes import IdType
from lib.questions.conditions import Condition, When
from lib.questions.fields import Question
from lib.questions.pages import Paper
from services.declaration import answers, labels

#: Facts that are not questions of a page: name -> the condition in words.
DERIVED = {"name_differs": "现在的姓名与原来登记的姓名不同"}


@dataclass(frozen=True)
class RequiredPaper:
    """One paper. ``when``: the condition in words, empty for a paper that everybody needs."""

    paper: Paper
    when: str


def required_papers() -> list[RequiredPaper]:
    """All papers in the table's order."""
    questions = _questions()
    return [RequiredPaper(paper, _words(paper.when, questions) if paper.when else "") for paper in PAPERS]


def _questions() -> Mapping[str, Question]:
    context = answers.asked_for({})
    return {question.name: question for step in STEPS for question in step.form(None, context=context).questions}


def _words(condition: Condition, questions: Mapping[str, Question]) -> str:
    return "，且".join(_part(part, questions) for part in condition.parts)


def _part(part: When, questions: Mapping[str, Question]) -> str:
    if part.question in DERIVED:
        return DERIVED[part.question]
    if part.question == "id_type":
        label, titles = labels.IDENTITY["id_type"], [IdType(value).label for value in part.values]
    else:
        question = questions[part.question]
        label, titles = question.label.text, [question.say(value) for value in part.values]
    return f"{label}{'不是' if part.unless else '是'}「{'」或「'.join(titles)}」"
