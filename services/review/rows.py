"""The rows of a revision as an officer reads them: answers and papers, what they were before, marks and ticks.

The ID number and the phone are open only to the officer who holds the submission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forms import PAPERS
from lib.codes import MarkState
from lib.identity import mask_number, mask_phone
from lib.questions.pages import Paper, Step
from models import Decision, Declaration, Mark, Revision, Tick, db
from services.declaration import answers, labels
from services.declaration.answers import Change
from services.papers import papers
from services.reports import standing_decisions
from services.review import changes as review_changes

GROUPS = {"id_number": (6, 8, 4), "mobile": (3, 4, 4)}


@dataclass(frozen=True)
class AnswerLine:
    """One answer. ``before`` is None where nothing differs; ``why``: the word on a change.

    ``asked_for``: what the last return wanted changed here. ``groups``: the text in pieces that the eye can compare.
    """

    name: str
    label: str
    text: str
    markable: bool
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


@dataclass(frozen=True)
class ReviewContext:
    """Everything that stands beside the answers of a revision."""

    revision: Revision
    compared: Revision | None
    privacy: Privacy
    wanted: Mapping[str, Mark] = field(default_factory=dict)  # of the last return, by target
    unsent: Mapping[str, Mark] = field(default_factory=dict)
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    because: frozenset[str] = frozenset()

    def why(self, target: str) -> str:
        return review_changes.why(target, target in self.wanted, self.because)


def look(
    revision: Revision,
    compared: Revision | None,
    privacy: Privacy,
    unsent: Mapping[str, Mark],
    ticks: Mapping[str, Tick],
) -> ReviewContext:
    """A revision beside the one that "new" is meant against."""
    old, new = compared.answers if compared else {}, revision.answers
    return ReviewContext(
        revision,
        compared,
        privacy,
        wanted=asked_for(revision),
        unsent=unsent,
        ticks=ticks,
        changes=answers.changes(old, new) if compared else {},
        because=review_changes.followed(old, new) if compared else frozenset(),
    )


def sections(seen: ReviewContext) -> list[ReviewSection]:
    proofs = _proofs(seen.revision)
    before = {name: seen.privacy.text(change.before) for name, change in seen.changes.items()}
    account = seen.revision.declaration.account
    found = seen.revision.answers
    if account.name != found["applicant_name"]:
        before.setdefault("applicant_name", account.name)  # the sign-in name, until the approval
    return [
        ReviewSection(section.step, [_line(seen, row, proofs, before) for row in section.rows])
        for section in answers.sections(found)
    ]


def _line(
    seen: ReviewContext, row: answers.AnswerRow, proofs: Mapping[str, str], before: Mapping[str, str]
) -> AnswerLine:
    text = seen.privacy.text(row.text)
    return AnswerLine(
        row.name,
        row.short,
        text,
        row.markable,
        proof=proofs.get(row.name, ""),
        before=before.get(row.name),
        why=seen.why(row.name) if row.name in seen.changes else "",
        asked_for=seen.wanted.get(row.name),
        mark=seen.unsent.get(row.name),
        tick=seen.ticks.get(row.name),
        groups=seen.privacy.groups(row.name, text),
    )


def plain_sections(revision: Revision, privacy: Privacy) -> list[ReviewSection]:
    """The answers of a revision with nothing beside them."""
    return [
        ReviewSection(
            section.step,
            [AnswerLine(row.name, row.short, privacy.text(row.text), row.markable) for row in section.rows],
        )
        for section in answers.sections(revision.answers)
    ]


def removed(seen: ReviewContext, shown: Sequence[ReviewSection]) -> list[Removed]:
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


def paper_lines(seen: ReviewContext) -> list[PaperLine]:
    """The papers that the answers ask for or that were sent, in the table's order, also those that are not there."""
    sent = seen.revision.papers
    asked = {paper.kind for paper in papers.wanted(seen.revision.answers)} | set(sent)
    return [_paper(seen, paper, sent.get(paper.kind, [])) for paper in PAPERS if paper.kind in asked]


def _paper(seen: ReviewContext, paper: Paper, pages: Sequence[Mapping[str, Any]]) -> PaperLine:
    old = seen.compared.papers.get(paper.kind, []) if seen.compared else pages
    is_new = papers.addresses(pages) != papers.addresses(old)
    return PaperLine(
        paper,
        pages,
        is_new,
        seen.wanted.get(paper.kind),
        seen.unsent.get(paper.kind),
        seen.ticks.get(paper.kind),
        why=seen.why(paper.kind) if is_new else "",
        old=len(old) if is_new else None,
    )


def compared_with(revision: Revision) -> Revision | None:
    """The revision that "new" is meant against: the last one that was decided on, of this declaration or in the record.

    Without any: the one submitted before (and withdrawn), if there is one.
    """
    declaration = revision.declaration
    query = select(Revision).join(Declaration).where(Declaration.account_id == declaration.account_id)
    query = query.join(Decision, Decision.revision_id == Revision.id).where(Revision.id < revision.id)
    query = query.where((Revision.declaration_id == declaration.id) | standing_decisions.approves(Decision))
    found = db.session.scalar(query.order_by(Revision.id.desc()).limit(1))
    if found or revision.number == 1:
        return found
    before = select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == revision.number - 1)
    return db.session.scalar(before)


def asked_for(revision: Revision) -> dict[str, Mark]:
    """The marks that the last return before this revision sent out, by target."""
    query = select(Mark).join(Revision).options(joinedload(Mark.revision)).order_by(Revision.number.desc())
    query = query.where(Revision.declaration_id == revision.declaration_id, Revision.number < revision.number)
    sent = db.session.scalars(query.where(Mark.state != MarkState.DRAFT)).all()
    return {mark.target: mark for mark in sent if mark.revision_id == sent[0].revision_id}


def unsigned(revision: Revision) -> list[str]:
    """Answers that are not as the signed sheet says. Only a mark that asked for no new signature leads here."""
    printed = revision.sheet.answers if revision.sheet else {}
    found = revision.answers
    return [labels.full(name) for name in printed if printed[name] != found.get(name)]
