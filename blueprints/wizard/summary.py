"""The answers on 核对信息, section by section: what they are called is kept, what they say goes into holes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template
from markupsafe import Markup

from blueprints.kept_parts import hole, kept
from lib.identity import mask_number
from lib.questions.pages import Step
from services.declaration import answers
from services.declaration.answers import AnswerRow, AnswerSection
from services.filing import change
from services.filing.case import DeclarationCase


@dataclass(frozen=True)
class _RowWithHole:
    """An AnswerRow without what it says. ``text`` is a hole, or empty where nothing is answered."""

    name: str
    label: str
    on_page: bool
    text: str
    is_long: bool

    @property
    def masked(self) -> str:
        return self.text


@dataclass(frozen=True)
class _SectionWithHoles:
    step: Step
    rows: tuple[_RowWithHole, ...]


def drawn(sections: Iterable[AnswerSection]) -> Markup:
    return Markup("").join(_section(section) for section in sections)


def of_change(case: DeclarationCase) -> Markup:
    """Of a change: the pages that it is about, with what the record says, then the others, folded."""
    shown = change.steps_shown(case)
    changes = answers.changes(case.record_answers, case.frozen)
    sections = {at: [s for s in case.sections if (s.step in shown) is at] for at in (True, False)}
    drawn = render_template("wizard/_changed.html", shown=sections[True], others=sections[False], changes=changes)
    return Markup(drawn)  # noqa: S704 - our template


def _section(section: AnswerSection) -> Markup:
    texts = {f"answer_{at}": _text(row) for at, row in enumerate(section.rows)}
    rows = (
        _RowWithHole(row.name, row.label, row.on_page, hole(name) if text else "", row.is_long)
        for row, (name, text) in zip(section.rows, texts.items(), strict=True)
    )
    return kept("wizard/_section.html", texts, section=_SectionWithHoles(section.step, tuple(rows)))


def _text(row: AnswerRow) -> str:
    return mask_number(row.text) if row.name == "id_number" else row.text
