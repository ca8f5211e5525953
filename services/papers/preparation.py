"""A picture on its way in, before it has a row: cleaned in a bounded child process, measured, put into the store.

Nothing here touches the database: all of it is slow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeGuard

from forms import SHEET
from lib.pictures import images, portrait, quality
from lib.pictures.formats import is_pdf
from lib.pictures.images import Answer
from lib.pictures.one_inch import Crop, PhotoRule
from lib.pictures.perspective import rotate_corners
from lib.sandbox import client as sandbox
from lib.storage import Blob, Store
from services.papers import picture_advice, sheet_positions


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


def prepare(store: Store, data: bytes, kind: str = "", person: str = "", page: int = 0) -> Prepared:
    """Clean one picture of a paper, or one ``page`` of a PDF, and put it into the store. The sheet (``kind``) is read
    back on the way.

    The pictures of one ``person`` that follow each other are decoded by one child process. Raises
    images.PictureRefused with the rule and what was found.
    """
    if kind != SHEET:
        return _stored(store, sandbox.run("paper", data, person=person, page=page))
    made = _read(data, person, page)
    return replace(_stored(store, made), reading=made[0]["reading"])


def prepare_pages(store: Store, data: bytes, kind: str = "", person: str = "", most: int = 1) -> list[Prepared]:
    """The same of a file: one picture, or every page of a PDF that is not blank, of which there may be ``most``."""
    if not is_pdf(data):
        return [prepare(store, data, kind, person)]
    made = []
    for page in range(_count_pages(data, person, most)):
        try:
            made.append(prepare(store, data, kind, person, page))
        except images.PictureRefused as refused:
            if refused.reason != "blank":
                raise
    if not made:
        raise images.PictureRefused("这份 PDF 的每一页都是空白的。请检查文件，选对以后再上传", "empty")
    if len(made) > most:
        raise _too_many(len(made), most)
    return made


def _count_pages(data: bytes, person: str, most: int) -> int:
    """Each page may have an empty back. Many more are refused before any is drawn."""
    found = sandbox.run("pages", data, person=person)[0].get("pages")
    if not _is_size(found):
        raise images.PictureRefused(sandbox.UNUSABLE_PICTURE)  # never by our own job
    if found > 2 * most:
        raise _too_many(found, most)
    return int(found)


def _too_many(found: int, most: int) -> images.PictureRefused:
    todo = f"请只留下要交的 {most} 页" if most > 1 else "请把要交的那一页单独存成 PDF 或图片"
    return images.PictureRefused(f"这份 PDF 有 {found} 页，这里最多收 {most} 页。{todo}，再上传", "large")


def prepare_photo(
    store: Store, data: bytes, crop: Crop | None = None, rule: PhotoRule | None = None, person: str = ""
) -> Prepared:
    """Make the one-inch photo (一寸照片) of any picture. The upright source is kept, to crop it again later."""
    made = sandbox.run("photo", data, person=person, crop=crop, rule=asdict(rule or PhotoRule()))
    return replace(_stored(store, made), crop=crop)


def prepare_recrop(store: Store, source_address: str, crop: Crop | str, rule: PhotoRule | None = None) -> Prepared:
    """Crop the photo again out of its kept source: by a frame, or at the ``top``, ``middle`` or ``bottom``.

    Raises images.PictureRefused when the frame holds too few pixels.
    """
    made = sandbox.run("recrop", store.get(source_address), crop=crop, rule=asdict(rule or PhotoRule()))
    left, top, width, height = made[0]["crop"]
    return replace(_stored(store, made), crop=(left, top, width, height))


def prepare_rotated(
    store: Store,
    address: str,
    quarter_turns: int,
    source_address: str | None = None,
    corners: Sequence[float] | None = None,
) -> Prepared:
    """Turn a picture clockwise, and with it the source that it was cropped from."""
    made = _stored(store, sandbox.run("rotated", store.get(address), quarter_turns=quarter_turns))
    if source_address is None:
        return made
    _facts, (source, _thumb) = sandbox.run("rotated", store.get(source_address), quarter_turns=quarter_turns)
    return replace(made, source=store.put(source), crop=rotate_corners(corners, quarter_turns) if corners else None)


def prepare_straight(store: Store, source_address: str, corners: Sequence[float], kind: str = "") -> Prepared:
    """Crop the document between four corners out of an uncropped picture. Raises images.PictureRefused for corners of
    nothing.

    A picture of the printed sheet is read again: what was cropped away is not what is submitted.
    """
    made = sandbox.run("straight", store.get(source_address), corners=list(corners))
    return replace(_read_again(_stored(store, made), kind), crop=tuple(corners))


def prepare_whole(store: Store, source_address: str, kind: str = "") -> Prepared:
    """The uncropped picture again."""
    return _read_again(_stored(store, sandbox.run("whole", store.get(source_address))), kind)


def shows_sheet(data: bytes, person: str = "") -> bool:
    """Can the code of a printed sheet be read? Raises images.PictureRefused for what is no picture."""
    facts, _none = sandbox.run("look", data, person=person, pattern=sheet_positions.PATTERN)
    return facts.get("sheet") is True


def _read(data: bytes, person: str = "", page: int = 0) -> Answer:
    pattern, forms = sheet_positions.PATTERN, sheet_positions.FORMS
    return sandbox.run("sheet", data, person=person, page=page, pattern=pattern, forms=forms)


def _read_again(prepared: Prepared, kind: str) -> Prepared:
    return replace(prepared, reading=_read(prepared.picture.jpeg)[0]["reading"]) if kind == SHEET else prepared


def _stored(store: Store, made: Answer) -> Prepared:
    facts, blobs = made
    if not 2 <= len(blobs) <= 3 or not all(map(images.looks_like_jpeg, blobs)) or not _plausible(facts):
        raise images.PictureRefused(sandbox.UNUSABLE_PICTURE)  # never by our own jobs
    jpeg, thumb, *source = blobs
    picture = images.CleanPicture(jpeg, *facts["size"], *facts["original"])
    kept = store.put(source[0]) if source else None
    return Prepared(picture, store.put(jpeg), store.put(thumb), facts["measures"], kept)


def _plausible(facts: Mapping[str, Any]) -> bool:
    """Can pages and checks work with these facts? They are used here as they will be there, by other people's requests:
    a child process that was taken over can say anything."""
    try:
        sizes, figures = [*facts["size"], *facts["original"]], facts["measures"]
        picture_advice.notes(figures)
        portrait.advise(figures)
        return len(sizes) == 5 and all(map(_is_size, sizes)) and quality.has_valid_fingerprint(figures)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False


def _is_size(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 < value < 2**31  # bytes, pixels or pages
