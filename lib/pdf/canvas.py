"""A canvas for A4 pages of a PDF: text in any script that lib.pdf.fonts covers, lines, boxes, a QR code, a picture.

Text is never read as markup.

Coordinates are points from the bottom left corner of the page, y upwards.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, NamedTuple, TypeVar, cast

from lib.pdf import fonts, typeset
from lib.pdf.fonts import Face
from lib.pdf.typeset import Fitted

MM = 72 / 25.4
PAGE_WIDTH = 210 * MM
PAGE_HEIGHT = 297 * MM
TO_MIDDLE = 0.355  # from the base line to the middle of a Chinese character, as a multiple of the size

Color = tuple[float, float, float]


def color(code: str) -> Color:
    """``"#1A2B3C"`` as three numbers from 0 to 1."""
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return red / 255, green / 255, blue / 255


Font = tuple[str, float] | None  # name within the document, size
TextKey = tuple[str, float, Face, float, bool, Font]
_MOST_TEXTS, _MOST_KEPT = 1 << 14, 500  # operators of texts, and other things that a document keeps
Kept = TypeVar("Kept")

_NUMBERS = [f"{number} " for number in range(178)]  # a QR code has at most 177 squares in a row
_FAINT = 0.13  # opacity of a watermark

BLACK = (0.0, 0.0, 0.0)
INK = color("#111111")
GREY = color("#60656C")


class Rect(NamedTuple):
    """A rectangle by its left bottom corner."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width


class Recording(NamedTuple):
    """Recorded operators, and the state that they leave."""

    operators: str
    state: dict[str, object]
    font: Font


@contextmanager
def document(title: str, author: str, *, reuse_forms: bool = False) -> Iterator["Canvas"]:
    """A canvas for a new document.

    ``reuse_forms``: the file contains what :meth:`Canvas.draw_once` draws only once, for any number of pages.
    """
    yield Canvas(title, author, reuse_forms=reuse_forms)
    fonts.clear_text_cache()


class Canvas:
    """Draws one document; made by :func:`document`. Its metadata contains only ``title`` and ``author``."""

    def __init__(self, title: str, author: str, *, reuse_forms: bool = False) -> None:
        from lib.pdf.embedding import Codes  # both load reportlab: late, because few requests draw
        from lib.pdf.reportlab_document import ReportlabDocument

        self._reuse_forms = reuse_forms
        self._forms: dict[Hashable, str] = {}
        self._kept: dict[Hashable, Any] = {}
        self._state: dict[str, object] = {}  # fill and stroke as last written to this page
        self._document: Any = ReportlabDocument(title, author, (PAGE_WIDTH, PAGE_HEIGHT), "zh-CN")
        self._operators: list[str] = []
        self._font: Font = None
        self._known_texts: dict[TextKey, tuple[float, str, Font]] = {}
        self._codes = {face: Codes(face, self._document.fonts) for face in Face}

    def next_page(self) -> None:
        """End this page; needed for the last page, too."""
        self._hand_over()
        self._document.showPage()
        self._state, self._font = {}, None

    def _hand_over(self) -> None:
        """Give the operators to reportlab: together, and before it writes some itself."""
        self._document.addLiteral("\n".join(self._operators))
        self._operators.clear()

    def bookmark(self, title: str) -> None:
        """An entry of the document's outline that leads to this page."""
        self._document.outline_entry(title)

    def draw_once(self, what: Hashable, x: float, y: float, draw: Callable[[float, float], None]) -> None:
        """Call ``draw`` at a place. With ``reuse_forms`` the same ``what`` becomes one form XObject."""
        if not self._reuse_forms:
            draw(x, y)
            return
        name = self._forms.get(what)
        if name is None:
            name = self._forms[what] = f"form{len(self._forms)}"
            self._document.form(name, self.record(lambda: draw(0, 0)).operators)
        self._show(name, f"1 0 0 1 {x:.2f} {y:.2f}")

    def _show(self, name: str, where: str) -> None:
        """Show a form or picture of the document."""
        self._write(f"q {where} cm")
        self._hand_over()
        self._document.doForm(name)
        self._write("Q")

    def keep(self, what: Hashable, make: Callable[[], Kept]) -> Kept:
        """What ``make`` returned for the same ``what`` before, with ``reuse_forms``; above all recorded pieces."""
        if not self._reuse_forms:
            return make()
        found = self._kept.get(what)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[what] = make()
        return cast(Kept, found)

    def record(self, draw: Callable[[], None]) -> Recording:
        """Texts, boxes and lines to be replayed on any page of this document; they set colours and font themselves."""
        before = self._state, self._font, self._operators
        self._state, self._font, self._operators = {}, None, []
        draw()
        piece = Recording("\n".join(self._operators), self._state, self._font)
        self._state, self._font, self._operators = before
        return piece

    def replay(self, piece: Recording) -> None:
        self._write(piece.operators)
        self._state |= piece.state
        self._font = piece.font or self._font

    def _write(self, operators: str) -> None:
        self._operators.append(operators)

    def finish(self) -> bytes:
        """The PDF. Nothing can be drawn afterwards."""
        pdf: bytes = self._document.getpdfdata()
        return pdf

    # --- text ---------------------------------------------------------------------------------------------------------

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        face: Face = Face.TEXT,
        ink: Color = INK,
        align: str = "left",
        spacing: float = 0,
        bold: bool = False,
    ) -> None:
        """One line on the base line ``y``; ``x`` is its left end, its centre or its right end, by ``align``.

        ``spacing`` is added between characters; ``bold`` thickens the strokes, as there is no bold font.
        """
        as_now = (text, size, face, spacing, bold, self._font)
        wide, operators, self._font = self._known_texts.get(as_now) or self._prepare(as_now)
        if align != "left":
            x -= wide / 2 if align == "center" else wide
        self._fill(ink)
        if bold:
            self._stroke(size / 46, ink)
        self._write(f"BT {x:.2f} {y:.2f} Td {operators}ET")

    def _prepare(self, as_now: TextKey) -> tuple[float, str, Font]:
        """The width of a text, its operators and the font that they leave; kept, because most texts come again."""
        text, size, face, spacing, bold, font = as_now
        # One text object for all fonts of a line: viewers then copy it as one piece.
        operators = f"{spacing:.4g} Tc " * bool(spacing) + "2 Tr " * bold
        for name, codes in self._runs(text, face):
            if font != (name, size):
                font = name, size
                operators += f"{name} {size:.4g} Tf "
            operators += f"<{codes}> Tj "
        operators += "0 Tc " * bool(spacing) + "0 Tr " * bold
        if len(self._known_texts) >= _MOST_TEXTS:
            self._known_texts.clear()
        known = fonts.width(text, size, face) + spacing * (len(text) - 1), operators, font
        self._known_texts[as_now] = known
        return known

    def _runs(self, text: str, face: Face) -> Sequence[tuple[str, str]]:
        """The text as (name of a font, codes in it); usually one font has it all."""
        codes = self._codes[face]
        whole = "".join(map(codes.__getitem__, text))
        names = set(map(codes.fonts.__getitem__, text))
        if len(names) == 1:
            return ((names.pop(), whole),)
        parts = groupby(text, codes.fonts.__getitem__)
        return [(name, "".join(map(codes.__getitem__, part))) for name, part in parts]

    def lines(
        self, box: Rect, fitted: Fitted, *, face: Face = Face.TEXT, ink: Color = INK, align: str = "center"
    ) -> None:
        """The lines of a fitted text, vertically centred in the box."""
        step = fitted.size * typeset.LEADING
        y = box.bottom + box.height / 2 + (len(fitted.lines) - 1) * step / 2 - fitted.size * TO_MIDDLE
        x = box.left if align == "left" else box.left + box.width / 2
        for line in fitted.lines:
            self.text(x, y, line, fitted.size, face=face, ink=ink, align=align)
            y -= step

    def vertical_text(self, box: Rect, text: str, size: float, *, face: Face = Face.LABEL) -> None:
        """A word from top to bottom in the centre of the box."""
        step = min(size * 1.33, (box.height - 4) / max(len(text), 1))
        y = box.bottom + box.height / 2 + (len(text) - 1) * step / 2 - size * TO_MIDDLE
        for char in text:
            self.text(box.left + box.width / 2, y, char, size, face=face, align="center")
            y -= step

    def watermark(self, text: str) -> None:
        """A word across the page in a transparent light grey."""
        size = min(150.0, 430 / fonts.ems(text, Face.LABEL))
        self._hand_over()
        self._document.saveState()
        self._document.setFillAlpha(_FAINT)
        with self._saved_state():
            diagonal = math.hypot(PAGE_WIDTH, PAGE_HEIGHT)
            cosine, sine = PAGE_WIDTH / diagonal, PAGE_HEIGHT / diagonal
            middle = f"{PAGE_WIDTH / 2:.2f} {PAGE_HEIGHT / 2:.2f}"
            self._write(f"{cosine:.6f} {sine:.6f} {-sine:.6f} {cosine:.6f} {middle} cm")
            self.text(0, -size * TO_MIDDLE, text, size, face=Face.LABEL, ink=GREY, align="center", spacing=14)
        self._hand_over()
        self._document.restoreState()

    # --- shapes -------------------------------------------------------------------------------------------------------

    def fill(self, box: Rect, ink: Color) -> None:
        self.fills((box,), ink)

    def fills(self, boxes: Iterable[Rect], ink: Color) -> None:
        """All as one path: half the work of separate ones."""
        self._fill(ink)
        self._write(f"{_path(boxes)} f")

    def frame(self, box: Rect, thickness: float, ink: Color = INK, dash: tuple[float, ...] = ()) -> None:
        self.frames((box,), thickness, ink, dash)

    def frames(self, boxes: Iterable[Rect], thickness: float, ink: Color = INK, dash: tuple[float, ...] = ()) -> None:
        """All as one path."""
        self._stroke(thickness, ink, dash)
        self._write(f"{_path(boxes)} S")

    def line(self, x0: float, y0: float, x1: float, y1: float, thickness: float, ink: Color = INK) -> None:
        self._stroke(thickness, ink)
        self._write(f"{x0:.2f} {y0:.2f} m {x1:.2f} {y1:.2f} l S")

    def circle(self, x: float, y: float, radius: float, thickness: float, ink: Color, dash: tuple[float, ...]) -> None:
        self._stroke(thickness, ink, dash)
        bend = radius * 0.552285  # four curves are a circle to the eye
        right, left, top, bottom = x + radius, x - radius, y + radius, y - radius
        curves = (
            (right, y + bend, x + bend, top, x, top),
            (x - bend, top, left, y + bend, left, y),
            (left, y - bend, x - bend, bottom, x, bottom),
            (x + bend, bottom, right, y - bend, right, y),
        )
        path = [" ".join([f"{place:.4f}" for place in curve]) + " c" for curve in curves]
        self._write(f"{right:.4f} {y:.4f} m {' '.join(path)} S")

    # Only changes are written: colours and line widths for every text and line would be a third of a page's numbers.

    def _fill(self, ink: Color) -> None:
        if self._state.get("fill") != ink:
            self._write("{:.4g} {:.4g} {:.4g} rg".format(*ink))
            self._state["fill"] = ink

    def _stroke(self, thickness: float, ink: Color, dash: tuple[float, ...] = ()) -> None:
        if self._state.get("stroke") != (thickness, ink, dash):
            dashes = " ".join(f"{part:.4g}" for part in dash)
            self._write(f"{ink[0]:.4g} {ink[1]:.4g} {ink[2]:.4g} RG {thickness:.4g} w [{dashes}] 0 d")
            self._state["stroke"] = (thickness, ink, dash)

    @contextmanager
    def _saved_state(self) -> Iterator[None]:
        """The graphics state as it was is restored at the end."""
        before = dict(self._state), self._font
        self._write("q")
        yield
        self._write("Q")
        self._state, self._font = before

    # --- pictures -----------------------------------------------------------------------------------------------------

    def qr_code(self, box: Rect, rows: Sequence[bytes]) -> None:
        """A QR code as one path of horizontal runs: viewers show hairlines between single squares."""
        unit = box.width / len(rows)
        with self._saved_state():
            self._write(f"{unit:.5f} 0 0 {unit:.5f} {box.left:.2f} {box.bottom:.2f} cm")
            self._fill(BLACK)
            self._write("\n".join([*_dark_runs(rows), "f"]))

    def jpeg(self, box: Rect, data: bytes) -> None:
        """Put a JPEG into the PDF as it is; the same bytes once. Raises OSError where they are none."""
        name = self._document.picture(data)
        self._show(name, f"{box.width:.3f} 0 0 {box.height:.3f} {box.left:.3f} {box.bottom:.3f}")


def _dark_runs(rows: Sequence[bytes]) -> Iterator[str]:
    """In whole numbers for a scaled space, from a table: to format 300 to 450 runs takes twice as long."""
    for y, row in enumerate(reversed(rows)):
        height, x = f"{y} ", 0
        for run in map(len, row.split(b"\0")):
            if run:
                yield f"{_NUMBERS[x]}{height}{_NUMBERS[run]}1 re"
            x += run + 1


def _path(boxes: Iterable[Rect]) -> str:
    return " ".join([f"{left:.2f} {bottom:.2f} {width:.2f} {height:.2f} re" for left, bottom, width, height in boxes])
