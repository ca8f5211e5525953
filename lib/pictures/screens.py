"""Detects screenshots by signs in the original file.

No sign is certain, so several are needed: the size of a screen, the program that wrote the file, and areas of one
colour. A picture whose EXIF names a camera is not a screenshot.

Measured on drawn screens of six phones and three computers, 40 of each kind: pages with a document and desktops 40 as
PNG, as JPEG of quality 60 and shrunk by a browser; photographs shown full screen 40, 40 and 35. Of 280 simulated
photographs (4:3 and 16:9, also smoothed and in quality 50) none was called one, nor any scan. A cropped
screenshot or the photograph of a screen is not detected: it looks like a scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageChops

from lib.pictures.images import fit_within

#: Pixels of the screens that are sold: phones, tablets, computers; shorter side first.
SIZES = frozenset(
    {
        *((640, 1136), (720, 1280), (720, 1440), (720, 1520), (720, 1560), (720, 1600), (720, 1612), (750, 1334)),
        *(
            (828, 1792),
            (1080, 1920),
            (1080, 2160),
            (1080, 2220),
            (1080, 2240),
            (1080, 2280),
            (1080, 2310),
            (1080, 2316),
        ),
        *((1080, 2340), (1080, 2376), (1080, 2388), (1080, 2400), (1080, 2408), (1080, 2412), (1080, 2460)),
        *((1125, 2436), (1170, 2532), (1179, 2556), (1206, 2622), (1220, 2712), (1224, 2700), (1228, 2700)),
        *((1240, 2772), (1242, 2208), (1242, 2688), (1260, 2720), (1260, 2800), (1264, 2780), (1284, 2778)),
        *((1290, 2796), (1320, 2868), (1344, 2772), (1440, 2560), (1440, 2960), (1440, 3040), (1440, 3088)),
        *((1440, 3120), (1440, 3168), (1440, 3200), (768, 1366), (900, 1440), (900, 1600), (1050, 1680), (1080, 1920)),
        *((1200, 1920), (1440, 2560), (1600, 2560), (1800, 2880), (1824, 2736), (1964, 3024), (2160, 3840)),
    }
)
MIN_SCREEN_RATIO = 1.7  # cameras take 4:3, 3:2, rarely 16:9; screens of phones are longer
MIN_EVEN_ROWS = 0.04  # of the rows: a picture of paper has no row of one grey level
MIN_FLAT = 0.55  # of neighbouring pixels that are equal
MIN_SIGNS = 3

_NO_SCREENS = ("camera", "pdf")
_SPREAD = 3  # grey levels between the darkest and the lightest pixel of an even row
_EVERY = 4  # rows
_BOX = (1000, 1000)


def screenshot_signs(image: Image.Image, original: tuple[int, int], origin: str) -> dict[str, Any]:
    """The signs of a screenshot, for JSON. ``original``: the original size; ``origin``: as in images.Upright."""
    shape = _shape(original)
    if origin in _NO_SCREENS or not shape:  # the other signs would not be enough
        return {"shape": shape, "origin": origin, "rows": 0.0, "flat": 0.0}
    grey = image.convert("L").resize(fit_within(image.size, _BOX), Image.Resampling.BOX, reducing_gap=2)
    return {"shape": shape, "origin": origin, "rows": _even_rows(grey), "flat": _flat(grey)}


def is_screenshot(found: Mapping[str, Any]) -> bool:
    """Whether these are the signs of a screenshot: the size of a screen, and two more."""
    if found["origin"] in _NO_SCREENS or not found["shape"]:
        return False
    points = int(found["shape"]) + (found["origin"] == "png")
    return points + (found["rows"] >= MIN_EVEN_ROWS) + (found["flat"] >= MIN_FLAT) >= MIN_SIGNS


def _shape(size: tuple[int, int]) -> int:
    short, long = sorted(size)
    return 2 if (short, long) in SIZES else int(long / short >= MIN_SCREEN_RATIO)


def _even_rows(grey: Image.Image) -> float:
    """The share of rows of one grey level: bars, gaps between lines of text, black areas next to a picture."""
    data, width = grey.tobytes(), grey.width
    rows = [data[at : at + width] for at in range(0, len(data), width * _EVERY)]
    return round(sum(max(row) - min(row) <= _SPREAD for row in rows) / len(rows), 3)


def _flat(grey: Image.Image) -> float:
    """The share of pixels that equal the next one to the right."""
    width, height = grey.size
    beside = ImageChops.difference(grey.crop((1, 0, width, height)), grey.crop((0, 0, width - 1, height)))
    return round(beside.histogram()[0] / ((width - 1) * height), 3)
