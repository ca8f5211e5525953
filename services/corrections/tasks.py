"""修改: what a returned declaration has to have corrected, and what the corrections bring with them.

The marks are the list. Questions and papers that a correction newly asks for join it; a mark whose question is no
longer asked stays in it as closed. The sheet comes last: it is printed when everything else is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from forms import PAPER, PHOTO, SHEET, STEPS
from lib.codes import MarkState, Status
from lib.database import utcnow
from lib.questions.pages import Paper, Step
from lib.text import one_line
from models import Declaration, Mark, PaperPage, Revision, db
from services.corrections import document
from services.declaration import labels
from services.declaration.answers import Gap
from services.filing.case import DeclarationCase
from services.marks.mark_views import MarkView
from services.papers import papers
from services.papers.papers import PaperState
from services.workflow import UNDO_TIME

WAITING, DONE, CLOSED = "todo", "done", "closed"
EXPLANATION_LENGTH = 300


@dataclass(frozen=True)
class CorrectionTask:
    """One screen of a correction. ``names``: the questions it is about; none for a paper.

    ``key`` names it in the address: a mark's uid, a page of new questions by its slug, a new paper by its kind.
    """

    key: str
    target: str
    label: str
    state: str
    step: Step | None = None
    paper: Paper | None = None
    names: tuple[str, ...] = ()
    view: MarkView | None = None  # None: not marked, a correction asks for it
    number: int = 0  # from 1, as shown; closed ones have none

    @property
    def is_document(self) -> bool:
        """Type or number of the ID document, which belong to the account and not to a page."""
        return self.target in labels.IDENTITY

    @property
    def draft(self) -> str:
        """The name of the draft that keeps its typing; empty where nothing is typed."""
        return f"c:{self.key}" if self.view or self.names else ""


@dataclass(frozen=True)
class Unsent:
    """Corrections that the office has not got yet: how many there are, and how many still wait to be made."""

    total: int
    left: int


def items(case: DeclarationCase) -> list[CorrectionTask]:
    """What is to be done before a returned declaration can be submitted again, in order; closed marks last."""
    if case.returned_revision is None:
        return []
    states = {found.paper.kind: found for found in case.paper_states}
    marked = [_marked(view, case.gaps, states) for view in case.mark_views]
    found = [*marked, *_new_pages(case.gaps, marked), *_new_papers(case, states, marked)]
    live = sorted((item for item in found if item.state != CLOSED), key=_place)
    return [replace(item, number=at) for at, item in enumerate(live, 1)] + [i for i in found if i.state == CLOSED]


def _place(item: CorrectionTask) -> tuple[int, int]:
    """Questions first, for which papers are asked for depends on them; the sheet last, for it prints everything."""
    kinds = list(PAPER)
    if item.paper:
        return (2 if item.target == SHEET else 1, kinds.index(item.target))
    return (0, 0 if item.view else 1)


def _marked(view: MarkView, gaps: Sequence[Gap], states: Mapping[str, PaperState]) -> CorrectionTask:
    target = view.mark.target
    paper_state = states.get(target)
    wrong = paper_state.missing if paper_state else any(gap.name == target for gap in gaps)
    state = CLOSED if not view.applies else DONE if view.touched and not wrong else WAITING
    if paper := PAPER.get(target):
        return CorrectionTask(view.mark.uid, target, view.label, state, paper=paper, view=view)
    return CorrectionTask(view.mark.uid, target, view.label, state, step=view.step, names=(target,), view=view)


def _new_pages(gaps: Sequence[Gap], marked: Sequence[CorrectionTask]) -> list[CorrectionTask]:
    """What is missing on the pages and not marked, one screen a page."""
    known = {item.target for item in marked}
    found = []
    for step in STEPS:
        names = tuple(gap.name for gap in gaps if gap.step == step and gap.name not in known)
        if names:
            found.append(CorrectionTask(step.slug, step.slug, step.title, WAITING, step=step, names=names))
    return found


def _new_papers(
    case: DeclarationCase, states: Mapping[str, PaperState], marked: Sequence[CorrectionTask]
) -> list[CorrectionTask]:
    """Papers that are missing, or that only a correction asks for; the sheet when it has to be signed again."""
    assert case.returned_revision
    known = {item.target for item in marked}
    sent = case.returned_revision.papers
    before = {paper.kind for paper in papers.wanted(case.returned_answers)}
    found = []
    for kind, state in states.items():
        again = kind == SHEET and [page.address for page in state.pages] != papers.addresses(sent.get(kind))
        is_new = (state.paper.required and kind not in before) or (kind in document.PROOFS and case.other_document)
        if kind not in known and (state.missing or again or is_new):
            label = "重新打印、签名并上传个人基本信息表" if kind == SHEET else state.paper.title
            found.append(CorrectionTask(kind, kind, label, WAITING if state.missing else DONE, paper=state.paper))
    return found


def find(found: Sequence[CorrectionTask], key: str) -> CorrectionTask | None:
    return next((item for item in found if item.key == key), None)


def was_known(key: str) -> bool:
    """Could the key have been an item a moment ago? Then it is done by now, not unknown."""
    return key in PAPER or any(step.slug == key for step in STEPS)


def is_own_mark(declaration: Declaration, key: str) -> bool:
    query = select(Mark.id).join(Revision).where(Mark.uid == key, Mark.state != MarkState.DRAFT)
    return db.session.scalar(query.where(Revision.declaration_id == declaration.id)) is not None


def left(found: Sequence[CorrectionTask]) -> list[CorrectionTask]:
    return [item for item in found if item.state == WAITING]


def after(found: Sequence[CorrectionTask], key: str) -> CorrectionTask | None:
    """The next item to deal with after this one, then from the beginning; None: there is no other."""
    keys = [item.key for item in found]
    at = keys.index(key) + 1 if key in keys else 0
    return next((item for item in [*found[at:], *found[:at]] if item.state == WAITING and item.key != key), None)


def before(found: Sequence[CorrectionTask], key: str) -> CorrectionTask | None:
    """The item before this one, whatever its state; None before the first."""
    live = [item for item in found if item.state != CLOSED]
    at = next((place for place, item in enumerate(live) if item.key == key), 0)
    return live[at - 1] if at else None


def explain(declaration: Declaration, mark: Mark, text: str) -> None:
    """Answer a mark in words instead of a change; an empty text takes the answer back."""
    text = one_line(text, EXPLANATION_LENGTH)
    if text != mark.explanation:
        mark.explanation = text
        declaration.touched_at = utcnow()


@dataclass(frozen=True)
class MarkedPicture:
    """One picture of the returned revision, with the frame that an officer drew on it."""

    kind: str
    number: int  # from 0
    title: str
    width: int
    height: int
    rectangle: Sequence[float] | None = None


def pictures(case: DeclarationCase, item: CorrectionTask) -> list[MarkedPicture]:
    """What the officer looked at: the marked picture, all of the paper when none is named, or what proves an answer."""
    revision = case.returned_revision
    if revision is None or item.view is None:
        return []
    if item.paper is None:
        return [_picture(revision, kind, number) for kind, number in _proofs(revision, item.target)]
    mark = item.view.mark
    pages = range(len(revision.papers.get(item.target, [])))
    return [
        _picture(revision, item.target, number, mark.rectangle if number == (mark.page or 0) else None)
        for number in pages
        if mark.page is None or number == mark.page
    ]


def _picture(revision: Revision, kind: str, number: int, rectangle: Sequence[float] | None = None) -> MarkedPicture:
    page = revision.papers[kind][number]
    title = PAPER[kind].title + (f" {number + 1}" if len(revision.papers[kind]) > 1 else "")
    return MarkedPicture(kind, number, title, page["width"], page["height"], rectangle)


def marked_page(case: DeclarationCase, mark: Mark) -> PaperPage | None:
    """The picture that the officer meant, while it is still there: a new one takes its place."""
    frozen = mark.revision.papers.get(mark.target, [])
    number = mark.page if mark.page is not None else 0 if len(frozen) == 1 else len(frozen)
    if number >= len(frozen):
        return None
    address = frozen[number]["address"]
    return next((page for page in case.pages_of(mark.target) if page.address == address), None)


def _proofs(revision: Revision, name: str) -> list[tuple[str, int]]:
    """Pictures of a revision that prove a question: paper kind and page."""
    kinds = [kind for kind, paper in PAPER.items() if name in paper.proves and kind != PHOTO]
    return [(kind, number) for kind in kinds for number in range(len(revision.papers.get(kind, [])))]


def unsent(case: DeclarationCase | None) -> Unsent | None:
    """What a returned declaration waits for. None within the minute in which the return can be undone, unless the
    person has opened it."""
    if case is None or case.declaration.status != Status.RETURNED:
        return None
    declaration = case.declaration
    settled = declaration.decided_at is None or declaration.decided_at + UNDO_TIME <= utcnow()
    if not settled and case.result_unseen:
        return None
    live = [item for item in items(case) if item.state != CLOSED]
    return Unsent(len(live), len(left(live)))
