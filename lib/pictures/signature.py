"""A signature that was drawn on a screen: its strokes checked, and drawn as a picture below what was signed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1000, 400  # of the field, in its own units
MOST_TEXT, MOST_POINTS, MOST_STROKES = 100_000, 6000, 200
LEAST_INK, LEAST_SIDE = 250, 60  # units: less is a dot or a slip of the finger
MARGIN, LINE, FONT, PEN = 100, 56, 32, 7  # px

Point = tuple[int, int]
Strokes = Sequence[Sequence[Point]]


class NotASignature(ValueError):
    """What was drawn cannot be taken; the message says what to do."""


def read(text: str) -> list[list[Point]]:
    """Strokes as the browser sends them, JSON lists of points. Raises NotASignature."""
    if not text:
        raise NotASignature("请先在方框里签名")
    try:
        strokes = json.loads(text) if len(text) <= MOST_TEXT else None
        points = [[(x, y) for x, y in stroke] for stroke in strokes if stroke]  # type: ignore[union-attr]
    except (ValueError, TypeError, RecursionError) as error:
        raise NotASignature("没有收到完整的签名，请清除后重新签") from error
    every = [point for stroke in points for point in stroke]
    if len(points) > MOST_STROKES or len(every) > MOST_POINTS or not all(map(_is_inside, every)):
        raise NotASignature("没有收到完整的签名，请清除后重新签")
    if not every or _ink(points) < LEAST_INK or _side(every) < LEAST_SIDE:
        raise NotASignature("签名太短，请写出完整的姓名")
    return points


def _is_inside(point: tuple[object, object]) -> bool:
    x, y = point
    return type(x) is int and type(y) is int and 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def _ink(strokes: Strokes) -> float:
    return sum(hypot(b[0] - a[0], b[1] - a[1]) for stroke in strokes for a, b in pairwise(stroke))


def _side(points: Sequence[Point]) -> int:
    return max(max(values) - min(values) for values in zip(*points, strict=True))


def draw(lines: Sequence[str], strokes: Strokes, font: Path) -> bytes:
    """A JPEG with lines of text, and the signature in a frame below them."""
    top = MARGIN + LINE * len(lines) + LINE // 2
    image = Image.new("RGB", (WIDTH + 2 * MARGIN, top + HEIGHT + MARGIN), "white")
    pencil, letters = ImageDraw.Draw(image), ImageFont.truetype(str(font), FONT)
    for number, line in enumerate(lines):
        pencil.text((MARGIN, MARGIN + LINE * number), line, fill="black", font=letters)
    pencil.rectangle((MARGIN, top, MARGIN + WIDTH, top + HEIGHT), outline="#7d899f", width=2)
    for stroke in strokes:
        placed = [(MARGIN + x, top + y) for x, y in stroke]
        pencil.line(placed, fill="#10204a", width=PEN, joint="curve")
        for x, y in (placed[0], placed[-1]):
            pencil.ellipse((x - PEN // 2, y - PEN // 2, x + PEN // 2, y + PEN // 2), fill="#10204a")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()
