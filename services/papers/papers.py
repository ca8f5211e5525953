"""The papers (附件): which ones the answers ask for, what is there, and how they are frozen with a submission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from forms import PAPERS, PHOTO, SHEET
from lib.questions.pages import Paper
from models import (
    AssistanceRequest,
    Declaration,
    NoticeFile,
    PaperPage,
    PrintJob,
    RegisterImport,
    Revision,
    Sheet,
    db,
)

PAGE_FIELDS = (
    *("uid", "address", "thumb_address", "source_address", "sha256", "width", "height", "size"),
    *("original_width", "original_height", "original_size", "measures", "reading"),
)


@dataclass(frozen=True)
class PaperState:
    """One paper that the answers ask for, and what is there of it."""

    paper: Paper
    pages: Sequence[PaperPage]
    outdated: bool = False  # 个人基本信息表: printed before the last change
    stale: bool = False  # a change: carried over from the record, though something that it proves has changed

    @property
    def state(self) -> str:
        if not self.pages:
            return "未上传"
        return "需重新打印" if self.outdated else "原来的图片" if self.stale else "已上传"

    @property
    def complete(self) -> bool:
        return bool(self.pages) and not self.outdated and not self.stale

    @property
    def missing(self) -> bool:
        return self.outdated or (self.paper.required and not self.pages)


def wanted(facts: Mapping[str, Any]) -> list[Paper]:
    """The papers that these answers ask for, in the table's order."""
    return [paper for paper in PAPERS if paper.asked(facts)]


def pages_of(declaration: Declaration, kind: str) -> list[PaperPage]:
    return [page for page in declaration.pages if page.kind == kind]


def freeze(declaration: Declaration, facts: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The pages of the papers asked for, as they are now: paper kind -> pages."""
    kinds = {paper.kind for paper in wanted(facts)}
    frozen: dict[str, list[dict[str, Any]]] = {}
    for page in declaration.pages:
        if page.kind in kinds:
            columns = {name: getattr(page, name) for name in PAGE_FIELDS}
            frozen.setdefault(page.kind, []).append(
                columns | {"uploaded_at": page.uploaded_at.isoformat(), "crop": page.crop}
            )
    return frozen


def thaw(declaration: Declaration, revision: Revision) -> None:
    """Give a change declaration the pages of the approved revision, except the sheet: it must be signed again."""
    for kind, pages in revision.papers.items():
        for position, facts in enumerate(pages if kind != SHEET else ()):
            page = PaperPage(kind=kind, position=position, crop=facts.get("crop"))
            for name in PAGE_FIELDS[1:]:
                setattr(page, name, facts.get(name))
            declaration.pages.append(page)


def addresses(pages: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """What a frozen paper shows, for comparison: two uploads of the same picture are the same."""
    return [page["address"] for page in pages or ()]


def current_addresses(declaration: Declaration, kind: str) -> list[str]:
    return [page.address for page in pages_of(declaration, kind)]


def photo_address(declaration: Declaration) -> str | None:
    return next(iter(current_addresses(declaration, PHOTO)), None)


def referenced() -> set[str]:
    """Every address that a row names: working copies, revisions, printed sheets, finished prints, ID documents,
    registers, attachments. For the sweep."""
    pages = select(PaperPage.address, PaperPage.thumb_address, PaperPage.source_address)
    documents = select(AssistanceRequest.address, AssistanceRequest.thumb_address)
    rows = (*db.session.execute(pages), *db.session.execute(documents))
    named: set[str] = {address for row in rows for address in row if address}
    named.update(db.session.scalars(select(Sheet.photo_address)))
    for parts in db.session.scalars(select(PrintJob.parts).where(PrintJob.export.is_not(None))):
        named.update(parts or ())
    for column in (PrintJob.address, RegisterImport.address, RegisterImport.findings, NoticeFile.address):
        named.update(filter(None, db.session.scalars(select(column))))
    for papers in db.session.scalars(select(Revision.papers).execution_options(yield_per=500)):
        named.update(_frozen_addresses(papers.values()))
    return named


def _frozen_addresses(papers: Iterable[Sequence[Mapping[str, Any]]]) -> Iterable[str]:
    names = ("address", "thumb_address", "source_address")
    return (page[name] for pages in papers for page in pages for name in names if page.get(name))
