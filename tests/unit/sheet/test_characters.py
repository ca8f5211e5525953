"""What a name may be written with prints as itself and copies out of the PDF as it was typed, each single character."""

from __future__ import annotations

import re
import unicodedata
from io import BytesIO

import pypdf
import pypdfium2 as pdfium
import pytest

from lib.pdf import fonts
from lib.pdf.canvas import document
from lib.pdf.fonts import Face
from tests.support.applicant.rare import EXTENSIONS, STANDARD, UNIFIED, needs_hanazono, sample
from tests.support.rules.house import ROOT

A_LINE, LINES = 40, 50  # of a page


def printed(text: str) -> bytes:
    """The text on as many pages as it takes."""
    lines = [text[at : at + A_LINE] for at in range(0, len(text), A_LINE)]
    with document("试", "试") as canvas:
        for start in range(0, len(lines), LINES):
            for row, line in enumerate(lines[start : start + LINES]):
                canvas.text(50, 800 - 15 * row, line, 12)
            canvas.next_page()
        return canvas.finish()


def copied_by_pypdf(pdf: bytes) -> str:
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(pdf)).pages)


def copied_by_pdfium(pdf: bytes) -> str:
    """As Chromium copies it."""
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pdfium.PdfDocument(pdf))


def outline(char: str) -> bytes:
    """What draws the character in its font."""
    file, glyph = fonts.glyph(char, Face.TEXT)
    return file.outline(glyph)


def nothing(char: str) -> bytes:
    """What its font draws for characters that it does not have."""
    file, _glyph = fonts.glyph(char, Face.TEXT)
    return file.outline(0)


def not_drawn(text: str) -> str:
    return "".join(char for char in text if outline(char) in (b"", nothing(char), outline(fonts.BOX)))


def test_each_of_the_8105_characters_of_the_standard_list_is_drawn_and_copied() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 8105
    assert not_drawn(STANDARD) == ""
    pdf = printed(STANDARD)
    assert copied_by_pypdf(pdf) == STANDARD
    assert copied_by_pdfium(pdf) == STANDARD


@needs_hanazono
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_characters_from_all_over_an_extension_are_drawn_and_copied(extension: str) -> None:
    text = sample(extension)
    assert len(text) >= 100
    assert not_drawn(text) == ""
    pdf = printed(text)
    assert copied_by_pypdf(pdf) == text
    assert copied_by_pdfium(pdf) == text


@needs_hanazono
def test_compatibility_ideographs_stay_what_they_are() -> None:
    """Also those that normalising would change: the text contains what was typed."""
    compatible = "".join(map(chr, range(0xF900, 0xFA0E)))
    assert unicodedata.normalize("NFC", compatible) != compatible
    text = UNIFIED + "".join(char for char in compatible if not fonts.missing_characters(char))
    assert fonts.missing_characters(UNIFIED) == []
    assert not_drawn(text) == ""
    pdf = printed(text)
    assert copied_by_pypdf(pdf) == text
    assert copied_by_pdfium(pdf) == text


def test_what_no_font_has_is_drawn_as_a_box_and_found_out_here() -> None:
    assert not_drawn("张\U000323af") == "\U000323af"
    assert copied_by_pdfium(printed("张\U000323af")) == "张\U000323af"


def test_what_the_script_does_not_ask_about_prints_without_any_other_font() -> None:
    """static/js/characters.js sends unusual characters only; the usual ones must need no request."""
    script = (ROOT / "static" / "js" / "characters.js").read_text(encoding="utf-8")
    found = re.search(r"const USUAL = /(\[.+\])/gu;", script)
    assert found
    usual = re.compile(found[1])
    text = "".join(char for char in map(chr, range(0x10000)) if usual.match(char))
    assert len(text) > 27_000
    fonts.set_fallbacks([])
    try:
        assert fonts.missing_characters(text) == []
    finally:
        fonts.set_fallbacks([fonts.HANAZONO])
