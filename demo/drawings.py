"""Drawn pictures for the demo data: portraits, cards, certificates and signed sheets of people who do not exist.

Every picture carries the watermark 样例. Nothing is copied from a genuine document; the drawings only replace such
documents, so that pages and reviews can be tried.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Literal

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lib.pdf import qr
from lib.pdf.fonts import SERIF
from lib.pictures import sheet_marks

WATERMARK = "样例 仅供演示"
INK, GREY, RED, BLUE, PAPER = "#1d1d1f", "#6a6a6e", "#b3261e", "#2f5f9e", "#fdfcf7"
STAMP = (200, 30, 30)

Point = tuple[float, float]
Colour = str | tuple[int, int, int]


@dataclass(frozen=True)
class Appearance:
    """The looks of one invented person; ``variant`` picks hair, skin and clothes."""

    sex: Literal["male", "female"]
    variant: int


@dataclass(frozen=True)
class Document:
    """The content of one paper: a heading, labelled lines or text, the stamp, and whether it has a portrait."""

    title: str
    rows: tuple[tuple[str, str], ...] = ()
    text: str = ""
    seal: str = ""
    small: str = ""
    look: Appearance | None = None
    colour: str = RED


@dataclass(frozen=True)
class Signed:
    """A printed, signed and stamped sheet: ``address`` for its QR code, ``head`` for the lines above the table."""

    address: str
    head: Mapping[str, str]
    name: str
    seal: str


SIGNED_PART = (1175, 1326)  # top and bottom on the drawn sheet


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(SERIF), size)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


# --- people -----------------------------------------------------------------------------------------------------------

_SKIN = ("#f3d3b3", "#eec8a2", "#e6b98f", "#f6dcc3")
_HAIR = ("#1f1b1a", "#2b2320", "#3a2c25", "#57514e")
_CLOTHES = ("#2c3850", "#3d3f46", "#51344a", "#29504b", "#5b3a2e", "#2f4f7d")
_SIZE = (600, 840)  # 5:7
_FINE = 2  # drawn at twice the size, for smooth edges


@lru_cache(maxsize=64)
def portrait(look: Appearance) -> Image.Image:
    """A simple drawn person before a white wall, 600x840. Everybody sits a little differently."""
    chance = Random(f"{look.sex}{look.variant}")  # noqa: S311 - a drawing, no secret
    skin, hair, clothes = chance.choice(_SKIN), chance.choice(_HAIR), chance.choice(_CLOTHES)
    image = Image.new("RGB", (_SIZE[0] * _FINE, _SIZE[1] * _FINE), "white")
    shapes = _ScaledDraw(ImageDraw.Draw(image))
    long_hair = look.sex == "female" and chance.random() < 0.7
    if long_hair:
        shapes.round(158, 190, 442, 560, 90, hair)
    _body(shapes, skin, clothes)
    shapes.oval(176, 170, 424, 500, skin)
    shapes.oval(158, 310, 192, 382, skin)
    shapes.oval(408, 310, 442, 382, skin)
    _hair(shapes, look.sex, hair, chance.randint(0, 40))
    _face(shapes, hair, glasses=chance.random() < 0.35, smile=chance.randint(14, 30))
    near, aside = chance.uniform(0.84, 1), chance.randint(-30, 30)
    person = image.resize((round(_SIZE[0] * near), round(_SIZE[1] * near)), Image.Resampling.HAMMING, reducing_gap=2)
    seated = Image.new("RGB", _SIZE, "white")
    seated.paste(person, ((_SIZE[0] - person.width) // 2 + aside, _SIZE[1] - person.height))
    return seated


class _ScaledDraw:
    """Shapes in the portrait's own units."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self.draw = draw

    def oval(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self.draw.ellipse([v * _FINE for v in (left, top, right, bottom)], fill=fill)

    def round(self, left: float, top: float, right: float, bottom: float, radius: float, fill: Colour) -> None:
        self.draw.rounded_rectangle([v * _FINE for v in (left, top, right, bottom)], radius * _FINE, fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        self.draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=fill)

    def arc(self, left: float, top: float, right: float, bottom: float, angles: Point, fill: Colour) -> None:
        box = [v * _FINE for v in (left, top, right, bottom)]
        self.draw.arc(box, angles[0], angles[1], fill=fill, width=7 * _FINE)

    def ring(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        box = [v * _FINE for v in (left, top, right, bottom)]
        self.draw.rounded_rectangle(box, 26 * _FINE, outline=colour, width=5 * _FINE)


def _body(shapes: _ScaledDraw, skin: str, clothes: str) -> None:
    shapes.round(246, 440, 354, 640, 40, skin)
    shapes.round(70, 600, 530, 1000, 130, clothes)
    shapes.shape([(232, 596), (368, 596), (300, 720)], "#fafafa")
    shapes.shape([(250, 560), (350, 560), (300, 668)], skin)


def _hair(shapes: _ScaledDraw, sex: str, colour: str, parting: int) -> None:
    shapes.draw.pieslice([v * _FINE for v in (160, 130, 440, 480)], 180, 360, fill=colour)
    if sex == "female":
        shapes.shape([(160, 300), (210 + parting, 262), (440, 300), (440, 330), (300, 276), (178, 350)], colour)
    else:
        shapes.shape([(160, 300), (440, 300), (428, 330), (410 - parting, 286), (190, 292), (172, 336)], colour)


def _face(shapes: _ScaledDraw, hair: str, *, glasses: bool, smile: int) -> None:
    for x in (248, 352):
        shapes.oval(x - 13, 332, x + 13, 356, INK)
        shapes.arc(x - 34, 300, x + 34, 348, (205, 335), hair)
        if glasses:
            shapes.ring(x - 42, 312, x + 42, 376, "#33363c")
    shapes.arc(284, 366, 316, 412, (40, 150), "#c99873")
    shapes.arc(250, 440 - smile * 2, 350, 440, (25, 155), "#b5564a")


# --- sheets of paper --------------------------------------------------------------------------------------------------


def _stamped(image: Image.Image, centre: Point, words: str, radius: int = 105) -> None:
    """A round red stamp, as if pressed on: what is under it shows through."""
    size = 2 * radius
    stamp = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(stamp)
    draw.ellipse((4, 4, size - 4, size - 4), outline=(*STAMP, 210), width=7)
    lines = [words[at : at + 5] for at in range(0, len(words), 5)][:3]
    size_of_words = radius * 2 // (6 if len(lines) == 1 else 8)
    for row, line in enumerate(lines):
        y = radius + (row - (len(lines) - 1) / 2) * size_of_words * 1.25
        draw.text((radius, y), line, (*STAMP, 210), _font(size_of_words), anchor="mm")
    stamp = stamp.rotate(-8, Image.Resampling.BILINEAR)
    image.paste(stamp, (round(centre[0] - radius), round(centre[1] - radius)), stamp)


@lru_cache(maxsize=8)
def _watermark(size: tuple[int, int]) -> Image.Image:
    """The word all over, faint, as a mask."""
    tile = Image.new("L", (420, 230), 0)
    ImageDraw.Draw(tile).text((210, 115), WATERMARK, 46, _font(36), anchor="mm")
    tile = tile.rotate(16, Image.Resampling.BILINEAR)
    mask = Image.new("L", size, 0)
    for top in range(0, size[1], 230):
        for left in range(-(top // 230 % 2) * 210, size[0], 420):
            mask.paste(tile, (left, top))
    return mask


def _marked(image: Image.Image) -> Image.Image:
    image.paste(GREY, (0, 0), _watermark(image.size))
    return image


def _wrapped(text: str, size: int, width: float) -> list[str]:
    """Lines that fit, cut between any two characters as Chinese allows."""
    lines, font = [""], _font(size)
    for character in text:
        if character == "\n" or font.getlength(lines[-1] + character) > width:
            lines.append("")
        if lines[-1] or not character.isspace():
            lines[-1] += character
    return lines


def _write(image: Image.Image, at: Point, text: str, size: int, width: float, colour: str = INK) -> float:
    """Write within ``width``; returns where the next line stands."""
    draw, y = ImageDraw.Draw(image), at[1]
    for line in _wrapped(text, size, width):
        draw.text((at[0], y), line, colour, _font(size))
        y += size * 1.6
    return y


def certificate(document: Document) -> bytes:
    """A framed landscape page: diplomas, certificates, licences, proofs. 1200x850."""
    image = Image.new("RGB", (1200, 850), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 1176, 826), outline=document.colour, width=6)
    draw.rectangle((38, 38, 1162, 812), outline=document.colour, width=1)
    draw.text((600, 120), document.title, document.colour, _font(58), anchor="mm")
    left = 120
    if document.look:
        image.paste(portrait(document.look).resize((210, 294)), (100, 215))
        left = 370
    y, column = 215.0, max([215.0, *(_font(30).getlength(f"{label}:") + 20 for label, _value in document.rows)])
    for label, value in document.rows:
        draw.text((left, y), f"{label}:", GREY, _font(30))
        y = _write(image, (left + column, y), value, 30, 1100 - left - column) + 6
    if document.text:
        _write(image, (left, y), document.text, 34, 1100 - left)
    draw.text((120, 760), document.small, GREY, _font(24))
    if document.seal:
        _stamped(image, (1000, 680), document.seal)
    return _jpeg(_marked(image))


def card(document: Document) -> bytes:
    """A card with a portrait at its right, or without one its other side. 1000x630."""
    image = Image.new("RGB", (1000, 630), "#d9e8ef")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((12, 12, 988, 618), 40, outline="#7c97a8", width=3)
    if document.look:
        image.paste(portrait(document.look).resize((250, 350)), (690, 100))
    else:
        draw.ellipse((90, 90, 230, 230), outline=RED, width=8)
        draw.text((160, 160), "样例", RED, _font(44), anchor="mm")
        draw.text((560, 160), document.title, INK, _font(56), anchor="mm")
    y = 90.0 if document.look else 380.0
    for label, value in document.rows:
        draw.text((70, y), label, BLUE, _font(28))
        y = _write(image, (230, y - 3), value, 32, 430 if document.look else 680) + 8
    draw.text((70, 545), document.small, BLUE, _font(30))
    return _jpeg(_marked(image))


def signed_sheet(sheet: Signed, rows: Sequence[tuple[str, str]], look: Appearance) -> bytes:
    """A photographed 个人基本信息表: the answers in a table, a scribbled signature, with ``seal`` a stamp. 1000x1414.

    Simpler than the printed one, with everything that a reader looks for in its place.
    """
    image = Image.new("RGB", (1000, 1414), "#fcfcfa")
    draw = ImageDraw.Draw(image)
    draw.text((570, 80), "会计人员个人基本信息表", INK, _font(38), anchor="mm")
    words = "    ".join(f"{label} {value}" for label, value in sheet.head.items())
    draw.text((570, 140), words, GREY, _font(17), anchor="mm")
    image.paste(portrait(look).resize((140, 196)), (780, 204))
    _table(image, rows)
    draw.text((80, 1142), "本人承诺以上信息真实、准确、完整。", INK, _font(20))
    if sheet.seal:
        _stamped(image, (370, 1250), sheet.seal, 88)
    _signed(draw, sheet)
    image = _marked(image)
    _recognisable(image, sheet.address)
    return _jpeg(image)


def _signed(draw: ImageDraw.ImageDraw, sheet: Signed) -> None:
    """The part that is signed: with an employer two boxes, else one with the label next to the signature."""
    top, bottom = SIGNED_PART
    draw.rectangle((76, top, 924, bottom), outline="#55555a", width=2)
    if sheet.seal:
        draw.line((533, top, 533, bottom), fill="#55555a", width=2)
        draw.text((90, top + 10), "单位意见：经核对，所填内容属实。", INK, _font(16))
    label = (556, top + 10) if sheet.seal else (516, bottom - 76)
    draw.text(label, "申报人签名（手写）：", INK, _font(16))
    _scribble(draw, (710, top + 58 if sheet.seal else bottom - 84), sheet.name)


def _recognisable(image: Image.Image, address: str) -> None:
    """The QR code, and the squares in the margins."""
    unit = image.width / sheet_marks.PAGE[0]
    rows = qr.matrix(address)
    code = Image.new("L", (len(rows), len(rows)))
    code.putdata([0 if dark else 255 for row in rows for dark in row])
    left, top, right, bottom = (round(value * unit) for value in sheet_marks.QR)
    image.paste(code.resize((right - left, bottom - top), Image.Resampling.NEAREST), (left, top))
    draw, half = ImageDraw.Draw(image), sheet_marks.SIDE / 2 * unit
    for x in sheet_marks.COLUMNS:
        for y in (sheet_marks.TOP * unit, SIGNED_PART[0], sheet_marks.BOTTOM * unit):
            draw.rectangle((x * unit - half, y - half, x * unit + half, y + half), fill=INK)


def _table(image: Image.Image, rows: Sequence[tuple[str, str]]) -> None:
    """Two columns of label and answer, from the heading to the promise; the first rows leave room for the photo."""
    draw, top, bottom = ImageDraw.Draw(image), 190, 1125
    lines = (len(rows) + 1) // 2
    height = (bottom - top) / max(lines, 1)
    size = max(11, min(20, int(height * 0.42)))
    for index, (label, value) in enumerate(rows):
        column, line = divmod(index, lines)
        left, y = 76 + 424 * column, top + height * line
        right = 500 if column == 0 else (775 if y < 415 else 924)
        draw.rectangle((left, y, right, y + height), outline="#9a9a9e")
        draw.text((left + 6, y + height / 2), _cut(label, size, 146), GREY, _font(size), anchor="lm")
        draw.text((left + 158, y + height / 2), _cut(value, size, right - left - 166), INK, _font(size), anchor="lm")


def _cut(text: str, size: int, width: float) -> str:
    lines = _wrapped(text, size, width)
    return lines[0] if len(lines) == 1 else lines[0][:-1] + "…"


def _scribble(draw: ImageDraw.ImageDraw, at: Point, name: str) -> None:
    """Something like a signature: a wave of the hand that differs from person to person."""
    chance = Random(name)  # noqa: S311 - a drawing, no secret
    points = [(at[0] + step * 14.0, at[1] + chance.uniform(-22, 22)) for step in range(12)]
    draw.line(points, fill="#1b2a6b", width=4, joint="curve")


def photograph(look: Appearance) -> bytes:
    """The picture that a person uploads for the one-inch photo. 600x840."""
    image = portrait(look).copy()
    draw = ImageDraw.Draw(image)
    draw.text((588, 826), "样例", "#b9b9be", _font(30), anchor="rs")
    return _jpeg(image)


def blurred(jpeg: bytes) -> bytes:
    """The same picture as a shaking hand takes it: for something to send back."""
    return _jpeg(Image.open(io.BytesIO(jpeg)).filter(ImageFilter.GaussianBlur(7)))
