"""Subsets of font files, and the PDF objects around them: as other programs read them."""

import re
import struct
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdf
import pytest
from PIL import Image
from reportlab.pdfbase import ttfonts

from lib.pdf import fonts, truetype
from lib.pdf.canvas import Rect, document
from lib.pdf.truetype import TrueTypeFile
from tests.support.applicant.image_samples import JPEG_CARD
from tests.support.applicant.rare import STANDARD


def reportlabs(path: Path) -> Any:
    """Another reader of the same file."""
    font_class: Any = ttfonts.TTFontFile
    return font_class(str(path))


@pytest.mark.parametrize("path", [fonts.SERIF, fonts.LABEL_SUBSET], ids=["full map", "short map"])
def test_characters_and_widths_are_those_that_another_reader_finds(path: Path) -> None:
    ours, theirs = TrueTypeFile(path), reportlabs(path)
    for char in [*STANDARD[::97], *"aA1,·（□", "\U000323af", "\uffff"]:
        assert ours.glyph(char) == theirs.charToGlyph.get(ord(char), 0)
        if char in ours:
            width = theirs.charWidths[ord(char)]
            assert ours.width(ours.glyph(char)) * 1000 == pytest.approx(width)


def tables(file: bytes) -> dict[bytes, bytes]:
    """The tables of a file, each with the sum that its entry promises."""
    (count,) = struct.unpack_from(">4xH", file)
    found = {}
    for at in range(12, 12 + 16 * count, 16):
        tag, promised, start, length = struct.unpack_from(">4s3L", file, at)
        table = file[start : start + length]
        summed = table[:8] + bytes(4) + table[12:] if tag == b"head" else table  # but for the sum of the whole file
        words = struct.unpack(f">{-(-length // 4)}L", summed + bytes(-length % 4))
        assert sum(words) % 2**32 == promised
        found[tag] = table
    return found


def test_a_subset_has_the_outlines_and_widths_in_order() -> None:
    serif = TrueTypeFile(fonts.SERIF)
    glyphs = [serif.glyph(char) for char in "会计a会"]
    subset = tables(serif.subset(glyphs))
    offsets = struct.unpack(">6L", subset[b"loca"])
    outlines = [subset[b"glyf"][start:end] for start, end in pairwise(offsets)]
    assert [outline.rstrip(b"\0") for outline in outlines] == [
        serif.outline(glyph).rstrip(b"\0") for glyph in (0, *glyphs)
    ]
    widths = struct.unpack(">" + "H2x" * 5, subset[b"hmtx"])
    assert [width / 1000 for width in widths[1:]] == [serif.width(glyph) for glyph in glyphs]


def test_the_parts_of_a_composed_glyph_come_with_it(tmp_path: Path) -> None:
    """No font of ours has composed glyphs; one that an operator sets may."""
    parts, composed = _with_a_composed_glyph(tmp_path / "composed.ttf")
    font = TrueTypeFile(tmp_path / "composed.ttf")
    subset = tables(font.subset([composed, 3]))
    assert struct.unpack_from(">4xH", subset[b"maxp"]) == (1 + 2 + len(parts),)
    start, end, *others = struct.unpack(">6L", subset[b"loca"])[1:]
    outline = subset[b"glyf"][start:end]
    assert struct.unpack_from(">10x2H2b", outline) == (32 | 2, 3, 5, 6)
    assert struct.unpack_from(">16x2H4bH", outline) == (2 | 8, 4, 7, 8, 64, 0, 0)
    places = [others[0], others[1], others[2]]
    assert [subset[b"glyf"][a:b] for a, b in pairwise(places)] == [
        font.outline(part) + bytes(-len(font.outline(part)) % 4) for part in parts
    ]


def _with_a_composed_glyph(path: Path) -> tuple[list[int], int]:
    """Write a file whose last glyph is composed of two others: their numbers, and its own."""
    found = tables(fonts.LABEL_SUBSET.read_bytes())
    count = len(found[b"loca"]) // 4
    parts, before = [10, 20], len(found[b"glyf"])
    outline = struct.pack(">h8x2H2b2H4bH", -1, 32 | 2, parts[0], 5, 6, 2 | 8, parts[1], 7, 8, 64, 0, 0)
    found[b"glyf"] += outline
    found[b"loca"] = found[b"loca"][:-8] + struct.pack(">2L", before, before + len(outline))
    path.write_bytes(truetype._file(found))
    return parts, count - 2


def test_the_table_of_a_file_says_where_each_object_begins() -> None:
    with document("题", "人") as canvas:
        for _page in range(2):
            canvas.text(50, 700, "字a", 12)
            canvas.jpeg(Rect(100, 100, 50, 50), JPEG_CARD)
            canvas.next_page()
        pdf = canvas.finish()
    begins = int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])
    places = re.findall(rb"(\d{10}) 00000 n \n", pdf[begins:])
    assert len(places) > 10
    for number, place in enumerate(map(int, places), 1):
        assert pdf[place:].startswith(b"%d 0 obj\n<<" % number)
    assert pdf.count(JPEG_CARD) == 1
    pages = pypdf.PdfReader(BytesIO(pdf), strict=True).pages
    assert [page.extract_text().strip() for page in pages] == ["字a", "字a"]
    assert [len(page.images) for page in pages] == [1, 1]


def test_only_a_jpeg_of_colours_that_every_viewer_shows_goes_in() -> None:
    print_colours = BytesIO()
    Image.new("CMYK", (8, 8)).save(print_colours, "JPEG")
    for data in (print_colours.getvalue(), b"no picture", JPEG_CARD[:20]):
        with document("题", "人") as canvas, pytest.raises(OSError):
            canvas.jpeg(Rect(0, 0, 10, 10), data)
