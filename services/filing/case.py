"""Everything about one declaration, as its applicant works on it: read when it is first asked for, each table once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from forms import PAPER, PHOTO, SHEET, STEPS, TOPICS
from lib.codes import EDITABLE, OPEN, MarkState, Status
from lib.questions.conditions import FormContext
from lib.questions.pages import Step
from models import Declaration, Mark, PaperPage, Revision, Sheet
from services import audit
from services.accounts.applicants import phone_index
from services.declaration import answers, labels
from services.declaration.answers import AnswerSection, Gap
from services.filing import progress, reading
from services.filing.progress import Pictures, Progress
from services.filing.reading import DeclarationRow
from services.marks import mark_views
from services.marks.mark_views import MarkView
from services.papers import papers, resumable_uploads
from services.papers.papers import PaperState
from services.papers.resumable_uploads import Unfinished
from services.sheet import reading as sheet_reading
from services.sheet import versions as sheet_versions
from services.sheet.reading import SheetNote
from services.site import hints


class DeclarationCase:
    """One declaration, read once for a whole request.

    It shows the declaration as it was when each part was first asked for. What writes makes a new case of it to see
    what has become of it.
    """

    def __init__(self, declaration: Declaration, facts: Mapping[str, Any] | None = None) -> None:
        """``facts``: with these answers instead of the stored ones."""
        self.declaration = declaration
        if facts is not None:
            self.facts = facts

    # answers

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        return answers.facts(self.declaration)

    @cached_property
    def context(self) -> FormContext:
        return answers.asked_for(self.facts)

    @cached_property
    def hints(self) -> Mapping[str, str]:
        """What the person's office says at questions and papers."""
        return hints.texts(self.facts["department_code"])

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """The answers as a submission or a sheet would keep them."""
        return answers.freeze(self.facts)

    @cached_property
    def sections(self) -> Sequence[AnswerSection]:
        return answers.sections(self.facts, self.context)

    @cached_property
    def gaps(self) -> Sequence[Gap]:
        return answers.gaps(self.context)

    @property
    def has_other_phone(self) -> bool:
        """Is the phone in the answers another one than the account's, to which codes for a lost password go?"""
        mobile = self.declaration.mobile
        return bool(mobile) and phone_index(mobile) != self.declaration.account.phone_index

    @property
    def gaps_shown(self) -> Sequence[Gap]:
        """The same for a page: nothing is validated while it is known that nothing is missing."""
        return () if self.progress.done.issuperset(step.slug for step in STEPS) else self.gaps

    def is_finished(self, step: Step) -> bool:
        return not any(gap.step == step for gap in self.gaps)

    @property
    def first_unfinished(self) -> str:
        """The slug of the page where the person continues: a page with gaps, else ``check``."""
        if self.declaration.notice_read_at is None:
            return "notice"
        return next((step.slug for step in STEPS if not self.is_finished(step)), None) or self._untouched or "check"

    @property
    def _untouched(self) -> str | None:
        """The first page that a change is about and that still says what the record says."""
        about = {topic.step for topic in TOPICS if topic.code in (self.declaration.change_topics or ())}
        steps = (step for step in STEPS if step.slug in about)
        return next((step.slug for step in steps if self.differing.isdisjoint(labels.names(step))), None)

    @cached_property
    def progress(self) -> Progress:
        """What is done: as it was kept, or worked out now."""
        if kept := progress.known(self.declaration):
            return kept
        if isinstance(self.declaration, DeclarationRow):  # a row has no changes that are not written
            progress.remember(self.declaration, self.progress_found)
        return self.progress_found

    @cached_property
    def progress_found(self) -> Progress:
        kinds = frozenset(page.kind for page in self.declaration.pages)
        photo, signed = self.photo, self.signed
        pictures = Pictures(kinds, photo.address if photo else None, signed.id if signed else None)
        finished = {step.slug for step in STEPS if self.is_finished(step)}
        return self._progress(finished, pictures, is_printed=bool(self.printed), sheet_outdated=self.signed_is_outdated)

    def progress_after(self, saved: Step, before: DeclarationCase) -> Progress | None:
        """The progress when the answers of a page, which are valid, have changed what there was ``before``.

        A page that was done stays done while no fact that it looks at has changed. What there is of papers is as
        before. While the declaration is returned the marks count as well: then the next page works it out.
        """
        known = progress.known(before.declaration)
        if known is None or self.declaration.status == Status.RETURNED:
            return None
        changed = {name for name, fact in self.facts.items() if fact != before.facts[name]}
        others = {step.slug for step in STEPS if step != saved and self._stays_finished(step, changed, known)}
        signed = reading.sheet(known.pictures.signed) if known.pictures.signed else None
        photo = known.pictures.photo
        outdated = signed is not None and bool(sheet_versions.differences(signed, self.printed_answers, photo))
        return self._progress(
            others | {saved.slug}, known.pictures, is_printed="check" in known.done, sheet_outdated=outdated
        )

    def progress_with(self, kind: str) -> Progress | None:
        """The progress when there are pictures of one more paper: other than the sheet, and of no page's questions."""
        known = progress.known(self.declaration)
        if known is None or self.declaration.status == Status.RETURNED:
            return None
        pictures = replace(known.pictures, kinds=known.pictures.kinds | {kind})
        finished = {step.slug for step in STEPS} & known.done
        is_printed, outdated = "check" in known.done, known.sheet_outdated
        return self._progress(finished, pictures, is_printed=is_printed, sheet_outdated=outdated)

    def _stays_finished(self, step: Step, changed: set[str], known: Progress) -> bool:
        if labels.reads(step).isdisjoint(changed):
            return step.slug in known.done
        return not answers.step_gaps(step, self.context)

    def _progress(self, finished: set[str], pictures: Pictures, *, is_printed: bool, sheet_outdated: bool) -> Progress:
        declaration, kinds = self.declaration, pictures.kinds
        done = {step.slug for step in STEPS if step.slug in finished and kinds.issuperset(step.papers)}
        others = {
            "notice": declaration.notice_read_at is not None,
            "check": is_printed,
            "papers": all(paper.kind in kinds for paper in papers.wanted(self.facts) if paper.required),
            "done": declaration.status in OPEN and declaration.status not in EDITABLE,
        }
        done |= {name for name, is_done in others.items() if is_done}
        return Progress(frozenset(done), sheet_outdated, pictures)

    def lacking(self, step: Step) -> list[str]:
        """The papers of a page of which there is no picture yet."""
        known = progress.known(self.declaration)
        there = known.pictures.kinds if known else {page.kind for page in self.declaration.pages}
        return [kind for kind in step.papers if kind not in there]

    # papers

    def pages_of(self, kind: str) -> list[PaperPage]:
        return papers.pages_of(self.declaration, kind)

    @cached_property
    def photo(self) -> PaperPage | None:
        row = self.declaration
        found: Any = row.pages_of(PHOTO) if isinstance(row, DeclarationRow) else self.pages_of(PHOTO)
        return next(iter(found), None)

    @cached_property
    def paper_states(self) -> Sequence[PaperState]:
        """Each paper asked for with its pages. Papers set aside (no longer asked for) are not among them."""
        return [
            PaperState(paper, pages := self.pages_of(paper.kind), bool(pages) and self._is_outdated(paper.kind))
            for paper in papers.wanted(self.facts)
        ]

    def _is_outdated(self, kind: str) -> bool:
        return kind == SHEET and self.signed_is_outdated

    @cached_property
    def unfinished(self) -> Mapping[str, Sequence[Unfinished]]:
        """Uploads that stopped on their way, by paper."""
        return resumable_uploads.unfinished(self.declaration)

    # marks of the return

    @cached_property
    def _marks(self) -> Sequence[Mark]:
        is_returned = self.declaration.status == Status.RETURNED
        return mark_views.marks_of_return(self.declaration) if is_returned else ()

    @cached_property
    def returned_revision(self) -> Revision | None:
        """The revision whose marks are open. Not always the latest: a resubmission may be withdrawn."""
        revisions = [mark.revision for mark in self._marks if mark.state == MarkState.OPEN]
        return max(revisions, key=lambda revision: revision.number, default=None)

    @cached_property
    def open_marks(self) -> Sequence[Mark]:
        found = self.returned_revision
        return [mark for mark in self._marks if mark.state == MarkState.OPEN and mark.revision is found]

    @cached_property
    def mark_views(self) -> list[MarkView]:
        """The open marks in the order of the pages and papers, with those that a correction has made superfluous."""
        if self.returned_revision is None:
            return []
        asked = {row.name for section in self.sections for row in section.rows}
        asked |= {paper.kind for paper in papers.wanted(self.facts)}
        return mark_views.views(self.open_marks, self.returned_revision, self._has_changed, asked)

    @cached_property
    def open_views(self) -> list[MarkView]:
        """The open marks that still apply."""
        return [view for view in self.mark_views if view.applies]

    @cached_property
    def untouched(self) -> list[MarkView]:
        return [view for view in self.open_views if not view.touched]

    def _has_changed(self, target: str) -> bool:
        """Is this answer or paper another one than the returned revision has?"""
        assert self.returned_revision
        if target in PAPER:
            sent = papers.addresses(self.returned_revision.papers.get(target))
            return papers.current_addresses(self.declaration, target) != sent
        return bool(self.frozen.get(target) != self.returned_answers.get(target))

    @cached_property
    def returned_answers(self) -> Mapping[str, Any]:
        """The answers of the returned revision, opened once."""
        found: Mapping[str, Any] = self.returned_revision.answers if self.returned_revision else {}
        return found

    @property
    def other_document(self) -> bool:
        """Has the ID document become another one since the returned revision?"""
        return any(self._has_changed(name) for name in labels.IDENTITY)

    @cached_property
    def excused(self) -> frozenset[str]:
        """Targets whose change does not ask for a new signature (无需重新签章).

        What an earlier return excused stays excused as long as it is as it was submitted then.
        """
        if self.returned_revision is None:
            return frozenset()
        open_now = {mark.target for mark in self.open_marks if not mark.resign}
        earlier = {mark.target for mark in self._marks if mark.state == MarkState.CLOSED}
        return frozenset(open_now | {target for target in earlier if not self._has_changed(target)})

    # the sheet

    @cached_property
    def _sheets(self) -> Sequence[Sheet]:
        row = self.declaration
        return row.sheets() if isinstance(row, DeclarationRow) else sheet_versions.known(row, self._bound)

    @property
    def _bound(self) -> set[int]:
        return {page.sheet_id for page in self.pages_of(SHEET) if page.sheet_id}

    @cached_property
    def printed(self) -> Sheet | None:
        """The version printed last."""
        return max(self._sheets, key=lambda sheet: sheet.version, default=None)

    @cached_property
    def signed(self) -> Sheet | None:
        """The version that the uploaded pictures of the signed sheet are bound to; the oldest, if they differ."""
        bound = self._bound
        return min(
            (sheet for sheet in self._sheets if sheet.id in bound), key=lambda sheet: sheet.version, default=None
        )

    @cached_property
    def printed_answers(self) -> dict[str, Any]:
        """What is on the sheet if it is printed now."""
        return sheet_versions.printed_answers(self.frozen)

    def changed_since(self, sheet: Sheet) -> set[str]:
        """What the working copy says differently (names of questions, ``photo``) and needs a new signature."""
        photo = self.photo.address if self.photo else None
        return sheet_versions.differences(sheet, self.printed_answers, photo) - self.excused

    def is_current(self, sheet: Sheet | None) -> bool:
        """Does the sheet say what the working copy says?"""
        return sheet is not None and not self.changed_since(sheet)

    @cached_property
    def printed_is_current(self) -> bool:
        return self.is_current(self.printed)

    @cached_property
    def signed_is_outdated(self) -> bool:
        """Is a signed sheet there that no longer says what the working copy says?"""
        return self.signed is not None and not self.is_current(self.signed)

    @cached_property
    def sheet_notes(self) -> Sequence[SheetNote]:
        """Advice on the uploaded pictures of the signed sheet."""
        return sheet_reading.notes(self.pages_of(SHEET), self.signed)

    # the record that a change starts from

    @cached_property
    def record_revision(self) -> Revision | None:
        """The approved revision of the person, if any."""
        return reading.record_revision(self.declaration.account_id)

    @cached_property
    def record_answers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.record_revision.answers if self.record_revision else {}
        return found

    @cached_property
    def differing(self) -> frozenset[str]:
        """The questions that no longer say what the record says."""
        names = answers.question_names()
        return frozenset(name for name in names if self.record_answers.get(name) != self.frozen.get(name))

    # the result

    @cached_property
    def result_unseen(self) -> bool:
        """Is there a decision that the applicant has not opened yet?"""
        return audit.result_unseen(self.declaration)
