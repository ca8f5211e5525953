"""What a check is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from forms import PAPER
from lib.clock import local
from models import Account, Declaration, Revision
from services.declaration import labels

State = Literal["look", "unknown", "passed"]
STATES: tuple[State, ...] = ("look", "unknown", "passed")


@dataclass(frozen=True)
class Outcome:
    """``reason`` says what was found, without ID numbers and phones. ``targets``: names of questions, kinds of papers.

    ``others``: declarations of other people (or earlier ones of the same) that it was compared with; who of them is
    named is decided by the reader's scope.
    """

    state: State
    reason: str
    targets: tuple[str, ...] = ()
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class CasePicture:
    """One picture of the revision. ``measures`` is empty for pictures older than lib.pictures.quality."""

    kind: str
    words: str  # 全日制学历证书第 2 张
    measures: Mapping[str, Any]


class Case:
    """One revision, read once for all checks."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision
        self.declaration: Declaration = revision.declaration
        self.account: Account = revision.declaration.account
        self.papers = revision.papers
        #: Judged as of the day of the submission: a later look finds the same.
        self.day: date = local(revision.submitted_at).date()
        self._read: dict[Callable[[Case], Any], Any] = {}

    @cached_property
    def answers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.revision.answers
        return found

    def get(self, name: str) -> Any:
        return self.answers.get(name)

    @cached_property
    def _pages(self) -> list[CasePicture]:
        return [
            CasePicture(
                kind,
                labels.short(kind) + (f"第 {position} 张" if len(pages) > 1 else ""),
                page.get("measures") or {},
            )
            for kind, pages in self.papers.items()
            if kind in PAPER
            for position, page in enumerate(pages, 1)
        ]

    def pages(self, *kinds: str) -> Sequence[CasePicture]:
        """The pictures of these papers, else of all."""
        return [page for page in self._pages if page.kind in kinds] if kinds else self._pages

    def once(self, read: Callable[[Case], Any]) -> Any:
        """What several checks ask for, read for the first of them."""
        if read not in self._read:
            self._read[read] = read(self)
        return self._read[read]


#: None: the check does not apply to this case.
Check = Callable[[Case], Outcome | None]


def passed(reason: str, *targets: str) -> Outcome:
    return Outcome("passed", reason, targets)


def look(reason: str, *targets: str, others: Sequence[int] = ()) -> Outcome:
    return Outcome("look", reason, targets, tuple(others))


def unknown(reason: str, *targets: str) -> Outcome:
    return Outcome("unknown", reason, targets)


def verdict(problems: Sequence[tuple[str, str]], fine: str) -> Outcome:
    """Look again when there are problems, given as (target, what was found); else passed with ``fine``."""
    if not problems:
        return passed(fine)
    targets = tuple(dict.fromkeys(target for target, _words in problems))
    return look("；".join(dict.fromkeys(words for _target, words in problems)), *targets)
