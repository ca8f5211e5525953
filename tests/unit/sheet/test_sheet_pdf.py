"""The printed sheet: read back out of the PDF."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from lib.codes import AgreedKind
from lib.pdf import canvas, qr, typeset
from services.sheet import commitment
from services.sheet.pdf import Block, Cell, SheetData, Table, draw, draw_blank, draw_many, draw_text_document
from services.site import agreed_texts
from tests.support.applicant import sheet_samples as samples

ROOT = Path(__file__).resolve().parent.parent.parent.parent
NAMES = ["张䶮", "㛃晨", "李𬭎", "阿卜杜拉·买买提", "\U000323af某"]
HOSTILE = [
    '<img src="file:///etc/passwd"/>',
    "<para><font color=red>红</font></para>&amp;",
    ") Tj ET (\\) %PDF-1.4 endobj",
    "{{ 7*7 }}${7*7}",
]


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(pdf))


def words(pdf: bytes) -> str:
    """All text of all pages without white space, as lines break anywhere."""
    return "".join("".join(page.extract_text() for page in read(pdf).pages).split())


def texts(data: SheetData) -> list[str]:
    cells = [cell.text for block in data.blocks for cell in block.cells]
    rows = [text for block in data.blocks for table in block.tables for row in table.rows for text in row]
    return [*cells, *rows, *data.papers]


def with_answer(label: str, text: str) -> SheetData:
    data = samples.employed()
    first = data.blocks[0]
    cells = tuple(replace(cell, text=text) if cell.label == label else cell for cell in first.cells)
    return replace(data, blocks=(replace(first, cells=cells), *data.blocks[1:]))


@pytest.mark.parametrize(
    "data", [samples.employed(), samples.unemployed(), samples.minimal()], ids=["employer", "no employer", "minimal"]
)
def test_everything_stands_on_one_page(data: SheetData) -> None:
    pdf = draw(data)

    found = words(pdf)
    assert len(read(pdf).pages) == 1
    assert read(pdf).pages[0].mediabox[2:] == pytest.approx([595.28, 841.89], abs=0.01)
    assert [text for text in texts(data) if "".join(text.split()) not in found] == []
    for text in ("会计人员个人基本信息表", "LN20260000123", "第3版", "EPNB-8J5P-7LSG-X68X", "本人承诺", "第1页/共1页"):
        assert text in found


def test_the_employers_part_is_there_only_with_an_employer() -> None:
    assert "单位意见" in words(draw(samples.employed()))
    assert "（单位盖章）" in words(draw(samples.employed()))
    assert "单位意见" not in words(draw(samples.unemployed()))
    assert "申报人签名（手写）" in words(draw(samples.unemployed()))


@pytest.mark.parametrize("name", NAMES)
def test_names_copy_as_they_were_typed(name: str) -> None:
    assert name in read(draw(samples.employed(name))).pages[0].extract_text()


@pytest.mark.parametrize("name", NAMES)
def test_names_copy_as_they_were_typed_from_another_reader_too(name: str) -> None:
    with pdfium.PdfDocument(draw(samples.employed(name))) as document:
        assert name in document[0].get_textpage().get_text_bounded()


def test_a_character_without_a_font_is_named_below_the_table() -> None:
    assert "表中□是系统字体暂缺的字（U+323AF）" in words(draw(samples.employed("\U000323af某")))
    assert "暂缺" not in words(draw(samples.employed("张䶮")))


def test_long_texts_go_to_a_continuation_page_with_its_own_signature() -> None:
    data = samples.long_texts()
    pdf = draw(data)

    found = words(pdf)
    assert len(read(pdf).pages) == 2
    assert [text for text in texts(data) if "".join(text.split()) not in found] == []
    second = read(pdf).pages[1].extract_text()
    assert "（续页）" in second
    assert "申报人签名（手写）" in second
    assert "第 2 页 / 共 2 页" in second
    assert read(pdf).pages[0].extract_text().count("见续页") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_printed_as_text(text: str) -> None:
    assert "".join(text.split()) in words(draw(with_answer("通讯地址", text)))


def test_five_thousand_nested_tags_are_five_thousand_pieces_of_text() -> None:
    pdf = draw(with_answer("通讯地址", "<b>" * 5000))

    assert words(pdf).count("<b>") >= 5000 - len(read(pdf).pages)  # one may be split where a page ends
    assert all("申报人签名（手写）" in page.extract_text() for page in read(pdf).pages)


ANSWERS = st.text(alphabet="会计龙䶮，（）·。〔〕 aA1-@.x\n\x00", max_size=140)
LABELS = st.text(alphabet="单位所在县(区)会计从业资格证书编号", min_size=1, max_size=18)


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.builds(Cell, LABELS, ANSWERS, st.sampled_from([2, 3, 4, 6])), max_size=45),
    st.lists(st.tuples(LABELS, ANSWERS, ANSWERS), min_size=1, max_size=4),
    st.booleans(),
)
def test_whatever_is_answered_prints_in_full(
    cells: list[Cell], rows: list[tuple[str, str, str]], has_employer: bool
) -> None:
    table = Table(("类别", "毕业院校", "学历证书编号"), tuple(rows), (1, 4, 3))
    first = Block("个人信息", "个人信息", tuple(cells[:20]))
    blocks = (first, Block("学历信息", "学历信息", tuple(cells[20:]), (table,)))
    data = replace(samples.employed(), blocks=blocks, has_employer=has_employer)

    found = words(draw(data))

    wanted = [typeset.printable(text) for text in texts(data)]
    assert [text for text in wanted if "".join(text.split()) not in found] == []


def test_control_characters_show_as_boxes() -> None:
    assert "青年□大街□106□号" in words(draw(with_answer("通讯地址", "青年\x00大街\u202e106\x1b号")))


@pytest.mark.slow
def test_the_same_sheet_is_the_same_bytes_in_every_process() -> None:
    first = draw(samples.employed("张䶮\U000323af"))
    draw(samples.long_texts())
    program = (
        "import sys; from tests.support.applicant import sheet_samples as s; from services.sheet.pdf import draw;"
        "sys.stdout.buffer.write(draw(s.employed('张䶮\\U000323af')))"
    )
    other = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True).stdout

    assert draw(samples.employed("张䶮\U000323af")) == first == other


def test_threads_do_not_disturb_each_other() -> None:
    sheets = [samples.employed(), samples.unemployed(), samples.minimal(), samples.long_texts()] * 3
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(draw, sheets))
    assert drawn == [draw(sheet) for sheet in sheets[:4]] * 3


def test_metadata_names_the_number_and_no_person() -> None:
    pdf = draw(samples.employed("张三丰"))

    about = read(pdf).metadata
    assert about is not None
    assert about.title == "会计人员个人基本信息表 LN20260000123"
    assert about.author == about.creator == "辽宁省会计人员信息采集平台"
    assert "张三丰" not in str(dict(about))
    assert "219901199003072317" not in str(dict(about))


def test_every_font_is_embedded() -> None:
    page: Any = read(draw(samples.employed())).pages[0]
    fonts = page["/Resources"]["/Font"]
    (described,) = zip(*(font.get_object()["/DescendantFonts"] for font in fonts.values()), strict=True)
    assert len(described) == 2
    assert all("/FontFile2" in font.get_object()["/FontDescriptor"] for font in described)


def test_the_photo_goes_in_as_it_is() -> None:
    assert samples.photo() in draw(samples.employed())
    assert b"/DCTDecode" not in draw(samples.minimal())
    assert "一寸照片" in words(draw(samples.minimal()))


def test_the_qr_code_is_the_address_module_by_module() -> None:
    data = samples.employed()
    content = read(draw(data)).pages[0].get_contents()
    assert content is not None
    path = re.search(rb"((?:\d+ \d+ \d+ 1 re\s){50,})", content.get_data())
    assert path is not None
    side = len(qr.matrix(data.qr))
    drawn = [bytearray(side) for _row in range(side)]
    for x, y, wide in re.findall(rb"(\d+) (\d+) (\d+) 1 re", path[1]):
        row = drawn[side - 1 - int(y)]
        row[int(x) : int(x) + int(wide)] = b"\1" * int(wide)
    assert drawn == [bytearray(row) for row in qr.matrix(data.qr)]
    assert _read_squares(drawn) == data.qr


def _read_squares(rows: list[bytearray]) -> str:
    """What a reader sees in squares of 4 × 4 pixels with a margin around them."""
    side = 4 * (len(rows) + 8)
    wide = [bytes(255 - 255 * square for square in [0] * 4 + list(row) + [0] * 4 for _ in range(4)) for row in rows]
    blank = [b"\xff" * side] * 16
    pixels = b"".join([*blank, *(line for line in wide for _ in range(4)), *blank])
    (found,) = zxingcpp.read_barcodes(zxingcpp.ImageView(pixels, side, side, zxingcpp.ImageFormat.Lum))
    return str(found.text)


@pytest.mark.slow
def test_many_in_one_document_are_what_each_is_alone() -> None:
    sheets = [
        replace(samples.employed(), number="LN20260000001"),
        replace(samples.long_texts(), number="LN20260000002"),
        replace(samples.unemployed(), number="LN20260000003"),
        replace(samples.employed("李𬭎"), number="LN20260000004", photo=None),
    ]
    together = draw_many(sheets, "试")

    pdf, alone = read(together), [page for sheet in sheets for page in read(draw(sheet)).pages]
    assert list(map(_characters, pdf.pages)) == list(map(_characters, alone))
    outline: list[Any] = list(pdf.outline)
    assert [entry["/Title"] for entry in outline] == [sheet.number for sheet in sheets]
    assert [pdf.get_destination_page_number(entry) for entry in outline] == [0, 1, 3, 4]
    looks = [look for sheet in sheets for look in _looks(draw(sheet))]
    assert max(map(_differ, _looks(together), looks)) < 60
    assert max(map(_differ, _looks(together)[1:], looks)) > 100  # or it would tell nothing
    assert draw_many(sheets, "试") == together


def test_what_is_kept_for_the_next_sheet_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded pieces and texts of one sheet serve another only where they are the same."""
    sheets = [_with_address(samples.employed(), times) for times in (1, 4, 3, 1)] + [samples.unemployed()]
    together = draw_many(sheets, "试")
    for limit in ("_MOST_KEPT", "_MOST_TEXTS"):
        monkeypatch.setattr(canvas, limit, 0)
    assert draw_many(sheets, "试") == together


def _with_address(data: SheetData, times: int) -> SheetData:
    """The same boxes, but the row of the address is higher."""
    first, *others = data.blocks
    cells = [replace(cell, text=cell.text * times) if cell.label == "通讯地址" else cell for cell in first.cells]
    return replace(data, blocks=(replace(first, cells=tuple(cells)), *others))


def _characters(page: pypdf.PageObject) -> list[str]:
    return sorted("".join(page.extract_text().split()))


def _looks(pdf: bytes) -> list[Image.Image]:
    """Each page as a small grey picture: a renderer puts each run of a font on whole pixels, which differ a little."""
    found = []
    for page in pdfium.PdfDocument(pdf):
        bitmap = page.render(scale=2, grayscale=True)  # keeps the memory that the picture looks into
        found.append(bitmap.to_pil().reduce(6))
    return found


def _differ(one: Image.Image, other: Image.Image) -> int:
    """By how much at the worst place, of 255."""
    return max(at for at, count in enumerate(ImageChops.difference(one, other).histogram()) if count)


def test_what_many_share_stands_in_the_file_once() -> None:
    one = replace(samples.employed(), photo=None)
    many = [replace(one, number=f"LN2026{number:07}", code=f"{number:016}") for number in range(40)]
    alone, together = len(draw(one)), len(draw_many(many, one.site))
    assert together < alone + 40 * alone / 12


@pytest.mark.parametrize("watermark", ["演示", "样表"])
def test_a_watermark_stands_on_every_page(watermark: str) -> None:
    pages = read(draw(replace(samples.long_texts(), watermark=watermark))).pages
    assert len(pages) == 2
    assert all(watermark in page.extract_text() for page in pages)


def test_a_check_code_too_long_for_its_place_is_not_cut() -> None:
    assert "-".join(["ABCD"] * 12) in words(draw(replace(samples.employed(), code="ABCD" * 12)))


def test_the_blank_sheet_asks_everything_and_answers_nothing() -> None:
    data = samples.employed()
    pdf = draw_blank(data.blocks, data.papers, data.site, data.promise)

    found = words(pdf)
    assert len(read(pdf).pages) == 1
    assert "样表" in found
    assert "单位意见" in found
    assert "全日制" in found  # names a row, is no answer
    for answer in ("阿卜杜拉", "219901199003072317", "东北财经大学", "LN20260000123", "EPNB", "第3版"):
        assert answer not in found
    labels = "".join(cell.label for block in data.blocks for cell in block.cells)
    assert set(labels) <= set(found)


def test_a_plain_table_cell_too_long_moves_to_the_continuation_page() -> None:
    table = Table(("类别", "毕业院校"), (("全日制", "很长的校名" * 60),), (1, 3))
    data = samples.minimal()
    pdf = draw(replace(data, blocks=(replace(data.blocks[0], tables=(table,)), *data.blocks[1:])))

    assert "很长的校名" * 60 in words(pdf)
    assert "个人信息 全日制 毕业院校" in read(pdf).pages[1].extract_text()


def test_labels_with_a_line_break_print_on_two_lines() -> None:
    data = samples.minimal()
    block = replace(data.blocks[0], cells=(Cell("从事会计工作\n起始年月", "2013-03"),))
    assert "从事会计工作起始年月" in words(draw(replace(data, blocks=(block, *data.blocks[1:]))))


# --- other documents --------------------------------------------------------------------------------------------------


def test_the_commitment_prints_whole_with_its_version() -> None:
    first = agreed_texts.FIRST[AgreedKind.COMMITMENT]
    found = words(commitment.text_pdf(first, "辽宁省会计人员信息采集平台"))

    assert agreed_texts.TITLES[AgreedKind.COMMITMENT] in found
    assert f"{first.version}版" in found
    assert [text for text in first.body.splitlines() if text not in found] == []


def test_the_work_proof_has_blanks_and_a_place_for_the_stamp() -> None:
    pdf = commitment.work_proof_pdf("辽宁省会计人员信息采集平台")

    found = words(pdf)
    assert len(read(pdf).pages) == 1
    assert "（单位公章）" in found
    assert [text for text in commitment.WORK_PROOF_PARAGRAPHS if text not in found] == []


def test_a_long_document_goes_on_and_repeats_its_foot_and_watermark() -> None:
    paragraphs = [f"第{n}段" + "很长的一段话" * 30 for n in range(25)]
    pages = read(draw_text_document("题目", paragraphs, closing=["签名"], footer="页脚", watermark="样表")).pages

    assert len(pages) > 1
    assert all("页脚" in page.extract_text() and "样表" in page.extract_text() for page in pages)
    assert all(f"第{n}段" in "".join(page.extract_text() for page in pages) for n in range(25))


def test_a_document_needs_neither_closing_nor_foot() -> None:
    assert words(draw_text_document("很长的题目" * 20, ["正文<b>"])) == "很长的题目" * 20 + "正文<b>"
