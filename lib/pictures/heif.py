"""HEIC pictures from phones. A separate module, so that only the child process loads the decoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from PIL import Image
from pillow_heif import HeifFile, options

from lib.pictures.heif_tiles import Rows, TiledHeif

#: One picture in one thread: another thread takes 8 MB of address space and a core from other jobs.
options.DECODE_THREADS = 1
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False

MAX_PIXELS = 25_000_000  # decoded to RGB, of which the decoder holds several copies
MAX_PIXELS_AS_PLANES = 8192 * 6144  # with 8 bits: 170 MB
MAX_PIXELS_IN_TILES = 16_384 * 12_288  # sold as 200 megapixels; only one row of tiles is held


@dataclass(frozen=True)
class HeifSource:
    """An upright picture of which no pixels are decoded yet."""

    size: tuple[int, int]
    rows: Rows  # from row, to row
    most_pixels: int
    profile: bytes | None


@contextmanager
def opened(data: bytes) -> Iterator[HeifSource]:
    file = HeifFile(data, convert_hdr_to_8bit=True, remove_stride=False)  # type: ignore[no-untyped-call]
    found = file.info.get("icc_profile")
    profile = found if isinstance(found, bytes) else None
    with closing(TiledHeif(data)) as tiled:
        if tiled.is_tiled:
            yield HeifSource(tiled.size, tiled.rows_of_tiles, MAX_PIXELS_IN_TILES, profile)
        elif file.size[0] * file.size[1] > MAX_PIXELS and tiled.has_8_bits:
            yield HeifSource(tiled.size, tiled.rows_of_planes, MAX_PIXELS_AS_PLANES, profile)
        else:
            yield HeifSource(file.size, _rows_of(file), MAX_PIXELS, profile)


def _rows_of(file: HeifFile) -> Rows:
    """A whole copy as an image of Pillow would take 4 more bytes a pixel."""

    def rows(top: int, bottom: int) -> Image.Image:
        lines = memoryview(file.data)[top * file.stride : bottom * file.stride]
        return Image.frombytes(file.mode, (file.size[0], bottom - top), lines, "raw", file.mode, file.stride)

    return rows
