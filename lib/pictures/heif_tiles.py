"""HEIC pictures that do not fit into memory as a whole: tile by tile, or as planes of brightness and colour.

By the interface of libheif, which pillow-heif brings along and does not offer. Phones write tiles of 512 pixels.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_void_p
from importlib import import_module
from typing import Any

from PIL import Image

Rows = Callable[[int, int], Image.Image]

_RGB, _INTERLEAVED, _AS_STORED = 1, 10, 99  # heif_colorspace, heif_chroma, both
_Y, _CB, _CR = range(3)  # heif_channel
#: Weights of red and blue in the brightness, by the number of the matrix (ITU-T H.273); BT.601 where none is given.
_WEIGHTS = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)
MAX_TILE_HEIGHT = 1024


class _Error(ctypes.Structure):
    _fields_ = [("code", c_int), ("subcode", c_int), ("message", c_char_p)]


class _Tiling(ctypes.Structure):
    _fields_ = [
        ("version", c_int),
        *((name, c_uint32) for name in "columns rows tile_width tile_height width height top left".split()),
        ("dimensions", c_uint8),
        ("sizes", c_uint32 * 8),
    ]


class _Options(ctypes.Structure):
    """The first members; the library allocates all of them."""

    _fields_ = [("version", c_uint8), ("ignore_turns", c_uint8), ("progress", c_void_p * 4), ("to_8_bits", c_uint8)]


class _Colours(ctypes.Structure):
    _fields_ = [("version", c_uint8), ("primaries", c_int), ("curve", c_int), ("matrix", c_int), ("full", c_uint8)]


_library = ctypes.CDLL(import_module("_pillow_heif").__file__)  # finds what the extension is linked to


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    found = getattr(_library, f"heif_{name}")
    found.restype, found.argtypes = result, arguments
    return found


_OUT = POINTER(c_void_p)
_new_context = _function("context_alloc", c_void_p)
_free_context = _function("context_free", None, c_void_p)
_read = _function("context_read_from_memory_without_copy", _Error, c_void_p, c_char_p, c_size_t, c_void_p)
_primary = _function("context_get_primary_image_handle", _Error, c_void_p, _OUT)
_free_handle = _function("image_handle_release", None, c_void_p)
_tiling_of = _function("image_handle_get_image_tiling", _Error, c_void_p, c_int, POINTER(_Tiling))
_bits = _function("image_handle_get_luma_bits_per_pixel", c_int, c_void_p)
_colours_of = _function("image_handle_get_nclx_color_profile", _Error, c_void_p, POINTER(POINTER(_Colours)))
_free_colours = _function("nclx_color_profile_free", None, c_void_p)
_new_options = _function("decoding_options_alloc", POINTER(_Options))
_free_options = _function("decoding_options_free", None, POINTER(_Options))
_decode = _function("decode_image", _Error, c_void_p, _OUT, c_int, c_int, POINTER(_Options))
_decode_tile = _function(
    *("image_handle_decode_image_tile", _Error, c_void_p, _OUT, c_int, c_int, POINTER(_Options), c_uint32, c_uint32)
)
_width = _function("image_get_width", c_int, c_void_p, c_int)
_height = _function("image_get_height", c_int, c_void_p, c_int)
_plane = _function("image_get_plane_readonly2", c_void_p, c_void_p, c_int, POINTER(c_size_t))
_free_image = _function("image_release", None, c_void_p)


def _check(error: _Error) -> None:
    if error.code:
        raise ValueError(error.message.decode("utf-8", "replace"))


def _check_size(found: tuple[int, int], told: tuple[int, int]) -> None:
    if found != told:
        raise ValueError(f"{found} instead of {told}")


def _hidden(told: int, length: int, count: int, tile: int) -> int | None:
    """How much of the first tile lies outside of a turned picture; None when it cannot be known.

    libheif tells how much lies inside. What it hides is what the tiles are longer than the picture.
    """
    surplus = count * tile - length
    return 0 if told == 0 else surplus if told in (surplus, tile - surplus) else None


class TiledHeif:
    """The primary picture of a file, upright. To be closed: libheif's memory is not Python's."""

    def __init__(self, data: bytes) -> None:
        self._data, self._context, self._handle, self._whole = data, c_void_p(_new_context()), c_void_p(), c_void_p()
        self._options = _new_options()
        self._options.contents.to_8_bits = 1
        self._band = -1, Image.new("RGB", (1, 1))  # the row of tiles decoded last
        try:
            _check(_read(self._context, data, len(data), None))
            _check(_primary(self._context, byref(self._handle)))
            self.tiling = _Tiling(version=1)
            _check(_tiling_of(self._handle, 1, byref(self.tiling)))
        except ValueError:
            self.close()
            raise
        told = self.tiling
        self.size = (told.width, told.height)
        self.has_8_bits = _bits(self._handle) == 8
        self._left = _hidden(told.left, told.width, told.columns, told.tile_width)
        self._top = _hidden(told.top, told.height, told.rows, told.tile_height)

    def close(self) -> None:
        _free_image(self._whole)
        _free_handle(self._handle)
        _free_options(self._options)
        _free_context(self._context)

    @property
    def is_tiled(self) -> bool:
        """In tiles of which one row fits into memory, and not cropped by a property of the file."""
        known = self._left is not None and self._top is not None
        return known and self.tiling.columns * self.tiling.rows > 1 and self.tiling.tile_height <= MAX_TILE_HEIGHT

    # --- tile by tile

    def rows_of_tiles(self, top: int, bottom: int) -> Image.Image:
        """Rows of the picture. From the top to the bottom each tile is decoded once."""
        high, hidden, strip = self.tiling.tile_height, self._top or 0, Image.new("RGB", (self.size[0], bottom - top))
        first, last = ((row + hidden) // high for row in (top, bottom - 1))
        for number in range(first, last + 1):
            if self._band[0] != number:
                self._band = number, self._decoded_band(number)
            strip.paste(self._band[1], (0, number * high - hidden - top))
        return strip

    def _decoded_band(self, row: int) -> Image.Image:
        wide = self.tiling.tile_width
        band = Image.new("RGB", (self.size[0], self.tiling.tile_height))
        for column in range(self.tiling.columns):
            image = c_void_p()
            _check(_decode_tile(self._handle, byref(image), _RGB, _INTERLEAVED, self._options, column, row))
            tile = _pixels(image, _INTERLEAVED, "RGB")
            _free_image(image)
            _check_size(tile.size, (wide, self.tiling.tile_height))
            band.paste(tile, (column * wide - (self._left or 0), 0))
        return band

    # --- as planes: half the memory of RGB

    def rows_of_planes(self, top: int, bottom: int) -> Image.Image:
        if not self._whole:
            _check(_decode(self._handle, byref(self._whole), _AS_STORED, _AS_STORED, None))
            _check_size((_width(self._whole, _Y), _height(self._whole, _Y)), self.size)
        light, *colours = (
            _pixels(self._whole, channel, "L", top, bottom, self.size[1])
            for channel in (_Y, _CB, _CR)
            if _width(self._whole, channel) > 0
        )
        if not colours:
            return light
        planes = [light, *(each.resize(light.size, Image.Resampling.BILINEAR) for each in colours)]
        return Image.merge("RGB", planes).convert("RGB", self._to_rgb())

    def _to_rgb(self) -> tuple[float, ...]:
        """A matrix for brightness and two colours to red, green and blue."""
        found = POINTER(_Colours)()
        told = not _colours_of(self._handle, byref(found)).code
        matrix, full = (found.contents.matrix, found.contents.full) if told else (6, 1)
        _free_colours(found)
        red, blue = _WEIGHTS.get(matrix, _BT601)
        y, c, black = (1.0, 1.0, 0.0) if full else (255 / 219, 255 / 224, 16.0)
        green = 1 - red - blue
        of_red, of_blue = 2 * (1 - red) * c, 2 * (1 - blue) * c
        rows = ((0.0, of_red), (-of_blue * blue / green, -of_red * red / green), (of_blue, 0.0))
        return tuple(value for cb, cr in rows for value in (y, cb, cr, -y * black - 128 * (cb + cr)))


def _pixels(image: c_void_p, channel: int, mode: str, top: int = 0, bottom: int = 0, of_height: int = 0) -> Image.Image:
    """A plane, or the rows of it that lie next to these rows of a picture of that height."""
    stride, wide, high = c_size_t(), _width(image, channel), _height(image, channel)
    start = _plane(image, channel, byref(stride))
    first, last = (top * high // of_height, -(-bottom * high // of_height)) if of_height else (0, high)
    data = ctypes.string_at(start + first * stride.value, (last - first) * stride.value)
    return Image.frombytes(mode, (wide, last - first), data, "raw", mode, stride.value)
