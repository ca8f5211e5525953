"""Finds the printed sheet in a picture: its squares, starting from its QR code, and so its perspective.

The code, 26 mm wide in one corner, says little about the other end of a tilted page. It only predicts where the squares
are. Of all candidates those squares win whose perspective agrees with the position of the code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from PIL import Image, ImageChops, ImageFilter, ImageStat

from lib.pictures import neighbours, perspective, sheet_marks
from lib.pictures.perspective import Homography, Point
from lib.pictures.regions import bounding_box, connected_regions

SCALE = 3.6  # pixels a millimetre of the copy that is searched
MAX_CODE_ERROR = 2.0  # millimetres; allowed error at the corners of the code
SEARCH_RADIUS = 0.3  # share of its distance by which a square may miss the predicted place
MAX_CANDIDATES = 7  # squares to try for each corner, by either criterion
_DARKER = 0.6  # than its surroundings: a square
_MIN_LIGHT = 0.35  # of the light of the paper around the code: darker areas are table, not sheet
_CODE = (
    (sheet_marks.QR.left, sheet_marks.QR.top),
    (sheet_marks.QR.right, sheet_marks.QR.top),
    (sheet_marks.QR.right, sheet_marks.QR.bottom),
    (sheet_marks.QR.left, sheet_marks.QR.bottom),
)
_CODE_SIDE = sheet_marks.QR.right - sheet_marks.QR.left


def find_page(image: Image.Image, corners: Sequence[Point]) -> Homography | None:
    """The map from page to picture, by the corners of the QR code (clockwise from its top left); None if not found."""
    across = max(math.dist(corners[0], corners[2]), math.dist(corners[1], corners[3])) / math.sqrt(2)
    factor = min(1.0, SCALE * _CODE_SIDE / max(across, 1))
    small = image.convert("L")
    if factor < 1:
        small = small.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BOX)
    code = [(x * factor, y * factor) for x, y in corners]
    unit = across * factor / _CODE_SIDE
    view = _best_view(code, dict(find_squares(small, unit, _MIN_LIGHT * _paper(small, code))), unit)
    return Homography(tuple(term / factor if at < 6 else term for at, term in enumerate(view.terms))) if view else None


# --- choosing squares -------------------------------------------------------------------------------------------------


def _best_view(code: Sequence[Point], found: Mapping[Point, int], unit: float) -> Homography | None:
    """The map by four squares that agrees with the code; the one with another pair of squares in the margins wins."""
    choices = [_candidates_near(code, place, found) for place in sheet_marks.corners()]
    best: tuple[float, float] = (1, 0)
    chosen = None
    for four in product(*choices):
        view = perspective.homography_of_rectangle(sheet_marks.corners(), four)
        if view and (missed := _error_at_code(view, code)) < MAX_CODE_ERROR * unit:
            rank = (-_pairs(four, found), missed)
            if rank < best:
                best, chosen = rank, view
    return chosen


def _pairs(four: Sequence[Point], found: Iterable[Point]) -> int:
    """1 if two other squares are at equal height in both margins, else 0."""
    back = perspective.find_homography(four, sheet_marks.corners())
    places = [back(*one) for one in found if one not in four] if back else []
    near = sheet_marks.SIDE / 2
    left, right = ([y for x, y in places if abs(x - column) < near] for column in sheet_marks.COLUMNS)
    return int(any(abs(one - other) < near for one in left for other in right))


def _candidates_near(code: Sequence[Point], place: Point, found: Mapping[Point, int]) -> list[Point]:
    """Squares near a place: the nearest ones, and those on the lightest ground, because a table may have grain."""
    expected, middle = _predicted(code, place), _centre(code)
    reach = SEARCH_RADIUS * math.dist(expected, middle)
    near = sorted((one for one in found if math.dist(one, expected) < reach), key=lambda one: math.dist(one, expected))
    lightest = sorted(near, key=lambda one: -found[one])
    return list(dict.fromkeys([*near[:MAX_CANDIDATES], *lightest[:MAX_CANDIDATES]]))


def _predicted(code: Sequence[Point], place: Point) -> Point:
    """The place of a point of the page by the code alone, without perspective."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = code
    x = (place[0] - sheet_marks.QR.left) / _CODE_SIDE - 0.5
    y = (place[1] - sheet_marks.QR.top) / _CODE_SIDE - 0.5
    right = ((bx - ax + cx - dx) / 2, (by - ay + cy - dy) / 2)
    down = ((dx - ax + cx - bx) / 2, (dy - ay + cy - by) / 2)
    middle = _centre(code)
    return middle[0] + x * right[0] + y * down[0], middle[1] + x * right[1] + y * down[1]


def _centre(code: Sequence[Point]) -> Point:
    return sum(x for x, _y in code) / 4, sum(y for _x, y in code) / 4


def _error_at_code(view: Homography, code: Sequence[Point]) -> float:
    return max(math.dist(view(*place), seen) for place, seen in zip(_CODE, code, strict=True))


# --- finding squares --------------------------------------------------------------------------------------------------


def _paper(grey: Image.Image, code: Sequence[Point]) -> int:
    """The lightness of the paper between the dark modules of the code."""
    xs, ys = [x for x, _y in code], [y for _x, y in code]
    lit = grey.crop((round(min(xs)), round(min(ys)), round(max(xs)) + 1, round(max(ys)) + 1))
    return int(lit.getextrema()[1])  # type: ignore[arg-type]


def find_squares(grey: Image.Image, unit: float, lit: float) -> Iterator[tuple[Point, int]]:
    """The centres of dark squares on ground lighter than ``lit``, and the lightness of that ground.

    ``unit``: pixels a millimetre. The filter removes lines and letters, which are thinner.
    """
    around = grey.filter(ImageFilter.BoxBlur(4 * unit))
    dark = ImageChops.subtract(around.point(lambda value: value * _DARKER if value >= lit else 0), grey).point(
        lambda value: 255 if value else 0
    )
    side = sheet_marks.SIDE * unit
    core = max(3, round(side * 0.5) | 1)
    left = neighbours.least(dark, core)
    most = 1.6 * side - core + 3
    for x0, y0, x1, y1 in map(bounding_box, connected_regions(left, diagonal=True)):
        if x1 - x0 <= most and y1 - y0 <= most:
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            yield (x, y), int(around.getpixel((int(x), int(y))))  # type: ignore[arg-type]


def square_levels(image: Image.Image, view: Homography) -> list[float]:
    """The heights of the squares between the fixed ones, seen in both margins: millimetres from the top of the page."""
    left, right = (_levels(image, view, x) for x in sheet_marks.COLUMNS)
    both = [(one + other) / 2 for one in left for other in right if abs(one - other) < sheet_marks.SIDE]
    return both or left or right


def _levels(image: Image.Image, view: Homography, middle: float) -> list[float]:
    half, step = sheet_marks.SIDE / 2, 4  # pixels a millimetre
    area = (middle - half / 2, sheet_marks.TOP + 2 * half, middle + half / 2, sheet_marks.BOTTOM - 2 * half)
    strip = perspective.rectify_area(image, view, area, step).convert("L")
    column = strip.resize((1, strip.height), Image.Resampling.BOX)
    paper = column.filter(ImageFilter.MedianFilter(3)).resize((1, strip.height))
    white = ImageStat.Stat(paper).median[0]
    dark = column.point(lambda value: 255 if value < white * 0.6 else 0)
    least, most = 0.55 * sheet_marks.SIDE * step, 1.5 * sheet_marks.SIDE * step
    boxes = map(bounding_box, connected_regions(dark))
    return [area[1] + (y0 + y1) / 2 / step for _x0, y0, _x1, y1 in boxes if least <= y1 - y0 <= most]
