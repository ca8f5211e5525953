"""A register as a workbook (xlsx, xls, ods). python-calamine reads the values of its cells.

Call it only where memory is bounded or the file comes from this machine's operator: a workbook is read as a whole.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from services.old_register.text_files import Opener, Row

MOST_BYTES = 30 << 20  # of the file
MOST_UNPACKED = 300 << 20
MOST_ROWS = 300_000
SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


class WorkbookUnreadable(Exception):
    """The workbook cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Workbook:
    """A workbook that was read, and the sheet that was chosen."""

    book: Any
    sheets: tuple[str, ...]
    sheet: str

    @property
    def lines(self) -> int:
        return _last_row(self.book, self.sheet)

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank. Their numbers are those at the side of the sheet."""
        sheet = self.book.get_sheet_by_name(self.sheet)
        first = sheet.start[0] + 1 if sheet.start else 1
        for number, values in enumerate(sheet.to_python(skip_empty_area=True, nrows=MOST_ROWS), first):
            cells = [_text(value) for value in values]
            if any(cells):
                yield number, cells


def read(open_file: Opener, sheet: str | None = None) -> Workbook:
    """Read a workbook; without ``sheet`` the first one with rows is chosen. Raises WorkbookUnreadable."""
    with closing(open_file()) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise WorkbookUnreadable(f"工作簿超过 {MOST_BYTES >> 20} MB。请另存为「CSV UTF-8」后再导入，或分成几个文件")
    _refuse_bombs(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = tuple(one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet)
        chosen = sheet if sheet in sheets else _first_with_rows(book, sheets)
    except CalamineError as error:
        raise WorkbookUnreadable("工作簿已损坏或者加了密码。请在表格软件里打开，去掉密码，另存后再导入") from error
    found = Workbook(book, sheets, chosen)
    if found.lines > MOST_ROWS:
        raise WorkbookUnreadable(f"工作表超过 {MOST_ROWS} 行。请分成几个文件导入")
    return found


def _first_with_rows(book: Any, sheets: tuple[str, ...]) -> str:
    found = next((one for one in sheets if _last_row(book, one)), None)
    if found is None:
        raise WorkbookUnreadable("工作簿里没有内容")
    return found


def _last_row(book: Any, sheet: str) -> int:
    """Its number; 0 without any. ``total_height`` of python-calamine is one less."""
    end = book.get_sheet_by_name(sheet).end
    return end[0] + 1 if end else 0


def _refuse_bombs(data: bytes) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
    except zipfile.BadZipFile as error:
        raise WorkbookUnreadable("工作簿已损坏。请在表格软件里打开，另存后再导入") from error
    if unpacked > MOST_UNPACKED:
        raise WorkbookUnreadable("工作簿解开以后太大。请另存为「CSV UTF-8」后再导入，或分成几个文件")


def _text(value: Any) -> str:
    """A cell as a person would type it. A number has all of its digits, as far as the spreadsheet has kept them."""
    match value:
        case bool() | None:
            return ""
        case float():
            digits = format(Decimal(repr(value)), "f")
            return digits.rstrip("0").rstrip(".") if "." in digits else digits
        case datetime() | date():
            return value.isoformat()[:10]
    return str(value)
