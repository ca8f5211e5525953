"""What questions, papers and the ID document are called, and which page asks for them. Built once in a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from forms import PAPERS, STEPS
from lib.questions.conditions import FormContext
from lib.questions.fields import StepForm
from lib.questions.pages import Step

#: Facts about the person that are among the answers but are no questions: name -> label.
IDENTITY = {"id_type": "证件类型", "id_number": "证件号码"}
LONG = 14  # characters; a paper's title beyond them is cut where its bracket begins


@dataclass(frozen=True)
class Label:
    """``short`` is for narrow places. ``step``: the page that asks the question, shows the ID document or takes the
    paper."""

    full: str
    short: str
    step: Step | None = None


@cache
def table() -> Mapping[str, Label]:
    """The ID document, all questions in the order of the pages, all papers."""
    beside = next(step for step in STEPS if step.document_after)
    found = {name: Label(title, title, beside) for name, title in IDENTITY.items()}
    for step in STEPS:
        for question in unfilled(step).questions:
            found[question.name] = Label(question.label.text, question.short, step)
    takes = {kind: step for step in STEPS for kind in step.papers}
    papers = {paper.kind: Label(paper.title, _short(paper.title), takes.get(paper.kind)) for paper in PAPERS}
    return MappingProxyType(found | papers)


def _short(title: str) -> str:
    return title.partition("(")[0] if len(title) > LONG else title


def full(target: str) -> str:
    """The label of a question or paper; an unknown name stays as it is."""
    return table()[target].full if target in table() else target


def short(target: str) -> str:
    return table()[target].short


@cache
def names(step: Step) -> tuple[str, ...]:
    """The questions of a page."""
    return tuple(unfilled(step)._fields)


@cache
def reads(step: Step) -> frozenset[str]:
    """The facts of other pages on which the answers of this one are judged."""
    return unfilled(step).reads()


def unfilled(step: Step) -> StepForm:
    """The page without any answer."""
    return step.form(None, context=FormContext())
