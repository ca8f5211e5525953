"""The pictures of a revision as the officer's viewer shows them, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forms import PHOTO, SHEET
from lib.clock import local
from services.review import PaperLine


@dataclass(frozen=True)
class Picture:
    """One page of one paper. ``index`` counts the pages of its paper from 0; ``current``: the viewer opens with it."""

    kind: str
    index: int
    title: str
    caption: str
    is_new: bool
    current: bool


def pictures(lines: Sequence[PaperLine]) -> list[Picture]:
    first = first_paper(lines)
    return [
        Picture(
            line.paper.kind,
            index,
            f"{line.paper.title} {index + 1}" if len(line.pages) > 1 else line.paper.title,
            caption(page),
            line.is_new,
            line.paper.kind == first and index == 0,
        )
        for line in lines
        for index, page in enumerate(line.pages)
    ]


def first_paper(lines: Sequence[PaperLine]) -> str:
    """The kind that the viewer opens with: what was asked for and is new, else new, else the first that is a document.

    The sheet comes last among the new ones: nearly every change asks for a new one.
    """
    there = [line for line in lines if line.pages]
    news = [line for line in there if line.is_new and line.paper.kind != SHEET]
    asked = [line for line in news if line.asked_for]
    chosen = asked or news or [line for line in there if line.paper.kind not in (PHOTO, SHEET)] or there
    return chosen[0].paper.kind if chosen else ""


def caption(page: Mapping[str, Any]) -> str:
    """``1600×1200 · 157 KB · 原图 3.2 MB · 2026-11-21 08:10 上传``"""
    uploaded = local(datetime.fromisoformat(page["uploaded_at"]))
    sizes = f"{page['width']}×{page['height']} · {size(page['size'])} · 原图 {size(page['original_size'])}"
    return f"{sizes} · {uploaded:%Y-%m-%d %H:%M} 上传"


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} KB"
