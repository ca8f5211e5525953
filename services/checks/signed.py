"""The signed sheet: which version it is, whether it says what was submitted, signature and stamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forms import PHOTO, SHEET
from lib.codes import MarkState
from models import Sheet
from services.checks.case import Case, Outcome, look, passed, unknown
from services.declaration import labels
from services.marks.marks import of_revision
from services.papers import papers
from services.sheet import reading as sheet_reading


def sheet(case: Case) -> Outcome:
    """Does the signed version say what was submitted? Changes that need no new signature are excused."""
    signed = case.revision.sheet
    if not case.papers.get(SHEET):
        return look("没有上传个人基本信息表，请退回补传", SHEET)
    if signed is None:
        return unknown("没有记录签章的是哪一版信息表", SHEET)
    printed: dict[str, Any] = signed.answers
    differing = {name for name in printed if name != "name_differs" and printed[name] != case.get(name)}
    differing |= {PHOTO} if papers.addresses(case.papers.get(PHOTO)) != [signed.photo_address] else set()
    words = "、".join(label.short for name, label in labels.table().items() if name in differing)
    if differing - _excused(case):
        return look(f"签章的信息表是第 {signed.version} 版，与提交内容不同：{words}", SHEET, *sorted(differing))
    return _which(_readings(case), signed, f"签章之后改了{words}(无需重新签章)" if differing else "与提交内容一致")


def _which(readings: Sequence[Mapping[str, Any]], signed: Sheet, says: str) -> Outcome:
    """How it is known that it is that version: read from the picture, or taken for it."""
    version = f"信息表第 {signed.version} 版"
    if sheet_reading.is_on_screen(readings):
        return passed(f"屏幕签名的是{version}，{says}", SHEET)
    if not readings:  # taken in before pictures were read
        return passed(f"{version}，{says}，请核对图上的校验码", SHEET)
    if not any(one["read"] for one in readings):
        return unknown(f"图上没有读到二维码，按最近打印的{version}登记，请核对图上的校验码 {code_of(signed)}", SHEET)
    if lacking := sheet_reading.missing_pages(readings):
        return look(f"{version}，没有读到第 {'、'.join(map(str, lacking))} 页，请核对", SHEET)
    return passed(f"图上的二维码是{version}，{says}", SHEET)


def code_of(signed: Sheet) -> str:
    return "-".join(signed.code[at : at + 4] for at in range(0, len(signed.code), 4))


def _excused(case: Case) -> set[str]:
    earlier = (one for one in case.declaration.revisions if one.number < case.revision.number)
    return {mark.target for one in earlier for mark in of_revision(one, MarkState.CLOSED) if not mark.resign}


def _readings(case: Case) -> list[Mapping[str, Any]]:
    return [page["reading"] for page in case.papers.get(SHEET, ()) if page.get("reading")]


def signature(case: Case) -> Outcome | None:
    """Ink where the applicant signs."""
    readings = _readings(case)
    if not readings:
        return None
    if sheet_reading.is_on_screen(readings):
        return unknown("在屏幕上签名，没有纸质签名；由登录了账号的人所签，系统不能判断是谁", SHEET)
    return {
        "found": passed("签名处有手写笔迹", SHEET),
        "missing": look("签名处没有发现手写笔迹，请查看", SHEET),
    }.get(sheet_reading.signature_state(readings) or "", unknown("看不清签名处，请自行查看", SHEET))


def stamp(case: Case) -> Outcome | None:
    """Red where the employer stamps. A black and white picture cannot tell."""
    readings, signed = _readings(case), case.revision.sheet
    if not readings or signed is None or not sheet_reading.has_employer(signed):
        return None
    return {
        "found": passed("单位盖章处有红色印章", SHEET),
        "missing": look("单位盖章处没有发现红色印章，请查看", SHEET),
    }.get(
        sheet_reading.stamp_state(readings, signed) or "", unknown("看不出单位盖章处有没有红色印章，请自行查看", SHEET)
    )
