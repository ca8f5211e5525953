"""What the page says of the pictures of a signed sheet, for each reading that there may be."""

from __future__ import annotations

import pytest

from forms import SHEET
from models import PaperPage, db
from services.filing.case import DeclarationCase
from services.papers.papers import pages_of
from services.sheet import reading as sheet_reading
from tests.support.people import EMPLOYED


def one(**changed) -> dict[str, object]:
    return {"read": True, "page": 1, "pages": 1, "ink": "found", "stamp": "found"} | changed


@pytest.mark.parametrize(
    ("readings", "kinds", "says"),
    [
        ([one()], "g", "已看到签名和单位印章"),
        ([one(ink="unknown")], "y", "看不清签名处"),
        ([one(stamp="unknown")], "y", "看不出单位盖章处"),
        ([one(ink="missing"), one()], "g", "已看到签名和单位印章"),  # the same page again, better
        ([one(pages=2)], "y", "这一版共 2 页，还没有读到第 2 页"),
        ([one(pages=2), {"read": True, "page": 2, "pages": 2, "ink": "missing"}], "y", "签名处没有发现手写签名"),
        ([{"read": True, "page": 2, "pages": 2, "ink": "found"}], "y", "还没有读到第 1 页"),
        ([one(), {"read": False}], "g", "已看到签名"),
        ([{"read": False}, {"read": False}], "y", "没有读到二维码"),
        ([one(ink="missing", stamp="missing")], "yy", "单位盖章处没有发现红色印章"),
    ],
)
def test_the_notes_say_what_to_do(make, readings, kinds, says):
    account = make.account("单小燕")
    declaration = make.declaration(account=account, **EMPLOYED | {"applicant_name": "单小燕"})
    make.papers(declaration)
    (page,) = pages_of(declaration, SHEET)
    for number, reading in enumerate(readings):
        page.reading = reading
        if number + 1 < len(readings):
            page = PaperPage(**copy_of(page) | {"position": number + 1})
            declaration.pages.append(page)
    db.session.flush()
    notes = DeclarationCase(declaration).sheet_notes
    assert "".join(note.kind for note in notes) == kinds
    assert says in " ".join(note.text for note in notes)


def copy_of(page: PaperPage) -> dict[str, object]:
    names = ("kind", "address", "thumb_address", "sha256", "size", "width", "height", "sheet_id")
    more = ("original_width", "original_height", "original_size")
    return {name: getattr(page, name) for name in (*names, *more)}


def test_pages_that_were_taken_before_pictures_were_read_say_nothing(make):
    declaration = make.declaration()
    make.papers(declaration)
    assert DeclarationCase(declaration).sheet_notes == []
    assert sheet_reading.signature_state([{"read": False}]) is None
