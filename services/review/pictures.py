"""The pictures of a revision as the officer's viewer shows them, one after the other, with the frames drawn on them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from forms import PAPER, PAPERS, PHOTO, SHEET
from lib.clock import local
from lib.database import utcnow
from models import Mark, Revision
from services.review.rows import PaperLine

#: As sent by the browser: left, top, width, height with at most six decimals.
_FRACTION = r"[01](?:\.\d{1,6})?"
_FOUR = re.compile(rf"({_FRACTION}),({_FRACTION}),({_FRACTION}),({_FRACTION})", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(?:\.\d{1,2})?", re.ASCII)
SMALLEST, TOLERANCE = 0.005, 0.0005

Page = Mapping[str, Any]


@dataclass(frozen=True)
class Frame:
    """A rectangle on a stored picture: fractions of its width and height. ``earlier``: of a mark that was sent out."""

    rectangle: Sequence[float]
    label: str
    earlier: bool


@dataclass  # freezing costs three times as much, and a page has twenty
class ReviewPicture:
    """One page of one paper. ``index`` counts the pages of its paper from 0; ``current``: the viewer opens with it.

    ``before`` is the page at its place in the revision compared with. ``gone``: this is itself such a page, and its
    place is empty now.
    """

    kind: str
    index: int
    title: str
    caption: str
    is_new: bool
    current: bool
    width: int
    height: int
    frames: Sequence[Frame] = ()
    before: ReviewPicture | None = None
    gone: bool = False


@dataclass(frozen=True)
class _Compared:
    """The pages of the revision compared with, and which of them have a page in their place now."""

    papers: Mapping[str, Sequence[Page]]
    taken: set[tuple[str, int]] = field(default_factory=set)

    def pages(self, kind: str) -> Sequence[Page]:
        return self.papers.get(kind, [])

    def counterpart(self, kind: str, index: int, page: Page) -> int | None:
        """The same picture wherever it stood, else the one at the same place."""
        addresses = [old["address"] for old in self.pages(kind)]
        found = addresses.index(page["address"]) if page["address"] in addresses else index
        if found >= len(addresses):
            return None
        self.taken.add((kind, found))
        return found


def pictures(lines: Sequence[PaperLine], compared: Revision | None = None) -> list[ReviewPicture]:
    """All pages of the papers; then those of ``compared`` in whose place nothing stands."""
    first, old = first_paper(lines), _Compared(compared.papers if compared else {})
    there = [
        _picture(line, index, page, old, current=line.paper.kind == first and index == 0)
        for line in lines
        for index, page in enumerate(line.pages)
    ]
    asked_for = {line.paper.kind: line.asked_for for line in lines}
    return there + [
        _old_picture(old, paper.kind, index, asked_for.get(paper.kind), gone=True)
        for paper in PAPERS
        for index in range(len(old.pages(paper.kind)))
        if (paper.kind, index) not in old.taken
    ]


def _picture(line: PaperLine, index: int, page: Page, old: _Compared, *, current: bool) -> ReviewPicture:
    kind = line.paper.kind
    at = old.counterpart(kind, index, page)
    unchanged = at is not None and old.pages(kind)[at]["address"] == page["address"]
    return ReviewPicture(
        kind,
        index,
        _title(kind, index, line.pages),
        caption(page),
        line.is_new and not unchanged,
        current,
        page["width"],
        page["height"],
        frames=[*_drafted(line.mark, index), *_sent(line.asked_for, page)],
        before=None if at is None else _old_picture(old, kind, at, line.asked_for),
    )


def _old_picture(old: _Compared, kind: str, index: int, asked_for: Mark | None, *, gone: bool = False) -> ReviewPicture:
    page = old.pages(kind)[index]
    return ReviewPicture(
        kind,
        index,
        _title(kind, index, old.pages(kind)),
        caption(page),
        is_new=False,
        current=False,
        width=page["width"],
        height=page["height"],
        frames=_sent(asked_for, page),
        gone=gone,
    )


def _title(kind: str, index: int, pages: Sequence[Page]) -> str:
    return f"{PAPER[kind].title} {index + 1}" if len(pages) > 1 else PAPER[kind].title


def _drafted(mark: Mark | None, index: int) -> list[Frame]:
    """The frame of the unsent mark."""
    if mark is None or mark.rectangle is None or (mark.page or 0) != index:
        return []
    return [Frame(mark.rectangle, mark.comment or mark.reason or "已框选", earlier=False)]


def _sent(mark: Mark | None, page: Page) -> list[Frame]:
    """The frame of the mark of the last return, wherever the very picture is shown on which it was drawn."""
    if mark is None or mark.rectangle is None:
        return []
    marked = mark.revision.papers.get(mark.target, [])[mark.page or 0 :][:1]
    if [found["address"] for found in marked] != [page["address"]]:
        return []
    return [Frame(mark.rectangle, f"退回时：{mark.comment or mark.reason}", earlier=True)]


def first_paper(lines: Sequence[PaperLine]) -> str:
    """The kind that the viewer opens with: what was asked for and is new, else new, else the first that is a document.

    The sheet comes last among the new ones: nearly every change asks for a new one.
    """
    there = [line for line in lines if line.pages]
    news = [line for line in there if line.is_new and line.paper.kind != SHEET]
    asked = [line for line in news if line.asked_for]
    chosen = asked or news or [line for line in there if line.paper.kind not in (PHOTO, SHEET)] or there
    return chosen[0].paper.kind if chosen else ""


def caption(page: Page) -> str:
    """``1600×1200 · 157 KB · 原图 3.2 MB · 2026-11-21 08:10 上传``"""
    return _caption(page["width"], page["height"], page["size"], page["original_size"], page["uploaded_at"])


@lru_cache(maxsize=2000)
def _caption(width: int, height: int, stored: int, original: int, uploaded_at: str) -> str:
    uploaded = local(datetime.fromisoformat(uploaded_at))
    return f"{width}×{height} · {size(stored)} · 原图 {size(original)} · {uploaded:%Y-%m-%d %H:%M} 上传"


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} KB"


def watermark(name: str) -> str:
    """The watermark of every picture, so that a photo of the screen shows whose screen it was and when."""
    return f"{name} {local(utcnow()):%Y-%m-%d %H:%M}"


# --- rectangles as forms send them -----------------------------------------------------------------------------------


def rectangle(text: str) -> list[float] | None:
    """``0.1,0.2,0.3,0.25``: left, top, width, height as fractions of the stored picture. None when it is no such thing.

    What reaches beyond the edge by rounding only is cut back to it.
    """
    found = _FOUR.fullmatch(text.strip())
    return _inside(*(float(part) for part in found.groups())) if found else None


def rectangle_in_percent(left: str, top: str, width: str, height: str) -> list[float] | None:
    """The same from four numbers from 0 to 100, as people type them where no script draws."""
    parts = [part.strip() for part in (left, top, width, height)]
    if not all(_PERCENT.fullmatch(part) for part in parts):
        return None
    return _inside(*(float(part) / 100 for part in parts))


def _inside(left: float, top: float, width: float, height: float) -> list[float] | None:
    if min(width, height) <= SMALLEST or max(left + width, top + height) > 1 + TOLERANCE:
        return None
    left, top = round(left, 4), round(top, 4)
    return [left, top, round(min(width, 1 - left), 4), round(min(height, 1 - top), 4)]
