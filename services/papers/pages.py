"""The pictures of a paper as rows: added, replaced, cropped, moved, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forms import SHEET
from lib.database import utcnow
from lib.questions.pages import Paper
from models import Declaration, PaperPage, Sheet, db
from services.papers.papers import pages_of
from services.papers.preparation import Prepared


class PageNotAdded(Exception):
    """A picture cannot be added to this paper; the message says why and what to do."""


def add_page(declaration: Declaration, paper: Paper, prepared: Prepared, sheet: Sheet | None = None) -> PaperPage:
    """Add a page to a paper; a paper of one page is replaced. ``sheet``: the version an uploaded sheet is bound to.

    Pictures of an older version of the sheet make way for the new one. Raises PageNotAdded when the paper has all its
    pages, or a sheet was never printed.
    """
    if paper.kind == SHEET and sheet is None:
        raise PageNotAdded("请先打印个人基本信息表，签名(盖章)后再上传")
    for page in pages_of(declaration, paper.kind):
        if paper.max_pages == 1 or (sheet and page.sheet_id != sheet.id):
            remove_page(page)
    pages = pages_of(declaration, paper.kind)
    refuse_one_too_many(paper, len(pages))
    page = PaperPage(
        kind=paper.kind, position=max((page.position for page in pages), default=-1) + 1, **new_columns(prepared)
    )
    page.sheet_id = sheet.id if sheet else None
    declaration.pages.append(page)
    declaration.touched_at = utcnow()
    return page


def refuse_one_too_many(paper: Paper, there: int) -> None:
    if there >= paper.max_pages:
        raise PageNotAdded(f"{paper.title}最多上传 {paper.max_pages} 张，请先删除不需要的图片")


def new_columns(prepared: Prepared) -> dict[str, Any]:
    """What the row of a new picture keeps of it."""
    picture, source = prepared.picture, prepared.source
    return _columns(prepared) | {
        "original_width": picture.original_width,
        "original_height": picture.original_height,
        "original_size": picture.original_bytes,
        "source_address": source.address if source else None,
    }


def _columns(prepared: Prepared) -> dict[str, Any]:
    picture = prepared.picture
    return {
        "address": prepared.blob.address,
        "sha256": prepared.blob.sha256,
        "thumb_address": prepared.thumb.address,
        "size": len(picture.jpeg),
        "width": picture.width,
        "height": picture.height,
        "measures": dict(prepared.measures),
        "crop": list(prepared.crop) if prepared.crop else None,
    }


def _still_true(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured of the file as it was sent: it stays true of a rotated or cropped copy."""
    return {"screen": measured["screen"]} if "screen" in measured else {}


def replace_picture(page: PaperPage, prepared: Prepared) -> None:
    """Replace a page's picture by its rotated or newly cropped copy; what was sent stays what it was."""
    still_true = _still_true(page.measures or {})
    for name, value in _columns(prepared).items():
        setattr(page, name, value)
    page.measures = still_true | dict(prepared.measures)
    if prepared.source:
        page.source_address = prepared.source.address
    page.declaration.touched_at = utcnow()


def crop_page(page: PaperPage, prepared: Prepared) -> None:
    """Replace a page's picture by what ``prepare_straight`` or ``prepare_whole`` made; the uncropped one is kept."""
    uncropped = page.source_address or page.address
    replace_picture(page, prepared)
    page.source_address = uncropped if prepared.crop else None


def proposed_corners(page: PaperPage) -> Sequence[float] | None:
    """Where the document is on the uncropped picture: as it was cropped, else as it was found, if it was."""
    return page.crop or ((page.measures or {}).get("document") or {}).get("corners")


def move_page(declaration: Declaration, page: PaperPage, to: int) -> int:
    """Put a page of a paper at another place among its pages (0 is the first); returns where it is now."""
    pages = [each for each in pages_of(declaration, page.kind) if each is not page]
    to = min(max(to, 0), len(pages))
    pages.insert(to, page)
    for position, each in enumerate(pages):
        each.position = position
    db.session.expire(declaration, ["pages"])
    declaration.touched_at = utcnow()
    return to


def to_paper(declaration: Declaration, page: PaperPage, paper: Paper) -> None:
    """Put a picture to another paper; of a paper with one page, the two change places. Raises PageNotAdded."""
    there = pages_of(declaration, paper.kind)
    if paper.max_pages > 1:
        refuse_one_too_many(paper, len(there))
    for other in there if paper.max_pages == 1 else ():
        other.kind, other.position = page.kind, page.position
    page.kind, page.position = paper.kind, len(there) if paper.max_pages > 1 else 0
    db.session.expire(declaration, ["pages"])
    declaration.touched_at = utcnow()


def remove_page(page: PaperPage) -> None:
    """Remove a page. Its file stays for the revisions that show it; the sweep removes what no row names."""
    page.declaration.touched_at = utcnow()
    page.declaration.pages.remove(page)
    db.session.delete(page)
