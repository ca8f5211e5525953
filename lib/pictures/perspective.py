"""A document seen from the side made straight: four corners of a picture become the corners of a rectangle.

Corners are eight fractions of the upright picture: x and y of the top left, top right, bottom right, bottom left one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image

from lib.pictures.images import LONG_SIDE, CleanPicture, PictureRefused

Point = tuple[float, float]
Corners = tuple[float, float, float, float, float, float, float, float]

WHOLE: Corners = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
SMALLEST = 200  # pixels of the shorter side of what is cut out

_QUALITY = 92  # finer than what was taken in: this encodes a second time


def as_corners(values: Sequence[float]) -> Corners:
    a, b, c, d, e, f, g, h = (round(value, 5) for value in values)
    return a, b, c, d, e, f, g, h


def cross(one: Point, two: Point, three: Point) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def area(points: Sequence[Point]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))) / 2


def checked(values: Sequence[float]) -> Corners:
    """Eight fractions as corners. Raises Refused unless they are a quadrilateral of some size, in their order."""
    if len(values) != 8 or not all(math.isfinite(value) and -0.01 <= value <= 1.01 for value in values):
        raise PictureRefused("四个角的位置不对：都要在图片里面。请重新拖动四个角")
    corners = as_corners([min(max(value, 0.0), 1.0) for value in values])
    points = list(zip(corners[::2], corners[1::2], strict=True))
    turns = [cross(points[at - 2], points[at - 1], points[at]) for at in range(4)]
    if min(turns) <= 0 or area(points) < 0.01:
        raise PictureRefused("四个角的位置不对：应当依次是左上、右上、右下、左下。请重新拖动四个角")
    return corners


def straighten(jpeg: bytes, corners: Sequence[float]) -> CleanPicture:
    """Cut the quadrilateral out of a clean JPEG and make it a rectangle. Raises Refused for one that cannot be."""
    corners = checked(corners)
    image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    points = [(x * image.width, y * image.height) for x, y in zip(corners[::2], corners[1::2], strict=True)]
    size = _straight_size(points)
    if min(size) < SMALLEST:
        found = f"裁剪后只有 {size[0]}×{size[1]} 像素，太小：每边至少 {SMALLEST} 像素"
        raise PictureRefused(f"{found}。请把四个角拉大一些，或靠近一些重新拍照")
    straight = image.convert("RGB").transform(
        size, Image.Transform.PERSPECTIVE, _perspective(size, points), Image.Resampling.BICUBIC
    )
    out = io.BytesIO()
    straight.save(out, "JPEG", quality=_QUALITY)
    return CleanPicture(out.getvalue(), *size, image.width, image.height, len(jpeg))


def _straight_size(points: Sequence[Point]) -> tuple[int, int]:
    """The longer of two opposite sides each: no detail is lost."""
    top, right, bottom, left = (math.dist(points[at], points[(at + 1) % 4]) for at in range(4))
    width, height = max(top, bottom), max(left, right)
    scale = min(1.0, LONG_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _perspective(size: tuple[int, int], points: Sequence[Point]) -> tuple[float, ...]:
    """The eight numbers that lead from a place of the result to one of the source."""
    width, height = size
    rows = []
    for (x, y), (u, v) in zip(((0, 0), (width, 0), (width, height), (0, height)), points, strict=True):
        rows.append([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u])
        rows.append([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v])
    found = solved(rows)
    if found is None:
        raise PictureRefused("四个角的位置不对，请重新拖动四个角")
    return tuple(found)


def solved(rows: list[list[float]]) -> list[float] | None:
    """Linear equations, each row its factors and the result, by Gauss with pivots; None without one answer."""
    rows, count = [list(row) for row in rows], len(rows)
    for at in range(count):
        pivot = max(range(at, count), key=lambda row: abs(rows[row][at]))
        if abs(rows[pivot][at]) < 1e-12:
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for row in range(count):
            if row != at:
                factor = rows[row][at] / rows[at][at]
                rows[row] = [value - factor * other for value, other in zip(rows[row], rows[at], strict=True)]
    return [rows[at][count] / rows[at][at] for at in range(count)]


def turned(corners: Sequence[float], quarter_turns: int) -> Corners:
    """The same corners on the picture turned clockwise."""
    points = list(zip(corners[::2], corners[1::2], strict=True))
    for _turn in range(quarter_turns % 4):
        points = [(1 - y, x) for x, y in points]
        points = points[-1:] + points[:-1]
    return as_corners([value for point in points for value in point])
