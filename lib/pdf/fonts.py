"""Fonts for PDF: every character of GB 18030-2022 prints as itself, and copies out of the PDF as what was typed.

Two faces, each a chain of TrueType files of which the first that has a character draws it:

* ``TEXT``, for typed text: Noto Serif SC, then the fallbacks (Hanazono Mincho B for extensions B to F);
* ``LABEL``, for our own fixed words: a small sans-serif subset, then the chain of ``TEXT``.

A character that no file has is drawn as □, to be completed by hand, and still copies as itself.
:func:`missing_characters` names such characters while a person is typing. It reads only the character maps of the fonts
(once 1 ms, 0.2 MB).
"""

import os
from collections.abc import Sequence
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from lib.pdf.truetype import TrueTypeFile

FOLDER = Path(__file__).resolve().parents[2] / "fonts"
SERIF = FOLDER / "NotoSerifSC-Regular.ttf"
LABEL_SUBSET = FOLDER / "KuaijiLabel.ttf"
#: Where distributions put the package fonts-hanazono: Debian and Ubuntu first, then Fedora, then Arch.
HANAZONO_PLACES = [
    Path("/usr/share/fonts") / place / "HanaMinB.ttf"
    for place in ("truetype/hanazono", "hanazono", "hanazono-fonts", "TTF")
]
HANAZONO = next((path for path in HANAZONO_PLACES if path.is_file()), HANAZONO_PLACES[0])

BOX = "□"


class Face(StrEnum):
    """Which chain of fonts draws a text."""

    TEXT = "text"
    LABEL = "label"


# --- the chain --------------------------------------------------------------------------------------------------------

_fallbacks: tuple[Path, ...] = (HANAZONO,)


def set_fallbacks(paths: Sequence[str | os.PathLike[str]]) -> None:
    """Use these files after Noto Serif SC, in this order; those that do not exist are left out."""
    global _fallbacks
    _fallbacks = tuple(Path(path) for path in paths)
    for cached in (_chain, glyph, ems):
        cached.cache_clear()
    _drawn.clear()
    for widths in _advances.values():
        widths.clear()


@cache
def _file(path: Path) -> TrueTypeFile:
    """Opened once per process."""
    return TrueTypeFile(path)


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
    covers = [_file(path) for path in _chain()]
    found = {c for c in unknown if c.isspace() or any(c in cover for cover in covers)}
    _drawn.update(found)
    return [c for c in dict.fromkeys(text) if c in unknown and c not in found]


# --- drawing ----------------------------------------------------------------------------------------------------------


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


class _Advances(dict[str, float]):
    """Character -> width in ems. Without this cache lookups took a quarter of a sheet's time."""

    def __init__(self, face: Face) -> None:
        self.face = face

    def __missing__(self, char: str) -> float:
        file, number = glyph(char, self.face)
        width = self[char] = file.width(number)
        return width


_advances = {face: _Advances(face) for face in Face}


@lru_cache(maxsize=1 << 16)
def glyph(char: str, face: Face) -> tuple[TrueTypeFile, int]:
    """The file that draws this character, and the number of its glyph there. Fallback fonts are opened on first use."""
    first = (LABEL_SUBSET,) if face is Face.LABEL else ()
    for path in (*first, *_chain()):
        if number := _file(path).glyph(char):
            return _file(path), number
    return _file(SERIF), _file(SERIF).glyph(BOX)
