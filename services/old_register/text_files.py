"""A register as text: CSV or TXT in UTF-8, UTF-16 or GB18030, also of several encodings, with any usual separator.

A line that cannot be read is listed with its number; the others are read.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from services.old_register.columns import HEADER_ROWS, REQUIRED, guess, header_of, plain_title

Opener = Callable[[], BinaryIO]
#: (number of its first line, its cells, or why it cannot be read).
Row = tuple[int, list[str] | str]

SEPARATORS = (",", "\t", ";", "，", "；", "|")
MOST_LINES_OF_ROW = 10  # a cell may hold line breaks; a quotation mark too many must not swallow the file
LONGEST_LINE = 1 << 16  # bytes
_BLOCK = 200  # lines
MIXED = "mixed"
_BAD_BYTES = "这一行有无法识别的字符(编码与其他行不同或已损坏)，没有导入；请在原文件中更正这一行"
_BAD_QUOTES = "这一行的引号不成对，没有导入；请删去多余的引号"


@dataclass(frozen=True)
class TextFile:
    """How a text file is to be read."""

    open: Opener
    encoding: str
    has_utf8: bool  # of a mixed file: some lines are UTF-8
    lines: int
    separator: str

    def rows(self) -> Iterator[Row]:
        return _rows(_lines(self), self.separator, may_be_bad=self.encoding != "utf-8-sig")


def look_at(open_file: Opener) -> TextFile:
    """Find out the encoding, the number of lines and the separator."""
    encoding, has_utf8, lines = _encoding(open_file)
    file = TextFile(open_file, encoding, has_utf8, lines, ",")
    head = [(number, line) for number, line in islice(_lines(file), HEADER_ROWS)]
    found = next((one for one in SEPARATORS if _has_header(head, one)), None)
    return TextFile(open_file, encoding, has_utf8, lines, found or _most_frequent(head))


def _has_header(head: list[tuple[int, str]], separator: str) -> bool:
    rows = [cells for _line, cells in _rows(iter(head), separator) if isinstance(cells, list)]
    return bool(rows) and set(REQUIRED) <= set(guess([plain_title(cell) for cell in rows[header_of(rows)]]))


def _most_frequent(head: list[tuple[int, str]]) -> str:
    text = "".join(line for _number, line in head)
    return max(SEPARATORS, key=text.count)


# --- lines ------------------------------------------------------------------------------------------------------------


def _encoding(open_file: Opener) -> tuple[str, bool, int]:
    """The encoding, whether a mixed file has lines of UTF-8, and the number of lines."""
    with closing(open_file()) as file:
        head = file.read(1 << 12)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False, _count_decoded(open_file, "utf-16")
    if b"\0" in head:  # digits and separators of UTF-16 without its mark
        encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return encoding, False, _count_decoded(open_file, encoding)
    if (lines := _count_utf8(open_file)) is not None:
        return "utf-8-sig", True, lines
    with closing(open_file()) as file:
        kinds = [_is_utf8_text(line) for line in _bounded(file)]
    return MIXED, any(kinds), len(kinds)


def _count_utf8(open_file: Opener) -> int | None:
    decoder, lines = codecs.getincrementaldecoder("utf-8")(), 0
    with closing(open_file()) as file:
        try:
            while block := file.read(1 << 20):
                lines += decoder.decode(block).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return lines


def _count_decoded(open_file: Opener, encoding: str) -> int:
    with closing(io.TextIOWrapper(open_file(), encoding, errors="replace", newline="")) as file:
        return sum(1 for _line in file)


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE):
        yield line


def _is_utf8_text(line: bytes) -> bool:
    """Whether a line has characters of UTF-8: three bytes each, which GBK hardly ever forms by chance."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return not line.isascii() and all(character < "\x80" or character >= "\u0800" for character in text)


def _lines(file: TextFile) -> Iterator[tuple[int, str]]:
    """The lines by number. In one that cannot be decoded, U+FFFD stands for what is lost."""
    if file.encoding == MIXED:
        with closing(file.open()) as raw:
            for number, line in enumerate(_bounded(raw), 1):
                yield number, _decoded(line.removeprefix(codecs.BOM_UTF8), file.has_utf8)
        return
    with closing(io.TextIOWrapper(file.open(), file.encoding, errors="replace", newline="")) as text:
        yield from enumerate(text, 1)


def _decoded(line: bytes, has_utf8: bool) -> str:
    """UTF-8 or GB18030. Next to lines of UTF-8, a broken one of them must not pass for GB18030: only GB 2312 counts."""
    if line.isascii() or _is_utf8_text(line):
        return line.decode()
    try:
        return line.decode("gb2312" if has_utf8 else "gb18030")
    except UnicodeDecodeError:
        return line.decode("ascii", errors="replace")


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(lines: Iterable[tuple[int, str]], separator: str, *, may_be_bad: bool = True) -> Iterator[Row]:
    """Every row that is not blank. Lines without quotation marks, as most are, are rows: many are read at a time."""
    return chain.from_iterable(_blocks(iter(lines), separator, may_be_bad))


def _blocks(rest: Iterator[tuple[int, str]], separator: str, may_be_bad: bool) -> Iterator[Iterable[Row]]:
    while block := list(islice(rest, _BLOCK)):
        if (cells_of := _plain_rows(block, separator)) is None:
            yield _quoted_rows(block, rest, separator, may_be_bad)
            continue
        rows = [(number, cells) for (number, _line), cells in zip(block, cells_of, strict=True) if any(cells)]
        yield [(number, _BAD_BYTES if _is_bad(cells) else cells) for number, cells in rows] if may_be_bad else rows


def _plain_rows(block: list[tuple[int, str]], separator: str) -> list[list[str]] | None:
    """The cells of each line; None if one of them needs a closer look."""
    lines = [line for _number, line in block]
    if '"' in "".join(lines):
        return None
    try:
        rows = list(csv.reader(lines, strict=True, delimiter=separator))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None


def _quoted_rows(
    block: list[tuple[int, str]], rest: Iterator[tuple[int, str]], separator: str, may_be_bad: bool
) -> Iterator[Row]:
    """The rows that begin in the block. After one with a wrong quotation mark, reading goes on at its next line."""
    waiting = _WaitingLines(block, rest)
    while waiting.has_more():
        reader = csv.reader(waiting, strict=True, delimiter=separator)
        try:
            for cells in reader:
                taken = waiting.take()
                if any(cells):
                    yield taken[0][0], _BAD_BYTES if may_be_bad and _is_bad(cells) else cells
                if not waiting.again:
                    break
        except csv.Error:
            taken = waiting.take()
            yield taken[0][0], _BAD_BYTES if "\ufffd" in taken[0][1] else _BAD_QUOTES
            waiting.again += taken[:0:-1]


def _is_bad(cells: list[str]) -> bool:
    return any("\ufffd" in cell for cell in cells)


class _WaitingLines:
    """The lines of a block for csv.reader, and more if its last row goes on. Remembers those of the row being read."""

    def __init__(self, block: list[tuple[int, str]], rest: Iterator[tuple[int, str]]) -> None:
        self.rest = rest
        self.again = block[::-1]  # to be read, the next one last
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _WaitingLines:
        return self

    def __next__(self) -> str:
        if len(self.taken) == MOST_LINES_OF_ROW:
            raise StopIteration
        line = self.again.pop() if self.again else next(self.rest)
        self.taken.append(line)
        return line[1]

    def take(self) -> list[tuple[int, str]]:
        taken, self.taken = self.taken, []
        return taken

    def has_more(self) -> bool:
        return bool(self.again)
