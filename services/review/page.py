"""One submission as its page shows it to one officer: rows, deadline, history, and the place among those in hand.

The rows themselves are made in services.review.rows, earlier decisions in services.review.history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lib.clock import today
from lib.codes import Sex, Status
from models import Mark, OutboxMessage, SecondLook, Transfer
from services import workflow
from services.access import Actor
from services.declaration import deadlines, labels
from services.marks import marks, return_reasons
from services.messages import outbox
from services.review import held as held_files
from services.review import history as review_history
from services.review import rows as review_rows
from services.review.case import ReviewCase
from services.review.rows import PaperLine, Privacy, Removed, ReviewSection


@dataclass(frozen=True)
class Submission:
    """One case as the page shows it. ``removed``: asked before, not asked any more."""

    case: ReviewCase
    name: str
    sex: str
    age: int
    status: Status
    standing: deadlines.DueState
    place: held_files.PlaceInHand | None  # among those that the officer at hand holds
    open_numbers: bool
    sections: Sequence[ReviewSection]
    papers: Sequence[PaperLine]
    removed: Sequence[Removed]
    verdicts: Sequence[review_history.Verdict]
    transfers: Sequence[Transfer]  # those with an answer
    second_looks: Sequence[review_history.LookedAgain]  # those with an answer
    message: OutboxMessage | None  # the newest mail or SMS about it, where one was sent after a verdict
    unsigned: Sequence[str]  # labels of answers that changed after the sheet was signed (无需重新签章)

    @property
    def holds(self) -> bool:
        """The officer at hand holds it and sees the latest revision."""
        return self.case.holds and self.case.is_latest

    @property
    def marks_open(self) -> bool:
        """Marks can be set: by the holder, and by a manager who may revoke."""
        return self.holds or "revoke" in self.case.verbs

    @property
    def transfer(self) -> Transfer | None:
        return workflow.waiting_transfer(self.case.declaration)

    @property
    def second_look(self) -> SecondLook | None:
        return workflow.waiting_second_look(self.case.declaration)

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
        account = self.case.declaration.account
        return not account.assured or bool(account.claim_factor)


def submission(case: ReviewCase, *, reveal: bool = False) -> Submission:
    """Everything on the page. ``reveal``: show number and phone this once, though the officer does not hold it."""
    revision, declaration = case.revision, case.declaration
    known = (case.answers, case.old_answers)
    privacy = Privacy(open_numbers=case.holds or reveal, known=known)
    seen = review_rows.RowContext(case, privacy)
    sections = review_rows.sections(seen)
    verdicts = review_history.verdicts(case)
    return Submission(
        case=case,
        name=case.answers["applicant_name"],
        sex=Sex(case.answers["sex"]).label,
        age=_age(case.answers["birth_date"]),
        status=workflow.standing_status(declaration),
        standing=deadlines.due_state(declaration, today()),
        place=held_files.place(case.actor, declaration) if case.is_latest else None,
        open_numbers=privacy.open_numbers,
        sections=sections,
        papers=review_rows.paper_lines(seen),
        removed=review_rows.removed(seen, sections),
        verdicts=verdicts,
        transfers=review_history.transfers(case),
        second_looks=review_history.second_looks(case),
        message=outbox.last_of(declaration.id) if verdicts else None,
        unsigned=review_rows.unsigned(revision),
    )


def _age(born: str) -> int:
    day, now = date.fromisoformat(born), today()
    return now.year - day.year - ((now.month, now.day) < (day.month, day.day))


@dataclass(frozen=True)
class MessageLine:
    """One mark as the applicant will read it."""

    label: str
    mark: Mark


def message(case: ReviewCase) -> list[MessageLine]:
    """The unsent marks in the order of the page: the message that a return would send."""
    unsent = case.unsent
    return [MessageLine(label.full, unsent[target]) for target, label in labels.table().items() if target in unsent]


def in_words(wanted: Sequence[marks.MarkRequest], actor: Actor) -> list[tuple[str, str]]:
    """Marks as a form sent them, for the officer to copy: (what, reason and comment)."""
    known = return_reasons.of(actor)
    return [
        (labels.full(want.target), "；".join(filter(None, (known.title(want.reason_code), want.comment))))
        for want in wanted
        if want.target in labels.table()
    ]
