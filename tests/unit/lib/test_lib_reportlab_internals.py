"""What lib/pdf/reportlab_internals.py relies on. A failure here means: read that module against the new reportlab."""

import inspect
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import ttfonts
from reportlab.pdfgen.canvas import Canvas

from lib.pdf import fonts, reportlab_internals
from lib.pdf.reportlab_internals import EmbeddedFont
from tests.support.applicant.image_samples import JPEG_CARD
from tests.support.applicant.rare import STANDARD

ROOT = Path(__file__).resolve().parent.parent.parent.parent
BEYOND_THE_BASIC_PLANE = 0x2CB4E


@pytest.fixture
def font() -> EmbeddedFont:
    return EmbeddedFont(fonts.SERIF)


def test_operators_are_part_of_the_page_that_is_open() -> None:
    buffer = BytesIO()
    canvas = reportlab_internals.new_canvas(buffer, (100, 100), "Helvetica", "zh-CN")
    for mark in ("1 0 0 rg", "0 1 0 rg"):
        reportlab_internals.append_operators(canvas, mark)
        canvas.showPage()
    canvas.save()
    pages = [
        contents.get_data() for page in pypdf.PdfReader(buffer).pages if (contents := page.get_contents()) is not None
    ]
    assert [b"1 0 0 rg" in page for page in pages] == [True, False]
    assert [b"0 1 0 rg" in page for page in pages] == [False, True]


def test_a_canvas_names_its_document_and_its_settings_exist() -> None:
    canvas = reportlab_internals.new_canvas(BytesIO(), (100, 100), "Helvetica", "zh-CN")
    assert hasattr(reportlab_internals.document_of(canvas), "SaveToFile")
    assert rl_config.useA85 == 0
    assert {"initialFontName", "invariant", "pageCompression", "lang"} <= inspect.signature(Canvas).parameters.keys()


def test_the_map_of_reportlab_itself_is_still_wrong_beyond_the_basic_plane() -> None:
    """When this fails, the library may have been corrected, and our own map can go."""
    program = (
        "from reportlab.pdfbase.ttfonts import makeToUnicodeCMap as made;"
        f"print('<00> <2CB4E>' in made('F', [{BEYOND_THE_BASIC_PLANE}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.usefixtures("font")
def test_the_library_calls_our_map() -> None:
    assert ttfonts.makeToUnicodeCMap is reportlab_internals._to_unicode_map
    assert "makeToUnicodeCMap(" in inspect.getsource(ttfonts.TTFont)


def test_long_subsets_map_in_blocks_of_a_hundred_and_leave_out_the_empty_slots() -> None:
    text = reportlab_internals._to_unicode_map("Font", [0, *map(ord, STANDARD[:150]), BEYOND_THE_BASIC_PLANE])

    assert "100 beginbfchar" in text
    assert "51 beginbfchar" in text
    assert "<97> <D872DF4E>" in text
    assert "<00> <0000>" not in text


def test_tables_are_read_from_the_mapped_file_as_the_library_reads_them(font: EmbeddedFont) -> None:
    font_class: Any = ttfonts.TTFontFile
    theirs = font_class(str(fonts.SERIF))
    assert font.face.get_table("head") == theirs.get_table("head")
    outlines = theirs.get_table("glyf")
    assert font.face.get_table("glyf")[1000:1200] == outlines[1000:1200]
    assert "get_table('glyf')" in inspect.getsource(ttfonts.TTFontFile.makeSubset)


def test_a_substitute_lends_its_glyph_and_its_width(font: EmbeddedFont) -> None:
    assert not font.has_glyph("\U000323af")
    font.substitute("\U000323af", "□")
    assert font.has_glyph("\U000323af")
    assert font.width("\U000323af") == font.width("□") == 1


def test_a_character_gets_a_name_and_a_code_of_one_byte_in_its_document(font: EmbeddedFont) -> None:
    document = reportlab_internals.document_of(Canvas(BytesIO()))
    name, code = font.encode("会", document)
    assert name.startswith("/F")
    assert len(bytes.fromhex(code)) == 1
    assert font.encode("会", document) == (name, code)


def test_a_jpeg_goes_into_the_document_as_it_is() -> None:
    assert callable(ImageReader.getRGBData)
    buffer = BytesIO()
    canvas = reportlab_internals.new_canvas(buffer, (100, 100), "Helvetica", "zh-CN")
    canvas.drawImage(reportlab_internals.jpeg_reader(JPEG_CARD), 0, 0, 100, 100)
    canvas.showPage()
    canvas.save()
    (picture,) = pypdf.PdfReader(buffer).pages[0].images
    assert picture.indirect_reference is not None
    assert JPEG_CARD in buffer.getvalue()
