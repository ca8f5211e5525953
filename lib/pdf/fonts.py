"""Fonts for PDF: every character of GB 18030-2022 prints as itself, and copies out of the PDF as what was typed.

Two faces, each a chain of TrueType files of which the first that has a character draws it:

* ``TEXT``, for typed text: Noto Serif SC, then the fallbacks (Hanazono Mincho B for extensions B to F);
* ``LABEL``, for our own fixed words: a small sans-serif subset, then the chain of ``TEXT``.

A character that no file has is drawn as □, to be completed by hand, and still copies as itself.
:func:`missing_characters` names such characters while a person is typing. It reads only the character maps of the fonts
(once 1 ms, 0.2 MB) and does not load reportlab.

reportlab does not allow several threads to draw with one font: hold :data:`LOCK` from the first measured width to the
finished bytes.
"""

import mmap
import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.pdf.reportlab_internals import EmbeddedFont

FOLDER = Path(__file__).resolve().parents[2] / "fonts"
SERIF = FOLDER / "NotoSerifSC-Regular.ttf"
LABEL_SUBSET = FOLDER / "KuaijiLabel.ttf"
#: Where distributions put the package fonts-hanazono: Debian and Ubuntu first, then Fedora, then Arch.
HANAZONO_PLACES = [
    Path("/usr/share/fonts") / place / "HanaMinB.ttf"
    for place in ("truetype/hanazono", "hanazono", "hanazono-fonts", "TTF")
]
HANAZONO = next((path for path in HANAZONO_PLACES if path.is_file()), HANAZONO_PLACES[0])

LOCK = RLock()
BOX = "□"


class Face(StrEnum):
    """Which chain of fonts draws a text."""

    TEXT = "text"
    LABEL = "label"


class Coverage:
    """The characters of one TrueType file: ``"䶮" in Coverage(path)``.

    Only the full Unicode map (cmap format 12) is read. A file without one counts as empty: it is useless as a fallback,
    because it has no character beyond the first 65,536 code points.
    """

    def __init__(self, path: Path) -> None:
        self.starts = array("L")
        self.ends = array("L")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for start, end, _glyph in _groups(data):
                self.starts.append(start)
                self.ends.append(end)

    def __contains__(self, char: str) -> bool:
        at = bisect_right(self.starts, ord(char)) - 1
        return at >= 0 and ord(char) <= self.ends[at]


def _groups(data: mmap.mmap) -> Iterable[tuple[int, ...]]:
    """(first code, last code, first glyph), ascending, of the format 12 subtable. Layout: OpenType 1.9, cmap."""
    (tables,) = struct.unpack_from(">4xH", data, 0)
    directory = {data[at : at + 4]: struct.unpack_from(">8xL", data, at)[0] for at in range(12, 12 + 16 * tables, 16)}
    cmap = directory[b"cmap"]
    (subtables,) = struct.unpack_from(">2xH", data, cmap)
    for index in range(subtables):
        (offset,) = struct.unpack_from(">4xL", data, cmap + 4 + 8 * index)
        form, count = struct.unpack_from(">H10xL", data, cmap + offset)
        if form == 12:
            start = cmap + offset + 16
            return struct.iter_unpack(">LLL", data[start : start + 12 * count])
    return ()


# --- the chain --------------------------------------------------------------------------------------------------------

_fallbacks: tuple[Path, ...] = (HANAZONO,)


def set_fallbacks(paths: Sequence[str | os.PathLike[str]]) -> None:
    """Use these files after Noto Serif SC, in this order; those that do not exist are left out."""
    global _fallbacks
    with LOCK:
        _fallbacks = tuple(Path(path) for path in paths)
        for cached in (_chain, _font_name_for, _font_of, ems):
            cached.cache_clear()
        _drawn.clear()
        for widths in _advances.values():
            widths.clear()


@cache
def _coverage(path: Path) -> Coverage:
    return Coverage(path)


@cache
def _chain() -> tuple[Path, ...]:
    return (SERIF, *(path for path in _fallbacks if path.is_file()))


def fallbacks_found() -> list[Path]:
    """The fallback files that exist on this machine, for ``flask doctor``."""
    return list(_chain()[1:])


_drawn: set[str] = set()  # characters that some font has; a cache, because searching all maps is slow


def missing_characters(text: str) -> list[str]:
    """The characters that would print as □, each once, in the order of the text; never white space."""
    unknown = set(text) - _drawn
    if not unknown:
        return []
    covers = [_coverage(path) for path in _chain()]
    found = {c for c in unknown if c.isspace() or any(c in cover for cover in covers)}
    _drawn.update(found)
    return [c for c in dict.fromkeys(text) if c in unknown and c not in found]


# --- drawing: this part loads reportlab -------------------------------------------------------------------------------


def width(text: str, size: float, face: Face = Face.TEXT) -> float:
    """The width in points at this size in points."""
    return size * ems(text, face)


@lru_cache(maxsize=1 << 14)
def ems(text: str, face: Face = Face.TEXT) -> float:
    """The width as a multiple of the font size; a Chinese character has 1."""
    return sum(map(_advances[face].__getitem__, text))


def clear_text_cache() -> None:
    """Forget all measured texts, because they are names and addresses."""
    ems.cache_clear()


def warm_up() -> None:
    """Load the two vendored fonts now (about 0.3 s)."""
    for face in Face:
        _font_name_for("字", face)


class _Advances(dict[str, float]):
    """Character -> width in ems. Without this cache lookups took a quarter of a sheet's time."""

    def __init__(self, face: Face) -> None:
        self.face = face

    def __missing__(self, char: str) -> float:
        width = self[char] = _font_of(char, self.face).width(char)
        return width


_advances = {face: _Advances(face) for face in Face}


class Codes(dict[str, str]):
    """Character -> its code in hex within one document; ``fonts`` maps it to the name of its font there."""

    def __init__(self, face: Face, document: Any) -> None:
        self.face = face
        self.document = document
        self.fonts: dict[str, str] = {}

    def __missing__(self, char: str) -> str:
        self.fonts[char], code = _font_of(char, self.face).encode(char, self.document)
        self[char] = code
        return code


@lru_cache(maxsize=1 << 16)
def _font_name_for(char: str, face: Face) -> str:
    """Name of the font that draws this character. Fallback fonts load on first use."""
    if face is Face.LABEL and _font(LABEL_SUBSET).has_glyph(char):
        return LABEL_SUBSET.stem
    for path in _chain():
        if char in _coverage(path):
            _font(path)
            return path.stem
    _font(SERIF).substitute(char, BOX)
    return SERIF.stem


@lru_cache(maxsize=1 << 16)
def _font_of(char: str, face: Face) -> "EmbeddedFont":
    return _font(_path(_font_name_for(char, face)))


def _path(name: str) -> Path:
    return next(path for path in (LABEL_SUBSET, *_chain()) if path.stem == name)


@cache
def _font(path: Path) -> "EmbeddedFont":
    """Loaded once per process."""
    from lib.pdf.reportlab_internals import EmbeddedFont  # see there: reportlab is loaded late

    with LOCK:
        return EmbeddedFont(path)
