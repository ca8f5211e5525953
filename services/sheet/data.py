"""What a printed sheet shows, as plain data: made from answers by services/sheet/content.py, drawn by
services/sheet/pdf.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One question on the sheet and its answer as it shall be read.

    ``span`` is the least width in sixths of a row (2, 3, 4 or 6), as long as the page has room. A cell gets more when
    its text needs it or its row has room to spare. A line break in ``label`` says where a long label breaks best.
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

    Tables stand above the cells.
    """

    title: str
    short: str
    cells: tuple[Cell, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class SheetData:
    """A whole sheet. The photo stands at the right of the first block.

    ``version`` is the sheet version (0: a blank form without number, code and QR); ``code`` is the check code with or
    without hyphens; ``qr`` the address that the QR code leads to; ``photo`` a clean JPEG of 5:7; ``watermark`` a word
    across every page, such as 样表.
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
    watermark: str = ""

    @property
    def code_in_fours(self) -> str:
        plain = self.code.replace("-", "")
        return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))
