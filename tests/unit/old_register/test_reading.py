"""Old registers as offices send them: encodings, separators, headers, workbooks, and what a spreadsheet ruined."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from services.old_register import text_files, workbooks
from services.old_register.chunks import ChunkReader
from services.old_register.reading import Source, UnreadableFile, look_at, open_source
from services.old_register.rows import RegisterRow
from tests.support.people import id_number

TODAY = date(2026, 11, 23)
DATA = Path(__file__).resolve().parents[2] / "data"
HEADER = "姓名,证件号码,证书编号,档案号,发证日期,发证机关,手机号码,单位"
ONE, TWO, THREE = id_number(11), id_number(12), id_number(13)


def line(number: str = ONE, name: str = "张三", **cells: str) -> str:
    values = {"proof": "辽2008001235", "archive": "LN2008005679", "phone": "13800130001", "unit": "样例厂"} | cells
    proofs = f"{values['proof']},{values['archive']}"
    return f"{name},{number},{proofs},2008-06-12,样例市财政局,{values['phone']},{values['unit']}"


def opened(data: bytes, sheet: str | None = None) -> Source:
    return open_source(lambda: io.BytesIO(data), sheet)


def read(data: bytes, sheet: str | None = None) -> dict[int, RegisterRow | str]:
    """The rows by line; the reason instead of a line that cannot be read."""
    source = opened(data, sheet)
    rows = dict(source.rows())
    readable = {line: cells for line, cells in rows.items() if not isinstance(cells, str)}
    values, removed, problems = ChunkReader(source.columns, source.width, TODAY).read(readable)
    found = {line: RegisterRow(row, removed.get(line, ()), problems.get(line)) for line, row in values.items()}
    return {line: found.get(line) or str(cells) for line, cells in rows.items()}


def names_of(rows: dict[int, RegisterRow | str]) -> dict[int, str | None]:
    return {
        number: "bad line" if isinstance(row, str) else row.problem or row.values.name for number, row in rows.items()
    }


def only(text: str) -> RegisterRow:
    row = read(f"{HEADER}\n{text}\n".encode())[2]
    assert isinstance(row, RegisterRow)
    return row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，", "；"])
def test_every_usual_encoding_and_separator_is_read(encoding, separator):
    text = "\r\n".join([HEADER, line(), line(TWO, "李四")]).replace(",", separator)

    assert names_of(read(text.encode(encoding))) == {2: "张三", 3: "李四"}


def test_lines_of_two_encodings_are_read_right_and_broken_ones_are_told():
    broken = line(THREE, "李开").encode()
    lines = [
        HEADER.encode("gbk"),
        line(ONE, "张三").encode("gbk"),
        line(TWO, "欧阳小明").encode(),
        broken.replace("李".encode(), "李".encode()[:2]),
        line(THREE, "李\xff").encode("latin-1", "replace").replace(b"?", b"") + b"\xff",
        line(THREE, "王五").encode("gbk"),
    ]

    assert names_of(read(b"\n".join(lines))) == {2: "张三", 3: "欧阳小明", 4: "bad line", 5: "bad line", 6: "王五"}


@pytest.mark.parametrize(
    "name",
    [
        "欧阳小明".encode().decode("gbk"),
        "张小明".encode().decode("gbk", "ignore"),  # its last byte was lost
        "张三".encode("gbk").decode("latin-1"),
        "张锟斤拷",
    ],
)
def test_a_name_that_was_garbled_before_is_not_stored(name):
    assert "乱码" in (only(line(name=name)).problem or "")


@pytest.mark.parametrize(
    "unit", ["样例厂商".encode().decode("gbk"), "样例厂".encode("gbk").decode("latin-1"), "样例锟斤拷厂"]
)
def test_a_garbled_employer_or_proof_is_left_out(unit):
    row, proven = only(line(unit=unit)), only(line(archive=f"{unit}20080017"))

    assert (row.problem, row.values.employer, row.removed) == (None, None, ("单位里有已损坏的字符，未采用",))
    assert (proven.problem, proven.values.archive_no, proven.removed) == (
        None,
        None,
        ("档案号里有已损坏的字符，未采用",),
    )


@pytest.mark.parametrize("text", ["宓峰", "濮阳锟", "José Ibáñez"])
def test_a_rare_name_is_not_taken_for_a_garbled_one(text):
    assert only(line(name=text, unit=text)).values == only(line()).values._replace(name=text, employer=text)


def test_a_line_with_a_wrong_quotation_mark_is_told_and_the_others_are_read():
    text = "\n".join(
        [
            HEADER,
            line(),
            line(TWO, "李四", unit='"样例"厂有限公司'),
            line(THREE, "王五"),
            line(TWO, '"赵六'),
            line(ONE, "钱七"),
        ]
        + [line(ONE, "孙八")] * 12
    )

    found = names_of(read(text.encode()))

    assert {number: name for number, name in found.items() if number < 8} == {
        2: "张三",
        3: "bad line",
        4: "王五",
        5: "bad line",
        6: "钱七",
        7: "孙八",
    }


def test_of_wrong_lines_near_each_other_each_is_told_and_no_other_is_lost():
    """A quotation mark that is not closed is looked for in ten lines, among which there may be another wrong one."""
    wrong = {3: '"赵六', 6: '""钱七""'}
    text = [HEADER, *(line(ONE, wrong.get(number, "张三")) for number in range(2, 240))]

    found = names_of(read("\n".join(text).encode()))

    assert found == {number: "bad line" if number in wrong else "张三" for number in range(2, 240)}


def test_a_row_that_begins_in_one_block_of_lines_ends_in_the_next(monkeypatch):
    monkeypatch.setattr(text_files, "_BLOCK", 2)
    text = [HEADER, line(unit='"样例厂\n二分厂\n三分厂"'), line(TWO, "李四"), line(THREE, "王五")]

    found = names_of(read("\n".join(text).encode()))

    assert found == {2: "张三", 5: "李四", 6: "王五"}


def test_a_line_break_inside_of_quotation_marks_belongs_to_the_cell():
    found = names_of(read("\n".join([HEADER, line(unit='"样例厂\n二分厂"'), line(TWO, "李四")]).encode()))

    assert list(found) == [2, 4]


@pytest.mark.parametrize(
    "header",
    [
        "姓　名,证件号码 ,证书编号,档案号,发证日期,发证机关,手机号码,单位",
        '姓名,"证件\n号码",证书号,档案编号,发证时间,发证单位,联系电话,工作单位',
        "*姓名,身份证号(必填),会计证号,档案号码,领证日期,发证部门,手机,单位名称",
        "样例县会计人员名册,,,,,,,\n2008年度,,,,,,,\n姓名：,公民身份号码,证书编号,档案号,发证日期,发证机关,手机号,所在单位",
    ],
)
def test_the_header_is_found_and_understood(header):
    row = next(iter(read(f"{header}\n{line()}\n".encode()).values()))

    assert isinstance(row, RegisterRow)
    assert row.problem is None
    assert row.values == only(line()).values


def test_of_several_columns_for_one_field_the_most_usual_title_counts():
    source = look_at(lambda: io.BytesIO("联系电话,姓名,手机号码,身份证号\n".encode()))

    assert (source.columns, source.unknown) == ({"phone": 2, "name": 1, "number": 3}, ("联系电话",))


@pytest.mark.parametrize(
    "ruined",
    "2.10102E+11 2.10E+11 2.1E11 2,10102E+11 ###### #N/A #REF! #VALUE! #DIV/0! 0000 ---- **** 无 未发证 见附件 NULL "
    "1234 12345678 111111 LN0000 2008-06-12 20080612 2008/6/12 210102200800000 210102200800123000 =A1+2008 "
    "=VLOOKUP(A2008) 12 A-12 见2页 ２．１０１０２Ｅ＋１１ 2.10102×10^11 1899-12-30 1900/1/0 2008-06 2008年6月".split(),
)
@pytest.mark.parametrize("place", ["proof", "archive"])
def test_a_broken_value_never_becomes_a_proof(place, ruined):
    row = only(line(**{place: f'"{ruined}"'}))

    assert getattr(row.values, "certificate_no" if place == "proof" else "archive_no") is None
    assert len(row.removed) == 1
    assert re.search("未采用.*由窗口发放激活码", row.removed[0])
    assert ruined not in row.removed[0]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ('="210102200800123"', "210102200800123"),
        ("210102080012.0", "210102080012"),
        ("2.10102 E+11", None),
        ("210102200800777\t", "210102200800777"),
        ("辽会第0001号", "辽会第0001号"),
    ],
)
def test_what_a_spreadsheet_puts_around_a_number_is_taken_off(written, number):
    assert only(line(proof=written)).values.certificate_no == number


@pytest.mark.parametrize(
    "written", [f'="{ONE}"', f'"=""{ONE}"""', f"'{ONE}\t", f"\u202d{ONE}\u202c", f"{ONE[:6]} {ONE[6:]}"]
)
def test_a_number_in_a_wrapper_is_the_number(written):
    row = only(line(written))

    assert (row.problem, row.values.number) == (None, ONE)


def test_a_number_that_was_rounded_is_told():
    rounded = next(
        number
        for serial in range(999)
        for born in ("19700109", "19700408")
        if (number := id_number(serial, born)).endswith("000")
    )

    assert "末三位是 000" in only(line(rounded)).removed[0]


@pytest.mark.parametrize(
    ("cell", "phone", "told"),
    [
        ("+86 13800138001", "13800138001", False),
        ("0086-138-0013-8002", "13800138002", False),
        ("８６１３８００１３８００３", "13800138003", False),
        ("13800138004/024-23890000", "13800138004", True),
        ("024-23890000；13800138004", "13800138004", True),
        ("13800138007、13800138008", "13800138007", True),
        ("13800138007 13800138008", "13800138007", True),
        ("1.38001E+10", None, True),
        ("13800138005.0", "13800138005", False),
        ("\u202d13800138006\u202c", "13800138006", False),
        ("138 0013 8009 ", "13800138009", False),
        ("=13800138010", "13800138010", False),
        ('"""13800138011"""', "13800138011", False),
        ("024-23890000", None, True),
        ("手机：13800138001", "13800138001", True),
        ("8613800138001（本人）13800138002", "13800138001", True),
        ("13800138001或13800138002", "13800138001", True),
        ("138-0013-8001 024-23890000", "13800138001", True),
        ("1380013800113800138002", None, True),
        (ONE, None, True),
    ],
)
def test_the_first_mobile_number_of_a_cell_is_kept(cell, phone, told):
    row = only(line(phone=cell))

    assert (row.values.phone, bool(row.removed)) == (phone, told)


def test_a_day_without_its_format_is_a_day():
    assert only(line().replace("2008-06-12", "39611")).values.issued_month == "2008-06"


# --- workbooks --------------------------------------------------------------------------------------------------------


def workbook() -> bytes:
    """A cover, and a sheet with a title row above the header."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    book.add_worksheet("封面")
    sheet = book.add_worksheet("名册")
    sheet.write_row(1, 0, ["样例县会计人员名册"])
    sheet.write_row(2, 0, HEADER.split(","))
    sheet.write_row(3, 0, ["张三", ONE, 210102080012, "LN2008005679"])
    sheet.write_datetime(3, 4, date(2008, 6, 12), book.add_format({"num_format": "yyyy年m月"}))
    sheet.write_row(3, 5, ["样例市财政局", 13800130001, "样例厂"])
    sheet.write_row(4, 0, ["李四", float(TWO[:15] + "000"), 2.10102e17, "", 39611])
    book.add_worksheet("其他").write_row(0, 0, HEADER.split(","))
    book.close()
    return data.getvalue()


def test_a_workbook_is_read_with_the_lines_of_its_sheet():
    data = workbook()
    first, second = read(data).values()

    assert opened(data).sheets == ("封面", "名册", "其他")
    assert (opened(data).sheet, opened(data, "其他").sheet, list(read(data))) == ("名册", "其他", [4, 5])
    assert isinstance(first, RegisterRow)
    assert isinstance(second, RegisterRow)
    assert first.values == only(line(proof="210102080012")).values
    assert second.problem, "the last digits of the number are lost"


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_old_and_open_workbooks_are_read(kind):
    assert names_of(read((DATA / f"register.{kind}").read_bytes())) == {3: "张三"}


def test_a_workbook_that_is_damaged_or_too_large_is_refused_in_words(monkeypatch):
    with pytest.raises(UnreadableFile, match="已损坏"):
        opened(workbook()[:3000])
    data = workbook()
    for name, value in (("MOST_ROWS", 1), ("MOST_UNPACKED", 1000), ("MOST_BYTES", 1000)):
        with monkeypatch.context() as patch:
            patch.setattr(workbooks, name, value)
            with pytest.raises(UnreadableFile, match=r"超过|太大"):
                opened(data)
