"""A flat page in a picture taken from any side: where its points lie, and parts of it laid straight. Pillow only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

Point = tuple[float, float]


@dataclass(frozen=True)
class PageView:
    """How a page lies in a picture: eight coefficients that lead from the page's points to the picture's."""

    terms: tuple[float, ...]

    def __call__(self, x: float, y: float) -> Point:
        a, b, c, d, e, f, g, h = self.terms
        below = g * x + h * y + 1
        return (a * x + b * y + c) / below, (d * x + e * y + f) / below


def through(page: Sequence[Point], picture: Sequence[Point]) -> PageView | None:
    """The view that puts four points of the page on four of the picture; None when three of them lie on a line."""
    rows = []
    for (x, y), (u, v) in zip(page, picture, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    solved = _solve(rows)
    return PageView(tuple(solved)) if solved else None


def _solve(rows: list[list[float]]) -> list[float] | None:
    """Gauss and Jordan with the largest pivot."""
    size = len(rows)
    for at in range(size):
        best = max(range(at, size), key=lambda row: abs(rows[row][at]))
        if abs(rows[best][at]) < 1e-9:
            return None
        rows[at], rows[best] = rows[best], rows[at]
        pivot = rows[at][at]
        rows[at] = [value / pivot for value in rows[at]]
        for other in range(size):
            if other != at and (factor := rows[other][at]):
                rows[other] = [value - factor * top for value, top in zip(rows[other], rows[at], strict=True)]
    return [row[-1] for row in rows]


def straight(image: Image.Image, view: PageView, area: Sequence[float], scale: float) -> Image.Image:
    """An area of the page (left, top, right, bottom), laid straight with ``scale`` pixels a unit."""
    left, top, right, bottom = area
    a, b, c, d, e, f, g, h = view.terms
    shift = g * left + h * top + 1
    terms = (
        *(a / scale / shift, b / scale / shift, (a * left + b * top + c) / shift),
        *(d / scale / shift, e / scale / shift, (d * left + e * top + f) / shift),
        *(g / scale / shift, h / scale / shift),
    )
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    return image.transform(size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC)
