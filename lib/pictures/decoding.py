"""The jobs on pictures (lib/sandbox/jobs.py). Each decodes once and makes all results from the same pixels.

The fork server loads this module with its decoders, because a fork can open no file.
"""

from __future__ import annotations

import codecs
import importlib
from typing import Any

from PIL import Image

from lib.pictures import corners, images, one_inch, perspective, quality, screens, sheet_reader
from lib.pictures import portrait as advising
from lib.pictures.images import Answer
from lib.pictures.one_inch import Crop, PhotoRule


def paper(data: bytes, page: int = 0) -> Answer:
    """An upload -> the clean JPEG, its thumbnail. Only the original file shows the signs of a screenshot.

    ``page``: which one of a PDF, from 0.
    """
    return _paper(images.decode_upright(data, page=page))


def pages(data: bytes) -> Answer:
    """How many pages a PDF has."""
    from lib.pictures import pdf_pages

    with images.decoding():
        return {"pages": pdf_pages.count_pages(data)}, []


def _paper(found: images.Upright) -> Answer:
    with images.decoding():
        small = images.small_copy(found.image)
        facts, blobs = _answer(found.picture(images.encode_jpeg(found.image, images.QUALITY)), found.image, small)
        signs = screens.screenshot_signs(found.image, (found.original_width, found.original_height), found.origin)
        facts["measures"] |= {"screen": signs} | _document(small)
        return facts, blobs


def straight(data: bytes, corners: list[float]) -> Answer:
    """A clean JPEG -> the document between four corners as a rectangle, its thumbnail."""
    with images.decoding():
        picture = perspective.straighten(data, corners)
        image = images.load_jpeg(picture.jpeg)
        return _answer(picture, image, images.small_copy(image))


def whole(data: bytes) -> Answer:
    """An unchanged clean JPEG: its measurements again, and its thumbnail."""
    with images.decoding():
        image = images.load_jpeg(data)
        small = images.small_copy(image)
        facts, blobs = _answer(images.CleanPicture(data, *image.size, *image.size, len(data)), image, small)
        facts["measures"] |= _document(small)
        return facts, blobs


def _document(small: Image.Image) -> dict[str, Any]:
    """The corners of the document, or the sides where it is cut off; empty when it was not found."""
    found = corners.find_corners(small)
    known = {"corners": list(found.corners)} if found.sure else {"cut": list(found.cut)} if found.cut else {}
    return {"document": known}


def sheet(data: bytes, pattern: str, forms: dict[str, Any], page: int = 0) -> Answer:
    """The same for the printed sheet; ``reading`` is what was read. An unreadable sheet is accepted, too."""
    found = images.decode_upright(data, page=page)
    facts, blobs = _paper(found)
    with images.decoding():
        known = {name: sheet_reader.form_from_json(form) for name, form in forms.items()}
        return facts | {"reading": sheet_reader.read_sheet(found.image, pattern, known)}, blobs


def look(data: bytes, pattern: str) -> Answer:
    """Whether a picture, or the first page of a PDF, shows the code of a printed sheet: nothing is made of it."""
    found = images.decode_upright(data, page=0)
    with images.decoding():
        return {"sheet": bool(sheet_reader.find_codes(found.image, pattern))}, []


def photo(data: bytes, crop: Crop | str | None, rule: dict[str, Any]) -> Answer:
    """An upload -> the one-inch photo, its thumbnail, and the upright source for another crop.

    ``crop`` may be a position: ``top``, ``middle``, ``bottom``.
    """
    wanted = _photo_rule(rule)
    # A panorama still has enough pixels, and so has a small frame of any picture.
    found = images.decode_upright(data, short_side=max(wanted.best), enough=(images.LONG_SIDE, 1), lazy=True)
    if isinstance(crop, str):
        size = found.image.size
        crop = None if wanted.fits(size) else one_inch.frame_at(size, CROP_POSITIONS.get(crop, 0.5), wanted)
    made, source = _photo_and_source(found, crop, wanted)
    original = found.original_width, found.original_height, found.original_bytes
    picture = images.CleanPicture(made.jpeg, made.width, made.height, *original)
    facts, blobs = _photo(picture, wanted)
    return facts, [*blobs, source]


def _photo_and_source(found: images.Upright, crop: Crop | None, rule: PhotoRule) -> tuple[images.CleanPicture, bytes]:
    """A photo that fits as it was sent is its own source."""
    size = found.original_width, found.original_height
    if crop is None and found.as_sent and (jpeg := one_inch.reencode_unchanged(found.sent, size, rule)):
        return found.picture(jpeg), jpeg
    with images.decoding():
        keep = found.as_sent and found.original_bytes <= rule.max_bytes
        source = images.encode_jpeg(found.image, "keep" if keep else images.QUALITY)
    return one_inch.crop_photo(found.image, crop, rule), source


def recrop(data: bytes, crop: Crop | str, rule: dict[str, Any]) -> Answer:
    """A stored source -> the photo, cropped by a frame or at a position, and its thumbnail. ``crop`` is the frame."""
    wanted = _photo_rule(rule)
    with images.decoding():
        source = images.load_jpeg(data)
    frame = one_inch.frame_at(source.size, CROP_POSITIONS.get(crop, 0.5), wanted) if isinstance(crop, str) else crop
    made = one_inch.crop_photo(source, frame, wanted)
    picture = images.CleanPicture(made.jpeg, made.width, made.height, *source.size, len(data))
    facts, blobs = _photo(picture, wanted)
    return facts | {"crop": frame}, blobs


#: Without a frame from the browser: where the portrait is cropped.
CROP_POSITIONS = {"top": 0.0, "middle": 0.5, "bottom": 1.0}


def rotated(data: bytes, quarter_turns: int) -> Answer:
    with images.decoding():
        source = images.load_jpeg(data)
        image = images.rotate_image(source, quarter_turns)
        jpeg = data if image is source else images.encode_jpeg(image, images.REENCODED_QUALITY)
        small = images.small_copy(image)
        facts, blobs = _answer(images.CleanPicture(jpeg, *image.size, *source.size, len(data)), image, small)
        facts["measures"] |= _document(small)
        return facts, blobs


def _photo(picture: images.CleanPicture, rule: PhotoRule) -> Answer:
    image = images.load_jpeg(picture.jpeg)
    facts, blobs = _answer(picture, image, images.small_copy(image), portrait=True)
    facts["measures"]["portrait"] = advising.measure_portrait(image, rule.background)
    return facts, blobs


def _answer(picture: images.CleanPicture, image: Image.Image, small: Image.Image, *, portrait: bool = False) -> Answer:
    facts = {
        "size": [picture.width, picture.height],
        "original": [picture.original_width, picture.original_height, picture.original_bytes],
        "measures": quality.measure(image, portrait=portrait),
    }
    return facts, [picture.jpeg, images.thumbnail(small)]


def prepare() -> None:
    """Called before any fork: load what Pillow would load on first use, because a fork can open no file."""
    Image.preinit()
    for name in ("ImageColor", "ImageFilter", "ImagePalette", "MpoImagePlugin", "TiffImagePlugin"):
        importlib.import_module(f"PIL.{name}")
    importlib.import_module("lib.pictures.heif")
    importlib.import_module("lib.pictures.pdf_pages").prepare()
    for encoding in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        codecs.lookup(encoding)
    exif = Image.Exif()
    exif[0x0112] = 6
    card = Image.new("RGB", (images.MIN_SIDE, images.MIN_SIDE))
    paper(images.encode_jpeg(card, images.QUALITY, exif=exif.tobytes()))


def _photo_rule(facts: dict[str, Any]) -> PhotoRule:
    """A rule that was sent as JSON."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return PhotoRule(**values)
