"""An uploaded picture of the signed sheet: which version it shows, and whether that version is still valid.

lib.pictures.sheet_reader reads the picture when it is cleaned. This module compares the result with the printed
versions and the working copy, in the transaction that stores the picture. ``PaperPage.reading`` keeps:

``read``      whether one of our codes was found; else the page belongs to the version printed last, and a note says so
``page``      the page of the sheet, of ``pages``
``ink``       the signature: found, missing, unknown; ``stamp`` likewise, where an employer is declared
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from forms import SHEET
from lib.codes import YesNo
from lib.questions.pages import Paper
from models import Declaration, PaperPage, Sheet, db
from services.marks import marks
from services.papers import papers
from services.papers.papers import NotTaken, Prepared
from services.papers.sheet_positions import ALONE, WITH_EMPLOYER
from services.sheet import versions as sheet_versions
from services.sheet.data import in_fours

Found = Mapping[str, Any]

RETAKE = "请把纸放平，光线均匀，让整张表和左上角的二维码都完整、清晰"


@dataclass(frozen=True)
class SheetNote:
    """Advice on an uploaded sheet, which never blocks anything. ``kind``: ``g`` good, ``y`` check again."""

    kind: Literal["g", "y"]
    text: str


def add_page(declaration: Declaration, paper: Paper, prepared: Prepared) -> PaperPage:
    """Add a picture to its paper, and link a sheet to the version that it shows. Raises papers.NotTaken.

    An outdated version, the sheet of another person and a forged one are refused.
    """
    if paper.kind != SHEET or sheet_versions.last(declaration) is None:
        return papers.take(declaration, paper, prepared)
    sheet, reading = _match_version(declaration, prepared.reading or ())
    page = papers.take(declaration, paper, prepared, sheet)
    page.reading = reading
    return page


def replace_cropped_page(page: PaperPage, prepared: Prepared) -> None:
    """Replace a picture by its cropped part; a cropped sheet is checked like a new one. Raises papers.NotTaken."""
    if page.kind == SHEET and sheet_versions.last(page.declaration):
        sheet, page.reading = _match_version(page.declaration, prepared.reading or ())
        page.sheet_id = sheet.id
    papers.cut(page, prepared)


# --- which sheet is it? -----------------------------------------------------------------------------------------------


def _match_version(declaration: Declaration, found: Sequence[Found]) -> tuple[Sheet, dict[str, Any]]:
    """The version that a picture shows, and the reading to store. One valid code among several is enough."""
    excused = marks.excused(declaration)
    known = {sheet.code: sheet for sheet in _sheets_by_code([one["code"] for one in found])}
    own = [(known[one["code"]], one) for one in found if _is_own(declaration, known.get(one["code"]))]
    for sheet, one in sorted(own, key=lambda pair: -pair[0].version):
        if sheet_versions.is_current(sheet, declaration, excused):
            return sheet, _page_reading(sheet, one)
    if own:
        raise NotTaken(
            _outdated_message(declaration, max((sheet for sheet, _one in own), key=lambda one: one.version), excused)
        )
    if known:
        raise NotTaken(_foreign_message(declaration, next(iter(known.values()))))
    if found:
        raise NotTaken(
            f"图上的校验码 {in_fours(found[0]['code'])} 不是本平台打印的，这张信息表不能使用。"
            "请在本平台打印个人基本信息表，签名后再上传"
        )
    return _assumed_version(declaration, excused), {"read": False}


def _sheets_by_code(codes: Sequence[str]) -> Sequence[Sheet]:
    return db.session.scalars(select(Sheet).where(Sheet.code.in_(codes))).all() if codes else ()


def _is_own(declaration: Declaration, sheet: Sheet | None) -> bool:
    return sheet is not None and sheet.declaration_id == declaration.id


def _page_reading(sheet: Sheet, one: Found) -> dict[str, Any]:
    page, pages = int(one.get("page") or 1), int(one.get("pages") or 1)
    name = WITH_EMPLOYER if page == 1 and has_employer(sheet) else ALONE
    return {"read": True, "page": page, "pages": pages} | one["forms"][name]


def has_employer(sheet: Sheet) -> bool:
    return bool(sheet.answers.get("has_employer") == YesNo.YES)


def _assumed_version(declaration: Declaration, excused: frozenset[str]) -> Sheet:
    """Without a code: the version of the other pages if that is valid, else the version printed last."""
    signed = sheet_versions.signed(declaration)
    if signed and sheet_versions.is_current(signed, declaration, excused):
        return signed
    last = sheet_versions.last(declaration)
    assert last, "take() asks for it"
    return last


def _outdated_message(declaration: Declaration, sheet: Sheet, excused: frozenset[str]) -> str:
    names = sheet_versions.changed_since(sheet, declaration) - excused
    said = f"图上是第 {sheet.version} 版信息表，打印之后修改了{sheet_versions.in_words(names)}，这一版已经作废。"
    last = sheet_versions.last(declaration)
    if last and last.id != sheet.id and sheet_versions.is_current(last, declaration, excused):
        return f"{said}请用最近打印的第 {last.version} 版签名后上传；找不到的，请重新打印"
    return f"{said}请重新打印、签名后上传"


def _foreign_message(declaration: Declaration, sheet: Sheet) -> str:
    other = db.session.get_one(Declaration, sheet.declaration_id)
    if other.account_id == declaration.account_id:
        return "图上是您另一份申报的信息表，不能用于本次申报。请打印本次申报的个人基本信息表，签名后上传"
    return "图上是另一个人的信息表，不能使用。请上传您自己打印、签名的个人基本信息表"


# --- notes for people -------------------------------------------------------------------------------------------------


def notes(declaration: Declaration) -> list[SheetNote]:
    """Notes for the applicant about the uploaded pictures; empty when no picture was examined."""
    readings = [page.reading for page in papers.pages_of(declaration, SHEET) if page.reading]
    sheet = sheet_versions.signed(declaration)
    return list(_notes(readings, sheet)) if sheet and readings else []


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
