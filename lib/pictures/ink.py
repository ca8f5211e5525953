"""Detects pen strokes and red stamps on a rectified part of a page.

All values are relative to the paper around them, because lamps and shadows change both ink and paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from PIL import Image, ImageChops, ImageFilter, ImageMath, ImageStat

from lib.pictures import neighbours

Verdict = Literal["found", "missing", "unknown"]

SCALE = 4.0  # pixels a millimetre of the examined parts
STROKE = 2.4  # millimetres; wider dark areas are shadows
FAINT = 14  # of 255, after normalising the paper to white; less contrast is noise
BLURRED = (
    45  # printed letters with less contrast than that are too blurred to tell a missing signature from a faint one
)
INK_FOUND, INK_MISSING, INK_SPREAD = 4.0, 1.2, 6  # square millimetres; millimetres of width that a name covers
MAX_RED_BESIDE_INK = 60.0  # square millimetres; more red than that may hide a signature, or be one
REMAINS = 0.1  # share of a stamp's area that may look like ink where its lines meet
RED_FOUND, RED_MISSING, RED_SPREAD = 45.0, 12.0, 12
REDNESS, TINGE = 0.17, 0.09  # by how much more red than green or blue a stamp and the rims of its lines reflect
PRESSED = 105  # of 255: in the red channel a pen line on or under a red stamp is darker than that, the stamp is not
DIM = 45  # of 255: paper that is darker in a channel gives no information about colour
GREY = 5  # the largest difference of channels in a picture without any colour


def strokes(part: Image.Image) -> Image.Image:
    """How much darker than the paper thin lines are, 0 to 255. In the red channel a red stamp is invisible."""
    red, green, _blue = part.split()
    seen = green if _is_dim(red) else red
    kernel = round(STROKE * SCALE) | 1
    closed = neighbours.closed(seen, kernel)
    paper = closed.filter(ImageFilter.BoxBlur(SCALE))
    lifted = ImageChops.subtract(closed, seen)
    return ImageMath.lambda_eval(
        lambda of: of["convert"](of["min"](of["dark"] * 255 / of["max"](of["paper"], 1), 255), "L"),
        dark=lifted,
        paper=paper,
    )


def contrast(part: Image.Image) -> int:
    """Of printed letters: the value that the darkest twentieth of the part reaches."""
    counts = strokes(part).histogram()
    enough, seen = part.width * part.height * 0.05, 0
    for value in range(255, -1, -1):
        seen += counts[value]
        if seen >= enough:
            return value
    return 0


def detect_ink(parts: Sequence[Image.Image], printed: int) -> tuple[Verdict, float]:
    """Whether there is handwriting, and square millimetres of ink. ``printed``: the contrast of letters next to it."""
    area, spread, stamped = 0.0, 0, 0.0
    least = max(FAINT, round(printed * 0.3))
    for part in parts:
        thin, white = strokes(part), _paper(part)
        reddish = neighbours.greatest(_redness(part, white, TINGE), 3)
        if _is_dim(white.getchannel("R")):
            reddish.paste(0, (0, 0, *reddish.size))
        dark = thin.point(lambda value: 255 if value >= least else 0)
        deep = thin.point(lambda value: 255 if value >= max(least, PRESSED) else 0)
        written = neighbours.median(Image.composite(deep, dark, reddish))
        area, spread, stamped = area + _area(written), spread + _spread(written), stamped + _area(reddish)
    if area >= INK_FOUND + REMAINS * stamped and spread >= INK_SPREAD:
        return "found", round(area, 1)
    is_missing = area <= INK_MISSING and printed >= BLURRED and stamped <= MAX_RED_BESIDE_INK
    return ("missing" if is_missing else "unknown"), round(area, 1)


def detect_red_stamp(part: Image.Image, grey: bool) -> tuple[Verdict, float]:
    """Whether there is a red stamp, and its square millimetres. ``grey``: the picture has no colours."""
    white = _paper(part)
    dim = any(_is_dim(channel) for channel in white.split()[:2])
    stamped = neighbours.median(_redness(part, white, REDNESS))
    area = round(_area(stamped), 1)
    if grey or dim:
        return "unknown", area
    if area >= RED_FOUND and _spread(stamped) >= RED_SPREAD:
        return "found", area
    return ("unknown" if area > RED_MISSING else "missing"), area


def is_grey(image: Image.Image) -> bool:
    """A picture without colour, as a black and white scan makes it."""
    small = image.reduce(4)
    one, two, three = small.split()
    apart = ImageChops.lighter(ImageChops.difference(one, two), ImageChops.difference(two, three))
    return sum(apart.histogram()[GREY + 1 :]) <= small.width * small.height * 0.0005


def _is_dim(channel: Image.Image) -> bool:
    return ImageStat.Stat(channel).median[0] < DIM


def _paper(part: Image.Image) -> Image.Image:
    """The paper without any marks: the lightest values nearby, smoothed."""
    size = max(1, part.width // 8), max(1, part.height // 8)
    light = neighbours.greatest(part.resize(size, Image.Resampling.BOX), 7).filter(ImageFilter.BoxBlur(3))
    return light.resize(part.size, Image.Resampling.BILINEAR)


def _redness(part: Image.Image, white: Image.Image, least: float) -> Image.Image:
    """White where more red than green and blue is reflected, relative to the paper."""

    def red(of: dict[str, Any]) -> Any:
        r, g, b = (of[f"part{band}"] * 255 / of["max"](of[f"white{band}"], 1) for band in range(3))
        return of["convert"]((r - g > least * 255) * (r - b > least * 127) * 255, "L")

    bands = {
        f"{name}{band}": one
        for name, whole in (("part", part), ("white", white))
        for band, one in enumerate(whole.split())
    }
    return ImageMath.lambda_eval(red, **bands)


def _area(mask: Image.Image) -> float:
    return mask.histogram()[255] / SCALE**2


def _spread(mask: Image.Image) -> int:
    """How many columns of one millimetre contain a mark."""
    columns = mask.resize((max(1, round(mask.width / SCALE)), 1), Image.Resampling.BOX).tobytes()
    full = max(1, round(255 * SCALE / mask.height / 4))  # a millimetre by a quarter
    return sum(value >= full for value in columns)
