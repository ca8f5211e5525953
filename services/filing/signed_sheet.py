"""A picture of the signed sheet is bound to the version that it shows, if that one still counts.

What was read on the picture is compared with what is printed and with the working copy, inside the transaction that
adds the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from forms import SHEET
from lib.questions.pages import Paper
from models import Declaration, PaperPage, Sheet, db
from services.filing.case import DeclarationCase
from services.papers import pages
from services.papers.pages import PageNotAdded
from services.papers.preparation import Prepared
from services.papers.sheet_positions import ALONE, WITH_EMPLOYER
from services.sheet import versions as sheet_versions
from services.sheet.reading import has_employer

Found = Mapping[str, Any]


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
