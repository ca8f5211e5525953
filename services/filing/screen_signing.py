"""在屏幕上签名: a signature drawn on the screen in place of the printed and signed sheet (docs/adr/053).

Only where the office allows it, and only without an employer: a stamp cannot be drawn. It is bound to the version that
was shown: its picture names the version, the page belongs to it, and the audit trail holds the hash of the picture.
"""

from __future__ import annotations

import hashlib
import textwrap
from datetime import datetime

from forms import PAPER, SHEET
from lib.clock import local
from lib.codes import YesNo
from lib.pdf.fonts import SERIF
from lib.pictures import signature
from lib.storage import Store
from models import Sheet
from services import audit
from services.access import Actor
from services.filing.case import DeclarationCase
from services.papers import pages, preparation
from services.papers.preparation import Prepared
from services.sheet.data import in_fours
from services.site import agreed_texts

#: What is kept of the page in the place of what is read on a picture (services.sheet.reading).
READING = {"read": True, "page": 1, "pages": 1, "ink": "screen"}
LETTERS = 30  # in a line of the picture


class Changed(Exception):
    """The version that was shown is not the one that counts now."""


def is_offered(case: DeclarationCase) -> bool:
    """Can this declaration be signed on the screen, where the office allows it?"""
    return case.facts.get("has_employer") == YesNo.NO


def prepare(
    store: Store, sheet: Sheet, number: str, strokes: signature.Strokes, now: datetime, person: str
) -> Prepared:
    """Draw and store the picture. Slow, and without the database."""
    promise = agreed_texts.printed_promise(sheet.commitment_version)
    lines = [
        "个人基本信息表：屏幕签名",
        f"申报编号 {number}　第 {sheet.version} 版",
        f"校验码 {in_fours(sheet.code)}",
        *textwrap.wrap(promise, LETTERS),
        f"{local(now):%Y-%m-%d %H:%M:%S} 在屏幕上签名，没有纸质原件",
    ]
    return preparation.prepare(store, signature.draw(lines, strokes, SERIF), person=person)


def sign(actor: Actor, case: DeclarationCase, code: str, prepared: Prepared) -> None:
    """Put the picture in the place of the signed sheet. ``code``: of the version that was shown. Raises Changed."""
    sheet = case.printed
    if sheet is None or sheet.code != code or not case.printed_is_current or not is_offered(case):
        raise Changed
    for page in case.pages_of(SHEET):
        pages.remove_page(page)
    pages.add_page(case.declaration, PAPER[SHEET], prepared, sheet).reading = dict(READING)
    mark = hashlib.sha256(prepared.picture.jpeg).hexdigest()
    detail = f"第 {sheet.version} 版 {sheet.code} 图片 {mark}"
    audit.record("screen_signature", actor, declaration_id=case.declaration.id, detail=detail)
