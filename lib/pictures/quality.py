"""Measures the quality of a picture: size, sharpness, light, and a fingerprint. For advice, never for a refusal.

The limits come from drawn certificates, cards, sheets and portraits, photographed in simulation (tilted, shaded, noisy,
2400 and 1600 pixels) and then spoiled; sigma and shift in pixels of the 1000 pixel copy that is measured:

============  ======================================================================================================
sharpness     sharp 0.85-0.90, also dim, faint, and in JPEG quality 35; sigma 1 0.71-0.78; sigma 2, where small print
              goes, 0.43-0.55; shift 24 0.42-0.49; sigma 4 0.20-0.32; sigma 7 0.19-0.26. Portraits 0.66-0.83, spoiled by
              sigma 2 0.38, by 5 0.13. Noise that comes after the blur would hide it, so a noisy picture is made
              smoother first, and edges count that stand above the noise. With noise of 3 to 10 levels: sharp 0.68-0.77,
              dim and faint 0.70-0.86, sigma 2 0.39-0.43, sigma 4 0.11-0.23, sigma 7 0.08-0.46 (without: 0.60-0.85)
brightness    right 123-167, scans 218-242, a quarter of the light 30-42
overexposed   brightness 236-247 with contrast 94-137; scans are as bright, with contrast 199-218
contrast      right 183-223, faint 28-33, a quarter of the light 46-53
background    white 255, light grey 235, pale blue 215, blue 66, red 0; a lamp at one side 210 with evenness 32; noise 1
fill          right 0.40-0.44, taken from far away 0.11
alike         copies (smaller, larger, JPEG quality 30) differ in 0-4 of 256 cells; diplomas of other people on the same
              form in 3 or more, half of them in 21 or more; with another crop it is another picture
============  ======================================================================================================

A picture of 1000 pixels takes 4 to 6 ms, a one-inch photo 4 ms (one core of the machine that the figures come from).

The variance of the Laplacian does not work: a dim sharp card and an unreadable shaken one come out the same.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageStat

from lib.pictures.images import as_image, fit_within

SHARP = 0.45
DARK_MEAN, WASHED_OUT_MEAN, WASHED_OUT_CONTRAST, FAINT_CONTRAST = 60, 225, 150, 60
SHORT_SIDE = 600  # fewer pixels hardly show a certificate's small print
WHITE_BACKGROUND, EVEN_BACKGROUND = 200, 15
FILL = (0.25, 0.85)  # how much of a portrait is not background
ONE_INCH = 5 / 7

#: Two pictures count as the same if at most so many bits of 64, and so many cells, differ. Below the least contrast
#: there is nothing to compare.
SAME_HASH_BITS, SAME_CELLS, MIN_CONTRAST = 3, 4, 20

_BOX = (1000, 1000)  # of the grey copy that is measured
_NOISY, _SMOOTHED = (
    2,
    1.2,
)  # a difference of neighbours in grey levels, and the sigma that smooths it
_ABOVE_NOISE = 6  # times that difference: the least edge that counts
_RADIUS = 4  # of the blur that changes a sharp picture much and a blurred one little
_EVERY, _LARGE = 16, 600  # in larger pictures sharpness uses only every so many rows and columns
_MEAN_OF = 4  # rows or columns
_SIDE = 16  # of the miniature
_UNLIKE_WALL = 30  # grey levels from the background, in any channel
_STEP, _CELL_STEPS = 25, 4  # grey levels of the miniature to one standard deviation; by so many a cell may differ


def measure(picture: bytes | Image.Image, *, portrait: bool = False) -> dict[str, Any]:
    """The figures of an upright picture (a clean JPEG, or an image), ready for JSON.

    ``look``: 64 bits in hexadecimal, close for similar pictures; ``miniature`` distinguishes pictures of the same form.

    With ``portrait`` the figures of a one-inch photo come too: ``ratio``, ``background`` (0 to 255, its darkest
    channel), ``evenness`` (the spread of that: the higher, the less even), ``fill``.
    """
    image = as_image(picture)
    width, height = image.size
    if not portrait:  # a one-inch photo is small, and its colours count
        image.draft("L", fit_within(image.size, _BOX))
    grey = _small_grey(image)
    figures: dict[str, Any] = {"width": width, "height": height, "sharpness": _sharpness(grey), **_light(grey)}
    figures |= {"look": _difference_hash(grey), "miniature": _miniature(grey), **(_portrait(image) if portrait else {})}
    return figures


def _small_grey(image: Image.Image) -> Image.Image:
    grey, size = image.convert("L"), fit_within(image.size, _BOX)
    return grey if grey.size == size else grey.resize(size, Image.Resampling.BOX, reducing_gap=2)


def _light(grey: Image.Image) -> dict[str, float]:
    """The mean, and the range without the darkest and the brightest hundredth; every fourth row tells both."""
    rows = grey.resize((grey.width, -(-grey.height // 4)), Image.Resampling.NEAREST)
    counts, pixels = rows.histogram(), rows.width * rows.height
    contrast = _quantile(counts, pixels * 0.99) - _quantile(counts, pixels * 0.01)
    mean = sum(value * count for value, count in enumerate(counts)) / pixels
    return {"brightness": round(mean, 1), "contrast": contrast}


def _quantile(counts: Sequence[int], enough: float) -> int:
    return next(value for value, seen in enumerate(accumulate(counts)) if seen >= enough)


def _sharpness(grey: Image.Image) -> float:
    """After Crete and others, The blur effect (2007): how much of its edges a picture loses when it is blurred.

    The worse of the two directions counts, because a shaken picture is sharp in the other. In a large picture every
    sixteenth row and column gives the same result within 0.02.
    """
    step = _EVERY if min(grey.size) >= _LARGE else 1
    rows = grey.resize((grey.width, grey.height // step), Image.Resampling.NEAREST)
    edges = _edges(rows, 1, 0)
    if _quantile(edges.histogram(), edges.width * edges.height / 2) >= _NOISY:  # the median: noise would look sharp
        rows, columns = _smoothed(grey, 1, 0, step), _smoothed(grey, 0, 1, step)
    else:
        columns = grey.resize((grey.width // step, grey.height), Image.Resampling.NEAREST)
    return round(min(_lost_edges(rows, 1, 0), _lost_edges(columns, 0, 1)), 3)


def _smoothed(grey: Image.Image, across: int, down: int, step: int) -> Image.Image:
    """Every ``step`` rows (or columns), smoothed as by a Gaussian blur of the whole picture, at a fifth of its price:
    the mean of four rows has the same deviation as the blur."""
    if step == 1:
        return grey.filter(ImageFilter.GaussianBlur(_SMOOTHED))
    if across:
        few = _first_rows(grey, step).reduce((1, _MEAN_OF))
    else:
        few = grey.reduce((_MEAN_OF, 1)).resize((grey.width // step, grey.height), Image.Resampling.NEAREST)
    return few.filter(ImageFilter.GaussianBlur((_SMOOTHED * across, _SMOOTHED * down)))


def _first_rows(grey: Image.Image, step: int) -> Image.Image:
    """The first rows of every ``step``, as many as are smoothed together."""
    data, width = grey.tobytes(), grey.width
    starts = [row * step * width for row in range(grey.height // step)]
    first = b"".join([data[start : start + _MEAN_OF * width] for start in starts])
    return Image.frombytes("L", (width, len(starts) * _MEAN_OF), first)


def _lost_edges(grey: Image.Image, across: int, down: int) -> float:
    before = _edges(grey, across, down)
    after = _edges(grey.filter(ImageFilter.BoxBlur((across * _RADIUS, down * _RADIUS))), across, down)
    counts = before.histogram()
    least = max(1, _ABOVE_NOISE * _quantile(counts, before.width * before.height / 2))  # well above the noise
    clear = before.point([255 * (value >= least) for value in range(256)])
    total = sum(map(mul, range(least, 256), counts[least:]))
    lost = ImageChops.subtract(before, after).histogram(clear)
    return sum(map(mul, range(256), lost)) / total if total else 0.0


def _edges(grey: Image.Image, across: int, down: int) -> Image.Image:
    width, height = grey.size
    return ImageChops.difference(
        grey.crop((across, down, width, height)), grey.crop((0, 0, width - across, height - down))
    )


# --- fingerprint ----------------------------------------------------------------------------------------------------


def _difference_hash(grey: Image.Image) -> str:
    """The difference hash: for 8 rows of 9 cells, whether the next cell is brighter."""
    cells = grey.resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = [left < right for row in range(8) for left, right in pairwise(cells[row * 9 : row * 9 + 9])]
    return f"{sum(bit << place for place, bit in enumerate(bits)):016x}"


def _miniature(grey: Image.Image) -> str:
    """256 cells in Base64, normalised for light and contrast."""
    small = grey.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    found = ImageStat.Stat(small)
    mean, spread = found.mean[0], max(found.stddev[0], 4.0)
    cells = (round(128 + (cell - mean) / spread * _STEP) for cell in small.tobytes())
    return base64.b64encode(bytes(min(max(cell, 0), 255) for cell in cells)).decode()


def hamming_distance(first: str, second: str) -> int:
    """The number of different bits of two hashes."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def is_same_picture(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether both are measurements of one picture, perhaps resized or recompressed; never for an empty picture."""
    if min(first["contrast"], second["contrast"]) < MIN_CONTRAST:
        return False
    if hamming_distance(first["look"], second["look"]) > SAME_HASH_BITS:
        return False
    cells = zip(base64.b64decode(first["miniature"]), base64.b64decode(second["miniature"]), strict=True)
    return sum(abs(one - other) > _CELL_STEPS for one, other in cells) <= SAME_CELLS


def has_valid_fingerprint(figures: Mapping[str, Any]) -> bool:
    """Whether ``is_same_picture`` can use them. Forged figures would break the comparison for other people."""
    looks = re.fullmatch("[0-9a-f]{16}", figures["look"]) and len(base64.b64decode(figures["miniature"])) == _SIDE**2
    return bool(looks) and math.isfinite(figures["contrast"])


# --- the one-inch photo ---------------------------------------------------------------------------------------------


def _portrait(image: Image.Image) -> dict[str, float]:
    small = image.convert("RGB").resize((50, 70), Image.Resampling.BOX)
    wall = Image.new("RGB", (16, 24))  # the upper corners, next to head and hair
    wall.paste(small.crop((1, 1, 9, 25)), (0, 0))
    wall.paste(small.crop((41, 1, 49, 25)), (8, 0))
    colour = tuple(round(value) for value in ImageStat.Stat(wall).median)
    person = extreme_channel(ImageChops.difference(small, Image.new("RGB", small.size, colour)), ImageChops.lighter)
    light = ImageStat.Stat(extreme_channel(wall, ImageChops.darker))
    return {
        "ratio": round(image.width / image.height, 3),
        "background": round(light.mean[0], 1),
        "evenness": round(light.stddev[0], 1),
        "fill": round(sum(person.histogram()[_UNLIKE_WALL:]) / (small.width * small.height), 3),
    }


def extreme_channel(image: Image.Image, choose: Callable[[Image.Image, Image.Image], Image.Image]) -> Image.Image:
    """The lightest or the darkest channel at each place."""
    red, green, blue = image.split()
    return choose(choose(red, green), blue)
