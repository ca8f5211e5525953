"""What differs between two revisions, and why: asked for, the applicant's own doing, or what followed from something.

``differences`` tells all of it by name: put on the old answers they give the new ones. ``followed`` knows conditions.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forms import PAPERS, SHEET
from lib.questions.answered import AnsweredPage
from lib.questions.fields import DepartmentQuestion, DivisionQuestion, Question
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


Filled = Sequence[tuple[Step, AnsweredPage]]


def followed(
    old: Answers, new: Answers, before: Filled, after: Filled, changed: Container[str] | None = None
) -> frozenset[str]:
    """Questions and papers that changed because another answer did. ``before``, ``after``: the pages filled with them.
    ``changed``: the questions to look at; None: all.

    Asked only now, or not any more; derived from a fact that changed; a division or department that is not offered for
    the new address. The sheet follows whatever it prints.
    """
    moved = {difference.name for difference in differences(old, new)}
    pairs = zip(before, after, strict=True)
    names = {name for (_, was), (_, now) in pairs for name in _followed_on(was, now, changed)}
    papers = {paper.kind for paper in PAPERS if paper.asked(old) != paper.asked(new)}
    return frozenset(names | papers | ({SHEET} if moved else set()))


def _followed_on(before: AnsweredPage, after: AnsweredPage, changed: Container[str] | None) -> list[str]:
    looked_at = [pair for pair in after.questions if changed is None or pair[0].name in changed]
    if not looked_at:
        return []
    old, new = before.facts(), after.facts()
    return [
        question.name
        for question, condition in looked_at
        if (condition is not None and condition.holds(old) != condition.holds(new))
        or _derived_again(question, old, new)
        or _not_offered(question, before, after)
    ]


def _derived_again(question: Question, old: Answers, new: Answers) -> bool:
    fact = question.derived
    return fact is not None and old.get(fact) != new.get(fact)


def _not_offered(question: Question, before: AnsweredPage, after: AnsweredPage) -> bool:
    """Is the old answer not among the choices of the new address?"""
    if not isinstance(question, DivisionQuestion | DepartmentQuestion):
        return False
    old = before.data[question.name]
    return bool(old) and old not in after[question.name].choices


def why(name: str, asked_for: bool, because: frozenset[str]) -> str:
    """The word on a change."""
    return ASKED_FOR if asked_for else FOLLOWED if name in because else OF_OWN_WILL
