"""XLSX files of any length: rows go to disk as they are written, so memory does not grow with them.

Every text stays a text: nothing becomes a formula, a link or a number, whatever it begins with.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_AT_MOST = 1_000_000  # on one sheet, below the header; the format has room for 48,575 more
ABANDONED = 6 * 3600  # seconds after which a scratch folder is what a killed process left behind
FOLDER = "exports"  # below DATA
A4, A3 = 9, 8  # as the format numbers paper
WIDE = {A4: 200, A3: 430}  # characters that one line of a page holds, and can still be read
Cell = str | float | date | None
_PREFIX = "xlsx-"
_OPTIONS = {
    "constant_memory": True,
    "use_zip64": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True)
class Column:
    """A column: its heading, and its width in characters (a Chinese one counts twice).

    ``names_row``: it tells whose row it is, so a print that is several pages wide repeats it on each.
    """

    title: str
    width: int = 14
    names_row: bool = False


class Book:
    """A workbook that is being written, under ``folder``. Use it in a ``with``: its end clears the disk.

    The finished file has no name: once closed it is gone, whatever happens to the process.
    """

    def __init__(self, folder: Path) -> None:
        import xlsxwriter  # large, and needed by few requests

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(folder)
        self._scratch = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - finish() hands it out
        self._book = xlsxwriter.Workbook(self._file, _OPTIONS | {"tmpdir": self._scratch.name})
        # The text format: a cell that is edited later does not become a formula and loses no digits.
        self.text_format = self._book.add_format({"num_format": "@"})
        self.part_format = self._book.add_format({"num_format": "0.0"})  # points stand below each other
        self.day_format = self._book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#EAF1FC"})
        self._sheets: list[WorkbookSheet] = []
        self._finished = False

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_error: Any) -> None:
        for page in self._book.worksheets():
            page._opt_close()
        self._scratch.cleanup()
        if not self._finished:
            self._file.close()

    def sheet(self, title: str, columns: Sequence[Column]) -> WorkbookSheet:
        made = WorkbookSheet(self, title, columns)
        self._sheets.append(made)
        return made

    def page(self, title: str, columns: Sequence[Column]) -> Worksheet:
        page = self._book.add_worksheet(title)
        page.freeze_panes(1, 0)
        self._set_up_print(page, columns)
        for at, column in enumerate(columns):
            page.set_column(at, at, column.width)
            page.write_string(0, at, column.title, self._head)
        return page

    def _set_up_print(self, page: Worksheet, columns: Sequence[Column]) -> None:
        """As wide as the paper, as long as it gets. A list of all questions is as many pages wide as can be read."""
        width = sum(column.width for column in columns)
        paper = A4 if width <= WIDE[A4] else A3
        page.set_landscape()
        page.set_paper(paper)
        page.fit_to_pages(math.ceil(width / WIDE[paper]), 0)
        page.repeat_rows(0)
        if named := [at for at, column in enumerate(columns) if column.names_row]:
            page.repeat_columns(named[-1])
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer("&L&A&R第 &P 页，共 &N 页")

    def finish(self) -> IO[bytes]:
        """The file, at its beginning. The caller closes it."""
        for sheet in self._sheets:
            sheet.close_page()
        self._book.close()
        self._file.seek(0)
        self._finished = True
        return self._file


class WorkbookSheet:
    """A table. Rows that do not fit on one sheet continue on the next, under the same header."""

    def __init__(self, book: Book, title: str, columns: Sequence[Column]) -> None:
        self.book, self.title, self.columns = book, title, columns
        self.count = 0  # rows, of all its pages
        self._pages = 0
        self._turn()

    def _turn(self) -> None:
        self._pages += 1
        title = self.title if self._pages == 1 else f"{self.title} {self._pages}"
        self._page, self._row = self.book.page(title, self.columns), 0

    def close_page(self) -> None:
        self._page.autofilter(0, 0, self._row, len(self.columns) - 1)
        self._page.print_area(0, 0, self._row, len(self.columns) - 1)

    def add(self, cells: Sequence[Cell]) -> None:
        """One row. Numbers are numbers and days are days; ``None`` and the empty text leave the cell empty."""
        if self._row == ROWS_AT_MOST:
            self.close_page()
            self._turn()
        self._row += 1
        self.count += 1
        for at, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    self._page.write_string(self._row, at, cell, self.book.text_format)
            elif isinstance(cell, date):
                self._page.write_datetime(self._row, at, cell, self.book.day_format)
            elif cell is not None:
                self._page.write_number(self._row, at, cell, self.book.part_format if isinstance(cell, float) else None)


def sweep(folder: Path) -> int:
    """Remove what a killed process left: it is people's data in plain. Returns how many unfinished files there were."""
    removed = 0
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(left)
                removed += 1
    return removed
