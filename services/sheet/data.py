"""The content of a printed sheet as plain data. content.py makes it from answers, pdf.py draws it."""

from dataclasses import dataclass


def in_fours(code: str) -> str:
    """A check code as it is printed: four groups of four characters."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


@dataclass(frozen=True)
class Cell:
    """One question on the sheet and its answer in words.

    ``span`` is the least width in sixths of a row (2, 3, 4 or 6), as long as the page has room. A cell gets more when
    its text needs it or its row has free space. A line break in ``label`` is the preferred place to break a long label.
    """

    label: str
    text: str
    span: int = 2


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first column names its row. ``widths`` are shares of the width in any unit."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Block:
    """A section: ``title`` in full, ``short`` (two to four characters) for the narrow column at its left.

    Tables come above the cells.
    """

    title: str
    short: str
    cells: tuple[Cell, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class SheetData:
    """A whole sheet. The photo is at the right of the first block.

    ``version`` is the sheet version (0: a blank form without number, code and QR); ``code`` is the check code with or
    without hyphens; ``qr`` the address that the QR code leads to; ``photo`` a clean JPEG of 5:7; ``promise`` what is
    signed; ``watermark`` a word across every page, such as 样表.
    """

    number: str
    version: int
    code: str
    qr: str
    site: str
    printed_at: str
    blocks: tuple[Block, ...]
    papers: tuple[str, ...]
    has_employer: bool
    photo: bytes | None
    promise: str
    watermark: str = ""

    @property
    def code_in_fours(self) -> str:
        return in_fours(self.code.replace("-", ""))
