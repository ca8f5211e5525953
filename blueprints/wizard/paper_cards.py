"""The papers on 附件上传, one card each.

A card without marks, problems and interrupted uploads is kept: which pictures it has goes into holes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from markupsafe import Markup

from blueprints.kept_parts import hole, kept
from blueprints.wizard import screen_signature
from forms import SHEET
from models import PaperPage
from services.filing.case import DeclarationCase
from services.papers import picture_advice
from services.papers.papers import PaperState
from services.papers.picture_advice import PictureNote

TEMPLATE = "wizard/_paper.html"
Problems = Mapping[str, Sequence[str]]


class _Whole(str):
    """A hole stays whole where a template takes the beginning of a text."""

    def __getitem__(self, _place: Any) -> str:
        return str(self)


@dataclass(frozen=True)
class _Measured:
    notes: tuple[PictureNote, ...]


@dataclass(frozen=True)
class _PictureWithHoles:
    """A PaperPage as far as its card follows from it."""

    uid: str
    address: str
    width: str
    height: str
    measures: _Measured | None


def _notes(measured: _Measured | None) -> tuple[PictureNote, ...]:
    return measured.notes if measured else ()


def draw(case: DeclarationCase, state: PaperState, problems: Problems) -> Markup:
    kind = state.paper.kind
    marks = {view.mark.target: view for view in case.open_views}
    notes = tuple(case.sheet_notes) if kind == SHEET else ()
    hint = case.hints.get(kind, "")
    on_screen = kind == SHEET and screen_signature.is_offered(case)
    if kind in marks or problems.get(kind) or case.unfinished.get(kind):
        shown: dict[str, Any] = {"marks": marks, "problems": problems, "unfinished": case.unfinished, "notes": notes}
        shown |= {"sheet": SHEET, "on_screen": on_screen, "hint": hint}
        card = render_template(TEMPLATE, item=state, advice=picture_advice.notes, **shown)
        return Markup(card)  # noqa: S704 - our template
    holes: dict[str, Any] = {}
    pictures = tuple(_with_holes(page, at, holes) for at, page in enumerate(state.pages))
    item = PaperState(state.paper, pictures, state.outdated, state.stale)  # type: ignore[arg-type]
    said: dict[str, Any] = {"notes": notes, "sheet": SHEET, "on_screen": on_screen, "hint": hint}
    return kept(TEMPLATE, holes, item=item, advice=_notes, **said)


def _with_holes(page: PaperPage, at: int, holes: dict[str, Any]) -> _PictureWithHoles:
    values = {"uid": page.uid, "version": page.address[:8], "width": page.width, "height": page.height}
    holes |= {f"{name}_{at}": value for name, value in values.items()}
    uid, version, width, height = (hole(f"{name}_{at}") for name in values)
    measures = _Measured(tuple(picture_advice.notes(page.measures))) if page.measures else None
    return _PictureWithHoles(uid, _Whole(version), width, height, measures)
