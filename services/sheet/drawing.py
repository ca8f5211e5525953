"""Draws the pages of the sheet from a finished layout: header, sections, promise, signature and stamp, footer."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from lib.pdf import fonts, qr, typeset
from lib.pdf.canvas import INK, MM, PAGE_HEIGHT, PAGE_WIDTH, TO_MIDDLE, Canvas, Recording, Rect, color
from lib.pdf.fonts import Face
from lib.pdf.typeset import Fitted
from lib.pictures import sheet_marks
from services.sheet import layout as sheet_layout
from services.sheet.boxes import PADDING, Box, Style
from services.sheet.data import SheetData
from services.sheet.layout import LayoutSection, SheetLayout

TITLE = "会计人员个人基本信息表"
LEFT = 16 * MM
RIGHT = PAGE_WIDTH - 16 * MM
TOP = PAGE_HEIGHT - 11 * MM
QR_SIDE = 26 * MM
NUMBERS = RIGHT - 44 * MM
TABLE_TOP = TOP - QR_SIDE - 2.6 * MM
CONTENT = LEFT + sheet_layout.SECTION_WIDTH

RULE = color("#222222")
LABEL_FILL = color("#F4F6F8")
SECTION_FILL = color("#E6EBF0")
MUTED = color("#5A6470")
GHOST = color("#B9C0C8")
THIN, MEDIUM, THICK = 0.5, 0.9, 1.3

NOTE = (
    "说明：1. 打印后手写签名，有工作单位的加盖单位公章，拍照或扫描后上传。"
    "2. 信息修改后本表作废，须重新打印，版本与校验码须与平台一致。"
)


# --- header and footer, the same on every page ------------------------------------------------------------------------


def draw_header(canvas: Canvas, data: SheetData, page: int, pages: int, title: str = TITLE) -> None:
    code = Rect(LEFT, TOP - QR_SIDE, QR_SIDE, QR_SIDE)
    if data.qr:
        # The fragment tells the sheet reader which page it is; browsers do not send it.
        canvas.qr_code(code, qr.matrix(f"{data.qr}#{page}/{pages}" if pages > 1 else data.qr))
    else:
        canvas.frame(code, THIN, GHOST, (2, 2))
        canvas.lines(code, Fitted(9, ("二维码",)), face=Face.LABEL, ink=MUTED)
    canvas.draw_once(("header", title, data.site), 0, 0, lambda x, y: _draw_header_words(canvas, title, data.site))
    _draw_numbers(canvas, data)


def _draw_header_words(canvas: Canvas, title: str, site: str) -> None:
    middle = (LEFT + QR_SIDE + NUMBERS) / 2
    canvas.text(middle, TOP - 6.4 * MM, site, 10.5, face=Face.LABEL, ink=MUTED, align="center", spacing=1.5)
    size = 20 if len(title) <= 11 else 15  # must not touch the code
    canvas.text(middle, TOP - 16.4 * MM, title, size, face=Face.LABEL, align="center", spacing=2.5, bold=True)
    for index, name in enumerate(("申报编号", "版本", "校验码")):
        y = TOP - 12.6 * MM - index * 5.1 * MM
        canvas.text(NUMBERS, y, name, 7.6, face=Face.LABEL, ink=MUTED, spacing={2: 15.2, 3: 3.8, 4: 0}[len(name)])


def _draw_numbers(canvas: Canvas, data: SheetData) -> None:
    shown = (data.number, f"第 {data.version} 版" if data.version else "", data.code_in_fours)
    for index, text in enumerate(shown):
        y = TOP - 12.6 * MM - index * 5.1 * MM
        if text:
            fitted = typeset.fit(text, 31.5 * MM, 20, 8.6, 6.5)
            canvas.text(RIGHT - 31.5 * MM, y, text, fitted.size if fitted else 6.5)
        else:
            canvas.line(RIGHT - 31.5 * MM, y - 2, RIGHT, y - 2, THIN, GHOST)


def draw_footer(canvas: Canvas, data: SheetData, bottom: float, page: int, pages: int, missing: Sequence[str]) -> None:
    """Below the table: instructions, where and when the sheet was printed, the page number."""
    size, step = 7.2, 3.8 * MM
    y = bottom - 4.4 * MM
    if missing:
        codes = "、".join(f"U+{ord(char):04X}" for char in missing[:6])
        note = f"表中 {fonts.BOX} 是系统字体暂缺的字（{codes}），请在 {fonts.BOX} 上手写补正。"
        canvas.text(LEFT, y, note, size, face=Face.LABEL)
        y -= step
    canvas.draw_once("note", LEFT, y, lambda x, y: canvas.text(x, y, NOTE, size, face=Face.LABEL, ink=MUTED))
    y -= step
    made = f"{data.site}　{data.printed_at} 生成" if data.printed_at else data.site
    canvas.text(LEFT, y, made, size, face=Face.LABEL, ink=MUTED)
    numbers = f"{data.number} · 第 {data.version} 版 · {data.code_in_fours}　" if data.version else ""
    canvas.text(RIGHT, y, f"{numbers}第 {page} 页 / 共 {pages} 页", size, face=Face.LABEL, ink=MUTED, align="right")


LOWEST = PAGE_HEIGHT - (sheet_marks.BOTTOM + sheet_marks.SIDE / 2) * MM


def frame_bottom(bottom: float) -> float:
    """The bottom of the frame. Near the lowest squares it moves down to them, because two pairs would touch."""
    return LOWEST if bottom - LOWEST < 3 * sheet_marks.SIDE * MM else bottom


def locator_squares(canvas: Canvas, top: float, bottom: float) -> None:
    """The squares next to the frame for the sheet reader; ``top`` and ``bottom`` bound the part that is signed."""
    half = sheet_marks.SIDE / 2 * MM
    lowest = PAGE_HEIGHT - sheet_marks.BOTTOM * MM
    middles = [PAGE_HEIGHT - sheet_marks.TOP * MM, top, lowest]
    if bottom > LOWEST:
        middles.append(bottom)
    for x in sheet_marks.COLUMNS:
        for y in middles:
            canvas.fill(Rect(x * MM - half, y - half, 2 * half, 2 * half), INK)


# --- page 1 -----------------------------------------------------------------------------------------------------------


def draw_first_page(canvas: Canvas, data: SheetData, plan: SheetLayout, pages: int, missing: Sequence[str]) -> None:
    draw_header(canvas, data, 1, pages)
    y = TABLE_TOP
    rules = []
    for index, section in enumerate(plan.sections):
        bottom = _draw_section(canvas, section, y, plan)
        if index == 0 and section.photo_rows:
            _draw_photo(canvas, data.photo, y, sum(section.heights[: section.photo_rows]))
        rules.append(bottom)
        y = bottom
    bottom = frame_bottom(y - plan.promise_height - plan.bottom_height)
    _draw_section_name(canvas, "承诺签章", y, bottom)
    _place_promise(canvas, plan, y)
    _place_signing_part(canvas, data.has_employer, y - plan.promise_height, bottom)
    for rule in rules:  # last, because a fill would cover half of a rule
        canvas.line(LEFT, rule, RIGHT, rule, MEDIUM)
    canvas.frame(Rect(LEFT, bottom, RIGHT - LEFT, TABLE_TOP - bottom), THICK)
    locator_squares(canvas, y - plan.promise_height, bottom)
    draw_footer(canvas, data, bottom, 1, pages, missing)


def _draw_section(canvas: Canvas, section: LayoutSection, top: float, plan: SheetLayout) -> float:
    """Draw a section below ``top``; returns its bottom.

    What is the same on all sheets of this geometry is recorded once, up to each answer: the order of a copied text
    stays label, answer, label, answer.
    """
    boxes = [box for row in section.rows for box in row.boxes]
    shape = tuple([(box.left, box.width, id(box.fitted), box.wide, box.style is Style.PAPER) for box in boxes])
    known = canvas.keep((top, tuple(section.heights), shape), lambda: _section_parts(canvas, section, top))
    for part in known.parts:
        if isinstance(part, Recording):
            canvas.replay(part)
        else:
            _draw_answer(canvas, boxes[part[0]], part[1], plan)
    _draw_section_name(canvas, section.short, top, known.bottom)
    return known.bottom


class _SectionParts(NamedTuple):
    """``parts``: recorded pieces, and between them which box has an answer, and its place. ``section`` keeps alive
    what the key names by its id."""

    parts: list[Recording | tuple[int, Rect]]
    bottom: float
    section: LayoutSection


def _section_parts(canvas: Canvas, section: LayoutSection, top: float) -> _SectionParts:
    y = top
    places = []
    for row, height in zip(section.rows, section.heights, strict=True):
        y -= height
        places += [(box, Rect(CONTENT + box.left, y, box.width, height)) for box in row.boxes]
    parts: list[Recording | tuple[int, Rect]] = [canvas.record(lambda: _draw_boxes(canvas, places))]
    for at, (box, place) in enumerate(places):
        if box.fitted:
            parts.append(canvas.record(partial(_draw_label, canvas, place, box.fitted)))
        else:
            width = place.width - 2 * PADDING
            parts.append((at, Rect(place.left + PADDING, place.bottom, width, place.height)))
    return _SectionParts(parts, y, section)


def _draw_boxes(canvas: Canvas, places: Sequence[tuple[Box, Rect]]) -> None:
    if filled := [place for box, place in places if box.style in (Style.LABEL, Style.HEAD)]:
        canvas.fills(filled, LABEL_FILL)
    if framed := [place for box, place in places if box.style is not Style.PAPER]:
        canvas.frames(framed, THIN, RULE)


def _draw_section_name(canvas: Canvas, short: str, top: float, bottom: float) -> None:
    box = Rect(LEFT, bottom, sheet_layout.SECTION_WIDTH, top - bottom)
    canvas.fill(box, SECTION_FILL)
    middle = bottom + box.height / 2
    canvas.draw_once(
        ("section", short, box.height),
        0,
        middle,
        lambda x, y: canvas.vertical_text(Rect(x + LEFT, y - box.height / 2, box.width, box.height), short, 9.5),
    )
    canvas.line(CONTENT, top, CONTENT, bottom, THIN, RULE)


def _draw_answer(canvas: Canvas, box: Box, inner: Rect, plan: SheetLayout) -> None:
    size = plan.level.size if box.style is Style.VALUE else plan.level.size - 0.5
    fitted = typeset.fit(box.text, inner.width, inner.height, size, plan.level.smallest)
    assert fitted, "the layout gives every text the room it needs"
    align = "left" if box.wide or len(fitted.lines) > 1 else "center"
    canvas.lines(inner, fitted, align=align, ink=MUTED if box.moved else INK)


def _draw_label(canvas: Canvas, place: Rect, fitted: Fitted) -> None:
    only = fitted.lines[0]
    if len(fitted.lines) == 1 and len(only) == 2:  # 性　别: two characters are spread to the width of four
        y = place.bottom + place.height / 2 - fitted.size * TO_MIDDLE
        middle = place.left + place.width / 2
        canvas.text(middle, y, only, fitted.size, face=Face.LABEL, align="center", spacing=fitted.size)
    else:
        canvas.lines(place, fitted, face=Face.LABEL)


def _draw_photo(canvas: Canvas, photo: bytes | None, top: float, height: float) -> None:
    well = Rect(RIGHT - sheet_layout.PHOTO_WIDTH, top - height, sheet_layout.PHOTO_WIDTH, height)
    canvas.frame(well, THIN, RULE)
    tall = min(height - 3 * MM, 37.1 * MM)
    wide = tall * 5 / 7
    place = Rect(well.left + (well.width - wide) / 2, well.bottom + (height - tall) / 2, wide, tall)
    if photo:
        canvas.jpeg(place, photo)
        canvas.frame(place, 0.3, color("#9AA3AD"))
    else:
        canvas.frame(place, THIN, GHOST, (2, 2))
        canvas.lines(place, Fitted(9, ("一寸照片",)), face=Face.LABEL, ink=MUTED)


# --- promise, signature, stamp ----------------------------------------------------------------------------------------


def _place_promise(canvas: Canvas, plan: SheetLayout, top: float) -> None:
    canvas.draw_once(plan.promise, CONTENT + 10, top - 3.5, lambda x, y: _draw_promise(canvas, plan.promise, x, y))


def _draw_promise(canvas: Canvas, lines: Iterable[str], x: float, y: float) -> None:
    size, step = sheet_layout.PROMISE_SIZE, sheet_layout.PROMISE_STEP
    for index, line in enumerate(lines):
        canvas.text(x, y - step * (index + 0.5) - size * TO_MIDDLE, line, size)


def _place_signing_part(canvas: Canvas, has_employer: bool, top: float, bottom: float) -> None:
    height = top - bottom
    canvas.draw_once(
        ("bottom", has_employer, height),
        0,
        bottom,
        lambda x, y: _draw_signing_part(canvas, has_employer, y + height, y),
    )


def _draw_signing_part(canvas: Canvas, has_employer: bool, top: float, bottom: float) -> None:
    if not has_employer:
        draw_signature_line(canvas, CONTENT + 84 * MM, bottom)
        return
    middle = CONTENT + 88 * MM
    canvas.line(CONTENT, top, RIGHT, top, THIN, RULE)
    canvas.line(middle, top, middle, bottom, THIN, RULE)
    canvas.text(CONTENT + 10, top - 15, "单位意见：", 9.5, face=Face.LABEL)
    canvas.text(CONTENT + 10 + 5 * 9.5, top - 15, "经核对，所填内容属实。", 9.5)
    _draw_blank_line(canvas, CONTENT + 10, bottom + 12.5 * MM, "经办人：", 42 * MM)
    _draw_date_line(canvas, CONTENT + 10, bottom + 4.8 * MM)
    radius = min(16.5 * MM, (top - bottom) / 2 - 7)
    x, y = middle - radius - 3 * MM, bottom + radius + 4
    canvas.circle(x, y, radius, 0.7, GHOST, (2.2, 2.2))
    canvas.text(x, y - 3.4, "（单位盖章）", 9.5, face=Face.LABEL, ink=color("#8C96A1"), align="center")
    canvas.text(middle + 10, top - 15, "申报人签名（手写）：", 9.5, face=Face.LABEL)
    canvas.line(middle + 10, bottom + 12.5 * MM - 2, RIGHT - 10, bottom + 12.5 * MM - 2, THIN, RULE)
    _draw_date_line(canvas, middle + 10, bottom + 4.8 * MM)


def draw_signature_line(canvas: Canvas, left: float, bottom: float) -> None:
    """The line for the handwritten name, from ``left`` to the right margin, and the date below it."""
    _draw_blank_line(canvas, left, bottom + 12.5 * MM, "申报人签名（手写）：", RIGHT - 10 - left)
    _draw_date_line(canvas, left, bottom + 4.8 * MM)


def _draw_blank_line(canvas: Canvas, x: float, y: float, label: str, width: float) -> None:
    canvas.text(x, y, label, 9.5, face=Face.LABEL)
    canvas.line(x + fonts.width(label, 9.5, Face.LABEL), y - 2, x + width, y - 2, THIN, RULE)


def _draw_date_line(canvas: Canvas, x: float, y: float) -> None:
    canvas.text(x, y, "日期：", 9.5, face=Face.LABEL)
    for unit, at in (("年", 20), ("月", 32), ("日", 44)):
        canvas.text(x + at * MM, y, unit, 9.5, face=Face.LABEL)
