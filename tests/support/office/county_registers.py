"""Old registers as counties hand them in, of invented people: CSV in GB18030, xlsx and ods, with the usual bad rows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, cycle, islice, product
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

from tests.support.people import id_number

ERROR, CONFLICT, WARNING = "未导入", "已存在，未导入", "请核对"
#: As the offices of three counties head their columns.
HEADERS = (
    ("姓　名", "身份证号", "会计证号", "档案号", "领证日期", "发证机关", "联系电话", "单位"),
    ("持证人", "公民身份号码", "证书编号", "档案编号", "发证时间", "发证单位", "手机号码", "工作单位"),
    ("姓名", "证件\n号码", "会计从业资格证书编号", "档案号", "发证日期", "发证机关", "电话", "单位名称"),
)
_PARTS = "王李张刘陈杨赵吴周徐孙马朱胡郭何林罗高梁", "春秀建国文海晓桂志玉", "芳兰华军梅明英平红霞"
_NAMES = tuple(map("".join, product(*_PARTS)))
_OFFICE = "样例市财政局"
BAD_BYTE, STRAY_QUOTE = "\ue000", "\ue001"  # stand for what only a text file can have
Row = list[str]


@dataclass(frozen=True)
class BadRow:
    """``line``: where the file has it; what the table of problems says of it."""

    line: int
    result: str
    words: str


@dataclass
class CountyRegister:
    """``holders``: (name, number, archive number, day of issue) of the people whose rows are good."""

    name: str
    data: bytes = b""
    rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    holders: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        return sum(row.result != WARNING for row in self.bad)


class _People:
    """Rows of people, each with a number and proofs of its own; each ``place`` has years of birth of its own."""

    def __init__(self, place: int) -> None:
        self.serial, self.place = count(), place
        self.first: Row = []
        days = (date(1950 + place, 1, 1) + timedelta(days=days) for days in count())
        self.rounded = (number for day in days if (number := id_number(100, f"{day:%Y%m%d}")).endswith("000"))

    def row(self) -> Row:
        serial = next(self.serial)
        born = date(1958 + 8 * self.place, 3, 7) + timedelta(days=serial // 80)
        number = id_number(11 + serial % 80, f"{born:%Y%m%d}")
        name = _NAMES[(serial * 7 + self.place) % len(_NAMES)]
        issued = f"{1996 + serial % 15}-{serial % 12 + 1:02d}-{serial % 27 + 1:02d}"
        proof = f"{self.place + 1}{serial * 3 + 17:06d}"
        phone = f"1380013{serial % 9000 + 1000}"
        row = [name, number, f"辽会{proof}7", f"LN{proof}3", issued, _OFFICE, phone, f"样例县第{serial % 90 + 1}粮库"]
        self.first = self.first or list(row)
        return row


def _with(place: int, text: str, result: str, words: str) -> Callable[[_People], tuple[Row, str, str]]:
    """A row in which one cell has this text."""

    def make(people: _People) -> tuple[Row, str, str]:
        row = people.row()
        row[place] = text
        return row, result, words

    return make


def _wrong_digit(people: _People) -> tuple[Row, str, str]:
    row = people.row()
    row[1] = row[1][:17] + ("1" if row[1][17] != "1" else "2")
    return row, ERROR, "校验码"


def _rounded(people: _People) -> tuple[Row, str, str]:
    """A spreadsheet keeps 15 digits; the check digit fits by chance."""
    row = people.row()
    row[1] = next(people.rounded)
    return row, WARNING, "末三位是 000"


def _too_short(people: _People) -> tuple[Row, str, str]:
    row = people.row()
    row[1] = row[1][:17]
    return row, ERROR, "应为 18 位"


def _tells_the_number(people: _People) -> tuple[Row, str, str]:
    row = people.row()
    row[3] = row[1]
    return row, WARNING, "档案号与证件号码相同"


def _twice(people: _People) -> tuple[Row, str, str]:
    return list(people.first), CONFLICT, "同一证件号码在文件里前面已有一行"


def _broken(mark: str, words: str) -> Callable[[_People], tuple[Row, str, str]]:
    def make(people: _People) -> tuple[Row, str, str]:
        row = people.row()
        row[7] = f"样例{mark}厂"
        return row, ERROR, words

    return make


BAD_ROWS: tuple[Callable[[_People], tuple[Row, str, str]], ...] = (
    _with(2, "2.10102E+11", WARNING, "证书编号被表格软件改成了科学计数"),
    _with(3, "#N/A", WARNING, "档案号是表格软件的错误值"),
    _with(2, "######", WARNING, "证书编号是表格软件的错误值"),
    _with(3, "0000", WARNING, "档案号是重复或连续的数字"),
    _with(2, "未发证", WARNING, "证书编号应为 4 至 40 个字"),
    _with(0, "寮犱笁", ERROR, "姓名是乱码"),
    _with(0, "", ERROR, "请填写姓名"),
    _with(1, "2.19901E+17", ERROR, "科学计数"),
    _rounded,
    _wrong_digit,
    _too_short,
    _tells_the_number,
    _twice,
    _with(4, "不详", WARNING, "发证日期无法识别"),
    _with(6, "1.38001E+10", WARNING, "手机号码不对"),
    _with(6, "13800138004/024-23890000", WARNING, "手机号码有几个"),
)
_TEXT_ONLY = (_broken(BAD_BYTE, "无法识别的字符"), _broken(STRAY_QUOTE, "引号不成对"))
#: What looks odd and is read right: nothing is said of it.
_ODD: tuple[Callable[[Row], Row], ...] = (
    lambda row: [row[0], f'="{row[1]}"', *row[2:]],
    lambda row: [*row[:6], f"\u202d{row[6]}\u202c", row[7]],
    lambda row: [*row[:6], f"+86 {row[6]}", row[7]],
    lambda row: [*row[:6], f"{row[6]}.0", row[7]],
    lambda row: [f"{row[0][0]}　{row[0][1:]}", *row[1:]],
)


def registers(rows: int, bad: int) -> Iterator[CountyRegister]:
    """Three files of ``rows`` rows together, ``bad`` of them bad ones."""
    kinds = (cycle((*_TEXT_ONLY, *BAD_ROWS)), cycle(BAD_ROWS), cycle(BAD_ROWS[::-1]))
    for place, (name, write) in enumerate((("甲县.csv", _csv), ("乙县.xlsx", _xlsx), ("丙县.ods", _ods))):
        wanted, wrong = rows // 3 + (place < rows % 3), bad // 3 + (place < bad % 3)
        register = CountyRegister(name, rows=wanted)
        table = _table(register, _People(place), islice(kinds[place], wrong), first_line=2 + place)
        register.data = write([list(HEADERS[place]), *table])
        yield register


def _table(register: CountyRegister, people: _People, kinds: Iterator[Any], first_line: int) -> list[Row]:
    """The rows below the header; bad and odd ones stand among the good ones, evenly."""
    wrong, table = list(kinds), []
    every = register.rows // len(wrong)
    for number in range(register.rows):
        if number % every == every - 1 and wrong:
            row, result, words = wrong.pop()(people)
            register.bad.append(BadRow(first_line + number, result, words))
        else:
            row = people.row()
            register.holders.append((row[0], row[1], row[3], row[4]))
            row = _ODD[number // 50 % len(_ODD)](row) if number % 50 == 7 else row
        table.append(row)
    assert not wrong
    return table


def _csv(table: Sequence[Row]) -> bytes:
    """As a county's old program writes it: GB18030, quotation marks only where they are needed."""
    quoted = ([f'"{cell.replace(chr(34), chr(34) * 2)}"' if '"' in cell else cell for cell in row] for row in table)
    text = "\r\n".join(map(",".join, quoted)).replace(f"样例{STRAY_QUOTE}厂", '"样例"厂') + "\r\n"
    return text.encode("gb18030").replace(BAD_BYTE.encode("gb18030"), b"\xff\xff")


def _xlsx(table: Sequence[Row]) -> bytes:
    """A title above the header, days as days, an empty first sheet."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        book.add_worksheet("说明")
        sheet, day = book.add_worksheet("名册"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_string(0, 0, "乙县会计从业资格证持证人员名册")
        for line, row in enumerate(table, 1):
            for place, cell in enumerate(row):
                if line > 1 and place == 4 and cell[:1].isdigit():
                    sheet.write_datetime(line, place, date.fromisoformat(cell), day)
                else:
                    sheet.write_string(line, place, cell)
    return data.getvalue()


_ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2"'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>"
)
_ODS_FOOT = "</table:table></office:spreadsheet></office:body></office:document-content>"
_ODS_KIND = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS_KIND}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def _ods(table: Sequence[Row]) -> bytes:
    """Two lines above the header, days as days."""
    above = [["丙县会计从业资格证持证人员名册"], ["填报单位：丙县财政局"]]
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in [*above, *table])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", _ODS_KIND, zipfile.ZIP_STORED)
        packed.writestr("META-INF/manifest.xml", _MANIFEST)
        packed.writestr("content.xml", f'{_ODS_HEAD}<table:table table:name="名册">{lines}{_ODS_FOOT}')
    return data.getvalue()


def _ods_cell(text: str) -> str:
    if len(text) == 10 and text[4] == text[7] == "-":
        kind = f'office:value-type="date" office:date-value="{text}"'
    else:
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{escape(text)}</text:p></table:table-cell>"
