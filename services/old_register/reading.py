"""A register file of any kind as rows of text under a header: what ``batches`` imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, dropwhile, islice

from services.old_register import columns, text_files, workbooks
from services.old_register.text_files import Opener, Row, TextFile
from services.old_register.workbooks import Workbook, WorkbookUnreadable

MOST_ROWS = 2_000_000


class UnreadableFile(Exception):
    """The file cannot be imported; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """A readable register: where its header is, and which column is which (field -> place)."""

    table: TextFile | Workbook
    header_line: int
    titles: tuple[str, ...]
    columns: Mapping[str, int]

    @property
    def lines(self) -> int:
        return self.table.lines

    @property
    def width(self) -> int:
        return len(self.titles)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Titles of columns that are not read."""
        used = set(self.columns.values())
        return tuple(title for place, title in enumerate(self.titles) if title and place not in used)

    @property
    def sheets(self) -> tuple[str, ...]:
        return self.table.sheets if isinstance(self.table, Workbook) else ()

    @property
    def sheet(self) -> str:
        return self.table.sheet if isinstance(self.table, Workbook) else ""

    def rows(self) -> Iterator[Row]:
        """The rows below the header. Raises UnreadableFile when there are too many."""
        rows = dropwhile(lambda row: row[0] <= self.header_line, self.table.rows())
        return chain(islice(rows, MOST_ROWS), self._none_of(rows))

    def _none_of(self, rows: Iterator[Row]) -> Iterator[Row]:
        if next(rows, None):
            raise UnreadableFile(f"文件超过 {MOST_ROWS} 行，请分成几个文件")
        yield from ()


def look_at(open_file: Opener, sheet: str | None = None) -> Source:
    """Find the header and guess the columns; some may be absent. Raises UnreadableFile."""
    with closing(open_file()) as file:
        head = file.read(8)
    try:
        table = (
            workbooks.read(open_file, sheet) if head.startswith(workbooks.SIGNATURES) else text_files.look_at(open_file)
        )
    except WorkbookUnreadable as error:
        raise UnreadableFile(str(error)) from error
    rows = [(line, cells) for line, cells in islice(table.rows(), columns.HEADER_ROWS) if isinstance(cells, list)]
    if not rows:
        raise UnreadableFile("文件里没有可以读取的内容：应有列名和数据，至少有列 姓名、证件号码")
    line, cells = rows[columns.header_of([cells for _line, cells in rows])]
    titles = tuple(map(columns.plain_title, cells))
    return Source(table, line, titles, columns.guess(titles))


def open_source(open_file: Opener, sheet: str | None = None, mapping: Mapping[str, int] | None = None) -> Source:
    """A register whose columns are known: from ``mapping``, else from the titles. Raises UnreadableFile."""
    source = look_at(open_file, sheet)
    if mapping is not None:
        source = Source(source.table, source.header_line, source.titles, mapping)
    elif twice := columns.repeated(source.titles):
        raise UnreadableFile(f"第 {source.header_line} 行有重复的列名:{'、'.join(twice)}")
    if absent := columns.absent(source.columns):
        raise UnreadableFile(f"前 {columns.HEADER_ROWS} 行里应有列名,缺少:{'、'.join(absent)}")
    return source
