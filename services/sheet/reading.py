"""What was read on the uploaded pictures of the signed sheet: pages, signature, stamp.

The reading itself (lib.pictures.sheet_reader) happens when the picture is cleaned. Which version it shows is judged in
services.filing.signed_sheet. Pages keep of it, as ``PaperPage.reading``:

``read``      was a code of ours on it? Without, the page is bound to the version printed last, and people are informed
``page``      which page of the sheet it is, of how many (``pages``)
``ink``       a signature: found, missing, unknown, or ``screen``: drawn on the screen, there is no paper;
              ``stamp``: found, missing, unknown, where an employer is declared
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lib.codes import YesNo
from models import PaperPage, Sheet

Found = Mapping[str, Any]

RETAKE = "请把纸放平，光线均匀，让整张表和左上角的二维码都完整、清晰"


@dataclass(frozen=True)
class SheetNote:
    """Advice on an uploaded sheet: it never blocks anything. ``kind``: ``g`` all is well, ``y`` look again."""

    kind: Literal["g", "y"]
    text: str


def notes(pages: Sequence[PaperPage], signed: Sheet | None) -> list[SheetNote]:
    """For the person at the paper, from what its pictures show. Empty without a picture, or when none was looked at."""
    readings = [page.reading for page in pages if page.reading]
    return list(_notes(readings, signed)) if readings and signed else []


def _notes(readings: Sequence[Found], sheet: Sheet) -> Iterator[SheetNote]:
    read = [one for one in readings if one["read"]]
    if not read:
        yield SheetNote(
            "y", f"没有读到二维码，先按最近打印的第 {sheet.version} 版登记。请确认上传的是这一版；建议重拍：{RETAKE}"
        )
        return
    if missing := missing_pages(readings):
        yield SheetNote(
            "y", f"这一版共 {read[0]['pages']} 页，还没有读到第 {'、'.join(map(str, missing))} 页，请拍照上传"
        )
    if is_on_screen(readings):
        yield SheetNote("g", f"已在屏幕上签名：第 {sheet.version} 版")
        return
    states = [signature_state(readings), stamp_state(readings, sheet)]
    if states[0] == "missing":
        yield SheetNote(
            "y", "签名处没有发现手写签名。请在“申报人签名”处用黑色或蓝色笔签名，再重拍；确已签名的，可以不改"
        )
    if states[0] == "unknown":
        yield SheetNote("y", f"看不清签名处，请确认已经手写签名；建议重拍：{RETAKE}")
    if states[1] == "missing":
        yield SheetNote("y", "单位盖章处没有发现红色印章。请单位盖章后重拍；确已盖章的，可以不改")
    if states[1] == "unknown":
        yield SheetNote("y", "看不出单位盖章处有没有红色印章(黑白或偏色的图片看不出)，请确认已经盖章；建议彩色重拍")
    if not missing and set(states) <= {"found", None}:
        signs = "签名和单位印章" if states[1] else "签名"
        yield SheetNote("g", f"已读到二维码：第 {sheet.version} 版；已看到{signs}")


def is_on_screen(readings: Sequence[Found]) -> bool:
    """Was it signed on the screen (services.filing.screen_signing)? Then there is no other page."""
    return any(one.get("ink") == "screen" for one in readings)


def missing_pages(readings: Sequence[Found]) -> list[int]:
    """The pages of the sheet without a picture."""
    there = {one["page"] for one in readings if one["read"]}
    pages = max((one["pages"] for one in readings if one["read"]), default=0)
    return [page for page in range(1, pages + 1) if page not in there]


def signature_state(readings: Sequence[Found]) -> str | None:
    """The signature over all pages: the worst page counts; of several pictures of one page the best counts."""
    by_page: dict[int, list[str]] = {}
    for one in readings:
        if one["read"]:
            by_page.setdefault(one["page"], []).append(one["ink"])
    return _worst([_best(states) for states in by_page.values()])


def stamp_state(readings: Sequence[Found], sheet: Sheet) -> str | None:
    """The employer's stamp on page 1; None where no employer is declared, or page 1 was not read."""
    states = [one["stamp"] for one in readings if one["read"] and one["page"] == 1 and "stamp" in one]
    return _best(states) if states and has_employer(sheet) else None


def _best(states: Sequence[str]) -> str:
    return next(state for state in ("found", "unknown", "missing") if state in states)


def _worst(states: Sequence[str]) -> str | None:
    return next((state for state in ("missing", "unknown", "found") if state in states), None)


def has_employer(sheet: Sheet) -> bool:
    return bool(sheet.answers.get("has_employer") == YesNo.YES)
