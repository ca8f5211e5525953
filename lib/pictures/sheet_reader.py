"""Reads a picture of the printed sheet: its QR codes, the signature and the stamp, and nothing else.

Pure functions of a clean picture, for the child process. The caller interprets the codes: each names a page, and a
picture may show several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from lib.pictures import ink, page_locator, perspective, sheet_marks
from lib.pictures.perspective import Homography, Point
from lib.pictures.sheet_marks import Area, Form, SheetPlace

MAX_CODES = 4  # in one picture
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass(frozen=True)
class QrCode:
    """The text of a QR code, and its corners in the picture: clockwise from its own top left one."""

    text: str
    corners: tuple[Point, Point, Point, Point]


def read_sheet(image: Image.Image, pattern: str, forms: Mapping[str, Form]) -> list[dict[str, Any]]:
    """The result for each code that matches ``pattern``, with the named groups, ready for JSON.

    ``forms``: the forms of the sheet by name. All are evaluated, because the picture does not tell which one it shows.
    """
    image = image if image.mode == "RGB" else image.convert("RGB")
    matched = [(code, found) for code in find_codes(image, pattern) if (found := re.search(pattern, code.text))]
    grey = ink.is_grey(image) if matched else False
    return [found.groupdict() | {"forms": _find_marks(image, code, forms, grey)} for code, found in matched]


def form_from_json(facts: Sequence[Any]) -> Form:
    """A form that was sent as JSON."""
    lines, label, stamp = facts
    return Form(tuple(SheetPlace(*line) for line in lines), SheetPlace(*label), SheetPlace(*stamp) if stamp else None)


# --- the code ---------------------------------------------------------------------------------------------------------


def find_codes(image: Image.Image, pattern: str) -> list[QrCode]:
    """The QR codes whose text matches; slower methods follow only if none was found."""
    for attempt in _attempts(image):
        found = {code.text: code for code in _decode_codes(*attempt) if re.search(pattern, code.text)}
        if found:
            return list(found.values())[:MAX_CODES]
    return []


def _attempts(image: Image.Image) -> Iterator[tuple[Image.Image, float]]:
    """The pictures to try, each with its scale."""
    red, grey = image.getchannel("R"), image.convert("L")
    yield red, 1.0  # in which a red stamp over the code is invisible
    yield grey, 1.0
    # An unsharp mask: what differs from its surroundings, nearly three times as much.
    sharp = ImageOps.autocontrast(Image.blend(red.filter(ImageFilter.BoxBlur(3)), red, 2.8), 1)
    yield sharp, 1.0
    for whole, scale in ((sharp, 2.0), (grey, 1.5)):  # a JPEG has less of the colours than of the light
        size = round(whole.width * scale), round(whole.height * scale)
        yield whole.resize(size, Image.Resampling.BICUBIC), scale


def _decode_codes(image: Image.Image, scale: float) -> Iterator[QrCode]:
    # Printed codes are dark on light, and codes of this kind are found in any direction. What was enlarged is not made
    # smaller again.
    for found in zxingcpp.read_barcodes(
        image, formats=_FORMATS, try_invert=False, try_rotate=False, try_downscale=scale == 1.0
    ):
        four = found.position
        points = (four.top_left, four.top_right, four.bottom_right, four.bottom_left)
        a, b, c, d = ((point.x / scale, point.y / scale) for point in points)
        yield QrCode(found.text, (a, b, c, d))


# --- signature and stamp ----------------------------------------------------------------------------------------------


def _find_marks(image: Image.Image, code: QrCode, forms: Mapping[str, Form], grey: bool) -> dict[str, Any]:
    """Ink and stamp for each form of the sheet."""
    view = page_locator.find_page(image, code.corners)
    part = _signed_part(image, view) if view else None
    if view is None or part is None:
        return {name: _unknown(form) for name, form in forms.items()}
    return {name: _examine(image, view, part, form, grey) for name, form in forms.items()}


def _unknown(form: Form) -> dict[str, Any]:
    return {"ink": "unknown"} | ({"stamp": "unknown"} if form.stamp else {})


def _signed_part(image: Image.Image, view: Homography) -> tuple[float, float] | None:
    """Top and bottom of the part that is signed, in millimetres from the top of the page."""
    levels = page_locator.square_levels(image, view)
    frame_ends = sheet_marks.BOTTOM + sheet_marks.SIDE / 2
    if len(levels) == 1:
        return levels[0], frame_ends
    return (levels[0], levels[1]) if len(levels) == 2 else None


def _examine(image: Image.Image, view: Homography, part: tuple[float, float], form: Form, grey: bool) -> dict[str, Any]:
    areas = [area for line in form.lines if (area := line.on(*part)).bottom - area.top > 0.8]
    printed = ink.contrast(perspective.rectify_area(image, view, form.label.on(*part), ink.SCALE))
    written = ink.detect_ink(_parts(image, view, areas), printed)
    found: dict[str, Any] = {"ink": written[0], "ink_mm2": written[1], "printed": printed}
    if form.stamp:
        stamped = ink.detect_red_stamp(perspective.rectify_area(image, view, form.stamp.on(*part), ink.SCALE), grey)
        found |= {"stamp": stamped[0], "stamp_mm2": stamped[1]}
    return found


def _parts(image: Image.Image, view: Homography, areas: Sequence[Area]) -> list[Image.Image]:
    return [perspective.rectify_area(image, view, area, ink.SCALE) for area in areas]
