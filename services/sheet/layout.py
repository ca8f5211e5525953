"""The layout of page 1: questions packed into rows, rows as high as one A4 page allows.

No question is named here. Cells keep the order of the form; each takes two to six sixths of a row, by the length of its
text. When the page is too full, type and rows get smaller in steps. Texts that still do not fit move to the
continuation page, the longest first, and 见续页 is printed in their place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

from lib.pdf import fonts, typeset
from lib.pdf.canvas import MM
from services.sheet.boxes import MAX_ROW_HEIGHT, PADDING, Box, LayoutRow, Level, Style, cell_places, most_ems
from services.sheet.data import Block, SheetData, Table
from services.sheet.labels import label_fitted, min_column_width
from services.sheet.packing import SIXTHS, pack

SECTION_WIDTH = 8 * MM  # the narrow column with the section's name
CONTENT_WIDTH = 170 * MM  # what is left of 178 mm between the margins
PHOTO_WIDTH = 33 * MM  # at the right of the first rows
PHOTO_ROWS = 5
MIN_PHOTO_HEIGHT = 32 * MM
TABLE_HEIGHT = 239 * MM  # from the header to the footer
MAX_BOTTOM_HEIGHT = 92 * MM
MAX_HEAD_HEIGHT = 21.0
VERTICAL_PADDING = 1.6  # above and below a text
MOVED = "见续页"
MIN_EMS_TO_MOVE = 24.0  # ems; a shorter text saves little by moving
MAX_EMS_ON_PAGE_1 = 260.0  # ems; five full lines in the smallest type

PROMISE_SIZE = 9.5
PROMISE_STEP = 15.0


@dataclass
class Entry:
    """A text of the sheet. ``moved``: only the text is on the continuation page; ``dropped``: its label, too."""

    block: str
    label: str
    text: str
    span: int = 2
    moved: bool = False
    dropped: bool = False

    @property
    def shown(self) -> str:
        return MOVED if self.moved else self.text

    def __post_init__(self) -> None:
        self.ems = fonts.ems(self.text)

    @cached_property
    def longest_run(self) -> float:
        return typeset.longest_run(self.text)


@dataclass
class LayoutSection:
    short: str
    rows: list[LayoutRow]
    photo_rows: int = 0
    heights: list[float] = field(default_factory=list)


_TIGHTEST = Level(9, 7, 8, 15, 13.5, 11.5, 36 * MM, 19 * MM)
LEVELS = (
    Level(10, 8, 9, 21.5, 18, 15, 46 * MM, 28 * MM),
    Level(9.5, 7.5, 8.5, 18.5, 16, 13, 42 * MM, 24 * MM),
    _TIGHTEST,
    replace(_TIGHTEST, hint=3),
    replace(_TIGHTEST, hint=2),
)


@dataclass
class SheetLayout:
    """The finished layout of page 1, and the texts for the continuation pages."""

    level: Level
    sections: list[LayoutSection]
    promise: tuple[str, ...]
    promise_height: float
    bottom_height: float
    moved: list[Entry]


# --- the plan ---------------------------------------------------------------------------------------------------------


@dataclass
class _Part:
    """A block with its texts as entries."""

    short: str
    cells: list[Entry]
    tables: list[tuple[Table, list[list[Entry]]]]
    has_photo: bool = False
    papers: bool = False

    def entries(self) -> Iterator[Entry]:
        for _table, rows in self.tables:
            for row in rows:
                yield from row
        yield from self.cells


def plan_layout(data: SheetData) -> SheetLayout:
    """Try the loosest level first; move texts to the continuation page until the rest fits."""
    parts = [_part(block, index == 0) for index, block in enumerate(data.blocks)]
    if data.papers:
        names = [Entry("附件", str(n), typeset.printable(f"{n}. {name}")) for n, name in enumerate(data.papers, 1)]
        parts.append(_Part("附件", names, [], papers=True))
    entries = [entry for part in parts for entry in part.entries()]
    for entry in entries:
        entry.moved = entry.ems > MAX_EMS_ON_PAGE_1
    promise = _promise(data.promise)
    promise_height = len(promise) * PROMISE_STEP + 7
    while True:
        for level in LEVELS:
            room = TABLE_HEIGHT - promise_height - level.bottom(data.has_employer)
            sections = _sections(parts, level, room)
            if sections is not None:
                used = _distribute_heights(sections, room)
                bottom = min(TABLE_HEIGHT - promise_height - used, MAX_BOTTOM_HEIGHT)
                moved = [entry for entry in entries if entry.moved or entry.dropped]
                return SheetLayout(level, sections, promise, promise_height, bottom, moved)
        _move_one(parts)


def _sections(parts: Iterable[_Part], level: Level, room: float) -> list[LayoutSection] | None:
    """The sections at this level; None as soon as they are too high together."""
    sections, need = [], 0.0
    for part in parts:
        if all(entry.dropped for entry in part.entries()):
            continue
        section = _section(part, level)
        need += sum(row.need for row in section.rows)
        if need > room:
            return None
        sections.append(section)
    return sections


@lru_cache(maxsize=16)
def _promise(text: str) -> tuple[str, ...]:
    return tuple(typeset.wrap(f"　　{typeset.printable(text)}", (CONTENT_WIDTH - 20) / PROMISE_SIZE))


def _part(block: Block, has_photo: bool) -> _Part:
    tables = [(table, [_table_row(block, table, row) for row in table.rows]) for table in block.tables]
    cells = [Entry(block.title, cell.label, typeset.printable(cell.text), cell.span) for cell in block.cells]
    return _Part(block.short, cells, tables, has_photo)


def _table_row(block: Block, table: Table, row: tuple[str, ...]) -> list[Entry]:
    first, *_rest = row
    return [
        Entry(block.title, head if index == 0 else f"{first} {head}", typeset.printable(text))
        for index, (head, text) in enumerate(zip(table.header, row, strict=True))
    ]


def _move_one(parts: Sequence[_Part]) -> None:
    """Move the longest text; when only short ones are left, drop the last cell of the longest section."""
    texts = [entry for part in parts if not part.papers for entry in part.entries()]
    staying = [entry for entry in texts if not entry.moved and not entry.dropped]
    longest = max(staying, key=lambda entry: entry.ems, default=None)
    if longest and longest.ems > MIN_EMS_TO_MOVE:
        longest.moved = True
        return
    cells = max(([e for e in part.cells if not e.dropped] for part in parts), key=len)
    if cells:
        cells[-1].dropped = True
    else:  # only tables fill the page: drop a whole row
        rows = [row for part in parts for _table, table_rows in part.tables for row in table_rows]
        for entry in next(row for row in reversed(rows) if not row[0].dropped):
            entry.dropped = True


def _distribute_heights(sections: Sequence[LayoutSection], room: float) -> float:
    """Give every row a height, as even as their needs allow; returns the sum."""
    rows = [row for section in sections for row in section.rows]
    common = _common_height(rows, room)
    given = (max(row.need, min(common, row.most)) for row in rows)
    for section in sections:
        section.heights = [next(given) for _row in section.rows]
    return sum(sum(section.heights) for section in sections)


def _common_height(rows: Sequence[LayoutRow], room: float) -> float:
    """The height at which all rows together fill the room; each keeps its limits."""
    total, at, growing = sum(row.need for row in rows), 0.0, 0
    limits = [limit for row in rows if row.need < row.most for limit in ((row.need, 1), (row.most, -1))]
    for height, more in sorted(limits):
        if total + growing * (height - at) > room:
            return at + (room - total) / growing
        total, at, growing = total + growing * (height - at), height, growing + more
    return MAX_ROW_HEIGHT


# --- a section --------------------------------------------------------------------------------------------------------


def _section(part: _Part, level: Level) -> LayoutSection:
    rows = [row for table, entries in part.tables for row in _table_rows(table, entries, level)]
    section = LayoutSection(part.short, rows)
    if part.papers:
        section.rows = list(_paper_rows(tuple(entry.shown for entry in part.cells if not entry.dropped), level))
    else:
        photo_rows = PHOTO_ROWS if part.has_photo else 0
        cells = [entry for entry in part.cells if not entry.dropped]
        rows += _cell_rows(cells, level, photo_rows)
        section.photo_rows = min(photo_rows, len(rows))
    _raise_to_height(section.rows, 0, section.photo_rows, MIN_PHOTO_HEIGHT)
    _raise_to_height(section.rows, 0, len(section.rows), len(part.short) * 10.5 + 4)
    return section


def _raise_to_height(rows: list[LayoutRow], start: int, end: int, height: float) -> None:
    """Raise the needs of these rows so that together they reach a height."""
    short = height - sum(row.need for row in rows[start:end])
    for index in range(start, end):
        if short > 0:
            need = rows[index].need + short / (end - start)
            rows[index] = rows[index]._replace(need=need, most=max(need, rows[index].most))


def _table_rows(table: Table, entries: Sequence[Sequence[Entry]], level: Level) -> Iterator[LayoutRow]:
    if all(row[0].dropped for row in entries):
        return
    edges = _edges(_column_widths(table, entries, level))
    head = [
        Box(Style.HEAD, left, right - left, label_fitted(text, right - left, level.label))
        for text, (left, right) in zip(table.header, edges, strict=True)
    ]
    tallest = max(box.fitted.height for box in head if box.fitted)
    yield LayoutRow(tuple(head), max(level.head, tallest + 2 * VERTICAL_PADDING), MAX_HEAD_HEIGHT)
    for row in entries:
        if row[0].dropped:
            continue
        boxes = [_name_box(row[0], *edges[0], level)]
        boxes += [
            _value_box(entry, left, right - left) for entry, (left, right) in zip(row[1:], edges[1:], strict=True)
        ]
        yield LayoutRow(tuple(boxes), max(level.row, _min_row_height(boxes, level)))


def _edges(widths: Sequence[float]) -> list[tuple[float, float]]:
    """Left and right of each column."""
    return list(pairwise([0.0, *accumulate(widths)]))


def _column_widths(table: Table, entries: Sequence[Sequence[Entry]], level: Level) -> list[float]:
    """The widths that the table asks for; columns with free space give some to columns whose texts need it."""
    asked = [share * CONTENT_WIDTH / sum(table.widths) for share in table.widths]
    least = [
        max(min_column_width(head, level.label), *(_min_text_width(row[index], level) for row in entries))
        for index, head in enumerate(table.header)
    ]
    spare = [max(have - need, 0) for have, need in zip(asked, least, strict=True)]
    lack = [max(need - have, 0) for have, need in zip(asked, least, strict=True)]
    moved = min(sum(spare), sum(lack))
    taken, given = moved / (sum(spare) or 1), moved / (sum(lack) or 1)
    return [have - taken * s + given * n for have, s, n in zip(asked, spare, lack, strict=True)]


def _min_text_width(entry: Entry, level: Level) -> float:
    """Two lines, and no code cut."""
    ems = fonts.ems(MOVED) if entry.moved else max(entry.longest_run, entry.ems / 2)
    return ems * level.smallest + 2 * PADDING


def _name_box(entry: Entry, left: float, right: float, level: Level) -> Box:
    return Box(Style.LABEL, left, right - left, label_fitted(entry.shown, right - left, level.label))


def _value_box(entry: Entry, left: float, width: float, wide: bool = False) -> Box:
    return Box(Style.VALUE, left, width, None, entry.shown, entry.moved, wide)


def _min_row_height(boxes: Iterable[Box], level: Level) -> float:
    return max([_min_box_height(box, level) for box in boxes]) + 2 * VERTICAL_PADDING


def _min_box_height(box: Box, level: Level) -> float:
    if box.fitted:
        return box.fitted.height
    return typeset.minimum_height(box.text, box.width - 2 * PADDING, level.size, level.smallest)


def _cell_rows(entries: Sequence[Entry], level: Level, photo_rows: int) -> list[LayoutRow]:
    widths = (*((CONTENT_WIDTH - PHOTO_WIDTH,) * photo_rows), CONTENT_WIDTH)
    spans = {width: tuple(_wanted_span(entry, width, level) for entry in entries) for width in dict.fromkeys(widths)}
    labels = tuple(entry.label for entry in entries)
    rows = []
    for row in cell_places(labels, tuple(spans[width] for width in widths), widths, level):
        boxes: list[Box] = []
        for at, label, left, width, wide in row:
            boxes += (label, _value_box(entries[at], left, width, wide))
        rows.append(LayoutRow(tuple(boxes), max(level.row, _min_row_height(boxes, level))))
    return rows


def _wanted_span(entry: Entry, width: float, level: Level) -> int:
    """The least span in which the answer fits on one line at nearly full size; else a whole row."""
    ems = 0.0 if entry.moved else entry.ems
    for span, most in most_ems(entry.label, width, min(entry.span, level.hint), level):
        if ems <= most:
            return span
    return SIXTHS


@lru_cache(maxsize=256)
def _paper_rows(names: tuple[str, ...], level: Level) -> list[LayoutRow]:
    """Names in three columns; a long one takes two or three."""
    spans = tuple(_paper_span(name, level) for name in names)
    rows = []
    for cells in pack((spans,), stretch=False):
        boxes, start = [], 0
        for at, span in cells:
            left, width = CONTENT_WIDTH * start / SIXTHS, CONTENT_WIDTH * span / SIXTHS
            boxes.append(Box(Style.PAPER, left, width, text=names[at], wide=True))
            start += span
        need = max(level.paper, _min_row_height(boxes, level) - 2 * VERTICAL_PADDING)
        rows.append(LayoutRow(tuple(boxes), need, level.paper))
    for index in {0, len(rows) - 1}:
        need, most = rows[index].need + VERTICAL_PADDING, rows[index].most + VERTICAL_PADDING
        rows[index] = rows[index]._replace(need=need, most=most)
    return rows


def _paper_span(name: str, level: Level) -> int:
    needed = fonts.ems(name) * max(0.85 * level.size, level.smallest) + 2 * PADDING
    return next((span for span in (2, 4) if CONTENT_WIDTH * span / SIXTHS >= needed), SIXTHS)
