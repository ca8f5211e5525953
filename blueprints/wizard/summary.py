"""The answers on 核对信息, section by section: what they are called is kept, what they say goes into holes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from blueprints.kept_parts import hole, kept
from lib.identity import mask_number
from lib.questions.pages import Step
from services.declaration.answers import AnswerRow, AnswerSection


@dataclass(frozen=True)
class _RowWithHole:
    """An AnswerRow without what it says. ``text`` is a hole, or empty where nothing is answered."""

    name: str
    label: str
    on_page: bool
    text: str

    @property
    def masked(self) -> str:
        return self.text


@dataclass(frozen=True)
class _SectionWithHoles:
    step: Step
    rows: tuple[_RowWithHole, ...]


def drawn(sections: Iterable[AnswerSection]) -> Markup:
    return Markup("").join(_section(section) for section in sections)


def _section(section: AnswerSection) -> Markup:
    texts = {f"answer_{at}": _text(row) for at, row in enumerate(section.rows)}
    rows = (
        _RowWithHole(row.name, row.label, row.on_page, hole(name) if text else "")
        for row, (name, text) in zip(section.rows, texts.items(), strict=True)
    )
    return kept("wizard/_section.html", texts, section=_SectionWithHoles(section.step, tuple(rows)))


def _text(row: AnswerRow) -> str:
    return mask_number(row.text) if row.name == "id_number" else row.text
