"""Documents as phones take them: drawn, laid on a table in perspective, lit, noisy, and spoiled in known ways.

``taken(seed)`` is a good picture with the true corners of the document; its options spoil it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from demo.drawings import Appearance, Document, card, certificate
from lib.pdf.fonts import SERIF
from lib.pictures.perspective import Corners, solve_linear

TABLES = ((96, 74, 52), (150, 118, 82), (60, 62, 66), (186, 178, 164), (120, 132, 140), (44, 60, 92), (205, 170, 120))


@dataclass(frozen=True)
class Taken:
    image: Image.Image
    corners: Corners  # of the document, also beyond the picture

    def jpeg(self, quality: int = 85) -> bytes:
        out = io.BytesIO()
        self.image.save(out, "JPEG", quality=quality)
        return out.getvalue()


@cache
def written_page() -> Image.Image:
    """A white sheet full of lines, with a frame and a table: A4, upright."""
    image = Image.new("RGB", (1000, 1414), (250, 250, 248))
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(str(SERIF), 26)
    pen.text((500, 70), "个人基本信息表", "black", font, anchor="mm")
    pen.rectangle((60, 110, 940, 1350), outline="black", width=2)
    for row in range(24):
        y = 110 + row * 50
        pen.line((60, y, 940, y), "black")
        pen.text((80, y + 10), "毕业院校　　东北样例大学　　证书编号　101731201205", (40, 40, 44), font)
    return image


@cache
def document(which: int) -> Image.Image:
    """One of several drawn documents."""
    look = Appearance(("female", "male")[which % 2], which)
    rows = (
        ("姓名", "单小燕"),
        ("性别", "女   民族 汉"),
        ("出生", "1990 年 3 月 7 日"),
        ("住址", "辽宁省样例县样例路 1 号"),
    )
    if which % 4 == 3:
        return written_page()
    kinds = (
        lambda: card(Document("居民身份证", rows, small="公民身份号码  210102199003070000", look=look)),
        lambda: certificate(
            Document(
                "毕业证书", text="学生 单小燕，在本校会计学专业学习，成绩合格，准予毕业。", seal="样例大学", look=look
            )
        ),
        lambda: certificate(
            Document("专业技术资格证书", rows, seal="样例人社厅", small="证书编号：20210921", colour="#27406e")
        ),
    )
    return Image.open(io.BytesIO(kinds[which % len(kinds)]())).convert("RGB")


def table(size: tuple[int, int], chance: Random) -> Image.Image:
    """A surface of one colour with some grain, lines of wood, or a weave."""
    colour = chance.choice(TABLES)
    ground = Image.new("RGB", size, colour)
    kind = chance.randrange(3)
    if kind == 0:
        grain = Image.effect_noise((max(1, size[0] // 60), size[1] // 3), 40).resize(size, Image.Resampling.BICUBIC)
    elif kind == 1:
        grain = Image.effect_noise((size[0] // 8, size[1] // 8), 24).resize(size, Image.Resampling.BICUBIC)
    else:
        grain = Image.new("L", size, 128)
    grain = grain.point(lambda value: 128 + (value - 128) // 2)
    return ImageChops.add(ground, Image.merge("RGB", (grain,) * 3), 1, -128)


def taken(
    seed: int,
    *,
    size: tuple[int, int] = (1600, 1200),
    fill: float = 0.78,
    tilt: float = 0.06,
    cut: str = "",
    light: float = 1.0,
    blur: float = 0.0,
) -> Taken:
    """A picture of a document; ``cut``: by which side it leaves the picture, ``fill``: of the picture's lower side."""
    chance = Random(seed)
    paper = document(chance.randrange(8))
    if paper.width < paper.height:
        size = (min(size), max(size))
    scale = fill * min(size[0] / paper.width, size[1] / paper.height)
    half = paper.width * scale / 2, paper.height * scale / 2
    centre = [size[0] / 2 + chance.uniform(-0.02, 0.02) * size[0], size[1] / 2 + chance.uniform(-0.02, 0.02) * size[1]]
    if cut:
        at, sign = {"left": (0, -1), "right": (0, 1), "top": (1, -1), "bottom": (1, 1)}[cut]
        centre[at] += sign * (size[at] / 2 - half[at] + chance.uniform(0.1, 0.3) * 2 * half[at])
    places = []
    angle = chance.uniform(-0.09, 0.09)
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        dx, dy = x * half[0] * (1 + chance.uniform(-tilt, tilt)), y * half[1] * (1 + chance.uniform(-tilt, tilt))
        places.append((centre[0] + dx - angle * dy, centre[1] + dy + angle * dx))
    image = _laid(paper, places, size, chance)
    image = _lit(image, chance, light)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    image = _noisy(image, chance)
    corners = tuple(value / size[at] for place in places for at, value in enumerate(place))
    return Taken(image, corners)  # type: ignore[arg-type]


def _laid(paper: Image.Image, places: list[tuple[float, float]], size: tuple[int, int], chance: Random) -> Image.Image:
    """The paper in perspective, with a soft shadow next to it."""
    ground = table(size, chance)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(places, fill=255)
    shadow = ImageChops.offset(mask, chance.randrange(-12, 12), chance.randrange(4, 16)).filter(
        ImageFilter.GaussianBlur(14)
    )
    ground = Image.composite(ImageEnhance.Brightness(ground).enhance(0.6), ground, shadow.point(lambda v: v // 2))
    inverse = _inverse(paper.size, places)
    laid = paper.transform(size, Image.Transform.PERSPECTIVE, inverse, Image.Resampling.BICUBIC)
    return Image.composite(laid, ground, mask.filter(ImageFilter.GaussianBlur(0.8)))


def _inverse(paper: tuple[int, int], places: list[tuple[float, float]]) -> tuple[float, ...]:
    """From a place of the photograph to one of the paper."""
    width, height = paper
    rows = []
    for (x, y), (u, v) in zip(places, ((0, 0), (width, 0), (width, height), (0, height)), strict=True):
        rows += [[x, y, 1.0, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1.0, -v * x, -v * y, v]]
    found = solve_linear(rows)
    assert found
    return tuple(found)


def _lit(image: Image.Image, chance: Random, light: float) -> Image.Image:
    """A lamp at one side, and how much light there is in total."""
    strength = chance.uniform(0.05, 0.35)
    slope = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270))).resize(image.size)
    shade = slope.point(lambda value: round(255 * (1 - strength * value / 255)))
    image = ImageChops.multiply(image, Image.merge("RGB", (shade,) * 3))
    return ImageEnhance.Brightness(image).enhance(light * chance.uniform(0.85, 1.08))


def _noisy(image: Image.Image, chance: Random) -> Image.Image:
    """What is left of a sensor's noise after the phone has smoothed it and made the picture smaller."""
    noise = Image.effect_noise(image.size, chance.uniform(1.5, 6))
    return ImageChops.add(image, Image.merge("RGB", (noise,) * 3), 1, -128)


PHONES = ((1080, 2400), (1170, 2532), (1284, 2778), (720, 1600), (1440, 3200), (1080, 2340))


def screen_shot(seed: int) -> Image.Image:
    """A phone's screen: a page of some program with a document on it, or a photograph with black above and below."""
    chance = Random(seed)
    width, height = chance.choice(PHONES)
    if seed % 2:
        shown = taken(seed).image
        image = Image.new("RGB", (width, height), "black")
        inside = shown.resize((width, round(width * shown.height / shown.width)))
    else:
        image = Image.new("RGB", (width, height), (245, 245, 247))
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 0, width, height * 0.04), fill=(30, 90, 200))
        for line in range(8, 90, 5):
            pen.rectangle(
                (width * 0.05, height * line / 100, width * 0.6, height * (line + 2) / 100), fill=(90, 90, 96)
            )
        shown = document(chance.randrange(8))
        inside = shown.resize((round(width * 0.9), round(width * 0.9 * shown.height / shown.width)))
    image.paste(inside, ((width - inside.width) // 2, (height - inside.height) // 2))
    return image
