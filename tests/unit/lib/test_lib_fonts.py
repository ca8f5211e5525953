"""Every character prints as itself or is reported beforehand, and is copied out of the PDF as typed."""

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import groupby
from pathlib import Path

import pypdf
import pytest

from lib.pdf import fonts
from lib.pdf.canvas import document
from lib.pdf.fonts import Face
from tests.support.applicant.rare import EXTENSIONS, STANDARD, needs_hanazono

ROOT = Path(__file__).resolve().parent.parent.parent.parent
NAMES = ["张䶮", "㛃晨", "李𬭎", "阿卜杜拉·买买提", "欧阳𬱟", "Zoë O'Neill-Müller"]
UNENCODED = "\U000323af"  # extension H: in no font of the chain


@pytest.fixture
def no_fallback() -> Iterator[None]:
    fonts.set_fallbacks([])
    yield
    fonts.set_fallbacks([fonts.HANAZONO])


def copied(text: str, face: Face = Face.TEXT) -> str:
    with document("试", "试") as canvas:
        canvas.text(50, 700, text, 12, face=face)
        canvas.next_page()
        pdf = canvas.finish()
    return pypdf.PdfReader(BytesIO(pdf)).pages[0].extract_text()


def runs(text: str, face: Face = Face.TEXT) -> list[tuple[str, str]]:
    """The text split where the font changes: (name of the font, part)."""
    return [(name, "".join(part)) for name, part in groupby(text, lambda char: fonts.glyph(char, face)[0].name)]


@pytest.mark.usefixtures("no_fallback")
def test_the_vendored_font_alone_has_the_whole_standard_list() -> None:
    assert len(set(STANDARD)) == 8105
    assert fonts.missing_characters(STANDARD) == []


@pytest.mark.usefixtures("no_fallback")
def test_the_vendored_font_alone_has_the_basic_block_and_extension_a() -> None:
    assert fonts.missing_characters("".join(map(chr, [*range(0x4E00, 0x9FA6), *range(0x3400, 0x4DB6)]))) == []


@needs_hanazono
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_with_hanazono_every_character_of_extensions_a_to_f_is_there(extension: str) -> None:
    first, last = EXTENSIONS[extension]
    assert fonts.missing_characters("".join(map(chr, range(first, last + 1)))) == []


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_and_rare_names_need_no_warning(name: str) -> None:
    assert fonts.missing_characters(name) == []


def test_missing_characters_are_named_once_and_in_order() -> None:
    assert fonts.missing_characters(f"张{UNENCODED}\ue863三{UNENCODED} \n\u3000") == [UNENCODED, "\ue863"]


@pytest.mark.usefixtures("no_fallback")
def test_without_a_fallback_the_rest_of_the_extensions_is_named() -> None:
    assert fonts.missing_characters("王𤰉") == ["𤰉"]
    assert fonts.fallbacks_found() == []


def test_fallbacks_that_do_not_exist_are_left_out() -> None:
    fonts.set_fallbacks(["/nowhere/rare.ttf", fonts.SERIF])
    try:
        assert fonts.fallbacks_found() == [fonts.SERIF]
    finally:
        fonts.set_fallbacks([fonts.HANAZONO])


def test_naming_missing_characters_does_not_load_reportlab() -> None:
    """Nor does importing what draws: few requests do."""
    program = (
        "import sys; from services.sheet import pdf; pdf.fonts.missing_characters('张䶮');"
        "print('reportlab' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("face", Face)
@pytest.mark.parametrize("text", [*NAMES, f"张{UNENCODED}三", "".join(reversed(STANDARD[-600:]))])
def test_what_is_copied_is_what_was_typed(text: str, face: Face) -> None:
    assert copied(text, face) == text


@needs_hanazono
def test_a_name_drawn_with_two_fonts_copies_in_one_piece() -> None:
    assert [part for _font, part in runs("王𤰉晨")] == ["王", "𤰉", "晨"]
    assert copied("王𤰉晨") == "王𤰉晨"


def test_a_missing_character_takes_the_room_of_a_box() -> None:
    assert runs(UNENCODED) == [(fonts.SERIF.stem, UNENCODED)]
    assert fonts.ems(UNENCODED) == fonts.ems(fonts.BOX) == 1


def test_labels_come_from_the_sans_serif_as_far_as_it_goes() -> None:
    assert runs("姓名䶮", Face.LABEL) == [("KuaijiLabel", "姓名"), ("NotoSerifSC-Regular", "䶮")]


def test_widths_follow_the_size() -> None:
    assert fonts.width("会计", 10) == 20
    assert 0 < fonts.width("il", 10) < fonts.width("mm", 10) < 20
