"""信息表验真: a printed sheet's code tells that it is genuine, whether it counts, and nothing that identifies."""

from __future__ import annotations

from lib.codes import Status
from models import Declaration, Sheet, db
from services import sheets
from services.verification import masked


def code_of(declaration: Declaration) -> str:
    printed = sheets.last(declaration)
    assert printed
    return printed.code


def test_a_submitted_sheet_is_genuine_and_names_nobody_in_full(make, browser):
    declaration = make.declaration(Status.SUBMITTED)
    (sheet,) = db.session.query(Sheet).all()
    fours = "-".join(sheet.code[at : at + 4] for at in range(0, 16, 4)).lower()

    page = browser.open(f"/verify/{fours}")

    assert "最近一次提交的版本" in page.text
    assert declaration.number in page.text
    assert masked(declaration.applicant_name) in page.text
    assert declaration.applicant_name not in page.text
    assert declaration.account.id_number not in page.text


def test_an_older_version_is_told_to_be_void(make, browser):
    declaration = make.declaration(Status.DRAFT)
    make.papers(declaration)
    old = code_of(declaration)
    declaration.postcode = "110013"
    sheets.print_sheet(declaration)
    db.session.commit()
    new = code_of(declaration)

    assert "已经作废" in browser.open(f"/verify/{old}").text
    assert "还没有随申报提交" in browser.open(f"/verify/{new}").text


def test_a_forged_code_is_not_found(make, browser):
    make.declaration(Status.SUBMITTED)
    for code in ("A" * 16, "0" * 16, "short", "%00"):
        assert "没有找到这个校验码" in browser.open(f"/verify/{code}", expect=404).text
