"""The peers of P5: the same page as ours, drawn by WeasyPrint, PyMuPDF or a plain reportlab canvas.

They get finished strokes: where each text, box and picture stands. What ours spends on finding that out is spared them.
Each line on standard input, a JSON list of documents (lists of strokes), is answered by one: CPU seconds and sizes.
The first line written is the version, or {"missing": why} where the library cannot be loaded.
"""

from __future__ import annotations

import base64
import html
import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any

WIDTH, HEIGHT = 595.28, 841.89
Stroke = list[Any]
Ink = list[float]


def weasyprint(serif: Path, sans: Path) -> tuple[str, Callable[[list[Stroke]], bytes]]:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    style = weasyprint.CSS(
        string=f"""@font-face {{ font-family: serif1; src: url("{serif.as_uri()}") }}
        @font-face {{ font-family: sans1; src: url("{sans.as_uri()}") }}
        @page {{ size: A4; margin: 0 }} body {{ margin: 0 }}
        p, div, img, svg {{ position: absolute; margin: 0; white-space: pre }}
        p, div, img, svg {{ line-height: 1; box-sizing: border-box }}""",
        font_config=fonts,
    )

    def draw(strokes: list[Stroke]) -> bytes:
        body = "".join(map(_html, strokes))
        page = weasyprint.HTML(string=f'<html lang="zh-CN"><body>{body}</body></html>')
        return bytes(page.write_pdf(stylesheets=[style], font_config=fonts))

    return str(weasyprint.__version__), draw


def _html(stroke: Stroke) -> str:
    kind, *what = stroke
    return HTML[kind](*what)


def _place(x: float, y: float, wide: float, high: float) -> str:
    return f"left:{x}pt;top:{HEIGHT - y - high}pt;width:{wide}pt;height:{high}pt"


def _html_text(x: float, y: float, text: str, size: float, sans: bool, ink: Ink, spacing: float, _bold: bool) -> str:
    style = f"left:{x}pt;top:{HEIGHT - y - size * 0.88}pt;font:{size}pt {'sans1' if sans else 'serif1'}"
    return f'<p style="{style};color:{_css(ink)};letter-spacing:{spacing}pt">{html.escape(text)}</p>'


def _html_fill(x: float, y: float, wide: float, high: float, ink: Ink, _thick: float) -> str:
    return f'<div style="{_place(x, y, wide, high)};background:{_css(ink)}"></div>'


def _html_frame(x: float, y: float, wide: float, high: float, ink: Ink, thick: float) -> str:
    return f'<div style="{_place(x, y, wide, high)};border:{thick}pt solid {_css(ink)}"></div>'


def _html_line(x0: float, y0: float, x1: float, y1: float, ink: Ink, thick: float) -> str:
    wide, high = max(x1 - x0, thick), max(abs(y1 - y0), thick)
    return _html_fill(x0, min(y0, y1), wide, high, ink, 0)


def _html_circle(x: float, y: float, radius: float, ink: Ink, thick: float) -> str:
    place = _place(x - radius, y - radius, 2 * radius, 2 * radius)
    return f'<div style="{place};border:{thick}pt dashed {_css(ink)};border-radius:50%"></div>'


def _html_jpeg(x: float, y: float, wide: float, high: float, data: str) -> str:
    return f'<img style="{_place(x, y, wide, high)}" src="data:image/jpeg;base64,{data}">'


def _html_squares(x: float, y: float, wide: float, high: float, rows: list[list[list[int]]]) -> str:
    side = len(rows)
    path = "".join(f"M{at} {row}h{run}v1h-{run}z" for row, runs in enumerate(rows) for at, run in runs)
    return f'<svg style="{_place(x, y, wide, high)}" viewBox="0 0 {side} {side}"><path d="{path}"/></svg>'


HTML: dict[str, Callable[..., str]] = {
    "text": _html_text,
    "fill": _html_fill,
    "frame": _html_frame,
    "line": _html_line,
    "circle": _html_circle,
    "jpeg": _html_jpeg,
    "squares": _html_squares,
}


def _css(ink: Ink) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in ink)


def pymupdf(serif: Path, sans: Path) -> tuple[str, Callable[[list[Stroke]], bytes]]:
    import pymupdf as library

    faces = {False: library.Font(fontfile=str(serif)), True: library.Font(fontfile=str(sans))}

    def draw(strokes: list[Stroke]) -> bytes:
        document = library.open()
        pen = _MuPen(library, document.new_page(width=WIDTH, height=HEIGHT), faces)
        for kind, *what in strokes:
            getattr(pen, kind)(*what)
        pen.end()
        document.subset_fonts()
        return bytes(document.tobytes(garbage=3, deflate=True))

    return str(library.__version__), draw


class _MuPen:
    """One shape for all lines, one writer for each colour of text: as PyMuPDF's documentation advises."""

    def __init__(self, library: Any, page: Any, faces: dict[bool, Any]) -> None:
        self.library, self.page, self.faces = library, page, faces
        self.shape = page.new_shape()
        self.writers: dict[tuple[float, ...], Any] = {}

    def text(
        self, x: float, y: float, text: str, size: float, sans: bool, ink: Ink, _space: float, _bold: bool
    ) -> None:
        writer = self.writers.setdefault(tuple(ink), self.library.TextWriter(self.page.rect, color=ink))
        writer.append((x, HEIGHT - y), text, font=self.faces[sans], fontsize=size)

    def fill(self, x: float, y: float, wide: float, high: float, ink: Ink, _thick: float) -> None:
        self.shape.draw_rect((x, HEIGHT - y - high, x + wide, HEIGHT - y))
        self.shape.finish(fill=ink, color=None)

    def frame(self, x: float, y: float, wide: float, high: float, ink: Ink, thick: float) -> None:
        self.shape.draw_rect((x, HEIGHT - y - high, x + wide, HEIGHT - y))
        self.shape.finish(color=ink, width=thick)

    def line(self, x0: float, y0: float, x1: float, y1: float, ink: Ink, thick: float) -> None:
        self.shape.draw_line((x0, HEIGHT - y0), (x1, HEIGHT - y1))
        self.shape.finish(color=ink, width=thick)

    def circle(self, x: float, y: float, radius: float, ink: Ink, thick: float) -> None:
        self.shape.draw_circle((x, HEIGHT - y), radius)
        self.shape.finish(color=ink, width=thick, dashes="[2.2 2.2] 0")

    def jpeg(self, x: float, y: float, wide: float, high: float, data: str) -> None:
        self.page.insert_image((x, HEIGHT - y - high, x + wide, HEIGHT - y), stream=base64.b64decode(data))

    def squares(self, x: float, y: float, wide: float, high: float, rows: list[list[list[int]]]) -> None:
        unit = wide / len(rows)
        for row, runs in enumerate(rows):
            top = HEIGHT - y - high + row * unit
            for at, run in runs:
                self.shape.draw_rect((x + at * unit, top, x + (at + run) * unit, top + unit))
        self.shape.finish(fill=(0, 0, 0), color=None)

    def end(self) -> None:
        self.shape.commit()
        for writer in self.writers.values():
            writer.write_text(self.page)


def reportlab(serif: Path, sans: Path) -> tuple[str, Callable[[list[Stroke]], bytes]]:
    import reportlab as library
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen import canvas

    for name, path in (("serif1", serif), ("sans1", sans)):
        pdfmetrics.registerFont(TTFont(name, str(path)))

    def draw(strokes: list[Stroke]) -> bytes:
        buffer = BytesIO()
        page = canvas.Canvas(buffer, pagesize=(WIDTH, HEIGHT), pageCompression=1)
        pen = _PlainPen(page)
        for kind, *what in strokes:
            getattr(pen, kind)(*what)
        page.showPage()
        page.save()
        return buffer.getvalue()

    return str(library.__version__), draw


class _PlainPen:
    """The canvas as anybody would use it first."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def text(self, x: float, y: float, text: str, size: float, sans: bool, ink: Ink, space: float, _bold: bool) -> None:
        self.page.setFillColorRGB(*ink)
        self.page.setFont("sans1" if sans else "serif1", size)
        self.page.drawString(x, y, text, charSpace=space)

    def fill(self, x: float, y: float, wide: float, high: float, ink: Ink, _thick: float) -> None:
        self.page.setFillColorRGB(*ink)
        self.page.rect(x, y, wide, high, stroke=0, fill=1)

    def frame(self, x: float, y: float, wide: float, high: float, ink: Ink, thick: float) -> None:
        self._stroke(ink, thick)
        self.page.rect(x, y, wide, high, stroke=1, fill=0)

    def line(self, x0: float, y0: float, x1: float, y1: float, ink: Ink, thick: float) -> None:
        self._stroke(ink, thick)
        self.page.line(x0, y0, x1, y1)

    def circle(self, x: float, y: float, radius: float, ink: Ink, thick: float) -> None:
        self._stroke(ink, thick)
        self.page.setDash([2.2, 2.2])
        self.page.circle(x, y, radius)
        self.page.setDash([])

    def jpeg(self, x: float, y: float, wide: float, high: float, data: str) -> None:
        from reportlab.lib.utils import ImageReader

        self.page.drawImage(ImageReader(BytesIO(base64.b64decode(data))), x, y, wide, high)

    def squares(self, x: float, y: float, wide: float, high: float, rows: list[list[list[int]]]) -> None:
        unit = wide / len(rows)
        self.page.setFillColorRGB(0, 0, 0)
        for row, runs in enumerate(rows):
            for at, run in runs:
                self.page.rect(x + at * unit, y + high - (row + 1) * unit, run * unit, unit, stroke=0, fill=1)

    def _stroke(self, ink: Ink, thick: float) -> None:
        self.page.setStrokeColorRGB(*ink)
        self.page.setLineWidth(thick)


def main() -> None:
    name, *fonts = sys.argv[1:]
    try:
        version, draw = {"weasyprint": weasyprint, "pymupdf": pymupdf, "reportlab": reportlab}[name](*map(Path, fonts))
    except (ImportError, OSError) as error:  # WeasyPrint needs Pango, a system library
        print(json.dumps({"missing": str(error).splitlines()[0]}), flush=True)
        return
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        cpu, sizes = [], []
        for strokes in json.loads(line):
            start = process_time()
            sizes.append(len(draw(strokes)))
            cpu.append(process_time() - start)
        print(json.dumps({"cpu": cpu, "sizes": sizes}), flush=True)


if __name__ == "__main__":
    main()
