"""HEIC pictures from phones. A separate module, so that only the child process loads the decoder."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image
from pillow_heif import HeifFile, options

#: One picture in one thread: another thread takes 8 MB of address space and a core from other jobs.
options.DECODE_THREADS = 1
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False


def open_heif(data: bytes) -> HeifFile:
    """Read the boxes, but no pixels; ``size`` is that of the upright primary picture."""
    return HeifFile(data, convert_hdr_to_8bit=True, remove_stride=False)  # type: ignore[no-untyped-call]


def decode_rows(source: HeifFile) -> tuple[Callable[[int, int], Image.Image], tuple[int, int]]:
    """A function that decodes a range of rows, and the size. The whole picture would take 4 more bytes a pixel."""
    data, mode, stride = memoryview(source.data), source.mode, source.stride
    width, height = source.size

    def rows(top: int, bottom: int) -> Image.Image:
        lines = data[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), lines, "raw", mode, stride)

    return rows, (width, height)


def icc_profile(source: HeifFile) -> bytes | None:
    found = source.info.get("icc_profile")
    return found if isinstance(found, bytes) else None
