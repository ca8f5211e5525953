"""All that we use or replace inside reportlab beyond its documented interface. No other module touches it.

=====================================  ================================================================================
``Canvas._code``                       the page's stream: our own operators are a quarter of the price of its methods
``Canvas._doc``                        the document that a font's subsets belong to
``ttfonts.makeToUnicodeCMap``          replaced: see :func:`_to_unicode_map`
``TTFontFile.get_table``, ``_ttf_data``  replaced and read: it copies all outlines (14 MB) for every subset
``TTFontFile.charToGlyph``, ``charWidths``  extended: a character without a glyph borrows that of □
``TTFontFile.getCharWidth``            replaced: whole numbers as int, because it writes a float twenty times as slowly
``TTFont.splitString``, ``getSubsetInternalName``  codes and names of a font's subsets
``ImageReader.getRGBData``, ``_dataA``  replaced: it decodes a JPEG only to name it by a hash of its pixels
``rl_config.useA85``                   a setting of the whole process
``PDFStreamFilterZCompress.encode``    replaced: zlib's level 4 takes two thirds of the time of its default and 5 % more
                                       bytes
=====================================  ================================================================================

``tests/unit/lib/test_lib_reportlab_internals.py`` fails when a new reportlab changes one of them. Import this module
only where something is drawn: reportlab takes 0.15 s and some 15 MB.
"""

import mmap
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfdoc, pdfmetrics, ttfonts
from reportlab.pdfgen import canvas as reportlab_canvas


def new_canvas(buffer: BytesIO, size: tuple[float, float], font: str, language: str) -> Any:
    """A reportlab canvas whose bytes depend on nothing but what is drawn."""
    settings: Any = rl_config
    settings.useA85 = 0  # plain binary streams, a fifth smaller than as ASCII
    streams: Any = pdfdoc.PDFZCompress
    streams.encode = _compressed
    canvas_class: Any = reportlab_canvas.Canvas
    return canvas_class(
        buffer,
        pagesize=size,
        initialFontName=font,  # else an unembedded Helvetica is listed
        invariant=1,  # no clock and no random id: the same sheet is the same bytes
        pageCompression=1,
        lang=language,
    )


def _compressed(content: str | bytes) -> bytes:
    return zlib.compress(content.encode() if isinstance(content, str) else content, 4)


def append_operators(canvas: Any, operators: str) -> None:
    """Write PDF operators straight to the stream of the current page."""
    canvas._code.append(operators)


def document_of(canvas: Any) -> Any:
    return canvas._doc


class _JpegReader(ImageReader):
    def __init__(self, data: bytes) -> None:
        self.data = data
        self._dataA = None

    def jpeg_fh(self) -> Any:
        return BytesIO(self.data)

    def getRGBData(self) -> bytes:  # noqa: N802 - reportlab's name
        return self.data


def jpeg_reader(data: bytes) -> Any:
    """A JPEG for ``drawImage`` that is never decoded: the file's own bytes serve for its hash."""
    if not data.startswith(b"\xff\xd8\xff"):
        raise OSError("no JPEG")
    return _JpegReader(data)


class EmbeddedFont:
    """A TrueType file, registered with reportlab under the name of the file without its ending."""

    def __init__(self, path: Path) -> None:
        patched: Any = ttfonts
        patched.makeToUnicodeCMap = _to_unicode_map
        font: Any = ttfonts.TTFont(path.stem, _MappedFile(path), asciiReadable=0)
        self._font = font
        self.face = font.face
        self.face.get_table = _TableReader(self.face)
        self.face.getCharWidth = self._char_width
        pdfmetrics.registerFont(self._font)

    def _char_width(self, code: int) -> float:
        width = self.face.charWidths.get(code, self.face.defaultWidth)
        return int(width) if width == int(width) else width

    def has_glyph(self, char: str) -> bool:
        return bool(self.face.charToGlyph.get(ord(char)))

    def width(self, char: str) -> float:
        """In ems."""
        return float(self.face.getCharWidth(ord(char))) / 1000

    def substitute(self, char: str, shown: str) -> None:
        """Draw ``char`` with the glyph of ``shown``; it still copies as itself."""
        self.face.charToGlyph[ord(char)] = self.face.charToGlyph[ord(shown)]
        self.face.charWidths[ord(char)] = self.face.charWidths[ord(shown)]

    def encode(self, char: str, document: Any) -> tuple[str, str]:
        """Within a document: the name of the font's subset that has the character, and its code there in hex."""
        ((subset, code),) = self._font.splitString(char, document)
        return self._font.getSubsetInternalName(subset, document), code.hex()


class _MappedFile:
    """A file for reportlab to "read" that stays on disk: workers share its pages, none holds 15 to 45 MB of its own."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def read(self) -> mmap.mmap:
        with Path(self.name).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class _TableReader:
    """``face.get_table`` without its copy of all outlines (14 MB) for every subset, a third of the time of a sheet."""

    def __init__(self, face: Any) -> None:
        self.face = face

    def __call__(self, tag: str) -> Any:
        start, length = self.face.get_table_pos(tag)
        if tag == "glyf":
            return _TableView(self.face._ttf_data, start)
        return self.face._ttf_data[start : start + length]


class _TableView:
    """The bytes from an offset on, copied only where sliced."""

    def __init__(self, data: mmap.mmap, start: int) -> None:
        self.data = data
        self.start = start

    def __getitem__(self, part: slice) -> bytes:
        return self.data[self.start + part.start : self.start + part.stop]


def _to_unicode_map(name: str, subset: Sequence[int]) -> str:
    """What a viewer copies for each code of a font subset.

    Replaces reportlab's (5.1 still has it): that one writes five hex digits for characters beyond U+FFFF, so 𬭎 copies
    as Ⲵ. The PDF reference asks for UTF-16BE, and for at most 100 entries in a block.
    """
    pairs = [f"<{code:02X}> <{_utf_16(char)}>" for code, char in enumerate(subset) if char]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            f"/CIDSystemInfo << /Registry ({name}) /Ordering ({name}) /Supplement 0 >> def",
            f"/CMapName /{name} def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<00> <FF>",
            "endcodespacerange",
            *(line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")),
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
    )


def _utf_16(char: int) -> str:
    return f"{char:04X}" if char < 0x10000 else chr(char).encode("utf-16-be").hex().upper()
