"""个人基本信息表: when it can be printed, its versions and check code, the PDF, and when a signed one is outdated."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pytest
from sqlalchemy import func, select

from forms import SHEET
from models import Declaration, Sheet, db
from services.filing.case import DeclarationCase
from services.marks.marks import MarkRequest
from services.papers import pages, papers
from services.sheet import versions as sheet_versions
from tests.support.applicant.filing import (
    add_photo,
    file,
    filled,
    pages_of,
    returned,
    send_back,
    store,
    stored,
    upload,
    words,
)
from tests.support.factory import picture
from tests.support.people import COMPLETE, EMPLOYED

OUTDATED = "打印之后信息有修改，这张已经作废。请重新打印、签名后上传"
ADDRESS = "辽宁省沈阳市和平区样例路 2 号"


@pytest.fixture
def declaration(make, browser) -> Declaration:
    """All pages answered, with a photo; its owner is signed in."""
    declaration = make.declaration()
    add_photo(declaration)
    browser.sign_in(declaration.account)
    return declaration


def versions() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Sheet.version).order_by(Sheet.id)))


def change(browser, declaration: Declaration, slug: str = "personal", **changed) -> None:
    browser.send(f"/apply/{slug}", filled(stored(declaration), slug, **changed))


def text_of(pdf: bytes) -> str:
    """All text of a PDF without white space: lines break anywhere."""
    return "".join("".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages).split())


def printed(browser) -> bytes:
    """Print, follow to the PDF."""
    answer = browser.follow(browser.send("/apply/check/print"))
    assert answer.headers["Content-Type"] == "application/pdf"
    found: bytes = answer.data
    return found


# --- printing -------------------------------------------------------------------------------------------------------


def test_printing_keeps_a_version_and_leads_to_the_pdf(declaration, browser):
    assert browser.send("/apply/check/print").location == "/apply/sheet.pdf"
    answer = browser.open("/apply/sheet.pdf")
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{declaration.number}-v1.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "打印第 1 版，内容与现在一致" in words(browser.open("/apply/check").text)


@pytest.mark.parametrize("missing", ["postal_address", "department_code", "full_time_level", "qualification", "photo"])
def test_printing_needs_every_answer_and_the_photo(declaration, browser, missing):
    if missing == "photo":
        pages.remove_page(papers.pages_of(declaration, "photo")[0])
    else:
        setattr(declaration, missing, None)
    db.session.commit()

    back = browser.send("/apply/check/print")

    assert back.location == "/apply/check"
    shown = words(browser.follow(back).text)
    assert "请先把各页必填的内容和一寸照片补齐，再打印个人基本信息表" in shown
    assert "还有 1 处没有填好" in shown
    assert versions() == []


def test_the_same_content_keeps_its_version(declaration, browser):
    first = printed(browser)
    change(browser, declaration)
    assert versions() == [1]
    assert text_of(printed(browser)).replace(" ", "")[:60] == text_of(first)[:60]
    assert versions() == [1]


def test_a_changed_answer_counts_the_version_up(declaration, browser):
    printed(browser)
    change(browser, declaration, postal_address=ADDRESS)
    printed(browser)
    assert versions() == [1, 2]


def test_an_answer_that_is_not_saved_does_not_count(declaration, browser):
    printed(browser)
    browser.send("/apply/personal", filled(declaration, "personal", postal_address=ADDRESS) | {"action": "back"})
    printed(browser)
    assert versions() == [1]


def test_another_photo_counts_the_version_up_and_another_paper_does_not(declaration, browser):
    printed(browser)
    upload(browser, picture(1000, 700), kind="id_portrait")
    printed(browser)
    assert versions() == [1]
    add_photo(declaration, seed=5)
    printed(browser)
    assert versions() == [1, 2]


def test_an_answer_changed_and_changed_back_is_compared_with_what_was_printed_last(declaration, browser):
    printed(browser)
    change(browser, declaration, postal_address=ADDRESS)
    change(browser, declaration, postal_address=COMPLETE["postal_address"])
    printed(browser)
    assert versions() == [1]


def test_a_title_that_the_office_edits_is_no_change(declaration, browser, make):
    printed(browser)
    make.department().name = "沈阳市和平区财政局会计科"
    db.session.commit()
    printed(browser)
    assert versions() == [1]


# --- the PDF --------------------------------------------------------------------------------------------------------


def test_before_printing_there_is_no_pdf(declaration, browser):
    back = browser.open("/apply/sheet.pdf", expect=302)
    assert back.location == "/apply/check"
    assert "请先核对信息，再打印个人基本信息表" in words(browser.follow(back).text)


def test_an_outdated_sheet_is_not_shown_again(declaration, browser):
    printed(browser)
    change(browser, declaration, postal_address=ADDRESS)
    assert "第 1 版打印之后信息有修改，请重新打印" in words(browser.open("/apply/check").text)

    back = browser.open("/apply/sheet.pdf", expect=302)

    assert back.location == "/apply/check"
    assert "信息已修改，请重新打印个人基本信息表" in words(browser.follow(back).text)


NAMES = ["张䶮", "㛃晨", "李𬭎", "阿卜杜拉·买买提"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", [COMPLETE, EMPLOYED], ids=["without employer", "employed"])
def test_the_text_of_the_pdf_is_what_was_filled_in(make, browser, name, given):
    account = make.account(name)
    declaration = make.declaration(account=account, **given | {"applicant_name": name, "mobile": "13800130099"})
    add_photo(declaration)

    text = text_of(printed(browser.sign_in(account)))

    number = stored(declaration).account.id_number
    for part in (name, number, "13800130099", declaration.number, "第1版", "会计人员个人基本信息表"):
        assert part in text
    for value in ("postal_address", "home_address", "employer_name", "employer_code", "full_time_school"):
        assert "".join(str(given.get(value, "")).split()) in text
    assert ("单位意见" in text) is (given is EMPLOYED)
    assert "沈阳市和平区财政局" in text
    code = db.session.scalars(select(Sheet.code)).one()
    assert "-".join(code[at : at + 4] for at in range(0, 16, 4)) in text


def test_the_papers_that_the_answers_ask_for_stand_on_the_sheet(make, browser):
    legacy = make.legacy("旧名字")
    account = make.account("新名字", legacy_id=legacy.id)
    declaration = make.declaration(account=account, **EMPLOYED | {"applicant_name": "新名字"})
    add_photo(declaration)
    text = text_of(printed(browser.sign_in(account)))
    for title in ("居民身份证(人像面)", "全日制学历证书", "专业技术资格证书", "姓名变更证明"):
        assert title in text
    for title in ("学生证或学籍证明", "护照资料页"):
        assert title not in text


def test_somebody_else_gets_ones_own_sheet_only(declaration, make, browser, another_browser):
    printed(browser)
    other = make.declaration(applicant_name="李别人")
    back = another_browser.sign_in(other.account).open("/apply/sheet.pdf", expect=302)
    assert back.location == "/apply/check"


def test_the_sheet_can_be_looked_at_while_the_office_has_the_file(make, browser):
    from lib.codes import Status

    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(declaration.account)
    assert browser.open("/apply/sheet.pdf").data.startswith(b"%PDF-")
    assert browser.send("/apply/check/print").location == "/apply/status"


def test_a_sheet_whose_photo_file_is_lost_says_so(declaration, browser):
    printed(browser)
    address = pages_of(declaration, "photo")[0].address
    next(store().root.rglob(address)).unlink()
    assert "已丢失或损坏" in browser.open("/apply/sheet.pdf", expect=404).text


# --- the check code ---------------------------------------------------------------------------------------------------


def test_the_check_code_hangs_on_number_version_every_answer_and_the_photo(declaration, app):
    content = DeclarationCase(declaration).printed_answers
    code = sheet_versions.check_code("LN20260000001", 1, content, "aa")
    assert len(code) == 16
    assert set(code) <= set(sheet_versions.ALPHABET)
    assert sheet_versions.check_code("LN20260000001", 1, dict(reversed(content.items())), "aa") == code

    others = [
        sheet_versions.check_code("LN20260000002", 1, content, "aa"),
        sheet_versions.check_code("LN20260000001", 2, content, "aa"),
        sheet_versions.check_code("LN20260000001", 1, content, "ab"),
        *(sheet_versions.check_code("LN20260000001", 1, content | {name: "x"}, "aa") for name in content),
    ]
    assert len({code, *others}) == len(others) + 1


def test_the_qr_code_and_the_code_in_the_database_agree(declaration, browser):
    printed(browser)
    sheet = db.session.scalars(select(Sheet)).one()
    content, photo = DeclarationCase(declaration).printed_answers, papers.photo_address(declaration)
    assert photo
    assert sheet.code == sheet_versions.check_code(declaration.number, 1, content, photo)
    assert sheet.answers == content


# --- the signed one ---------------------------------------------------------------------------------------------------


def test_a_signed_sheet_needs_a_printed_one_first(declaration, browser):
    shown = words(upload(browser, picture(800, 1100), kind="sheet", expect=422).text)
    assert "请先打印个人基本信息表，签名(盖章)后再上传" in shown
    assert pages_of(declaration, SHEET) == []


@pytest.fixture
def signed(declaration, browser) -> Declaration:
    """The same with a printed and signed sheet uploaded."""
    printed(browser)
    upload(browser, picture(800, 1100), kind="sheet")
    return declaration


def state(browser) -> str:
    """What the page says about the paper."""
    block = browser.open("/apply/papers").text.partition('id="paper-sheet"')[2].partition("</h2>")[0]
    return words(block).split("个人基本信息表 ")[-1]


def test_an_uploaded_sheet_is_bound_to_the_version_printed_last(signed, browser):
    (page,) = pages_of(signed, SHEET)
    sheet = db.session.scalars(select(Sheet)).one()
    assert page.sheet_id == sheet.id
    assert state(browser) == "已上传"


def test_a_later_change_makes_it_outdated_and_the_page_says_so_at_once(signed, browser):
    change(browser, signed, postal_address=ADDRESS)
    assert state(browser) == "需重新打印"
    assert OUTDATED in words(browser.open("/apply/papers").text)
    for step in ("personal", "department"):
        assert "已上传的信息表作废" in words(browser.open(f"/apply/{step}").text)


def test_it_is_current_again_when_the_answer_is_changed_back(signed, browser):
    change(browser, signed, postal_address=ADDRESS)
    change(browser, signed, postal_address=COMPLETE["postal_address"])
    assert state(browser) == "已上传"
    assert "作废" not in words(browser.open("/apply/personal").text)


def test_another_photo_makes_it_outdated(signed, browser):
    add_photo(stored(signed), seed=9)
    assert state(browser) == "需重新打印"


def test_another_paper_does_not(signed, browser):
    upload(browser, picture(1000, 700), kind="id_emblem")
    assert state(browser) == "已上传"


def test_printing_anew_is_not_enough_the_signed_one_must_be_uploaded_too(signed, browser):
    change(browser, signed, postal_address=ADDRESS)
    printed(browser)
    assert state(browser) == "需重新打印"
    for page in pages_of(signed, SHEET):
        browser.send(f"/apply/pages/{page.uid}/delete")
    assert state(browser) == "未上传"
    upload(browser, picture(800, 1100, 2), kind="sheet")
    assert state(browser) == "已上传"


def test_pictures_of_an_older_version_make_way_for_the_new_one(signed, browser):
    browser.send("/apply/papers/sheet", {"file": file()})
    change(browser, signed, postal_address=ADDRESS)
    printed(browser)
    upload(browser, picture(800, 1100, 2), kind="sheet")
    assert [page.sheet_id for page in pages_of(signed, SHEET)] == [db.session.scalar(select(func.max(Sheet.id)))]
    assert state(browser) == "已上传"


def test_a_sheet_has_two_pages_at_most(signed, browser):
    browser.send("/apply/papers/sheet", {"file": file()})
    assert "最多上传 2 张" in browser.send("/apply/papers/sheet", {"file": file()}, expect=422).text


# --- 无需重新签章 ---------------------------------------------------------------------------------------------


def excused(*targets: str) -> list[MarkRequest]:
    return [MarkRequest(target, "", "请核对", resign=False) for target in targets]


def test_a_change_that_was_asked_for_without_a_new_signature_leaves_the_sheet_current(make, browser):
    declaration = returned(make, *excused("postal_address"))
    browser.sign_in(declaration.account)
    change(browser, declaration, postal_address=ADDRESS)
    assert state(browser) == "已上传"
    (view,) = DeclarationCase(declaration).open_views
    assert "只改这一处时，信息表不用重新签名盖章" in browser.open(f"/apply/corrections/{view.mark.uid}").text


def test_any_other_change_beside_it_needs_a_new_signature(make, browser):
    declaration = returned(make, *excused("postal_address"))
    browser.sign_in(declaration.account)
    change(browser, declaration, postal_address=ADDRESS, political_status="01")
    assert state(browser) == "需重新打印"


def test_a_marked_change_needs_a_new_signature_unless_excused(make, browser):
    declaration = returned(make, MarkRequest("postal_address", "", "请核对"))
    browser.sign_in(declaration.account)
    change(browser, declaration, postal_address=ADDRESS)
    assert state(browser) == "需重新打印"


def test_a_photo_that_was_asked_for_without_a_new_signature_is_excused_too(make, browser):
    declaration = returned(make, *excused("photo"))
    browser.sign_in(declaration.account)
    add_photo(declaration, seed=7)
    assert state(browser) == "已上传"


def test_what_was_excused_once_stays_excused_in_the_next_round(make, browser):
    declaration = returned(make, *excused("postal_address"))
    browser.sign_in(declaration.account)
    change(browser, declaration, postal_address=ADDRESS)
    browser.send("/apply/submit", {"agree": "yes"})

    send_back(make, stored(declaration), *excused("id_emblem"))

    assert state(browser) == "已上传"
    change(browser, declaration, postal_address=COMPLETE["postal_address"] + "甲")
    assert state(browser) == "需重新打印", "this change nobody asked for"
