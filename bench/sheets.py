"""P5: the printed sheet. One against the same page drawn by others, and a thousand in one file against as many files.

CPU time, in turn. The peers get the place of each stroke, so they have no layout to work out.
"""

from __future__ import annotations

import base64
import random
import re
import resource
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from time import process_time
from typing import Any

from bench import report
from bench.peer import Peer
from bench.timing import median, quiet_collector
from lib.pdf import fonts
from lib.pdf.canvas import INK, Canvas, Color, Recording, Rect
from lib.pdf.fonts import Face
from services.sheet import drawing as sheet_drawing
from services.sheet import layout as sheet_layout
from services.sheet import pdf as sheet_pdf
from services.sheet.data import SheetData
from tests.support.applicant import sheet_samples

GOALS = {"weasyprint": 25.0, "pymupdf": 5.0, "reportlab": None}
BATCH_MUST, BATCH_AIM = 8.0, 12.0
_BATCH_NOTE = (f"≥ {BATCH_MUST:g} ×", f"≥ {BATCH_AIM:g} ×")
ROUNDS, A_ROUND = 12, 5


def invented(count: int) -> list[SheetData]:
    """Sheets of different people, half of them with an employer: other characters, other lengths, another code."""
    return [_invented(number) for number in range(count)]


def _invented(number: int) -> SheetData:
    chance = random.Random(number)
    data = sheet_samples.employed() if number % 2 else sheet_samples.unemployed()
    blocks = tuple(
        replace(block, cells=tuple(replace(cell, text=_other(cell.text, chance)) for cell in block.cells))
        for block in data.blocks
    )
    code = f"{chance.randrange(32**16):016}"[:16]
    address = f"https://example.cn/verify/{code}"
    return replace(data, blocks=blocks, number=f"LN2026{number:07}", code=code, qr=address)


def _other(text: str, chance: random.Random) -> str:
    """Of a long answer every seventh character is another one, and the end may be missing."""
    if len(text) < 5:
        return text
    changed = [
        chr(chance.randrange(0x4E00, 0x5E00)) if "一" <= c <= "龥" and not chance.randrange(7) else c for c in text
    ]
    return "".join(changed[: len(text) - chance.randrange(3)])


class Recorder(Canvas):
    """Writes down where each stroke goes instead of drawing it."""

    def __init__(self) -> None:
        self.strokes: list[list[Any]] = []
        self._reuse_forms = False

    def record(self, draw: Callable[[], None]) -> Recording:
        draw()
        return Recording("", {}, None)

    def replay(self, piece: Recording) -> None:
        """It is drawn already."""

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
        wide = fonts.width(text, size, face) + spacing * (len(text) - 1)
        x -= {"left": 0.0, "center": wide / 2, "right": wide}[align]
        self.strokes.append(["text", x, y, text, size, face is Face.LABEL, ink, spacing, bold])

    def fills(self, boxes: Iterable[Rect], ink: Color) -> None:
        self.strokes += [["fill", *box, ink, 0] for box in boxes]

    def frames(self, boxes: Iterable[Rect], thickness: float, ink: Color = INK, dash: tuple[float, ...] = ()) -> None:
        self.strokes += [["frame", *box, ink, thickness] for box in boxes]

    def line(self, x0: float, y0: float, x1: float, y1: float, thickness: float, ink: Color = INK) -> None:
        self.strokes.append(["line", x0, y0, x1, y1, ink, thickness])

    def circle(self, x: float, y: float, radius: float, thickness: float, ink: Color, dash: tuple[float, ...]) -> None:
        self.strokes.append(["circle", x, y, radius, ink, thickness])

    def qr_code(self, box: Rect, rows: Sequence[bytes]) -> None:
        runs = [[(run.start(), run.end() - run.start()) for run in re.finditer(b"\1+", row)] for row in rows]
        self.strokes.append(["squares", *box, runs])

    def jpeg(self, box: Rect, data: bytes) -> None:
        self.strokes.append(["jpeg", *box, base64.b64encode(data).decode()])


def strokes(data: SheetData) -> list[list[Any]]:
    """The first page of a sheet."""
    pen = Recorder()
    sheet_drawing.draw_first_page(pen, data, sheet_layout.plan_layout(data), 1, ())
    return pen.strokes


def run(count: int = 1000) -> None:
    sheets = invented(count)
    peers = {name: Peer("sheet.py", name, fonts.SERIF, fonts.LABEL_SUBSET) for name in GOALS}
    for name, peer in list(peers.items()):
        if "missing" in peer.facts:
            print(f"{name} is left out: {peer.facts['missing']} (WeasyPrint needs the system's Pango)", flush=True)
            peers.pop(name).end()
    one = _one(sheets, peers)
    many = _many(sheets, one)
    print(f"saved {report.save('p5', {'one': one, 'many': many})}")


def _one(sheets: Sequence[SheetData], peers: dict[str, Peer]) -> dict[str, Any]:
    cpu: dict[str, list[float]] = {"ours": [], **{name: [] for name in peers}}
    sizes: dict[str, list[int]] = {name: [] for name in cpu}
    with quiet_collector():
        for number in range(ROUNDS + 1):  # the first one warms up
            part = sheets[number * A_ROUND : (number + 1) * A_ROUND]
            ours = [_timed(sheet) for sheet in part]
            answers: dict[str, dict[str, list[Any]]] = {
                "ours": {"cpu": [took for took, _size in ours], "sizes": [size for _took, size in ours]}
            }
            answers |= {name: peer.ask([strokes(sheet) for sheet in part]) for name, peer in peers.items()}
            for name, answer in answers.items() if number else ():
                cpu[name] += answer["cpu"]
                sizes[name] += answer["sizes"]
    for peer in peers.values():
        peer.end()
    middle = {name: median(values) for name, values in cpu.items()}
    for name, goal in GOALS.items():
        if goal and name in cpu:
            report.note(
                "P5", f"one sheet against {name}", f"{middle[name] / middle['ours']:.1f} ×", f"≥ {goal:g} ×", ""
            )
    rows = [
        [
            name if name == "ours" else f"{name} {peers[name].facts['version']}",
            f"{middle[name] * 1e3:.1f}",
            f"{sum(sizes[name]) / len(sizes[name]) / 1e3:.0f}",
            "" if name == "ours" else f"{middle[name] / middle['ours']:.1f} ×",
            f"≥ {goal} ×" if (goal := GOALS.get(name)) else "",
        ]
        for name in cpu
    ]
    print("\nP5, one sheet\n" + report.table(("drawn by", "CPU ms", "KB", "ours is faster", "goal"), rows), flush=True)
    return {name: {"cpu_ms": middle[name] * 1e3, "bytes": sum(sizes[name]) / len(sizes[name])} for name in cpu}


def _timed(sheet: SheetData) -> tuple[float, int]:
    start = process_time()
    size = len(sheet_pdf.draw(sheet))
    return process_time() - start, size


def _many(sheets: Sequence[SheetData], one: dict[str, Any]) -> dict[str, Any]:
    """The files first: what they leave warm serves the batch no better than it served themselves."""
    with quiet_collector():
        files, file_bytes = map(sum, zip(*map(_timed, sheets), strict=True))
        start = process_time()
        size = len(sheet_pdf.draw_many(sheets, "bench"))
        together = process_time() - start
    facts = {"sheets": len(sheets), "together_s": together, "files_s": files, "bytes": size, "file_bytes": file_bytes}
    facts["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if plain := one.get("reportlab"):
        ratio = plain["cpu_ms"] / 1e3 * len(sheets) / together
        report.note("P5", f"{len(sheets):,} sheets in one file against plain canvases", f"{ratio:.1f} ×", *_BATCH_NOTE)
    rows = [["one file", f"{together:.2f}", f"{size / 1e6:.1f}", "", ""]]
    rows.append(_against("as many files of ours", files, file_bytes, together))
    if plain := one.get("reportlab"):
        facts["plain_s"] = plain["cpu_ms"] / 1e3 * len(sheets)
        rows.append(_against("as many plain canvases", facts["plain_s"], plain["bytes"] * len(sheets), together))
    heads = (f"{len(sheets)} sheets", "CPU s", "MB", "one file is faster", "goal")
    print(f"\nP5, many sheets\n{report.table(heads, rows)}\npeak RSS {facts['rss_mb']:.0f} MB", flush=True)
    return facts


def _against(name: str, cpu: float, size: float, together: float) -> list[str]:
    return [name, f"{cpu:.2f}", f"{size / 1e6:.1f}", f"{cpu / together:.1f} ×", f"≥ {BATCH_MUST} ×"]
