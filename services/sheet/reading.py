"""An uploaded picture of the signed sheet, read back: which version it shows, and whether that one still counts.

The reading itself (lib.pictures.sheet_reader) happens when the picture is cleaned; here it is compared with what is
printed and with the working copy, inside the transaction that takes the picture. Pages keep of it, as
``PaperPage.reading``:

``read``      was a code of ours on it? Without, the page is bound to the version printed last, and people are told
``page``      which page of the sheet it is, of how many (``pages``)
``ink``       a signature: found, missing, unknown; ``stamp`` likewise, where an employer is declared
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
from services.declaration.case import DeclarationCase
from services.papers import pages
from services.papers.pages import PageNotAdded
from services.papers.preparation import Prepared
from services.papers.sheet_positions import ALONE, WITH_EMPLOYER
from services.sheet import versions as sheet_versions

Found = Mapping[str, Any]

RETAKE = "请把纸放平，光线均匀，让整张表和左上角的二维码都完整、清晰"


@dataclass(frozen=True)
class SheetNote:
    """Advice on an uploaded sheet: never in the way of anything. ``kind``: ``g`` all is well, ``y`` look again."""

    kind: Literal["g", "y"]
    text: str


def add_page(case: DeclarationCase, paper: Paper, prepared: Prepared) -> PaperPage:
    """Add a picture to its paper; the sheet is bound to the version that it shows. Raises PageNotAdded.

    A version that no longer counts is refused, a sheet of somebody else and a forged one too.
    """
    if paper.kind != SHEET or case.printed is None:
        return pages.add_page(case.declaration, paper, prepared)
    sheet, reading = _judged(case, prepared.reading or ())
    page = pages.add_page(case.declaration, paper, prepared, sheet)
    page.reading = reading
    return page


def crop_page(case: DeclarationCase, page: PaperPage, prepared: Prepared) -> None:
    """Replace a picture by what was cropped out of it; of the sheet, what is left is judged as if it were new.

    Raises PageNotAdded.
    """
    if page.kind == SHEET and case.printed:
        sheet, page.reading = _judged(case, prepared.reading or ())
        page.sheet_id = sheet.id
    pages.crop_page(page, prepared)


# --- which sheet is it? -----------------------------------------------------------------------------------------------


def _judged(case: DeclarationCase, found: Sequence[Found]) -> tuple[Sheet, dict[str, Any]]:
    """The version that a picture shows, and what to keep of its reading. One good code among several is enough."""
    known = {sheet.code: sheet for sheet in _known([one["code"] for one in found])}
    own = [(known[one["code"]], one) for one in found if _is_own(case.declaration, known.get(one["code"]))]
    for sheet, one in sorted(own, key=lambda pair: -pair[0].version):
        if case.is_current(sheet):
            return sheet, _kept(sheet, one)
    if own:
        raise PageNotAdded(_outdated(case, max((sheet for sheet, _one in own), key=lambda one: one.version)))
    if known:
        raise PageNotAdded(_foreign(case.declaration, next(iter(known.values()))))
    if found:
        raise PageNotAdded(
            f"图上的校验码 {_in_fours(found[0]['code'])} 不是本平台打印的，这张信息表不能使用。"
            "请在本平台打印个人基本信息表，签名后再上传"
        )
    return _unread(case), {"read": False}


def _known(codes: Sequence[str]) -> Sequence[Sheet]:
    return db.session.scalars(select(Sheet).where(Sheet.code.in_(codes))).all() if codes else ()


def _is_own(declaration: Declaration, sheet: Sheet | None) -> bool:
    return sheet is not None and sheet.declaration_id == declaration.id


def _in_fours(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _kept(sheet: Sheet, one: Found) -> dict[str, Any]:
    page, pages = int(one.get("page") or 1), int(one.get("pages") or 1)
    name = WITH_EMPLOYER if page == 1 and has_employer(sheet) else ALONE
    return {"read": True, "page": page, "pages": pages} | one["forms"][name]


def has_employer(sheet: Sheet) -> bool:
    return bool(sheet.answers.get("has_employer") == YesNo.YES)


def _unread(case: DeclarationCase) -> Sheet:
    """Without a code: the version of the pages that are there already, if it counts, else the one printed last."""
    if case.signed and case.is_current(case.signed):
        return case.signed
    assert case.printed, "add_page() asks for it"
    return case.printed


def _outdated(case: DeclarationCase, sheet: Sheet) -> str:
    changed, last = sheet_versions.in_words(case.changed_since(sheet)), case.printed
    said = f"图上是第 {sheet.version} 版信息表，打印之后修改了{changed}，这一版已经作废。"
    if last and last.id != sheet.id and case.printed_is_current:
        return f"{said}请用最近打印的第 {last.version} 版签名后上传；找不到的，请重新打印"
    return f"{said}请重新打印、签名后上传"


def _foreign(declaration: Declaration, sheet: Sheet) -> str:
    other = db.session.get_one(Declaration, sheet.declaration_id)
    if other.account_id == declaration.account_id:
        return "图上是您另一份申报的信息表，不能用于本次申报。请打印本次申报的个人基本信息表，签名后上传"
    return "图上是另一个人的信息表，不能使用。请上传您自己打印、签名的个人基本信息表"


# --- what to tell ----------------------------------------------------------------------------------------------------


def notes(case: DeclarationCase) -> list[SheetNote]:
    """For the person at the paper, from what its pictures show. Empty without a picture, or when none was looked at."""
    readings = [page.reading for page in case.pages_of(SHEET) if page.reading]
    return list(_notes(readings, case.signed)) if readings and case.signed else []


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
    states = [ink(readings), stamp(readings, sheet)]
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
    """Pages of the sheet that no picture shows."""
    there = {one["page"] for one in readings if one["read"]}
    pages = max((one["pages"] for one in readings if one["read"]), default=0)
    return [page for page in range(1, pages + 1) if page not in there]


def ink(readings: Sequence[Found]) -> str | None:
    """The signature of all pages that were read: the worst of them; of several pictures of a page the best counts."""
    by_page: dict[int, list[str]] = {}
    for one in readings:
        if one["read"]:
            by_page.setdefault(one["page"], []).append(one["ink"])
    return _worst([_best(states) for states in by_page.values()])


def stamp(readings: Sequence[Found], sheet: Sheet) -> str | None:
    """The employer's stamp on page 1; None where no employer is declared, or page 1 was not read."""
    states = [one["stamp"] for one in readings if one["read"] and one["page"] == 1 and "stamp" in one]
    return _best(states) if states and has_employer(sheet) else None


def _best(states: Sequence[str]) -> str:
    return next(state for state in ("found", "unknown", "missing") if state in states)


def _worst(states: Sequence[str]) -> str | None:
    return next((state for state in ("missing", "unknown", "found") if state in states), None)
