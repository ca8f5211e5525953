#!/usr/bin/env bash
# libheif: the offset of the tiles of a turned HEIC picture tells how much of the first tile is seen, not how much is hidden.
#
# One would guess what heif_tiling.h says: the first tile "should be placed at a negative position", by this offset.
# Phones write HEIC in tiles of 512 pixels, and nearly every picture is turned by a property of the file. 1200 pixels are
# three tiles of 512, of which 336 pixels stick out; turned by 180 degrees they stick out at the left. libheif says 176,
# which is 512 - 336. Who places the tiles by that gets a picture that is shifted, and misses its last pixels.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow-heif==1.8.1 pillow==13.0.0
venv/bin/python - <<'PYTHON'
import ctypes
import io
import sys
from ctypes import POINTER, byref, c_int, c_size_t, c_uint8, c_uint32, c_void_p

import _pillow_heif
import pillow_heif
from PIL import Image

library = ctypes.CDLL(_pillow_heif.__file__)


class Error(ctypes.Structure):
    _fields_ = [("code", c_int), ("subcode", c_int), ("message", ctypes.c_char_p)]


class Tiling(ctypes.Structure):
    names = "columns rows tile_width tile_height width height top left".split()
    _fields_ = [("version", c_int), *((name, c_uint32) for name in names), ("more", c_uint8), ("sizes", c_uint32 * 8)]


def left_offset(orientation: int) -> int:
    exif, out, handle, tiling = Image.Exif(), io.BytesIO(), c_void_p(), Tiling(version=1)
    exif[0x0112] = orientation
    pillow_heif.from_pillow(Image.new("RGB", (1200, 900))).save(out, exif=exif.tobytes(), tile_size=512)
    data = out.getvalue()
    library.heif_context_alloc.restype = c_void_p
    for name in ("context_read_from_memory_without_copy", "context_get_primary_image_handle", "image_handle_get_image_tiling"):
        getattr(library, f"heif_{name}").restype = Error
    context = c_void_p(library.heif_context_alloc())
    library.heif_context_read_from_memory_without_copy(context, data, c_size_t(len(data)), None)
    library.heif_context_get_primary_image_handle(context, byref(handle))
    library.heif_image_handle_get_image_tiling(handle, c_int(1), POINTER(Tiling)(tiling))
    return tiling.left


seen = {"upright": left_offset(1), "turned by 180 degrees": left_offset(3)}
print(f"libheif {pillow_heif.libheif_version()}, 1200 x 900 in tiles of 512; left offset of the first tile:", seen)
sys.exit(None if list(seen.values()) == [0, 176] else "CHANGED: expected 0 and 176 (336 would be right)")
PYTHON
