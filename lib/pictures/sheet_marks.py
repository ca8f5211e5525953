"""The marks of the printed sheet: its QR code and small black squares in the margins.

Millimetres from the top left corner of the page, y downwards. Four squares at fixed places allow to rectify a picture.
Squares between them mark the start of the part that is signed, and its end if that is not the lowest pair. Drawing
(services/sheet/drawing.py) and reading (sheet_reader.py) share these figures.
"""

from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle on the page."""

    left: float
    top: float
    right: float
    bottom: float


PAGE = (210.0, 297.0)
QR = Area(16.0, 11.0, 42.0, 37.0)
SIDE = 2.6  # of a square
COLUMNS = (12.7, 197.3)  # centres of the squares, left and right of the frame
TOP, BOTTOM = 40.9, 277.3  # centres of the upper and the lowest pair


def corners() -> tuple[tuple[float, float], ...]:
    """The centres of the four fixed squares: clockwise from the top left one."""
    left, right = COLUMNS
    return ((left, TOP), (right, TOP), (right, BOTTOM), (left, BOTTOM))


class SheetPlace(NamedTuple):
    """An area of the signed part: millimetres from the left, and from its top (negative: from its bottom)."""

    left: float
    top: float
    right: float
    bottom: float

    def on(self, begins: float, ends: float) -> Area:
        top, bottom = (y + (begins if y >= 0 else ends) for y in (self.top, self.bottom))
        return Area(self.left, top, self.right, bottom)


class Form(NamedTuple):
    """The places of one form of the sheet: empty ``lines`` to sign on, a printed ``label``, the ``stamp``."""

    lines: tuple[SheetPlace, ...]
    label: SheetPlace
    stamp: SheetPlace | None = None
