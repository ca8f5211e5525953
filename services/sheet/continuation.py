"""The continuation pages of the sheet: every text that page 1 had no room for, in full, each page signed by itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lib.pdf import typeset
from lib.pdf.canvas import MM, TO_MIDDLE, Canvas, Rect
from lib.pdf.fonts import Face
from lib.pdf.typeset import Fitted
from services.sheet import drawing as sheet_drawing
from services.sheet.data import SheetData
from services.sheet.layout import Entry

TITLE = f"{sheet_drawing.TITLE}（续页）"
LABEL = 38 * MM
SIZE = 9.5
STEP = SIZE * 1.4
ABOVE = 5.0  # above and below the lines of a row
BOTTOM = 19 * MM
SIGNATURE = 22 * MM
ROOM = sheet_drawing.TABLE_TOP - BOTTOM - SIGNATURE
TEXT = sheet_drawing.RIGHT - sheet_drawing.LEFT - LABEL


@dataclass(frozen=True)
class Piece:
    """Part of one text: a text longer than a page goes on as the next page's first piece."""

    label: str
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return max(len(self.lines) * STEP, 2 * STEP) + 2 * ABOVE


def pages(moved: Sequence[Entry]) -> list[list[Piece]]:
    """The moved texts, cut into pages."""
    done: list[list[Piece]] = []
    left = 0.0
    for piece in _pieces(moved):
        if not done or piece.height > left:
            done.append([])
            left = ROOM
        done[-1].append(piece)
        left -= piece.height
    return done


def _pieces(moved: Iterable[Entry]) -> Iterator[Piece]:
    most = int((ROOM - 2 * ABOVE) / STEP)
    for entry in moved:
        lines = typeset.wrap(entry.text, (TEXT - 12) / SIZE)
        label = f"{entry.block} {entry.label}".replace("\n", "")
        for start in range(0, len(lines), most):
            yield Piece(label if start == 0 else f"{label}（续）", tuple(lines[start : start + most]))


def page(
    canvas: Canvas, data: SheetData, pieces: Sequence[Piece], number: tuple[int, int], lacking: Sequence[str]
) -> None:
    """Draw one continuation page; ``number`` is (this page, all pages)."""
    sheet_drawing.draw_header(canvas, data, *number, TITLE)
    y = sheet_drawing.TABLE_TOP
    for piece in pieces:
        y -= piece.height
        _piece(canvas, piece, y)
    bottom = sheet_drawing.frame_bottom(y - SIGNATURE)
    sheet_drawing.draw_signature_line(canvas, sheet_drawing.CONTENT + 84 * MM, bottom)
    box = Rect(sheet_drawing.LEFT, bottom, sheet_drawing.RIGHT - sheet_drawing.LEFT, sheet_drawing.TABLE_TOP - bottom)
    canvas.frame(box, sheet_drawing.THICK)
    sheet_drawing.locator_squares(canvas, y, bottom)
    sheet_drawing.draw_footer(canvas, data, bottom, *number, lacking)


def _piece(canvas: Canvas, piece: Piece, bottom: float) -> None:
    label = Rect(sheet_drawing.LEFT, bottom, LABEL, piece.height)
    canvas.fill(label, sheet_drawing.LABEL_FILL)
    canvas.frame(label, sheet_drawing.THIN, sheet_drawing.RULE)
    canvas.frame(Rect(label.right, bottom, TEXT, piece.height), sheet_drawing.THIN, sheet_drawing.RULE)
    canvas.lines(label, _label(piece.label), face=Face.LABEL)
    y = bottom + piece.height - ABOVE - (piece.height - 2 * ABOVE - len(piece.lines) * STEP) / 2
    for line in piece.lines:
        canvas.text(label.right + 6, y - STEP / 2 - SIZE * TO_MIDDLE, line, SIZE)
        y -= STEP


def _label(text: str) -> Fitted:
    return Fitted(8, tuple(typeset.wrap(text, (LABEL - 8) / 8, Face.LABEL)[:3]))
