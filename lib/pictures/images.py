"""Uploaded pictures: checked, turned upright, and encoded again from their pixels.

Pure functions from bytes to bytes, so that they can run in a child process. Only the decoder for the format that the
first bytes show ever reads the data.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageFile, JpegImagePlugin, PngImagePlugin

from lib.pictures.formats import HEIC, JPEG, PDF, PNG, format_of, welcome
from lib.pictures.refusals import PictureRefused as PictureRefused

Size = tuple[int, int]

MIB = 1024 * 1024
MAX_BYTES = 15 * MIB
LONG_SIDE = 2400
#: With so many pixels libjpeg may make a larger picture smaller while it decodes: 12 megapixels become 2016 × 1512 in
#: half the time of decoding them, and exactly 2400 × 1800 would take three times as long again.
ENOUGH = (2000, 1000)  # long side, short side
MAX_PIXELS = 8192 * 6144  # of what is decoded as a whole; what phones sell as 50 megapixels
MAX_PIXELS_REDUCED = 16_384 * 12_288  # of a JPEG that is made smaller while it is decoded; sold as 200 megapixels
MAX_PIXELS_IN_SCANS = 24_000_000  # libjpeg holds all of such a picture, at 6 to 8 bytes a pixel
MAX_SCANS = 64  # each costs a pass over all pixels and may be a few bytes long; a usual progressive JPEG has ten
MAX_SIDE = 16_500
MIN_SIDE = 100
QUALITY = 88
REENCODED_QUALITY = 92  # finer, because it is encoded a second time

#: For shrinking as smooth as bicubic, in half the time of LANCZOS: 75 instead of 147 ms for 12 megapixels.
_FILTER = Image.Resampling.HAMMING


#: What a job on a picture returns: facts as JSON values, and the bytes of pictures.
Answer = tuple[dict[str, Any], list[bytes]]


@dataclass(frozen=True)
class CleanPicture:
    """A clean JPEG: sRGB, upright, without metadata. All sizes are of the upright picture, in pixels."""

    jpeg: bytes
    width: int
    height: int
    original_width: int
    original_height: int
    original_bytes: int


# --- decoding uploads -----------------------------------------------------------------------------------------------


@contextmanager
def decoding() -> Iterator[None]:
    """Turn every exception of a decoder into PictureRefused."""
    try:
        yield
    except PictureRefused:
        raise
    except MemoryError as error:
        raise PictureRefused("图片太大或太复杂，无法处理。请缩小后再上传", "complex") from error
    except Exception as error:  # OSError, SyntaxError, ValueError, struct.error, zlib.error ... were all seen
        raise PictureRefused("图片已损坏或不完整，无法打开。请重新拍照，或重新导出后再上传", "damaged") from error


def _opened(data: bytes, kind: str) -> ImageFile.ImageFile:
    """Read the header, but no pixels. Of a multi-picture JPEG (MPO, from many phones) this is the first picture.

    Image.open would try other plugins, and its bomb check would replace our own limits.
    """
    plugin = JpegImagePlugin.JpegImageFile if kind == JPEG else PngImagePlugin.PngImageFile
    return plugin(io.BytesIO(data))


def _check_limits(width: int, height: int, *, scans: int = 0, heic: int = 0) -> None:
    found = f"图片 {width}×{height} 像素"
    limit, kind = (MAX_PIXELS_REDUCED, "jpg ") if scans == 1 else (MAX_PIXELS_IN_SCANS, "渐进式 jpg ")
    if heic or not scans:
        limit, kind = (heic, "这种 heic 图片") if heic else (MAX_PIXELS, "")
    if width * height > limit or max(width, height) > MAX_SIDE:
        most = limit // 1_000_000 * 100
        todo = "请在手机上改小，或转成 jpg 后再上传" if heic else "请缩小后再上传"
        raise PictureRefused(f"{found}，太大：{kind}最多 {most} 万像素，每边最多 {MAX_SIDE} 像素。{todo}", "large")
    if min(width, height) < MIN_SIDE:
        raise PictureRefused(f"{found}，太小：每边至少 {MIN_SIDE} 像素。请上传更清晰的图片", "small")
    if scans > MAX_SCANS:
        raise PictureRefused(
            f"图片的编码不正常(分 {scans} 次扫描，最多 {MAX_SCANS} 次)。请重新拍照，或重新导出后再上传",
            "encoding",
        )


#: A JPEG marker with a length: no stuffed byte, filler, TEM or restart.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_END = b"\xff\xd9"
#: In place of lost pixels it shows others than the grey that libjpeg fills in.
_NOISE = bytes(range(17, 251, 9)) * 4


def _scans(data: bytes) -> tuple[int, bool]:
    """Of a JPEG: the number of scans up to the end marker of the first picture, and whether there is one.

    Phones append other pictures and films.
    """
    scans, position = 0, 0
    while (found := _MARKER.search(data, position)) and found.group() != _END:
        scans += found.group(1) == b"\xda"
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return scans, found is not None


def _with_end(data: bytes) -> bytes:
    """A JPEG that has lost its last bytes and none of its pixels, with its end; any other one as it is, which no
    decoder takes.

    No pixel is lost when it does not matter what comes behind the last byte.
    """
    cut = data.removesuffix(_END[:1])
    ended = [cut + behind + _END for behind in (b"", _NOISE)]
    small = [_opened(each, JPEG) for each in ended]
    for image in small:
        image.draft("", (1, 1))  # an eighth: one pixel for each block
    return ended[0] if small[0].tobytes() == small[1].tobytes() else data


def _check_bytes(data: bytes, max_bytes: int, *, pdf: bool) -> None:
    if not data:
        raise PictureRefused(f"文件是空的。请选择 {welcome(pdf=pdf)}", "empty")
    if len(data) > max_bytes:
        found = math.ceil(len(data) / MIB * 10) / 10  # round up, so that it never equals the limit
        raise PictureRefused(f"图片 {found:.1f} MB，超过 {max_bytes / MIB:g} MB。请缩小后再上传", "large")


#: EXIF orientation -> the transpose that makes it upright
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER_TURNS = {_TRANSPOSES[orientation] for orientation in (5, 6, 7, 8)}


def _exif_transpose(image: Image.Image) -> Image.Transpose | None:
    """The transpose that makes the picture upright; unreadable EXIF counts as none."""
    try:
        return _TRANSPOSES.get(image.getexif().get(0x0112, 1))
    except Exception:
        return None


def fit_within(size: tuple[float, float], box: Size) -> Size:
    """``size`` shrunk, never enlarged, to fit into ``box``."""
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _plain_mode(image: Image.Image) -> Image.Image:
    """L, RGB or CMYK with 8 bits a channel, on white where the picture is transparent."""
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256)).convert("L")  # convert() alone would clip at 255
    if image.has_transparency_data:
        overlay = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(overlay, mask=overlay.getchannel("A"))
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


_STRIP = 64  # rows of the result
Rows = Callable[[int, int], Image.Image]  # from row, to row


def _plain_in_strips(rows: Rows, given: Size, size: Size) -> Image.Image:
    """``_plain_mode`` in strips that are reduced at once: 260 instead of 640 MB for 50 megapixels."""
    factor = min(given[0] // size[0], given[1] // size[1])
    image = None
    for top in range(0, given[1], _STRIP * factor):
        strip = _plain_mode(rows(top, min(top + _STRIP * factor, given[1])))
        strip = strip if factor == 1 else strip.reduce(factor)
        image = image or Image.new(strip.mode, (strip.width, -(-given[1] // factor)))
        image.paste(strip, (0, top // factor))
    assert image
    return image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """By the embedded profile if it is valid and fits, else by Pillow's default conversion."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
                return image  # the commonest profile; saves 64 ms at 4 megapixels
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def encode_jpeg(image: Image.Image, quality: int | str, **options: object) -> bytes:
    """A JPEG of only the pixels. ``quality="keep"`` uses the original tables; the image must be an opened JPEG."""
    image.info.clear()  # else Pillow writes a comment from there
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


@dataclass(frozen=True)
class Upright:
    """The pixels of an upload: sRGB, upright, and its original size.

    A JPEG that needed no change is still the opened file, which ``quality="keep"`` needs.
    """

    image: Image.Image
    original_width: int
    original_height: int
    original_bytes: int
    origin: str = ""  # what wrote the file, if known: "png", "pdf", or "camera" by its EXIF
    sent: bytes = b""  # the file

    @property
    def as_sent(self) -> bool:
        """Whether these are exactly the pixels of an uploaded JPEG."""
        size = self.original_width, self.original_height
        return isinstance(self.image, JpegImagePlugin.JpegImageFile) and self.image.size == size

    def picture(self, jpeg: bytes, image: Image.Image | None = None) -> CleanPicture:
        """The result. ``image``: if it is not the whole picture."""
        made = image or self.image
        return CleanPicture(jpeg, *made.size, self.original_width, self.original_height, self.original_bytes)


def decode_upright(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    long_side: int = LONG_SIDE,
    short_side: int = 1,
    enough: Size = ENOUGH,
    page: int | None = None,
    lazy: bool = False,
) -> Upright:
    """An upload -> its pixels, within ``long_side``, not below ``short_side``; a JPEG may keep fewer, if there are
    ``enough``. ``page``: of a PDF, from 0; without it a PDF is refused. Raises only PictureRefused.

    ``lazy``: a JPEG that needs no change is decoded when its pixels are asked for, inside ``decoding()``.
    """
    _check_bytes(data, max_bytes, pdf=page is not None)
    kind, sides = format_of(data, pdf=page is not None), (long_side, short_side)
    size = len(data)
    with decoding():
        if kind == PDF:
            image, original = _from_pdf(data, page or 0, long_side)
        elif kind == HEIC:
            image, original = _from_heic(data, sides)
        else:
            data = _checked(data, kind)
            image, original = _from_plugin(data, kind, sides, enough, lazy=lazy and kind == JPEG)
    return Upright(image, *original, size, _origin(data, kind), data)


def _origin(data: bytes, kind: str) -> str:
    if kind in (PNG, PDF):
        return kind.lower()
    try:
        return "camera" if kind == JPEG and _opened(data, kind).getexif().get(0x010F) else ""
    except Exception:
        return ""


def _target_size(size: Size, long_side: int, short_side: int) -> Size:
    long_side = max(long_side, -(-max(size) * short_side // min(size)))
    return fit_within(size, (long_side, long_side))


def _least_size(size: Size, enough: Size) -> Size:
    """What may come instead of ``size``."""
    least = fit_within(size, (enough[0], enough[0]))
    return least if min(least) >= enough[1] else size


def _checked(data: bytes, kind: str) -> bytes:
    """A JPEG or PNG that is within the limits by its header; a JPEG with its end, when only that was lost."""
    header = _opened(data, kind)
    scans, complete = _scans(data) if kind == JPEG else (0, True)
    _check_limits(*header.size, scans=scans)
    header.verify()  # checksums of a PNG; after verify() a picture must be opened again
    return data if complete or scans > 1 else _with_end(data)


def _from_plugin(data: bytes, kind: str, sides: Size, enough: Size, *, lazy: bool) -> tuple[Image.Image, Size]:
    source = _opened(data, kind)
    original, turn, profile = source.size, _exif_transpose(source), source.info.get("icc_profile")
    size = _target_size(original, *sides)
    source.draft("", _least_size(size, enough))  # decodes a JPEG at 1/2, 1/4 or 1/8 if that is large enough
    size = min(size, source.size)
    if not lazy:
        source.load()
    image: Image.Image = source
    if image.mode != "RGB" or image.has_transparency_data or image.width >= 2 * size[0]:
        image = _plain_in_strips(_rows_of(source), source.size, size)
    del source  # frees 200 MB
    image = _to_srgb(_shrunk(image, size), profile)
    if turn is None:
        return image, original
    return image.transpose(turn), original[::-1] if turn in _QUARTER_TURNS else original


def _rows_of(image: Image.Image) -> Rows:
    return lambda top, bottom: image.crop((0, top, image.width, bottom))


def _from_heic(data: bytes, sides: Size) -> tuple[Image.Image, Size]:
    """The decoder has applied the rotation property of the file; the EXIF orientation must be ignored."""
    from lib.pictures import heif  # 5 MB that only the child process needs

    with heif.opened(data) as source:
        _check_limits(*source.size, heic=source.most_pixels)
        size = _target_size(source.size, *sides)
        image = _plain_in_strips(source.rows, source.size, size)
    return _to_srgb(_shrunk(image, size), source.profile), source.size


def _from_pdf(data: bytes, page: int, long_side: int) -> tuple[Image.Image, Size]:
    from lib.pictures import pdf_pages  # 15 MB that only the child process needs

    image = pdf_pages.draw_page(data, page, long_side)
    _check_limits(*image.size)
    if len(image.getcolors(1) or ()) == 1:
        raise PictureRefused(f"这份 PDF 的第 {page + 1} 页是空白的。请检查文件后再上传", "blank")
    return image, image.size


def _shrunk(image: Image.Image, size: Size) -> Image.Image:
    return image if image.size == size else image.resize(size, _FILTER, reducing_gap=3)


def looks_like_jpeg(jpeg: bytes) -> bool:
    """Whether it begins and ends like a JPEG: the child process may be under attack."""
    return jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9")


# --- clean pictures -------------------------------------------------------------------------------------------------


def as_image(picture: bytes | Image.Image) -> Image.Image:
    """A clean JPEG with only its header read, so that ``draft`` can shrink it; an image unchanged."""
    return _opened(picture, JPEG) if isinstance(picture, bytes) else picture


def load_jpeg(jpeg: bytes, box: tuple[int, int] | None = None) -> Image.Image:
    """The pixels of a clean JPEG; with ``box``, of a copy that is not smaller than the box."""
    image = _opened(jpeg, JPEG)
    if box:
        image.draft("", fit_within(image.size, box))
    image.load()
    return image


def small_copy(image: Image.Image, box: tuple[int, int] = (320, 320)) -> Image.Image:
    size = fit_within(image.size, box)
    factor = max(1, min(image.width // size[0], image.height // size[1]))
    return image.reduce(factor).resize(size, _FILTER, (0, 0, image.width / factor, image.height / factor))


def thumbnail(small: Image.Image) -> bytes:
    return encode_jpeg(small, 80)


_CLOCKWISE = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)


def rotate_image(image: Image.Image, quarter_turns: int) -> Image.Image:
    """Clockwise."""
    turn = _CLOCKWISE[quarter_turns % 4]
    return image if turn is None else image.transpose(turn)
