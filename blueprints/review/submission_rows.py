"""The rows of one submission's page as HTML: answers and papers.

Most rows look alike for everybody: they are kept (blueprints/kept_parts.py), and the answers go into holes.
A row that an officer marked, or had marked before, is drawn each time. One template draws both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flask import current_app
from markupsafe import Markup

from blueprints.kept_parts import PartsKept, hole
from forms import SHEET
from services.marks.return_reasons import Choice, Reasons
from services.review.page import Submission
from services.review.rows import AnswerLine, PaperLine, ReviewSection

LINE, OPTIONS = "review/_line.html", "review/_reason_options.html"
_GROUPS = ("group0", "group1", "group2")
_HOLES = ("text", "before", "options", *_GROUPS)


class SubmissionRows:
    """The rows of the page that shows ``found``. ``keys``: reasons are chosen by digits, too."""

    def __init__(self, found: Submission, reasons: Reasons, keys: bool) -> None:
        self.found, self.reasons, self.keys, self.open = found, reasons, keys, found.marks_open
        self.parts: PartsKept = current_app.extensions["kuaiji.parts"]
        self.question_options = self._options(tuple(reasons.question))
        self.paper_options = self._options(tuple(reasons.paper))

    def answers(self, section: ReviewSection) -> Markup:
        return Markup("").join(map(self._answer, section.lines))

    def papers(self) -> Markup:
        return Markup("").join(map(self._paper, self.found.papers))

    def _answer(self, line: AnswerLine) -> Markup:
        is_open = self.open and line.markable
        shown = {"is_paper": False, "open": is_open, "is_ascii": bool(line.text) and line.text.isascii()}
        if _has_marks(line, is_open):
            options = self._options_of(line, self.reasons.question, self.question_options) if is_open else ""
            return _html(LINE, line=line, options=options, **shown)
        said = (line.name, line.label, line.proof, line.why, bool(line.tick), bool(line.text), len(line.groups))
        was = line.before and "something"  # None: nothing differs; empty: it was not answered
        draw = partial(_drawn, LINE, line=_hollow(line), options=hole("options"), **shown)
        values = {"text": line.text, "before": line.before, "options": self.question_options}
        part = self.parts.get((LINE, *shown.values(), was, *said), draw, _HOLES)
        return part.filled(values | dict(zip(_GROUPS, line.groups, strict=False)))

    def _paper(self, line: PaperLine) -> Markup:
        sheet = self.found.case.revision.sheet if line.paper.kind == SHEET else None
        shown = {"is_paper": True, "open": self.open, "line": line, "sheet": sheet, "unsigned": self.found.unsigned}
        if _has_marks(line, self.open) or sheet:
            return _html(LINE, options=self._options_of(line, self.reasons.paper, self.paper_options), **shown)
        state = (line.paper.kind, len(line.pages), line.is_new, line.old, line.why, bool(line.tick))
        part = self.parts.get(
            (LINE, self.open, *state), partial(_drawn, LINE, options=hole("options"), **shown), _HOLES
        )
        return part.filled({"options": self.paper_options})

    def _options(self, choices: tuple[Choice, ...]) -> Markup:
        """What a row without a mark offers."""
        draw = partial(_drawn, OPTIONS, choices=choices, mark=None, keys=self.keys)
        return self.parts.get((OPTIONS, choices, self.keys), draw).whole if self.open else Markup("")

    def _options_of(self, line: AnswerLine | PaperLine, choices: Sequence[Choice], unmarked: Markup) -> Markup:
        if not line.mark or not self.open:
            return unmarked
        return _html(OPTIONS, choices=choices, mark=line.mark, keys=self.keys)


def _has_marks(line: AnswerLine | PaperLine, is_open: bool) -> bool:
    """Is there more to show than what the line says? A tick tells its time where no new one can be set."""
    return bool(line.mark or line.asked_for or (line.tick and not is_open))


def _hollow(line: AnswerLine) -> AnswerLine:
    return replace(
        line,
        text=line.text and hole("text"),
        before=line.before and hole("before"),
        groups=[hole(name) for name in _GROUPS[: len(line.groups)]],
    )


def _drawn(template: str, **values: Any) -> str:
    return current_app.jinja_env.get_template(template).render(**values)


def _html(template: str, **values: Any) -> Markup:
    return Markup(_drawn(template, **values))  # noqa: S704 - our template
