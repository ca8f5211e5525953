"""The papers (附件): which ones the answers ask for, what is there, and how a picture is taken in.

Order of a taking-in: clean the picture, write the encrypted bytes to the store, then the row. A row never lacks its
file; a file without a row is swept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select

from forms import PAPERS, PHOTO, SHEET
from lib.database import utcnow
from lib.pictures import images, portrait, quality
from lib.pictures.one_inch import Crop, PhotoRule
from lib.pictures.perspective import rotate_corners
from lib.questions.conditions import FormContext
from lib.questions.pages import Paper
from lib.sandbox import client as sandbox
from lib.sandbox.jobs import Answer
from lib.storage import Blob, Folder
from models import Declaration, PaperPage, PrintJob, Revision, Sheet, db
from services.papers import picture_advice, sheet_positions, virus_scan

PAGE_FIELDS = (
    *("uid", "address", "thumb_address", "source_address", "sha256", "width", "height", "size"),
    *("original_width", "original_height", "original_size", "measures", "reading"),
)


class NotTaken(Exception):
    """A picture cannot be taken for this paper; the message says why and what to do."""


@dataclass(frozen=True)
class Prepared:
    """A picture that is clean and already in the store; only its row is missing."""

    picture: images.CleanPicture
    blob: Blob
    thumb: Blob
    measures: Mapping[str, Any]  # lib.pictures.quality
    source: Blob | None = None
    crop: Sequence[float] | None = None  # a Crop of the photo, the four corners of a paper
    reading: Sequence[Mapping[str, Any]] | None = None  # 个人基本信息表: what lib.pictures.sheet_reader found


@dataclass(frozen=True)
class PaperState:
    """One paper that the answers ask for, and what is there of it."""

    paper: Paper
    pages: Sequence[PaperPage]
    outdated: bool = False  # 个人基本信息表: printed before the last change

    @property
    def state(self) -> str:
        if not self.pages:
            return "未上传"
        return "需重新打印" if self.outdated else "已上传"

    @property
    def complete(self) -> bool:
        return bool(self.pages) and not self.outdated

    @property
    def missing(self) -> bool:
        return self.outdated or (self.paper.required and not self.pages)


def wanted(facts: Mapping[str, Any]) -> list[Paper]:
    """The papers that these answers ask for, in the table's order."""
    return [paper for paper in PAPERS if paper.asked(facts)]


def pages_of(declaration: Declaration, kind: str) -> list[PaperPage]:
    return [page for page in declaration.pages if page.kind == kind]


def standings(declaration: Declaration, context: FormContext, sheet_outdated: bool) -> list[PaperState]:
    """Each paper asked for with its pages. Papers set aside (no longer asked for) are not among them."""
    return [
        PaperState(
            paper, pages := pages_of(declaration, paper.kind), bool(pages) and paper.kind == SHEET and sheet_outdated
        )
        for paper in wanted(context.facts)
    ]


def prepare(store: Folder, data: bytes, kind: str = "") -> Prepared:
    """Clean one picture of a paper and put it into the store. Slow, and no database is touched.

    The sheet (``kind``) is read back on the way. Raises images.Refused with the rule and what was found.
    """
    virus_scan.look(data)
    if kind != SHEET:
        return _stored(store, sandbox.run("paper", data))
    made = _read(data)
    return replace(_stored(store, made), reading=made[0]["reading"])


def _read(data: bytes) -> Answer:
    return sandbox.run("sheet", data, pattern=sheet_positions.PATTERN, forms=sheet_positions.FORMS)


def _stored(store: Folder, made: Answer) -> Prepared:
    facts, blobs = made
    if not 2 <= len(blobs) <= 3 or not all(map(images.looks_like_jpeg, blobs)) or not _plausible(facts):
        raise images.PictureRefused(sandbox.UNUSABLE_PICTURE)  # never by our own jobs
    jpeg, thumb, *source = blobs
    picture = images.CleanPicture(jpeg, *facts["size"], *facts["original"])
    kept = store.put(source[0]) if source else None
    return Prepared(picture, store.put(jpeg), store.put(thumb), facts["measures"], kept)


def _plausible(facts: Mapping[str, Any]) -> bool:
    """Can pages and checks work with these facts? They are used here as they will be there, by other people's requests:
    whoever took the job over can say anything."""
    try:
        sizes, figures = [*facts["size"], *facts["original"]], facts["measures"]
        picture_advice.notes(figures)
        portrait.advise(figures)
        return len(sizes) == 5 and all(map(_is_size, sizes)) and quality.has_valid_fingerprint(figures)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False


def _is_size(value: object) -> bool:
    return type(value) is int and 0 < value < 2**31


def prepare_photo(store: Folder, data: bytes, crop: Crop | None = None, rule: PhotoRule | None = None) -> Prepared:
    """Make the one-inch photo (一寸照片) of any picture; the upright source is kept, to crop it anew later."""
    virus_scan.look(data)
    made = sandbox.run("photo", data, crop=crop, rule=asdict(rule or PhotoRule()))
    return replace(_stored(store, made), crop=crop)


def prepare_recrop(store: Folder, source_address: str, crop: Crop | str, rule: PhotoRule | None = None) -> Prepared:
    """Cut the photo anew out of its kept source: by a frame, or at the ``top``, ``middle`` or ``bottom``.

    Raises images.Refused when the frame holds too few pixels.
    """
    made = sandbox.run("recrop", store.get(source_address), crop=crop, rule=asdict(rule or PhotoRule()))
    left, top, width, height = made[0]["crop"]
    return replace(_stored(store, made), crop=(left, top, width, height))


def prepare_rotated(
    store: Folder,
    address: str,
    quarter_turns: int,
    source_address: str | None = None,
    corners: Sequence[float] | None = None,
) -> Prepared:
    """Turn a picture clockwise, and with it the source that it was cut from."""
    made = _stored(store, sandbox.run("rotated", store.get(address), quarter_turns=quarter_turns))
    if source_address is None:
        return made
    _facts, (source, _thumb) = sandbox.run("rotated", store.get(source_address), quarter_turns=quarter_turns)
    return replace(made, source=store.put(source), crop=rotate_corners(corners, quarter_turns) if corners else None)


def prepare_straight(store: Folder, source_address: str, corners: Sequence[float], kind: str = "") -> Prepared:
    """Cut the document between four corners out of an uncut picture. Raises images.Refused for corners of nothing.

    A picture of the printed sheet is read again: what was cut away is not what is submitted.
    """
    made = sandbox.run("straight", store.get(source_address), corners=list(corners))
    return replace(_read_again(_stored(store, made), kind), crop=tuple(corners))


def prepare_whole(store: Folder, source_address: str, kind: str = "") -> Prepared:
    """The uncut picture again."""
    return _read_again(_stored(store, sandbox.run("whole", store.get(source_address))), kind)


def _read_again(prepared: Prepared, kind: str) -> Prepared:
    return replace(prepared, reading=_read(prepared.picture.jpeg)[0]["reading"]) if kind == SHEET else prepared


def take(declaration: Declaration, paper: Paper, prepared: Prepared, sheet: Sheet | None = None) -> PaperPage:
    """Add a page to a paper; a paper of one page is replaced. ``sheet``: the version an uploaded sheet is bound to.

    Pictures of an older version of the sheet make way for the new one. Raises NotTaken when the paper has all its
    pages, or a sheet was never printed.
    """
    if paper.kind == SHEET and sheet is None:
        raise NotTaken("请先打印个人基本信息表，签名(盖章)后再上传")
    for page in pages_of(declaration, paper.kind):
        if paper.max_pages == 1 or (sheet and page.sheet_id != sheet.id):
            remove(page)
    pages = pages_of(declaration, paper.kind)
    if len(pages) >= paper.max_pages:
        raise NotTaken(f"{paper.title}最多上传 {paper.max_pages} 张，请先删除不需要的图片")
    page = PaperPage(kind=paper.kind, position=max((page.position for page in pages), default=-1) + 1)
    page.sheet_id = sheet.id if sheet else None
    _fill(page, prepared)
    page.original_width, page.original_height = prepared.picture.original_width, prepared.picture.original_height
    page.original_size = prepared.picture.original_bytes
    declaration.pages.append(page)
    declaration.touched_at = utcnow()
    return page


def _fill(page: PaperPage, prepared: Prepared) -> None:
    picture, blob = prepared.picture, prepared.blob
    page.address, page.sha256, page.thumb_address = blob.address, blob.sha256, prepared.thumb.address
    page.size, page.width, page.height = len(picture.jpeg), picture.width, picture.height
    page.measures = _kept(page.measures or {}) | dict(prepared.measures)
    if prepared.source:
        page.source_address = prepared.source.address
    page.crop = list(prepared.crop) if prepared.crop else None


def _kept(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured of the file as it was sent: it stays true of a turned or cut copy."""
    return {"screen": measured["screen"]} if "screen" in measured else {}


def turn(page: PaperPage, prepared: Prepared) -> None:
    """Replace a page's picture by its turned or newly cut copy; what was sent stays what it was."""
    _fill(page, prepared)
    page.declaration.touched_at = utcnow()


def cut(page: PaperPage, prepared: Prepared) -> None:
    """Replace a page's picture by what ``prepare_straight`` or ``prepare_whole`` made; the uncut one is kept."""
    uncut = page.source_address or page.address
    turn(page, prepared)
    page.source_address = uncut if prepared.crop else None


def proposed_corners(page: PaperPage) -> Sequence[float] | None:
    """Where the document seems to lie on the uncut picture of a page: as it was cut, else as it was found, if so."""
    return page.crop or ((page.measures or {}).get("document") or {}).get("corners")


def move(declaration: Declaration, page: PaperPage, to: int) -> int:
    """Put a page of a paper at another place among its pages (0 is the first); returns where it is now."""
    pages = [each for each in pages_of(declaration, page.kind) if each is not page]
    to = min(max(to, 0), len(pages))
    pages.insert(to, page)
    for position, each in enumerate(pages):
        each.position = position
    db.session.expire(declaration, ["pages"])
    declaration.touched_at = utcnow()
    return to


def remove(page: PaperPage) -> None:
    """Take a page away. Its file stays for the revisions that show it; the sweep removes what nothing names."""
    page.declaration.touched_at = utcnow()
    page.declaration.pages.remove(page)
    db.session.delete(page)


def freeze(declaration: Declaration, context: FormContext) -> dict[str, list[dict[str, Any]]]:
    """The pages of the papers asked for, as they are now: paper kind -> pages."""
    kinds = {paper.kind for paper in wanted(context.facts)}
    frozen: dict[str, list[dict[str, Any]]] = {}
    for page in declaration.pages:
        if page.kind in kinds:
            facts = {name: getattr(page, name) for name in PAGE_FIELDS}
            frozen.setdefault(page.kind, []).append(
                facts | {"uploaded_at": page.uploaded_at.isoformat(), "crop": page.crop}
            )
    return frozen


def thaw(declaration: Declaration, revision: Revision) -> None:
    """Give a change declaration the pages of the approved revision, except the sheet: it must be signed anew."""
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
    """Every address that a row names: working copies, revisions, printed sheets, finished prints. For the sweep."""
    columns = (PaperPage.address, PaperPage.thumb_address, PaperPage.source_address)
    named: set[str] = {address for row in db.session.execute(select(*columns)) for address in row if address}
    named.update(db.session.scalars(select(Sheet.photo_address)))
    named.update(filter(None, db.session.scalars(select(PrintJob.address))))
    for papers in db.session.scalars(select(Revision.papers).execution_options(yield_per=500)):
        named.update(_frozen_addresses(papers.values()))
    return named


def _frozen_addresses(papers: Iterable[Sequence[Mapping[str, Any]]]) -> Iterable[str]:
    names = ("address", "thumb_address", "source_address")
    return (page[name] for pages in papers for page in pages for name in names if page.get(name))
