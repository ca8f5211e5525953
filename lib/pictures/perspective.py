"""Perspective: how a flat page appears in a picture taken from any side, and how to rectify it.

Corners are eight fractions of the upright picture: x and y of the top left, top right, bottom right, bottom left one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from lib.pictures.images import (
    LONG_SIDE,
    REENCODED_QUALITY,
    CleanPicture,
    PictureRefused,
    as_image,
    encode_jpeg,
    fit_within,
)

Point = tuple[float, float]
Corners = tuple[float, float, float, float, float, float, float, float]

WHOLE_PICTURE: Corners = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
MIN_CROP_SIDE = 200  # pixels of the shorter side of a rectified document

_SINGULAR = 1e-9  # a pivot below that means that the equations have no single answer


# --- homographies -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Homography:
    """A projective map of the plane by eight coefficients, in the order that Pillow's PERSPECTIVE transform expects."""

    terms: tuple[float, ...]

    def __call__(self, x: float, y: float) -> Point:
        a, b, c, d, e, f, g, h = self.terms
        divisor = g * x + h * y + 1
        return (a * x + b * y + c) / divisor, (d * x + e * y + f) / divisor


def find_homography(source: Sequence[Point], target: Sequence[Point]) -> Homography | None:
    """The map from four points to four others; None when three of them are collinear."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    solution = solve_linear(rows)
    return Homography(tuple(solution)) if solution else None


def homography_of_rectangle(rectangle: Sequence[Point], target: Sequence[Point]) -> Homography | None:
    """The same from an upright rectangle, both clockwise from the top left (Heckbert, Fundamentals of texture mapping
    and image warping, 1989): a hundredth of the work."""
    (left, top), (right, bottom) = rectangle[0], rectangle[2]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = target
    dx1, dx2, dx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    turn, width, height = dx1 * dy2 - dx2 * dy1, right - left, bottom - top
    if abs(turn) < _SINGULAR:
        return None
    g, h = (dx * dy2 - dx2 * dy) / turn / width, (dx1 * dy - dx * dy1) / turn / height
    a, d = (x1 - x0) / width + g * x1, (y1 - y0) / width + g * y1
    b, e = (x3 - x0) / height + h * x3, (y3 - y0) / height + h * y3
    divisor = 1 - g * left - h * top
    if abs(divisor) < _SINGULAR:
        return None
    terms = (a, b, x0 - a * left - b * top, d, e, y0 - d * left - e * top, g, h)
    return Homography(tuple(term / divisor for term in terms))


def solve_linear(rows: Sequence[Sequence[float]]) -> list[float] | None:
    """Linear equations, each row its factors and the result, by Gauss-Jordan; None without one answer."""
    work, count = [list(row) for row in rows], len(rows)
    for at in range(count):
        best = max(range(at, count), key=lambda row: abs(work[row][at]))
        if abs(work[best][at]) < _SINGULAR:
            return None
        work[at], work[best] = work[best], work[at]
        pivot = work[at][at]
        work[at] = [value / pivot for value in work[at]]
        for other in range(count):
            if other != at and (factor := work[other][at]):
                work[other] = [value - factor * top for value, top in zip(work[other], work[at], strict=True)]
    return [row[-1] for row in work]


def rectify_area(image: Image.Image, page: Homography, area: Sequence[float], scale: float) -> Image.Image:
    """An area of the page (left, top, right, bottom) as seen from straight above, ``scale`` pixels a unit.

    ``page`` maps the page to the picture.
    """
    left, top, right, bottom = area
    a, b, c, d, e, f, g, h = page.terms
    shift = g * left + h * top + 1
    terms = (
        *(a / scale / shift, b / scale / shift, (a * left + b * top + c) / shift),
        *(d / scale / shift, e / scale / shift, (d * left + e * top + f) / shift),
        *(g / scale / shift, h / scale / shift),
    )
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    return image.transform(size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC)


# --- documents by their corners ---------------------------------------------------------------------------------------


def as_corners(values: Sequence[float]) -> Corners:
    a, b, c, d, e, f, g, h = (round(value, 5) for value in values)
    return a, b, c, d, e, f, g, h


def cross_product(one: Point, two: Point, three: Point) -> float:
    """Of the vectors from ``one`` to ``two`` and to ``three``: positive for a clockwise turn (y points down)."""
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def polygon_area(points: Sequence[Point]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))) / 2


def validated_corners(values: Sequence[float]) -> Corners:
    """Eight fractions as corners. Raises PictureRefused unless they form a quadrilateral of some size, in order."""
    if len(values) != 8 or not all(math.isfinite(value) and -0.01 <= value <= 1.01 for value in values):
        raise PictureRefused("四个角的位置不对：都要在图片里面。请重新拖动四个角", "frame")
    corners = as_corners([min(max(value, 0.0), 1.0) for value in values])
    points = list(zip(corners[::2], corners[1::2], strict=True))
    turns = [cross_product(points[at - 2], points[at - 1], points[at]) for at in range(4)]
    if min(turns) <= 0 or polygon_area(points) < 0.01:
        raise PictureRefused("四个角的位置不对：应当依次是左上、右上、右下、左下。请重新拖动四个角", "frame")
    return corners


def straighten(jpeg: bytes, corners: Sequence[float]) -> CleanPicture:
    """Crop the quadrilateral out of a clean JPEG and rectify it. Raises PictureRefused when that is impossible."""
    corners = validated_corners(corners)
    image = as_image(jpeg)
    points = [(x * image.width, y * image.height) for x, y in zip(corners[::2], corners[1::2], strict=True)]
    width, height = size = _straight_size(points)
    if min(size) < MIN_CROP_SIDE:
        found = f"裁剪后只有 {width}×{height} 像素，太小：每边至少 {MIN_CROP_SIDE} 像素"
        raise PictureRefused(f"{found}。请把四个角拉大一些，或靠近一些重新拍照", "frame")
    to_source = find_homography(((0, 0), (width, 0), (width, height), (0, height)), points)
    if to_source is None:
        raise PictureRefused("四个角的位置不对，请重新拖动四个角", "frame")
    straight = image.convert("RGB").transform(
        size, Image.Transform.PERSPECTIVE, to_source.terms, Image.Resampling.BICUBIC
    )
    return CleanPicture(encode_jpeg(straight, REENCODED_QUALITY), width, height, image.width, image.height, len(jpeg))


def _straight_size(points: Sequence[Point]) -> tuple[int, int]:
    """The longer one of each pair of opposite sides, so that no detail is lost."""
    top, right, bottom, left = (math.dist(points[at], points[(at + 1) % 4]) for at in range(4))
    return fit_within((max(top, bottom), max(left, right)), (LONG_SIDE, LONG_SIDE))


def rotate_corners(corners: Sequence[float], quarter_turns: int) -> Corners:
    """The same corners after the picture was rotated clockwise."""
    points = list(zip(corners[::2], corners[1::2], strict=True))
    for _turn in range(quarter_turns % 4):
        points = [(1 - y, x) for x, y in points]
        points = points[-1:] + points[:-1]
    return as_corners([value for point in points for value in point])
