"""The rows of one submission's page as HTML: answers and papers.

Rows look alike for everybody, so each look is kept (blueprints/kept_parts.py). What people wrote goes into holes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from markupsafe import Markup

from blueprints.kept_parts import kept
from blueprints.template_helpers import as_datetime
from forms import SHEET
from models import Mark
from services.marks.return_reasons import Choice, Reasons
from services.review.page import Submission
from services.review.rows import AnswerLine, PaperLine, ReviewSection

LINE, OPTIONS = "review/_line.html", "review/_reason_options.html"
_GROUPS, _SIDES = ("group0", "group1", "group2"), ("left", "top", "width", "height")


class SubmissionRows:
    """The rows of the page that shows ``found``. ``keys``: reasons are chosen by digits, too."""

    def __init__(self, found: Submission, reasons: Reasons, keys: bool) -> None:
        self.found, self.keys, self.open = found, keys, found.marks_open
        self.question_reasons, self.paper_reasons = tuple(reasons.question), tuple(reasons.paper)
        self.question_options = self._options(self.question_reasons)
        self.paper_options = self._options(self.paper_reasons)

    def answers(self, section: ReviewSection) -> Markup:
        return Markup("").join(map(self._answer, section.lines))

    def papers(self) -> Markup:
        return Markup("").join(map(self._paper, self.found.papers))

    def _answer(self, line: AnswerLine) -> Markup:
        options = self._options(self.question_reasons, line.mark) if line.mark else self.question_options
        texts = {"text": line.text, "before": line.before or "", "options": options}
        texts |= dict(zip(_GROUPS, line.groups, strict=False)) | _texts(line)
        look: dict[str, Hashable] = {
            "is_paper": False,
            "name": line.name,
            "label": line.label,
            "title": line.title,
            "proof": line.proof,
            "open": self.open and line.markable,
            "has_text": bool(line.text),
            "is_ascii": line.text.isascii(),
            "grouped": len(line.groups),
            "was": line.before and "something",  # none: nothing differs; empty: it was not answered
        }
        return kept(LINE, texts, **look, **_look(line))

    def _paper(self, line: PaperLine) -> Markup:
        sheet = self.found.case.revision.sheet if line.paper.kind == SHEET else None
        options = self._options(self.paper_reasons, line.mark) if line.mark else self.paper_options
        texts = {"options": options, "unsigned": "、".join(self.found.unsigned)} | _texts(line) | _place(line.mark)
        texts |= {"version": sheet.version, "code": sheet.code} if sheet else {}
        look: dict[str, Hashable] = {
            "is_paper": True,
            "name": line.paper.kind,
            "label": line.paper.title,
            "title": line.paper.title,
            "open": self.open,
            "required": line.paper.required,
            "pages": len(line.pages),
            "is_new": line.is_new,
            "old": line.old,
            "has_sheet": sheet is not None,
            "is_unsigned": bool(self.found.unsigned),
        }
        return kept(LINE, texts, **look, **_look(line))

    def _options(self, choices: tuple[Choice, ...], mark: Mark | None = None) -> Markup:
        """The reasons that a row offers. One that is not offered any more stays where it was chosen."""
        if not self.open:
            return Markup("")
        chosen = (mark and mark.reason_code) or ""
        return kept(OPTIONS, {"retired": mark.reason if mark else ""}, choices=choices, chosen=chosen, keys=self.keys)


def _look(line: AnswerLine | PaperLine) -> dict[str, Hashable]:
    """How marks and ticks make a row look."""
    asked, mark = line.asked_for, line.mark
    return {
        "why": line.why,
        "tick": line.tick is not None,
        "mark": mark is not None,
        "resign": mark is None or mark.resign,
        "asked": asked is not None,
        "explained": bool(asked and asked.explanation),
    }


def _texts(line: AnswerLine | PaperLine) -> dict[str, Any]:
    """The words of its marks, and when it was ticked."""
    asked, mark, tick = line.asked_for, line.mark, line.tick
    found = {"said": _words(asked), "explanation": asked.explanation} if asked else {}
    found |= {"marked": _words(mark), "comment": mark.comment} if mark else {}
    return found | ({"ticked": as_datetime(tick.at)} if tick else {})


def _words(mark: Mark) -> str:
    more = f"（{mark.comment}）" if mark.comment and mark.comment != mark.reason else ""
    return mark.reason + more


def _place(mark: Mark | None) -> dict[str, Any]:
    """Where on the paper a mark is: its page, from 1, and the sides as numbers and in per cent."""
    sides: Sequence[float] = (mark and mark.rectangle) or ()
    in_percent = [str(round(side * 100, 2)) for side in sides] or [""] * len(_SIDES)
    page = mark.page + 1 if mark and mark.page is not None else 1
    return {"page": page, "sides": ",".join(map(str, sides)), **dict(zip(_SIDES, in_percent, strict=True))}
