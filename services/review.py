"""What an officer sees of one submission: answers and papers of a revision, what is new in it, marks, verdicts.

The ID number and the phone are open only to the officer who holds the submission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forms import PAPER, PAPERS, STEPS, Asked, Paper, Step
from lib.clock import today
from lib.codes import MarkState, Sex, Status
from lib.identity import mask_number, mask_phone
from models import Claim, Decision, Declaration, Event, Mark, ReturnReason, Revision, db
from services import answers, deadlines, marks, papers, workflow
from services.access import Actor

VERDICTS = {"return": "退回修改", "approve": "审核通过"}


@dataclass(frozen=True)
class AnswerLine:
    """One answer. ``before`` is None where nothing differs; ``asked_for``: what the last return wanted changed here."""

    name: str
    label: str
    text: str
    markable: bool
    proof: str = ""  # the kind of the uploaded paper that proves it
    before: str | None = None
    asked_for: Mark | None = None
    mark: Mark | None = None


@dataclass(frozen=True)
class Section:
    step: Step
    lines: Sequence[AnswerLine]


@dataclass(frozen=True)
class PaperLine:
    """One paper. ``is_new``: other pictures than in the revision it is compared with."""

    paper: Paper
    pages: Sequence[Mapping[str, Any]]
    is_new: bool = False
    asked_for: Mark | None = None
    mark: Mark | None = None


@dataclass(frozen=True)
class Verdict:
    """An earlier decision on this declaration with the marks that went out with it, as (what, mark)."""

    decision: Decision
    title: str
    marks: Sequence[tuple[str, Mark]]


@dataclass(frozen=True)
class Submission:
    """One revision of a submission as the page shows it."""

    declaration: Declaration
    revision: Revision
    compared: Revision | None
    name: str
    sex: str
    age: int
    status: Status
    standing: deadlines.Standing
    claim: Claim | None
    holds: bool  # the officer at hand holds it and sees the latest revision
    open_numbers: bool
    verbs: frozenset[str]
    sections: Sequence[Section]
    papers: Sequence[PaperLine]
    removed: Sequence[answers.Change]  # asked and answered before, not asked any more
    verdicts: Sequence[Verdict]
    unsigned: Sequence[str]  # labels of answers that changed after the sheet was signed (无需重新签章)

    @property
    def is_latest(self) -> bool:
        return self.revision.number == self.declaration.revision_number

    @property
    def marked(self) -> int:
        rows = [line.mark for section in self.sections for line in section.lines]
        return sum(mark is not None for mark in [*rows, *(line.mark for line in self.papers)])

    @property
    def changed(self) -> int:
        rows = sum(line.before is not None for section in self.sections for line in section.lines)
        return rows + sum(line.is_new for line in self.papers) + len(self.removed)

    @property
    def check_card(self) -> bool:
        """Was the account claimed by something others may know, so that the ID card should be seen?"""
        account = self.declaration.account
        return not account.assured or bool(account.claim_factor)


def holds(declaration: Declaration, actor: Actor) -> bool:
    claim = workflow.holder(declaration)
    return claim is not None and claim.staff_id == actor.id


def submission(revision: Revision, actor: Actor, *, reveal: bool = False) -> Submission:
    """Everything on the page. ``reveal``: show number and phone this once, though another or nobody holds it."""
    declaration, compared = revision.declaration, compared_with(revision)
    found, old = revision.answers, compared.answers if compared else {}
    is_latest = revision.number == declaration.revision_number
    mine = holds(declaration, actor) and is_latest
    privacy = Privacy(open_numbers=holds(declaration, actor) or reveal, known=(found, old))
    wanted = _asked_for(revision)
    unsent = {mark.target: mark for mark in marks.of_revision(revision, MarkState.DRAFT)}
    changes = answers.changes(old, found) if compared else {}
    sections = _sections(revision, changes, wanted, unsent, privacy)
    shown = {line.name for section in sections for line in section.lines}
    return Submission(
        declaration=declaration,
        revision=revision,
        compared=compared,
        name=found["applicant_name"],
        sex=Sex(found["sex"]).label,
        age=_age(found["birth_date"]),
        status=workflow.standing_status(declaration),
        standing=deadlines.standing(declaration, today()),
        claim=workflow.holder(declaration),
        holds=mine,
        open_numbers=privacy.open_numbers,
        verbs=_verbs(declaration, actor, mine) if is_latest else frozenset(),
        sections=sections,
        papers=_papers(revision, compared, wanted, unsent),
        removed=[privacy.change(change) for name, change in changes.items() if name not in shown],
        verdicts=_verdicts(declaration),
        unsigned=_unsigned(revision),
    )


def _verbs(declaration: Declaration, actor: Actor, mine: bool) -> frozenset[str]:
    """What the page offers: the holder's verbs to the holder only."""
    verbs = {move.verb for move in workflow.available(declaration, actor)}
    return frozenset(verbs if mine else verbs & {"claim"})


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

    def change(self, change: answers.Change) -> answers.Change:
        return answers.Change(change.name, change.label, self.text(change.before), self.text(change.after))


def _sections(
    revision: Revision,
    changes: Mapping[str, answers.Change],
    wanted: Mapping[str, Mark],
    unsent: Mapping[str, Mark],
    privacy: Privacy,
) -> list[Section]:
    proofs = _proofs(revision)
    before = {name: privacy.text(change.before) for name, change in changes.items()}
    account = revision.declaration.account
    if account.name != revision.answers["applicant_name"]:
        before.setdefault("applicant_name", account.name)  # the sign-in name, until the approval
    return [
        Section(
            section.step,
            [
                AnswerLine(
                    row.name,
                    row.short,
                    privacy.text(row.text),
                    row.markable,
                    proof=proofs.get(row.name, ""),
                    before=before.get(row.name),
                    asked_for=wanted.get(row.name),
                    mark=unsent.get(row.name),
                )
                for row in section.rows
            ],
        )
        for section in answers.sections(revision.answers)
    ]


def plain_sections(revision: Revision, privacy: Privacy) -> list[Section]:
    """The answers of a revision with nothing beside them."""
    return [
        Section(
            section.step,
            [AnswerLine(row.name, row.short, privacy.text(row.text), row.markable) for row in section.rows],
        )
        for section in answers.sections(revision.answers)
    ]


def _proofs(revision: Revision) -> dict[str, str]:
    """Question -> the first uploaded paper that proves it."""
    found: dict[str, str] = {}
    for paper in PAPERS:
        if revision.papers.get(paper.kind):
            for name in paper.proves:
                found.setdefault(name, paper.kind)
    return found


def _papers(
    revision: Revision, compared: Revision | None, wanted: Mapping[str, Mark], unsent: Mapping[str, Mark]
) -> list[PaperLine]:
    """The papers that the answers ask for or that were sent, in the table's order, also those that are not there."""
    asked = {paper.kind for paper in papers.wanted(revision.answers)} | set(revision.papers)
    lines = []
    for paper in PAPERS:
        pages = revision.papers.get(paper.kind, [])
        same = compared is None or papers.addresses(pages) == papers.addresses(compared.papers.get(paper.kind))
        if paper.kind in asked:
            lines.append(PaperLine(paper, pages, not same, wanted.get(paper.kind), unsent.get(paper.kind)))
    return lines


def compared_with(revision: Revision) -> Revision | None:
    """The revision that "new" is meant against: the last one that was decided on, of this declaration or in the record.

    Without any: the one submitted before (and withdrawn), if there is one.
    """
    declaration = revision.declaration
    query = select(Revision).join(Declaration).where(Declaration.account_id == declaration.account_id)
    query = query.join(Decision, Decision.revision_id == Revision.id).where(Revision.id < revision.id)
    query = query.where((Revision.declaration_id == declaration.id) | (Decision.verb == "approve"))
    decided = db.session.scalar(query.order_by(Revision.id.desc()).limit(1))
    if decided or revision.number == 1:
        return decided
    before = select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == revision.number - 1)
    return db.session.scalar(before)


def _asked_for(revision: Revision) -> dict[str, Mark]:
    """The marks that the last return before this revision sent out, by target."""
    query = select(Mark).join(Revision).options(joinedload(Mark.revision)).order_by(Revision.number.desc())
    query = query.where(Revision.declaration_id == revision.declaration_id, Revision.number < revision.number)
    sent = db.session.scalars(query.where(Mark.state != MarkState.DRAFT)).all()
    return {mark.target: mark for mark in sent if mark.revision_id == sent[0].revision_id}


def _verdicts(declaration: Declaration) -> list[Verdict]:
    """The decisions on all revisions of a declaration, newest first."""
    query = select(Decision).join(Revision).where(Revision.declaration_id == declaration.id)
    load = (
        joinedload(Decision.revision).selectinload(Revision.marks),
        joinedload(Decision.staff),
        joinedload(Decision.department),
    )
    found = db.session.scalars(query.options(*load).order_by(Decision.id.desc())).all()
    return [Verdict(decision, VERDICTS.get(decision.verb, decision.verb), _sent(decision)) for decision in found]


def _sent(decision: Decision) -> list[tuple[str, Mark]]:
    if decision.verb != "return":
        return []
    sent = [mark for mark in decision.revision.marks if mark.state != MarkState.DRAFT]
    return [(labels().get(mark.target, mark.target), mark) for mark in sent]


@cache
def labels() -> dict[str, str]:
    """What answers and papers are called: all questions, the document, all papers."""
    forms = (step.form(None, asked=Asked()) for step in STEPS)
    questions = {question.name: question.label.text for form in forms for question in form.questions}
    return {**answers.IDENTITY, **questions, **{kind: paper.title for kind, paper in PAPER.items()}}


def _unsigned(revision: Revision) -> list[str]:
    """Answers that are not as the signed sheet says. Only a mark that asked for no new signature leads here."""
    printed = revision.sheet.answers if revision.sheet else {}
    found = revision.answers
    return [labels().get(name, name) for name in printed if printed[name] != found.get(name)]


def _age(born: str) -> int:
    day, now = date.fromisoformat(born), today()
    return now.year - day.year - ((now.month, now.day) < (day.month, day.day))


@dataclass(frozen=True)
class Reasons:
    """The reasons to choose from: code -> title, for questions and for papers."""

    question: Mapping[str, str]
    paper: Mapping[str, str]


def reasons() -> Reasons:
    query = select(ReturnReason).where(ReturnReason.retired.is_(False)).order_by(ReturnReason.position)
    rows = db.session.scalars(query).all()
    chosen = [{row.code: row.title for row in rows if row.applies_to == where} for where in ("question", "paper")]
    return Reasons(*chosen)


# --- marks that were sent with a form --------------------------------------------------------------------------------


def may_keep_marks(declaration: Declaration, actor: Actor, seen: int) -> bool:
    """May this officer's marks replace the unsent ones? Only of the last one who claimed, on the revision to be judged.

    So what was marked survives a claim that has lapsed meanwhile, and never takes the next holder's marks away.
    """
    if seen != declaration.revision_number or declaration.status not in (Status.SUBMITTED, Status.IN_REVIEW):
        return False
    query = select(Event.staff_id).where(Event.declaration_id == declaration.id, Event.verb == "claim")
    return db.session.scalar(query.order_by(Event.id.desc()).limit(1)) == actor.id


@dataclass(frozen=True)
class Told:
    """One mark as the applicant will read it."""

    label: str
    mark: Mark


def told(revision: Revision) -> list[Told]:
    """The unsent marks in the order of the page: the message that a return would send."""
    unsent = {mark.target: mark for mark in marks.of_revision(revision, MarkState.DRAFT)}
    return [Told(label, unsent[target]) for target, label in labels().items() if target in unsent]


def in_words(wanted: Sequence[marks.Wanted]) -> list[tuple[str, str]]:
    """Marks as a form sent them, for the officer to copy: (what, reason and comment)."""
    known = reasons()
    titles = {**known.question, **known.paper}
    return [
        (labels()[want.target], ";".join(filter(None, (titles.get(want.reason_code), want.comment))))
        for want in wanted
        if want.target in labels()
    ]
