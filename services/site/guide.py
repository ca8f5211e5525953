"""办事指南: which papers people have to bring, generated from PAPERS, by who needs them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from forms import PAPERS
from lib.questions.pages import Paper


@dataclass(frozen=True)
class NeededPapers:
    """``who`` needs these; empty: everybody."""

    who: str
    papers: tuple[Paper, ...]


def needed_papers(*, required: bool) -> list[NeededPapers]:
    """In the table's order; ``required``: those that a declaration cannot do without, else the others."""
    papers = [paper for paper in PAPERS if paper.required is required]
    return [NeededPapers(who, tuple(group)) for who, group in groupby(papers, lambda paper: paper.who)]
