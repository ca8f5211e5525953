"""Draws 采集证明: one page with the photo, what the record says, the check code and who may check it how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.pdf import qr, typeset
from lib.pdf.canvas import MM, PAGE_HEIGHT, PAGE_WIDTH, Canvas, Rect, color, document
from lib.pdf.fonts import Face

TITLE = "会计人员信息采集证明"
LEFT, RIGHT = 24 * MM, PAGE_WIDTH - 24 * MM
LABEL, CODE, PHOTO = 42 * MM, 30 * MM, (25 * MM, 35 * MM)
SIZE, SMALLEST, ROW = 11.0, 8.0, 9.5 * MM
RULE, FILL, MUTED = color("#222222"), color("#F4F6F8"), color("#5A6470")


@dataclass(frozen=True)
class CertificateData:
    """``rows``: label and text. ``address``: where the code is checked, ``link`` with the code."""

    site: str
    code: str
    link: str
    address: str
    sentence: str
    rows: Sequence[tuple[str, str]]
    photo: bytes | None
    issued_on: str

    @property
    def code_in_fours(self) -> str:
        return "-".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))


def draw(data: CertificateData) -> bytes:
    with document(TITLE, data.site) as canvas:
        top = _head(canvas, data)
        bottom = _table(canvas, data.rows, top)
        _notes(canvas, data, bottom)
        canvas.next_page()
        return canvas.finish()


def _head(canvas: Canvas, data: CertificateData) -> float:
    """Title, sentence, photo; returns where the table begins."""
    y = PAGE_HEIGHT - 24 * MM
    canvas.text(PAGE_WIDTH / 2, y, data.site, 11, face=Face.LABEL, ink=MUTED, align="center", spacing=1.5)
    canvas.text(PAGE_WIDTH / 2, y - 13 * MM, TITLE, 22, face=Face.LABEL, align="center", spacing=3, bold=True)
    y -= 27 * MM
    wide, tall = PHOTO
    if data.photo:
        place = Rect(RIGHT - wide, y - tall, wide, tall)
        canvas.jpeg(place, data.photo)
        canvas.frame(place, 0.3, MUTED)
    line = y - 5 * MM
    for text in typeset.wrap(f"　　{typeset.printable(data.sentence)}", (RIGHT - LEFT - wide - 8 * MM) / 12.5):
        canvas.text(LEFT, line, text, 12.5)
        line -= 12.5 * 1.8
    return min(y - tall, line) - 7 * MM


def _table(canvas: Canvas, rows: Sequence[tuple[str, str]], top: float) -> float:
    y, room, rules = top, RIGHT - LEFT - LABEL - 16, []
    for label, said in rows:
        text = typeset.printable(said)
        height = max(ROW, typeset.minimum_height(text, room, SIZE, SMALLEST) + 8)
        fitted = typeset.fit(text, room, height - 4, SIZE, SMALLEST)
        assert fitted, "the row is as high as its text"
        y -= height
        canvas.fill(Rect(LEFT, y, LABEL, height), FILL)
        canvas.text(LEFT + 8, y + height / 2 - 3.8, label, 10.5, face=Face.LABEL)
        canvas.lines(Rect(LEFT + LABEL + 8, y, room, height), fitted, align="left")
        rules.append(y)
    for rule in rules:  # last, because a fill would cover half of a rule
        canvas.line(LEFT, rule, RIGHT, rule, 0.5, MUTED)
    canvas.frame(Rect(LEFT, y, RIGHT - LEFT, top - y), 1.0, RULE)
    return y


def _notes(canvas: Canvas, data: CertificateData, bottom: float) -> None:
    y = bottom - 7 * MM
    canvas.qr_code(Rect(LEFT, y - CODE, CODE, CODE), qr.matrix(data.link))
    x, room = LEFT + CODE + 6 * MM, (RIGHT - LEFT - CODE - 6 * MM) / 9.5
    canvas.text(x, y - 4 * MM, f"校验码　{data.code_in_fours}", 12, face=Face.LABEL, bold=True)
    line = y - 11 * MM
    for note in _words(data):
        for text in typeset.wrap(note, room):
            canvas.text(x, line, text, 9.5, ink=MUTED)
            line -= 9.5 * 1.55


def _words(data: CertificateData) -> tuple[str, ...]:
    return (
        f"拿到本证明的人可以核验：扫描二维码，或者在 {data.address} 输入校验码。"
        "核验只显示姓名的第一个字、申报编号、审核部门、审核日期和是否有效。",
        "档案变更、撤销或注销以后，本证明失效，以核验结果为准。本证明由系统生成，不盖章。",
        f"生成日期　{data.issued_on}",
    )
