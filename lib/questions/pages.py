"""What a page of questions and a paper (附件) are, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.questions.conditions import Condition
from lib.questions.fields import StepForm


@dataclass(frozen=True)
class Step:
    """One page of the wizard.

    ``short`` is its name in the margin of the sheet. ``intro`` and ``figure`` (a template) precede the questions.
    ``papers`` are uploaded on the page itself. After the question ``document_after`` the ID document is shown.
    """

    slug: str
    title: str
    short: str
    form: type[StepForm]
    intro: str = ""
    figure: str = ""
    papers: tuple[str, ...] = ()
    document_after: str = ""


@dataclass(frozen=True)
class Topic:
    """One thing that a change (信息变更) may be about: the page that asks for it, the papers that prove it."""

    code: str
    title: str
    hint: str
    step: str  # the page's slug
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """One kind of paper: when it is asked for (``who``: in people's words), and whether the declaration needs it."""

    kind: str
    title: str
    when: Condition | None = None
    who: str = ""
    required: bool = True
    hint: str = ""
    template: str = ""  # a name under /templates/
    max_pages: int = 6
    proves: tuple[str, ...] = ()  # the questions it proves: the review shows it next to them
    personal: bool = False  # one person's own: the same picture in another declaration is suspicious

    def asked(self, facts: Mapping[str, Any]) -> bool:
        return self.when is None or self.when.holds(facts)
