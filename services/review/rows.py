"""The rows of a revision as an officer reads them: answers and papers, what they were before, marks and ticks.

The ID number and the phone are open only to the officer who holds the submission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from forms import PAPERS
from lib.identity import mask_number, mask_phone
from lib.questions.pages import Paper, Step
from models import Mark, Revision, Tick
from services.declaration import answers, labels
from services.declaration.answers import Change
from services.papers import papers
from services.review import changes as review_changes
from services.review.case import ReviewCase

GROUPS = {"id_number": (6, 8, 4), "mobile": (3, 4, 4)}


class AnswerLine(NamedTuple):
    """One answer. ``before`` is None where nothing differs; ``why``: the word on a change.

    ``asked_for``: what the last return wanted changed here. ``groups``: the text in pieces that the eye can compare.
    """

    name: str
    label: str
    text: str
    proof: str = ""  # the kind of the uploaded paper that proves it
    before: str | None = None
    why: str = ""
    asked_for: Mark | None = None
    mark: Mark | None = None
    tick: Tick | None = None
    groups: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What the applicant's page calls it."""
        return labels.full(self.name)


@dataclass(frozen=True)
class ReviewSection:
    step: Step
    lines: Sequence[AnswerLine]


@dataclass(frozen=True)
class PaperLine:
    """One paper. ``is_new``: other pictures than in the revision compared with; ``old``: how many it had there."""

    paper: Paper
    pages: Sequence[Mapping[str, Any]]
    is_new: bool = False
    asked_for: Mark | None = None
    mark: Mark | None = None
    tick: Tick | None = None
    why: str = ""
    old: int | None = None


@dataclass(frozen=True)
class Removed:
    """A question that was answered before and is not asked any more."""

    change: Change
    why: str


class Privacy:
    """Masks the ID number and the phone wherever they stand: an old certificate often bears the ID number."""

    def __init__(self, *, open_numbers: bool, known: Sequence[Mapping[str, Any]]) -> None:
        self.open_numbers = open_numbers
        self.masks: dict[str, str] = {}
        for found in known:
            for name, mask in (("id_number", mask_number), ("mobile", mask_phone)):
                if plain := found.get(name):
                    self.masks[plain] = mask(plain)

    def text(self, text: str) -> str:
        if not self.open_numbers:
            for plain, masked in self.masks.items():
                text = text.replace(plain, masked)
        return text

    def change(self, change: Change) -> Change:
        return Change(change.name, change.label, self.text(change.before), self.text(change.after))

    def groups(self, name: str, text: str) -> Sequence[str]:
        """A number of the usual length, open, in the groups that people read it in; nothing else is cut."""
        lengths = GROUPS.get(name, ())
        if not self.open_numbers or len(text) != sum(lengths):
            return ()
        ends = [sum(lengths[: place + 1]) for place in range(len(lengths))]
        return [text[end - length : end] for end, length in zip(ends, lengths, strict=True)]


class RowContext:
    """A case with the revision that "new" is meant against, and what may be shown of its numbers."""

    def __init__(self, case: ReviewCase, privacy: Privacy) -> None:
        self.case, self.privacy = case, privacy

    @cached_property
    def _pages(self) -> review_changes.Filled:
        return answers.pages(self.case.answers)

    @cached_property
    def _old_pages(self) -> review_changes.Filled:
        return answers.pages(self.case.old_answers)

    @cached_property
    def sections(self) -> Sequence[answers.AnswerSection]:
        return answers.sections_of(self._pages, self.case.answers)

    @cached_property
    def changes(self) -> Mapping[str, Change]:
        if not self.case.compared:
            return {}
        old, new = self.case.old_answers, self.case.answers
        was = answers.sections_beside(self._old_pages, old, self.sections, new)
        return answers.changes_between(old, new, was, self.sections)

    @cached_property
    def because(self) -> frozenset[str]:
        if not self.case.compared:
            return frozenset()
        old, new = self.case.old_answers, self.case.answers
        return review_changes.followed(old, new, self._old_pages, self._pages, self.changes)

    def why(self, target: str) -> str:
        return review_changes.why(target, target in self.case.asked_for, self.because)


def sections(seen: RowContext) -> list[ReviewSection]:
    before = {name: seen.privacy.text(change.before) for name, change in seen.changes.items()}
    account, found = seen.case.declaration.account, seen.case.answers
    if account.name != found["applicant_name"]:
        before.setdefault("applicant_name", account.name)  # the sign-in name, until the approval
    lines = _Lines(seen, _proofs(seen.case.revision), before)
    return [ReviewSection(section.step, [*map(lines.of, section.rows)]) for section in seen.sections]


class _Lines:
    """What stands beside the answers, looked up once for all of them."""

    def __init__(self, seen: RowContext, proofs: Mapping[str, str], before: Mapping[str, str]) -> None:
        self.seen, self.privacy, self.proofs, self.before = seen, seen.privacy, proofs, before
        self.changes, case = seen.changes, seen.case
        self.asked_for, self.unsent, self.ticks = case.asked_for, case.unsent, case.ticks

    def of(self, row: answers.AnswerRow) -> AnswerLine:
        name, text = row.name, self.privacy.text(row.text)
        shown = (name, row.short, text, self.proofs.get(name, ""), self.before.get(name))
        why = self.seen.why(name) if name in self.changes else ""
        marks = (self.asked_for.get(name), self.unsent.get(name), self.ticks.get(name))
        return AnswerLine(*shown, why, *marks, self.privacy.groups(name, text))


def plain_sections(revision: Revision, privacy: Privacy) -> list[ReviewSection]:
    """The answers of a revision with nothing next to them."""
    return [
        ReviewSection(
            section.step,
            [AnswerLine(row.name, row.short, privacy.text(row.text)) for row in section.rows],
        )
        for section in answers.sections(revision.answers)
    ]


def removed(seen: RowContext, shown: Sequence[ReviewSection]) -> list[Removed]:
    names = {line.name for section in shown for line in section.lines}
    gone = [change for name, change in seen.changes.items() if name not in names]
    return [Removed(seen.privacy.change(change), seen.why(change.name)) for change in gone]


def _proofs(revision: Revision) -> dict[str, str]:
    """Question -> the first uploaded paper that proves it."""
    found: dict[str, str] = {}
    for paper in PAPERS:
        if revision.papers.get(paper.kind):
            for name in paper.proves:
                found.setdefault(name, paper.kind)
    return found


def paper_lines(seen: RowContext) -> list[PaperLine]:
    """The papers that the answers ask for or that were sent, in the table's order, also those that are not there."""
    sent = seen.case.revision.papers
    asked = {paper.kind for paper in papers.wanted(seen.case.answers)} | set(sent)
    return [_paper(seen, paper, sent.get(paper.kind, [])) for paper in PAPERS if paper.kind in asked]


def _paper(seen: RowContext, paper: Paper, pages: Sequence[Mapping[str, Any]]) -> PaperLine:
    compared = seen.case.compared
    old = compared.papers.get(paper.kind, []) if compared else pages
    is_new = papers.addresses(pages) != papers.addresses(old)
    return PaperLine(
        paper,
        pages,
        is_new,
        seen.case.asked_for.get(paper.kind),
        seen.case.unsent.get(paper.kind),
        seen.case.ticks.get(paper.kind),
        why=seen.why(paper.kind) if is_new else "",
        old=len(old) if is_new else None,
    )


def unsigned(revision: Revision) -> list[str]:
    """Answers that are not as the signed sheet says. Only a mark that asked for no new signature leads here."""
    printed = revision.sheet.answers if revision.sheet else {}
    found = revision.answers if printed else {}
    return [labels.full(name) for name in printed if printed[name] != found.get(name)]
