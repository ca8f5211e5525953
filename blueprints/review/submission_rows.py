"""The rows of one submission's page as HTML: answers and papers.

Rows look alike for everybody, so each look is kept (blueprints/kept_parts.py). What people wrote goes into holes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from flask import current_app
from markupsafe import Markup

from blueprints.kept_parts import PartsKept, hole, kept
from blueprints.template_helpers import as_datetime
from forms import SHEET
from lib.names import phrase_initials
from models import Mark
from services.declaration import labels
from services.marks import fitting
from services.marks.return_reasons import Reasons
from services.review.page import Submission
from services.review.rows import AnswerLine, PaperLine, ReviewSection

LINE, OPTIONS = "review/_line.html", "review/_reason_options.html"
HOLES = tuple("text before options group0 group1 group2 unsigned version code said explanation".split())
HOLES += tuple("marked comment ticked page sides left top width height".split())
_NO_TEXTS = dict.fromkeys(HOLES, "")
_GROUPS, _SIDES = ("group0", "group1", "group2"), ("left", "top", "width", "height")


class SubmissionRows:
    """The rows of the page that shows ``found``. ``keys``: reasons are chosen by digits, too."""

    def __init__(self, found: Submission, reasons: Reasons, keys: bool) -> None:
        self.found, self.keys, self.open = found, keys, found.marks_open
        self.parts: PartsKept = current_app.extensions["kuaiji.parts"]
        self.question_reasons, self.paper_reasons = tuple(reasons.question), tuple(reasons.paper)
        self.options: dict[tuple[bool, frozenset[str]], Markup] = {}

    def answers(self, section: ReviewSection) -> Markup:
        return Markup("".join(map(self._answer, section.lines)))  # noqa: S704 - kept parts

    def papers(self) -> Markup:
        return Markup("".join(map(self._paper, self.found.papers)))  # noqa: S704 - kept parts

    def _answer(self, line: AnswerLine) -> str:
        options = self._options(line.name, line.mark)
        texts = {**_NO_TEXTS, "text": line.text, "before": line.before or "", "options": options}
        texts |= zip(_GROUPS, line.groups, strict=False)
        was = line.before and "something"  # none: nothing differs; empty: it was not answered
        text = (bool(line.text), line.text.isascii(), len(line.groups), was)
        return self._drawn(line, texts, (_ANSWER, line.name, line.label, self.open, line.proof, *text))

    def _paper(self, line: PaperLine) -> str:
        paper, unsigned = line.paper, self.found.unsigned
        sheet = self.found.case.revision.sheet if paper.kind == SHEET else None
        options = self._options(paper.kind, line.mark, is_paper=True, is_there=bool(line.pages))
        texts = {**_NO_TEXTS, "options": options, "unsigned": "、".join(unsigned)} | _place(line.mark)
        texts |= {"version": sheet.version, "code": sheet.code} if sheet else {}
        pages = (paper.required, len(line.pages), line.is_new, line.old, sheet is not None, bool(unsigned))
        return self._drawn(line, texts, (_PAPER, paper.kind, labels.table()[paper.kind].short, self.open, *pages))

    def _drawn(self, line: AnswerLine | PaperLine, texts: dict[str, Any], look: tuple[Hashable, ...]) -> str:
        """A row of this look, with its texts and those of its marks."""
        if line.asked_for or line.mark or line.tick or line.why:
            look, texts = (*look, *_look(line)), texts | _texts(line)
        part = self.parts.get((LINE, look), partial(_draw, look), HOLES)
        return part.joined(texts)

    def _options(self, target: str, mark: Mark | None, *, is_paper: bool = False, is_there: bool = True) -> Markup:
        """The reasons that a row offers: those that fit. One that is not offered any more stays where it was chosen."""
        if not self.open:
            return Markup("")
        left_out = fitting.unfit(target, self.found.case.answers, is_there=is_there)
        if mark:
            return self._drawn_options(is_paper, left_out, mark.reason_code or "", mark.reason)
        if (is_paper, left_out) not in self.options:
            self.options[is_paper, left_out] = self._drawn_options(is_paper, left_out)
        return self.options[is_paper, left_out]

    def _drawn_options(self, is_paper: bool, left_out: frozenset[str], chosen: str = "", retired: str = "") -> Markup:
        of_list = self.paper_reasons if is_paper else self.question_reasons
        choices = fitting.fitting(of_list, left_out, chosen)
        return kept(OPTIONS, {"retired": retired}, choices=choices, chosen=chosen, keys=self.keys)


def _draw(look: tuple[Any, ...]) -> str:
    """The template has no address in it, so it is the same wherever the application stands."""
    template = current_app.jinja_env.get_template(LINE)
    names, *values = look
    values += _UNTOUCHED if len(values) == len(names) else ()
    seen = dict(zip((*names, *_MARKS), values, strict=True))
    seen |= {
        "title": labels.full(seen["name"]),
        "is_paper": names is _PAPER,
        "resigns": seen["name"] in labels.IDENTITY,
    }
    initials = " ".join(dict.fromkeys(phrase_initials(seen[name]) for name in ("label", "title")))
    return template.render(**seen, initials=initials, **{name: hole(name) for name in HOLES})


#: How a row looks: what is so of each, of an answer, of a paper; and how marks and ticks make it look.
_ROW = ("name", "label", "open")
_ANSWER = (*_ROW, "proof", "has_text", "is_ascii", "grouped", "was")
_PAPER = (*_ROW, "required", "pages", "is_new", "old", "has_sheet", "is_unsigned")
_MARKS = ("why", "tick", "mark", "resign", "asked", "explained")
_UNTOUCHED = ("", False, False, True, False, False)


def _look(line: AnswerLine | PaperLine) -> tuple[Hashable, ...]:
    asked, mark = line.asked_for, line.mark
    marked = (line.tick is not None, mark is not None, mark is None or mark.resign)
    return (line.why, *marked, asked is not None, bool(asked and asked.explanation))


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
