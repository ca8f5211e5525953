"""Sheets on paper, signed and stamped, and as a phone sees them: rendered from the PDF, then tilted, shaded, noisy.

Everything depends on a seed. Needs pypdfium2, which only tests use.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from random import Random

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from lib.pictures import perspective

DPI = 150
MM = DPI / 25.4
BLUE, BLACK, RED = (28, 44, 120), (35, 35, 40), (200, 30, 30)


def paper(pdf: bytes, page: int = 0) -> Image.Image:
    """A page of a PDF as it comes out of the printer."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=DPI / 72).to_pil().convert("RGB")
    finally:
        document.close()


def sign(
    image: Image.Image,
    chance: Random,
    at: tuple[float, float] = (150.0, 262.0),
    ink: tuple[int, int, int] = BLUE,
    width: float = 0.5,
) -> Image.Image:
    """A name written around a place (millimetres): two or three characters of curved strokes."""
    fine = image.copy()
    pen = ImageDraw.Draw(fine)
    tall = chance.uniform(8, 13)
    for letter in range(chance.choice([2, 3])):
        x0 = at[0] + (letter - 1) * tall * 0.9
        for _stroke in range(chance.randint(4, 7)):
            x, y = x0 + chance.uniform(-0.4, 0.4) * tall, at[1] + chance.uniform(-0.5, 0.4) * tall
            turn, points = chance.uniform(0, 2 * math.pi), []
            for _step in range(8):
                points.append((x * MM, y * MM))
                turn += chance.uniform(-0.5, 0.5)
                x, y = x + math.cos(turn) * tall / 12, y + math.sin(turn) * tall / 12
            pen.line(points, fill=ink, width=max(2, round(width * MM)), joint="curve")
    return fine


def stamp(image: Image.Image, at: tuple[float, float] = (96.0, 260.0), strength: float = 0.8) -> Image.Image:
    """A round red stamp of 40 mm around a place; what is under it shows through."""
    size = round(40 * MM)
    mask = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(mask)
    pen.ellipse((2, 2, size - 3, size - 3), outline=255, width=round(1.2 * MM))
    middle, spike = size / 2, size * 0.13
    star = [
        (middle + r * math.sin(k * math.pi / 5), middle - r * math.cos(k * math.pi / 5))
        for k, r in enumerate([spike, spike * 0.4] * 5)
    ]
    pen.polygon(star, fill=255)
    for step in range(14):  # the words around the rim, as bars
        turn = math.radians(150 + step * 240 / 13)
        x, y = middle + size * 0.39 * math.cos(turn), middle + size * 0.39 * math.sin(turn)
        pen.rectangle((x - 0.9 * MM, y - 0.9 * MM, x + 0.9 * MM, y + 0.9 * MM), outline=255, width=round(0.5 * MM))
    mask = mask.point(lambda value: round(value * strength))
    inked = image.copy()
    box = (round(at[0] * MM - size / 2), round(at[1] * MM - size / 2))
    under = image.crop((*box, box[0] + size, box[1] + size))
    inked.paste(ImageChops.multiply(under, Image.new("RGB", under.size, RED)), box, mask)
    return inked


@dataclass(frozen=True)
class Shot:
    """How a picture is taken; the defaults are an ordinary phone picture of one megapixel."""

    pixels: int = 1_000_000
    turn: float = 15.0  # degrees at most, to either side
    tilt: float = 0.10  # how far the corners of the page move, as a fraction of its width
    quality: int = 60
    blur: float = 0.7
    noise: float = 7.0
    lamp: tuple[float, float, float] | None = None  # what the light leaves of each channel; None: some warm or cold one
    shade: float = 0.45  # of the light, at most, that is missing at one side
    quarter_turns: int = 0


def photograph(page: Image.Image, seed: int, shot: Shot = Shot()) -> bytes:
    """A JPEG of the page on a table."""
    chance = Random(seed)
    wide = round(math.sqrt(shot.pixels * 0.75))
    size = (wide, round(shot.pixels / wide))
    view = _lie(page.size, size, chance, shot)
    table = Image.new("RGB", size, tuple(chance.randint(40, 170) for _ in range(3)))
    grain = _noise((size[0] // 12, size[1] // 3), chance).resize(size)
    table = ImageChops.multiply(table, Image.merge("RGB", [grain.point(lambda v: 150 + v * 105 // 255)] * 3))
    shown = page.transform(size, Image.Transform.PERSPECTIVE, view, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    where = Image.new("L", page.size, 255).transform(size, Image.Transform.PERSPECTIVE, view, Image.Resampling.BILINEAR)
    image = Image.composite(shown.point(lambda v: v * 235 // 255 + 8), table, where)
    image = _lit(image, chance, shot)
    image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1) * shot.blur))
    image = _noisy(image, chance, shot.noise)
    if shot.quarter_turns:
        image = image.rotate(90 * shot.quarter_turns, expand=True)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=shot.quality)
    return out.getvalue()


def scan(page: Image.Image, seed: int, *, grey: bool = True) -> bytes:
    """A flatbed scan, black and white unless told otherwise."""
    image = page.rotate(Random(seed).uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    out = io.BytesIO()
    (image.convert("L") if grey else image).save(out, "JPEG", quality=75)
    return out.getvalue()


def _lie(page: tuple[int, int], size: tuple[int, int], chance: Random, shot: Shot) -> tuple[float, ...]:
    """Coefficients from the picture to the page: turned, tilted, and as large as the picture takes."""
    turn = math.radians(chance.uniform(-shot.turn, shot.turn))
    width, height = page
    corners = []
    for right, down in ((0, 0), (width, 0), (width, height), (0, height)):
        x = right - width / 2 + chance.uniform(-shot.tilt, shot.tilt) * width / 2
        y = down - height / 2 + chance.uniform(-shot.tilt, shot.tilt) * width / 2
        corners.append((x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)))
    xs, ys = [x for x, _y in corners], [y for _x, y in corners]
    scale = min(size[0] / (max(xs) - min(xs)), size[1] / (max(ys) - min(ys))) * chance.uniform(0.93, 0.99)
    left = (size[0] - (max(xs) - min(xs)) * scale) * chance.random() - min(xs) * scale
    top = (size[1] - (max(ys) - min(ys)) * scale) * chance.random() - min(ys) * scale
    seen = [(x * scale + left, y * scale + top) for x, y in corners]
    view = perspective.find_homography(seen, [(0, 0), (width, 0), (width, height), (0, height)])
    assert view
    return view.terms


def _lit(image: Image.Image, chance: Random, shot: Shot) -> Image.Image:
    """The lamp's colour, a gradient from one side, and the edge of a shadow."""
    warm = chance.uniform(-0.12, 0.12)
    lamp = shot.lamp or (min(1, 1 + warm), 1.0, min(1, 1 - warm))
    ramp = Image.linear_gradient("L").rotate(chance.choice([0, 90, 180, 270])).resize(image.size)
    depth = chance.uniform(0.1, 1) * shot.shade
    light = ramp.point(lambda value: round(255 * (1 - depth * value / 255)))
    pen = Image.new("L", image.size, 255)
    x = chance.uniform(0.1, 0.9) * image.width
    ImageDraw.Draw(pen).polygon(
        [
            (x, 0),
            (image.width, 0),
            (image.width, image.height),
            (x + chance.uniform(-0.4, 0.4) * image.width, image.height),
        ],
        fill=round(255 * (1 - depth / 2)),
    )
    light = ImageChops.multiply(light, pen.filter(ImageFilter.GaussianBlur(chance.uniform(2, 14))))
    channels = [
        ImageChops.multiply(channel, light.point(lambda value, part=part: round(value * part)))
        for channel, part in zip(image.split(), lamp, strict=True)
    ]
    return ImageEnhance.Brightness(Image.merge("RGB", channels)).enhance(chance.uniform(0.85, 1.05))


def _noise(size: tuple[int, int], chance: Random) -> Image.Image:
    return Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))


def _noisy(image: Image.Image, chance: Random, sigma: float) -> Image.Image:
    """Noise in each channel for itself, as a sensor makes it."""
    spread = sigma * math.sqrt(12) / 255

    def spoiled(channel: Image.Image) -> Image.Image:
        grain = _noise(image.size, chance).point(lambda value: 128 + round((value - 127.5) * spread))
        return ImageChops.add(channel, grain, 1, -128)

    return Image.merge("RGB", [spoiled(channel) for channel in image.split()])
