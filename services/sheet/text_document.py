"""Plain documents to print: a title, paragraphs, and a closing with lines for signature, stamp and date."""

from collections.abc import Sequence

from lib.pdf import typeset
from lib.pdf.canvas import MM, PAGE_HEIGHT, PAGE_WIDTH, Canvas, color, document
from lib.pdf.fonts import Face

LEFT = 28 * MM
RIGHT = PAGE_WIDTH - 28 * MM
TOP = PAGE_HEIGHT - 34 * MM
BOTTOM = 26 * MM
SIZE = 12.0
STEP = SIZE * 1.8
CLOSING_STEP = SIZE * 2.3
STAMP = 19 * MM  # radius; employers' stamps are 38 to 42 mm wide
GHOST = color("#B9C0C8")
MUTED = color("#5A6470")


def draw_text_document(
    title: str,
    paragraphs: Sequence[str],
    *,
    closing: Sequence[str] = (),
    stamp: str = "",
    footer: str = "",
    site: str = "",
    watermark: str = "",
) -> bytes:
    """A text on A4, on as many pages as it needs.

    A run of ＿ is a blank to fill in and is never broken. The ``closing`` lines are at the right below the text, all on
    one page; ``stamp`` is the text in the dashed circle to their left. ``footer`` is printed small on every page.
    """
    with document(title, site) as canvas:
        y = TOP
        canvas.text(PAGE_WIDTH / 2, y, title, _title_size(title), face=Face.LABEL, align="center", bold=True)
        y -= 20 * MM
        for line in _lines(paragraphs):
            y = _break_page_if_needed(canvas, y, STEP, footer, watermark)
            canvas.text(LEFT, y, line, SIZE)
            y -= STEP
        if closing:
            y = _break_page_if_needed(canvas, y - 8 * MM, CLOSING_STEP * len(closing) + 2 * STAMP, footer, watermark)
            _draw_closing(canvas, y, closing, stamp)
        _end_page(canvas, footer, watermark)
        return canvas.finish()


def _title_size(title: str) -> float:
    fitted = typeset.fit(title, RIGHT - LEFT, 40, 20, 12, Face.LABEL)
    return fitted.size if fitted else 12


def _lines(paragraphs: Sequence[str]) -> list[str]:
    room = (RIGHT - LEFT) / SIZE
    return [line for text in paragraphs for line in typeset.wrap(f"　　{typeset.printable(text)}", room)]


def _break_page_if_needed(canvas: Canvas, y: float, height: float, footer: str, watermark: str) -> float:
    """The next base line: here, or at the top of a new page when less than ``height`` is left on this one."""
    if y - height >= BOTTOM:
        return y
    _end_page(canvas, footer, watermark)
    return TOP


def _draw_closing(canvas: Canvas, y: float, lines: Sequence[str], stamp: str) -> None:
    x = PAGE_WIDTH / 2 - 4 * MM
    if stamp:
        center, middle = LEFT + STAMP + 12 * MM, y - CLOSING_STEP * (len(lines) - 1) / 2
        canvas.circle(center, middle, STAMP, 0.7, GHOST, (2.2, 2.2))
        canvas.text(center, middle - 3, stamp, 9.5, face=Face.LABEL, ink=MUTED, align="center")
    for line in lines:
        canvas.text(x, y, line, SIZE)
        y -= CLOSING_STEP


def _end_page(canvas: Canvas, footer: str, watermark: str) -> None:
    if footer:
        canvas.text(PAGE_WIDTH / 2, BOTTOM - 10 * MM, footer, 8, face=Face.LABEL, ink=MUTED, align="center")
    if watermark:
        canvas.watermark(watermark)
    canvas.next_page()
