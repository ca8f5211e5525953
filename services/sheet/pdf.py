"""The printed 会计人员个人基本信息表: plain data in, PDF out. The PDF library loads on the first call.

Page 1 is laid out by services/sheet/layout.py. Continuation pages print in full every text that does not fit there;
each of them is signed, too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lib.pdf import fonts, typeset
from lib.pdf.canvas import MM, TO_MIDDLE, Canvas, Rect, document
from lib.pdf.fonts import Face
from lib.pdf.typeset import Fitted
from services.sheet import drawing as sheet_drawing
from services.sheet import layout as sheet_layout
from services.sheet.data import Block, Cell, SheetData, Table
from services.sheet.drawing import CONTENT, LABEL_FILL, LEFT, RIGHT, RULE, TABLE_TOP, THICK, THIN
from services.sheet.layout import Entry
from services.sheet.text_document import draw_text_document

__all__ = ["Block", "Cell", "SheetData", "Table", "draw", "draw_blank", "draw_many", "draw_text_document"]

SAMPLE = "样表"


def draw(data: SheetData) -> bytes:
    """One A4 page, and continuation pages for what does not fit. The same data gives the same bytes.

    Texts are never read as markup; control characters show as □. The metadata names the document and its number, but no
    person.
    """
    with document(f"{sheet_drawing.TITLE} {data.number}".strip(), data.site) as canvas:
        _draw_sheet(canvas, data)
        return canvas.finish()


def draw_many(sheets: Iterable[SheetData], site: str) -> bytes:
    """Many sheets in one document, each as :func:`draw` draws it; the outline lists their numbers.

    The file contains what they share, above all the fonts, only once.
    """
    with document(sheet_drawing.TITLE, site, reuse_forms=True) as canvas:
        for data in sheets:
            canvas.bookmark(data.number)
            _draw_sheet(canvas, data)
        return canvas.finish()


def _draw_sheet(canvas: Canvas, data: SheetData) -> None:
    plan = sheet_layout.plan_layout(data)
    continuation = paginate(plan.moved)
    missing = fonts.missing_characters(typeset.printable("".join(_texts(data))))
    pages = 1 + len(continuation)
    sheet_drawing.draw_first_page(canvas, data, plan, pages, missing)
    _end_page(canvas, data.watermark)
    for number, pieces in enumerate(continuation, 2):
        _draw_continuation_page(canvas, data, pieces, (number, pages), missing)
        _end_page(canvas, data.watermark)


def draw_blank(blocks: tuple[Block, ...], papers: tuple[str, ...], site: str, promise: str) -> bytes:
    """The unfilled sheet, marked 样表: questions without answers, the employer's part, no number and no code."""
    empty = tuple(map(_without_answers, blocks))
    data = SheetData("", 0, "", "", site, "", empty, papers, True, None, promise, SAMPLE)
    return draw(data)


def _without_answers(block: Block) -> Block:
    cells = tuple(replace(cell, text="") for cell in block.cells)
    tables = (
        replace(table, rows=tuple((row[0], *("" for _text in row[1:])) for row in table.rows)) for table in block.tables
    )
    return replace(block, cells=cells, tables=tuple(tables))


def _texts(data: SheetData) -> Iterator[str]:
    for block in data.blocks:
        for cell in block.cells:
            yield cell.text
        for table in block.tables:
            for row in table.rows:
                yield from row
    yield from data.papers


def _end_page(canvas: Canvas, watermark: str) -> None:
    if watermark:
        canvas.watermark(watermark)
    canvas.next_page()


# --- continuation pages -----------------------------------------------------------------------------------------------

CONTINUATION_TITLE = f"{sheet_drawing.TITLE}（续页）"
LABEL_WIDTH = 38 * MM
TEXT_WIDTH = RIGHT - LEFT - LABEL_WIDTH
SIZE = 9.5
STEP = SIZE * 1.4
VERTICAL_PADDING = 5.0  # above and below the lines of a row
BOTTOM = 19 * MM
SIGNATURE_HEIGHT = 22 * MM
ROOM = TABLE_TOP - BOTTOM - SIGNATURE_HEIGHT


@dataclass(frozen=True)
class Piece:
    """Part of one text. The rest of a text longer than a page is the first piece of the next page."""

    label: str
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return max(len(self.lines) * STEP, 2 * STEP) + 2 * VERTICAL_PADDING


def paginate(moved: Iterable[Entry]) -> list[list[Piece]]:
    """The moved texts, split into pages."""
    pages: list[list[Piece]] = []
    left = 0.0
    for piece in _pieces(moved):
        if not pages or piece.height > left:
            pages.append([])
            left = ROOM
        pages[-1].append(piece)
        left -= piece.height
    return pages


def _pieces(moved: Iterable[Entry]) -> Iterator[Piece]:
    most = int((ROOM - 2 * VERTICAL_PADDING) / STEP)
    for entry in moved:
        lines = typeset.wrap(entry.text, (TEXT_WIDTH - 12) / SIZE)
        label = f"{entry.block} {entry.label}".replace("\n", "")
        for start in range(0, len(lines), most):
            yield Piece(label if start == 0 else f"{label}（续）", tuple(lines[start : start + most]))


def _draw_continuation_page(
    canvas: Canvas, data: SheetData, pieces: Sequence[Piece], number: tuple[int, int], missing: Sequence[str]
) -> None:
    """``number``: (this page, all pages)."""
    sheet_drawing.draw_header(canvas, data, *number, CONTINUATION_TITLE)
    y = TABLE_TOP
    for piece in pieces:
        y -= piece.height
        _draw_piece(canvas, piece, y)
    bottom = sheet_drawing.frame_bottom(y - SIGNATURE_HEIGHT)
    sheet_drawing.draw_signature_line(canvas, CONTENT + 84 * MM, bottom)
    canvas.frame(Rect(LEFT, bottom, RIGHT - LEFT, TABLE_TOP - bottom), THICK)
    sheet_drawing.locator_squares(canvas, y, bottom)
    sheet_drawing.draw_footer(canvas, data, bottom, *number, missing)


def _draw_piece(canvas: Canvas, piece: Piece, bottom: float) -> None:
    label = Rect(LEFT, bottom, LABEL_WIDTH, piece.height)
    canvas.fill(label, LABEL_FILL)
    canvas.frame(label, THIN, RULE)
    canvas.frame(Rect(label.right, bottom, TEXT_WIDTH, piece.height), THIN, RULE)
    lines = typeset.wrap(piece.label, (LABEL_WIDTH - 8) / 8, Face.LABEL)[:3]
    canvas.lines(label, Fitted(8, tuple(lines)), face=Face.LABEL)
    y = bottom + piece.height - VERTICAL_PADDING - (piece.height - 2 * VERTICAL_PADDING - len(piece.lines) * STEP) / 2
    for line in piece.lines:
        canvas.text(label.right + 6, y - STEP / 2 - SIZE * TO_MIDDLE, line, SIZE)
        y -= STEP
