"""One submission as its page shows it to one officer: rows, standing, who holds it, and what the officer may do.

The rows themselves are made in services.review.rows, earlier decisions in services.review.history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from lib.clock import today
from lib.codes import MarkState, Sex, Status
from models import (
    Claim,
    Declaration,
    Event,
    InternalNote,
    Mark,
    Record,
    Revision,
    SecondLook,
    Tick,
    Transfer,
    db,
)
from services import deadlines, workflow
from services.access import Actor
from services.declaration import labels
from services.marks import internal_notes, marks, return_reasons, ticks
from services.review import held as held_files
from services.review import history as review_history
from services.review import rows as review_rows
from services.review.rows import PaperLine, Privacy, Removed, ReviewSection, compared_with, plain_sections
from services.workflow.transitions import waits

__all__ = [
    "PaperLine",
    "Privacy",
    "ReviewSection",
    "Submission",
    "Told",
    "compared_with",
    "handles",
    "holds",
    "in_words",
    "may_keep_marks",
    "plain_sections",
    "submission",
    "told",
]


@dataclass(frozen=True)
class Submission:
    """One revision of a submission as the page shows it. ``removed``: asked before, not asked any more."""

    declaration: Declaration
    revision: Revision
    compared: Revision | None
    name: str
    sex: str
    age: int
    status: Status
    standing: deadlines.DueState
    claim: Claim | None
    place: held_files.PlaceInHand | None  # among those that the officer at hand holds
    holds: bool  # the officer at hand holds it and sees the latest revision
    marks_open: bool  # marks can be set: by the holder, and by a manager who may revoke
    open_numbers: bool
    verbs: frozenset[str]
    transfer: Transfer | None
    second_look: SecondLook | None
    reads_all: bool  # else only what the own scope decided: it was transferred since
    sections: Sequence[ReviewSection]
    papers: Sequence[PaperLine]
    removed: Sequence[Removed]
    verdicts: Sequence[review_history.Verdict]
    handovers: Sequence[Transfer]
    second_looks: Sequence[review_history.LookedAgain]  # those with an answer
    notes: Sequence[InternalNote]
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
    declaration, found = revision.declaration, revision.answers
    latest = revision.number == declaration.revision_number
    compared = compared_with(revision)
    known = (found, compared.answers if compared else {})
    privacy = Privacy(open_numbers=holds(declaration, actor) or reveal, known=known)
    seen = review_rows.look(revision, compared, privacy, _unsent(revision), _ticks(revision))
    sections = review_rows.sections(seen)
    verbs = verbs_of(declaration, actor) if latest else frozenset()
    reads_all = handles(declaration, actor)
    within = "" if reads_all else actor.path
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
        place=held_files.place(actor, declaration) if latest else None,
        holds=holds(declaration, actor) and latest,
        marks_open=latest and (holds(declaration, actor) or "revoke" in verbs),
        open_numbers=privacy.open_numbers,
        verbs=verbs,
        transfer=workflow.waiting_transfer(declaration),
        second_look=workflow.waiting_second_look(declaration),
        sections=sections,
        papers=review_rows.paper_lines(seen),
        removed=review_rows.removed(seen, sections),
        reads_all=reads_all,
        verdicts=review_history.of(declaration, within),
        handovers=review_history.handovers(declaration, within),
        second_looks=review_history.second_looks(declaration) if reads_all else (),
        notes=internal_notes.of(declaration) if reads_all else (),
        unsigned=review_rows.unsigned(revision),
    )


def verbs_of(declaration: Declaration, actor: Actor) -> frozenset[str]:
    """What the officer may do with it now. An approval is revoked only while the record points to it."""
    verbs = {move.verb for move in workflow.available(declaration, actor)}
    if "revoke" in verbs and not _stands_in_archive(declaration):
        verbs.discard("revoke")
    return frozenset(verbs)


def handles(declaration: Declaration, actor: Actor) -> bool:
    """Does the officer's office handle it, or is it offered to it?"""
    offered = workflow.waiting_transfer(declaration)
    offered_here = offered is not None and offered.to_department.path.startswith(actor.path)
    return workflow.in_office(declaration, actor) or offered_here


def _stands_in_archive(declaration: Declaration) -> bool:
    query = select(Record.id).join(Revision, Revision.id == Record.revision_id)
    latest = Revision.declaration_id == declaration.id, Revision.number == declaration.revision_number
    return db.session.scalar(query.where(*latest)) is not None


def _unsent(revision: Revision) -> dict[str, Mark]:
    return {mark.target: mark for mark in marks.of_revision(revision, MarkState.DRAFT)}


def _ticks(revision: Revision) -> dict[str, Tick]:
    return ticks.of(revision.declaration, revision)


def _age(born: str) -> int:
    day, now = date.fromisoformat(born), today()
    return now.year - day.year - ((now.month, now.day) < (day.month, day.day))


# --- marks that were sent with a form --------------------------------------------------------------------------------


def may_keep_marks(declaration: Declaration, actor: Actor, seen: int) -> bool:
    """May this officer's marks and ticks replace the unsent ones? Only on the revision to be judged.

    Those of the last one who took it: so what was marked survives a claim that has lapsed meanwhile, and never takes
    the next holder's marks away. And those of a manager who may revoke the approval.
    """
    if seen != declaration.revision_number:
        return False
    if declaration.status == Status.APPROVED:
        return "revoke" in verbs_of(declaration, actor)
    if declaration.status not in (Status.SUBMITTED, Status.IN_REVIEW) or waits(declaration):
        return False
    if not workflow.in_office(declaration, actor):  # accepted by another department meanwhile
        return False
    taken = Event.declaration_id == declaration.id, Event.verb.in_(workflow.TAKING)
    return db.session.scalar(select(Event.staff_id).where(*taken).order_by(Event.id.desc()).limit(1)) == actor.id


@dataclass(frozen=True)
class Told:
    """One mark as the applicant will read it."""

    label: str
    mark: Mark


def told(revision: Revision) -> list[Told]:
    """The unsent marks in the order of the page: the message that a return would send."""
    unsent = _unsent(revision)
    return [Told(label.full, unsent[target]) for target, label in labels.table().items() if target in unsent]


def in_words(wanted: Sequence[marks.MarkRequest], actor: Actor) -> list[tuple[str, str]]:
    """Marks as a form sent them, for the officer to copy: (what, reason and comment)."""
    known = return_reasons.of(actor)
    return [
        (labels.full(want.target), "；".join(filter(None, (known.title(want.reason_code), want.comment))))
        for want in wanted
        if want.target in labels.table()
    ]
