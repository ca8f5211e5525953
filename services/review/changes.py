"""What differs between two revisions, and why: asked for, the applicant's own doing, or what followed from something.

``differences`` tells all of it by name: put on the old answers they give the new ones. ``followed`` knows conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forms import PAPERS, SHEET
from lib.questions.fields import DepartmentQuestion, DivisionQuestion, Question, StepForm
from lib.questions.pages import Step

ASKED_FOR, OF_OWN_WILL, FOLLOWED = "要求修改", "自行修改", "因此变化"

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One frozen answer or fact that is not as before. None: it was, or is, not there."""

    name: str
    before: Any
    after: Any


def differences(old: Answers, new: Answers) -> list[Difference]:
    """Everything that differs between two frozen sets, shown on a page or not."""
    names = dict.fromkeys((*old, *new))
    return [Difference(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


Filled = Sequence[tuple[Step, StepForm]]


def followed(old: Answers, new: Answers, before: Filled, after: Filled) -> frozenset[str]:
    """Questions and papers that changed because another answer did. ``before``, ``after``: the pages filled with them.

    Asked only now, or not any more; derived from a fact that changed; a division or department that is not offered for
    the new address. The sheet follows whatever it prints.
    """
    moved = {difference.name for difference in differences(old, new)}
    pairs = zip(before, after, strict=True)
    names = {name for (_, was), (_, now) in pairs for name in _followed_on(was, now)}
    papers = {paper.kind for paper in PAPERS if paper.asked(old) != paper.asked(new)}
    return frozenset(names | papers | ({SHEET} if moved else set()))


def _followed_on(before: StepForm, after: StepForm) -> list[str]:
    old, new = before.facts(), after.facts()
    return [
        question.name
        for question in after.questions
        if _is_asked(question, old) != _is_asked(question, new)
        or _derived_again(question, old, new)
        or _not_offered(before[question.name], question)
    ]


def _is_asked(question: Question, facts: Answers) -> bool:
    condition = question.flags.when
    return condition is None or bool(condition.holds(facts))


def _derived_again(question: Question, old: Answers, new: Answers) -> bool:
    fact = question.flags.derived
    return bool(fact) and old.get(fact) != new.get(fact)


def _not_offered(before: Question, after: Question) -> bool:
    """Is the old answer not among the choices of the new address?"""
    hangs = isinstance(after, DivisionQuestion | DepartmentQuestion)
    return hangs and bool(before.data) and before.data not in after.choices


def why(name: str, asked_for: bool, because: frozenset[str]) -> str:
    """The word on a change."""
    return ASKED_FOR if asked_for else FOLLOWED if name in because else OF_OWN_WILL
