"""办事指南: which papers are asked for, and when, in words. Read from PAPERS, so page and rule cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forms import PAPERS, STEPS
from lib.codes import IdType
from lib.questions.conditions import Condition, When
from lib.questions.fields import Question
from lib.questions.pages import Paper
from services.declaration import answers, labels

#: Facts that are no questions of a page: name -> how the condition reads.
DERIVED = {"name_differs": "现在的姓名与原来登记的姓名不同"}


@dataclass(frozen=True)
class Need:
    """One paper of the list. ``when`` in words, empty for a paper that everybody hands in."""

    paper: Paper
    when: str


def needs() -> list[Need]:
    """All papers in the table's order."""
    questions = _questions()
    return [Need(paper, _words(paper.when, questions) if paper.when else "") for paper in PAPERS]


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
