"""The printed 会计人员个人基本信息表: plain data in, PDF out. reportlab loads on the first call."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lib.pdf import fonts, typeset
from lib.pdf.canvas import Canvas, document
from services.sheet import continuation as sheet_continuation
from services.sheet import drawing as sheet_drawing
from services.sheet import layout as sheet_layout
from services.sheet.data import Block, Cell, SheetData, Table
from services.sheet.text_document import draw_text_document

__all__ = ["Block", "Cell", "SheetData", "Table", "draw", "draw_blank", "draw_many", "draw_text_document"]

SAMPLE = "样表"


def draw(data: SheetData) -> bytes:
    """One A4 page, and continuation pages for what does not fit. The same data gives the same bytes.

    Texts are printed as they are, never read as markup; control characters show as □. The metadata names the document
    and its number, no person.
    """
    with document(f"{sheet_drawing.TITLE} {data.number}".strip(), data.site) as canvas:
        _sheet(canvas, data)
        return canvas.finish()


def draw_many(sheets: Iterable[SheetData], site: str) -> bytes:
    """Each as :func:`draw` draws it, one after the other in one document; the outline finds them by their number.

    What they share, the fonts above all, stands in the file once.
    """
    with document(sheet_drawing.TITLE, site, reuse_forms=True) as canvas:
        for data in sheets:
            canvas.bookmark(data.number)
            _sheet(canvas, data)
        return canvas.finish()


def _sheet(canvas: Canvas, data: SheetData) -> None:
    plan = sheet_layout.plan_layout(data)
    more = sheet_continuation.pages(plan.moved)
    lacking = fonts.missing_characters(typeset.printable("".join(_texts(data))))
    pages = 1 + len(more)
    sheet_drawing.draw_first_page(canvas, data, plan, pages, lacking)
    _end_page(canvas, data.watermark)
    for number, pieces in enumerate(more, 2):
        sheet_continuation.page(canvas, data, pieces, (number, pages), lacking)
        _end_page(canvas, data.watermark)


def draw_blank(blocks: tuple[Block, ...], papers: tuple[str, ...], site: str) -> bytes:
    """The unfilled sheet, marked 样表: questions without answers, the employer's part, no number and no code."""
    empty = tuple(map(_emptied, blocks))
    return draw(SheetData("", 0, "", "", site, "", empty, papers, has_employer=True, photo=None, watermark=SAMPLE))


def _emptied(block: Block) -> Block:
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
