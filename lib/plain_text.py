"""Texts that the office writes for a page and for paper: paragraphs, numbered lists and headings, and nothing else.

A line is a paragraph. ``1. …`` is an item of a list, ``【…】`` alone on a line a heading. Nothing is read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

from lib.names import fold_radicals

_ITEM = re.compile(r"(\d{1,2})[.．、](?!\d)\s*(\S.*)")
_HEADING = re.compile(r"【([^【】]+)】")
_TAG = re.compile(r"<\s*/?\s*[A-Za-z!]")

Pieces = tuple[tuple[Literal["", "del", "ins"], str], ...]  # a line of a comparison


@dataclass(frozen=True)
class TextBlock:
    """``items``: number and text; of a heading and a paragraph one, with the number 0."""

    kind: Literal["heading", "paragraph", "list"]
    items: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        return self.items[0][1]


def normalise(text: str) -> str:
    """One line for each paragraph, without empty ones; indents go, the page and the paper have their own."""
    lines = (" ".join(line.split()) for line in fold_radicals(text).splitlines())
    return "\n".join(line for line in lines if line)


def has_tags(text: str) -> bool:
    return bool(_TAG.search(text))


def blocks(text: str) -> list[TextBlock]:
    read = [_line(line) for line in text.splitlines() if line]
    found: list[TextBlock] = []
    for kind, items in groupby(read, key=lambda block: block.kind):
        same = list(items)
        found += [TextBlock(kind, tuple(one.items[0] for one in same))] if kind == "list" else same
    return found


def _line(line: str) -> TextBlock:
    if item := _ITEM.fullmatch(line):
        return TextBlock("list", ((int(item[1]), item[2]),))
    heading = _HEADING.fullmatch(line)
    return TextBlock("heading" if heading else "paragraph", ((0, heading[1] if heading else line),))


# --- what differs -----------------------------------------------------------------------------------------------------


def differences(before: str, after: str) -> list[Pieces]:
    """Every line of both texts, with what went and what came."""
    old, new = before.splitlines(), after.splitlines()
    found: list[Pieces] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [(("", line),) for line in old[a:b]]
        else:
            found += _changed(old[a:b], new[c:d])
    return found


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Pieces]:
    """Lines that stand for each other are compared by their characters, as long as they are alike."""
    both = min(len(old), len(new))
    for before, after in zip(old[:both], new[:both], strict=True):
        match = SequenceMatcher(None, before, after, autojunk=False)
        if match.ratio() < 0.4:
            yield (("del", before),)
            yield (("ins", after),)
        else:
            yield tuple(_pieces(match, before, after))
    yield from ((("del", line),) for line in old[both:])
    yield from ((("ins", line),) for line in new[both:])


def _pieces(match: SequenceMatcher[str], before: str, after: str) -> Iterator[tuple[Literal["", "del", "ins"], str]]:
    for tag, a, b, c, d in match.get_opcodes():
        if tag == "equal":
            yield "", before[a:b]
            continue
        if before[a:b]:
            yield "del", before[a:b]
        if after[c:d]:
            yield "ins", after[c:d]
