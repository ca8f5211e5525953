"""Where the printed sheet can be recognised: its QR code and small black squares in the margins.

Millimetres from the top left corner of the page, y downwards. Four squares stand at fixed places, so that a picture can
be laid straight; those between them say where the part that is signed begins, and where it ends if not at the lowest
pair. Who draws the page and who reads it use these same figures.
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
COLUMNS = (12.7, 197.3)  # the squares' middles, left and right of the frame
TOP, BOTTOM = 40.9, 277.3  # the middles of the upper and the lowest pair


def corners() -> tuple[tuple[float, float], ...]:
    """The middles of the four fixed squares: from the top left one clockwise."""
    left, right = COLUMNS
    return ((left, TOP), (right, TOP), (right, BOTTOM), (left, BOTTOM))
