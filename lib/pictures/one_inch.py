"""The one-inch photo (一寸照片), cropped from a picture by the office's rule.

Pure functions from bytes to bytes, like lib.pictures.images, so that they can run in a child process.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageFile, JpegImagePlugin

from lib.pictures.images import CleanPicture, PictureRefused, decoding, encode_jpeg, load_jpeg

Crop = tuple[float, float, float, float]
Size = tuple[int, int]

#: Allowed deviation of a finished photo from the rule's ratio: scanners and other tools round.
RATIO_TOLERANCE = 0.03
BACKGROUNDS = ("white", "light", "any")

_QUALITIES = (40, 95)


@dataclass(frozen=True)
class PhotoRule:
    """What the office requires. The default is one inch, 25 x 35 mm, at 300 dpi; ``best`` is used if there are enough
    pixels. Raises ValueError when the figures contradict each other."""

    least: Size = (295, 413)
    best: Size = (413, 579)
    ratio: Size = (5, 7)
    max_bytes: int = 100_000
    background: str = "white"

    def __post_init__(self) -> None:
        if not all(self.fits(size) for size in (self.least, self.best)):
            raise ValueError("像素符合宽高比")
        if self.best[0] < self.least[0] or self.best[1] < self.least[1]:
            raise ValueError("LARGER_PIXELS 不小于 PIXELS")
        if self.max_bytes < 10_000:
            raise ValueError("大小上限至少 10 KB")
        if self.background not in BACKGROUNDS:
            raise ValueError(f"背景是 {'、'.join(BACKGROUNDS)} 之一")

    @property
    def shape(self) -> float:
        """Width by height."""
        return self.ratio[0] / self.ratio[1]

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes to try, the best first."""
        return tuple(dict.fromkeys((self.best, self.least)))

    def fits(self, size: Size) -> bool:
        """Whether a picture of this size has the required ratio."""
        return abs(size[0] / size[1] / self.shape - 1) <= RATIO_TOLERANCE


def reencode_unchanged(jpeg: bytes, size: Size, rule: PhotoRule) -> bytes | None:
    """An uploaded JPEG that already satisfies the rule, encoded again with its own tables; else None.

    Only its pixels remain, and they change only by rounding. Another quality, or a conversion to RGB and back, would
    change more.
    """
    enough = size[0] >= rule.least[0] and size[1] >= rule.least[1]
    if not (enough and rule.fits(size) and len(jpeg) < rule.max_bytes):
        return None
    with decoding():
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg))
        image.draft("YCbCr", image.size)
        image.load()
        made = encode_jpeg(image, "keep", dpi=(300, 300), optimize=True)
    return made if len(made) < rule.max_bytes else None


def crop_photo(picture: bytes | Image.Image, crop: Crop | None = None, rule: PhotoRule | None = None) -> CleanPicture:
    """The photo cropped from a clean JPEG or an image: of the rule's best or least size, 300 dpi, below its limit of
    bytes.

    ``crop`` is (left, top, width, height) as fractions of the upright picture; None: the centre. Raises PictureRefused.
    """
    rule = rule or PhotoRule()
    with decoding():
        image = load_jpeg(picture) if isinstance(picture, bytes) else picture
        box = _pixel_box(image.size, crop, rule.shape)
        found = round(box[2] - box[0]), round(box[3] - box[1])
        if found[0] < rule.least[0] or found[1] < rule.least[1]:
            raise PictureRefused(
                f"照片太小：{found[0]}×{found[1]} 像素，至少需要 {rule.least[0]}×{rule.least[1]} 像素。"
                "请换一张更清晰的照片",
                "small",
            )
        for size in rule.sizes:
            if found[0] < size[0] - 1 or found[1] < size[1] - 1:  # 413x579 is not quite 5:7
                continue
            small = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3)
            if result := _encode_below(small, rule.max_bytes):
                return CleanPicture(result, *size, *image.size, len(picture) if isinstance(picture, bytes) else 0)
    raise PictureRefused(f"照片无法压缩到 {rule.max_bytes // 1000} KB 以下，请换一张背景简单的照片", "large")


def frame_at(size: Size, place: float, rule: PhotoRule) -> Crop:
    """The largest frame of the rule's ratio, moved along the longer side of the picture by ``place`` (0 to 1)."""
    width, height = size
    wide = width > height * rule.shape
    across, down = (height * rule.shape / width, 1.0) if wide else (1.0, width / rule.shape / height)
    return ((1 - across) * place, (1 - down) * place, across, down)


def _pixel_box(size: Size, crop: Crop | None, shape: float) -> Crop:
    """The crop in pixels, reduced about its centre to the ratio and clipped to the picture."""
    left, top, width, height = crop or (0.0, 0.0, 1.0, 1.0)
    if not all(map(math.isfinite, (left, top, width, height))) or width <= 0 or height <= 0:
        raise PictureRefused("照片的裁剪范围不对，请重新框选", "frame")
    x, y = max(0.0, left) * size[0], max(0.0, top) * size[1]
    w = min((left + width) * size[0], size[0]) - x
    h = min((top + height) * size[1], size[1]) - y
    if w <= 0 or h <= 0:
        raise PictureRefused("照片的裁剪范围不对，请重新框选", "frame")
    fit_w, fit_h = min(w, h * shape), min(h, w / shape)
    x, y = x + (w - fit_w) / 2, y + (h - fit_h) / 2
    return x, y, min(x + fit_w, size[0]), min(y + fit_h, size[1])


def _encode_below(image: Image.Image, max_bytes: int) -> bytes | None:
    """The best JPEG below ``max_bytes``, by bisection of the quality; None when even the lowest is too large."""
    # Optimised libjpeg writes a small noisy picture in one block; Pillow's estimate of the block is too small.
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 4 * image.width * image.height)
    low, high = _QUALITIES
    best = None
    quality = high
    while low <= high:
        jpeg = encode_jpeg(image, quality, dpi=(300, 300), optimize=True)
        if len(jpeg) < max_bytes:
            best, low = jpeg, quality + 1
        else:
            high = quality - 1
        quality = (low + high) // 2
    return best
