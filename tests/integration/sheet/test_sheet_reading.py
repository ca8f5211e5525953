"""The picture of the signed sheet is read back: current, outdated, another person's, forged, or no code found."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from forms import SHEET
from lib.database import utcnow
from lib.pdf import qr
from models import Declaration, Sheet, db
from services import checks, workflow
from services.filing.case import DeclarationCase
from services.marks.marks import MarkRequest
from services.papers.papers import pages_of as pages_there
from services.sheet import content as sheet_content
from tests.support.applicant import photographed
from tests.support.applicant.filing import add_photo, file, filled, pages_of, returned, store, stored, upload, words
from tests.support.applicant.image_samples import encoded
from tests.support.applicant.photographed import Shot
from tests.support.factory import picture
from tests.support.people import EMPLOYED, id_number

ADDRESS = "辽宁省沈阳市和平区样例路 2 号"
SIGN_ALONE, SIGN = (165.0, 263.0), (150.0, 259.0)


@pytest.fixture
def declaration(make, browser) -> Declaration:
    """Everything answered, without an employer; the owner is signed in."""
    declaration = make.declaration()
    add_photo(declaration)
    browser.sign_in(declaration.account)
    return declaration


@pytest.fixture
def employed(make, browser) -> Declaration:
    account = make.account("单小燕")
    declaration = make.declaration(account=account, **EMPLOYED | {"applicant_name": "单小燕"})
    add_photo(declaration)
    browser.sign_in(account)
    return declaration


def paper(browser) -> Image.Image:
    """Print; returns the sheet."""
    return photographed.paper(browser.follow(browser.send("/apply/check/print")).data)


def shot(page: Image.Image, seed: int = 1, at: tuple[float, float] = SIGN_ALONE) -> bytes:
    return photographed.photograph(photographed.sign(page, Random(seed), at), seed)


def change(browser, declaration: Declaration, slug: str = "personal", **changed) -> None:
    browser.send(f"/apply/{slug}", filled(stored(declaration), slug, **changed))


def row(browser) -> str:
    """What the page says about the paper."""
    block = browser.open("/apply/papers").text.partition('id="paper-sheet"')[2].partition('<div class="acts">')[0]
    return words(block)


def reading_of(declaration: Declaration) -> dict[str, Any]:
    return pages_of(declaration, SHEET)[0].reading or {}


def versions(declaration: Declaration) -> dict[int, int]:
    """Version -> id."""
    query = select(Sheet.version, Sheet.id).where(Sheet.declaration_id == declaration.id)
    return {row.version: row.id for row in db.session.execute(query)}


# --- the verdicts -----------------------------------------------------------------------------------------------------


def test_a_current_sheet_is_taken_and_the_page_says_what_was_seen(declaration, browser):
    upload(browser, shot(paper(browser)), kind=SHEET)

    (page,) = pages_of(declaration, SHEET)
    assert page.sheet_id == versions(declaration)[1]
    reading = reading_of(declaration)
    assert (reading["read"], reading["ink"]) == (True, "found")
    assert "stamp" not in reading
    assert "已读到二维码：第 1 版；已看到签名" in row(browser)


def test_an_outdated_sheet_is_refused_with_its_version_and_what_changed(declaration, browser):
    old = paper(browser)
    change(browser, declaration, postal_address=ADDRESS)
    refused = words(upload(browser, shot(old), kind=SHEET, expect=422).text)
    assert "图上是第 1 版信息表，打印之后修改了通讯地址，这一版已经作废。请重新打印、签名后上传" in refused
    assert pages_of(declaration, SHEET) == []

    new = paper(browser)
    refused = words(upload(browser, shot(old), kind=SHEET, expect=422).text)
    assert "请用最近打印的第 2 版签名后上传" in refused
    upload(browser, shot(new), kind=SHEET)
    assert [page.sheet_id for page in pages_of(declaration, SHEET)] == [versions(declaration)[2]]


def test_another_photo_makes_the_printed_sheet_outdated(declaration, browser):
    old = paper(browser)
    add_photo(stored(declaration), seed=4)
    assert "修改了一寸照片" in words(upload(browser, shot(old), kind=SHEET, expect=422).text)


def test_a_version_whose_content_is_current_again_counts(declaration, browser):
    """Changed, printed, changed back: the page is bound to the version that was read, not to the last printed."""
    before = stored(declaration).postal_address
    first = paper(browser)
    change(browser, declaration, postal_address=ADDRESS)
    paper(browser)
    change(browser, declaration, postal_address=before)

    upload(browser, shot(first), kind=SHEET)

    assert [page.sheet_id for page in pages_of(declaration, SHEET)] == [versions(declaration)[1]]


def test_a_sheet_of_somebody_else_is_refused(declaration, browser, another_browser, make):
    other = make.declaration(account=make.account(number=id_number(7)), applicant_name="李别人")
    add_photo(other)
    foreign = paper(another_browser.sign_in(other.account))
    paper(browser)

    refused = words(upload(browser, shot(foreign), kind=SHEET, expect=422).text)

    assert "图上是另一个人的信息表，不能使用。请上传您自己打印、签名的个人基本信息表" in refused
    assert other.number not in refused
    assert pages_of(declaration, SHEET) == []


def test_a_sheet_of_ones_own_earlier_declaration_is_told_apart(make, browser, app):
    record = make.record()
    (earlier,) = db.session.scalars(select(Sheet)).all()
    first = db.session.get_one(Declaration, earlier.declaration_id)
    data = sheet_content.sheet_data(first, earlier, store(), base_url="https://example.cn", site="平台")
    old = photographed.paper(sheet_content.draw(data))
    declaration = make.change(record)
    declaration.notice_read_at = utcnow()
    db.session.commit()
    browser.sign_in(record.account)
    paper(browser)

    refused = words(upload(browser, shot(old), kind=SHEET, expect=422).text)

    assert "图上是您另一份申报的信息表，不能用于本次申报" in refused
    assert first.number not in refused  # the phone's page, which shows no number, says the same words


def test_a_forged_code_is_refused(declaration, browser):
    page = paper(browser)
    printed = db.session.scalars(select(Sheet)).one()
    genuine, printed.code = printed.code, "A" * 16  # as if another one were on the paper
    db.session.commit()

    refused = words(upload(browser, shot(page), kind=SHEET, expect=422).text)

    fours = "-".join(genuine[at : at + 4] for at in range(0, 16, 4))
    assert f"图上的校验码 {fours} 不是本平台打印的" in refused
    assert pages_of(declaration, SHEET) == []


def test_without_a_code_the_picture_is_bound_to_the_version_printed_last_and_both_sides_are_told(declaration, browser):
    paper(browser)
    upload(browser, picture(800, 1100), kind=SHEET)

    (page,) = pages_of(declaration, SHEET)
    assert page.sheet_id == versions(declaration)[1]
    assert page.reading == {"read": False}
    told = row(browser)
    assert "没有读到二维码，先按最近打印的第 1 版登记" in told
    assert "建议重拍" in told


def test_a_foreign_qr_code_is_no_code_of_ours(declaration, browser):
    page = paper(browser)
    matrix = qr.matrix("https://example.com/verify/not-a-code")
    code = Image.new("L", (len(matrix), len(matrix)))
    code.putdata([0 if dark else 255 for line in matrix for dark in line])
    side = round(26 * photographed.MM)
    page.paste(
        code.resize((side, side), Image.Resampling.NEAREST), (round(16 * photographed.MM), round(11 * photographed.MM))
    )
    upload(browser, shot(page), kind=SHEET)
    assert pages_of(declaration, SHEET)[0].reading == {"read": False}


@pytest.mark.parametrize("settings", [{"BASE_URL": "http://old.example.cn:8080/kuaiji"}])
def test_the_code_counts_under_whatever_address_the_site_had(declaration, browser, app):
    page = paper(browser)
    app.config["BASE_URL"] = "https://new.example.cn"
    upload(browser, shot(page), kind=SHEET)
    assert reading_of(declaration)["read"] is True


# --- several pictures, and what an officer excused --------------------------------------------------------------------


def test_a_refused_second_picture_leaves_the_first_one(declaration, browser):
    old = paper(browser)
    change(browser, declaration, postal_address=ADDRESS)
    upload(browser, shot(paper(browser)), kind=SHEET)
    upload(browser, shot(old), kind=SHEET, expect=422)
    assert len(pages_of(declaration, SHEET)) == 1


def test_an_unreadable_second_picture_joins_the_version_that_was_read(make, browser):
    """The signed version is an older one that is excused; a picture without a code must not push it out."""
    declaration = returned(make, MarkRequest("postal_address", "", "请核对", resign=False))
    browser.sign_in(declaration.account)
    signed = photographed.paper(browser.open("/apply/sheet.pdf").data)
    change(browser, declaration, postal_address=ADDRESS)
    paper(browser)
    for page in pages_of(declaration, SHEET):
        browser.send(f"/apply/pages/{page.uid}/delete")

    upload(browser, shot(signed), kind=SHEET)
    browser.send("/apply/papers/sheet", {"file": file()})

    assert [page.sheet_id for page in pages_of(declaration, SHEET)] == [versions(declaration)[1]] * 2
    assert not DeclarationCase(stored(declaration)).signed_is_outdated


def test_any_other_change_beside_the_excused_one_is_refused_and_named(make, browser):
    declaration = returned(make, MarkRequest("postal_address", "", "请核对", resign=False))
    browser.sign_in(declaration.account)
    signed = photographed.paper(browser.open("/apply/sheet.pdf").data)
    change(browser, declaration, postal_address=ADDRESS, political_status="01")

    refused = words(upload(browser, shot(signed), kind=SHEET, expect=422).text)

    assert "打印之后修改了政治面貌，" in refused


def test_a_change_after_the_upload_makes_it_outdated_in_the_other_tab_too(declaration, browser):
    upload(browser, shot(paper(browser)), kind=SHEET)
    tab = browser.open("/apply/papers")  # open in another tab all the time
    assert "已上传" in row(browser)

    change(browser, declaration, postal_address=ADDRESS)

    assert "需重新打印" in row(browser)
    assert "已读到二维码" not in row(browser)
    assert "您" in tab.text
    stopped = words(browser.send("/apply/submit", {"agree": "yes"}, expect=422).text)
    assert "个人基本信息表：信息已修改，请重新打印、签名后上传" in stopped


# --- signature and stamp, as the person and the officer see them ------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "stamped", "says"),
    [
        (True, True, "已看到签名和单位印章"),
        (False, True, "签名处没有发现手写签名"),
        (True, False, "单位盖章处没有发现红色印章"),
    ],
)
def test_what_is_missing_is_said_at_once_and_stops_nothing(employed, browser, signed, stamped, says):
    page = paper(browser)
    page = photographed.sign(page, Random(3), SIGN) if signed else page
    page = photographed.stamp(page) if stamped else page
    upload(browser, photographed.photograph(page, 5), kind=SHEET)
    assert says in row(browser)
    found = reading_of(employed)
    assert (found["ink"], found["stamp"]) == (
        "found" if signed else "missing",
        "found" if stamped else "missing",
    )


def test_a_black_and_white_scan_cannot_tell_of_a_stamp(employed, browser):
    page = photographed.stamp(photographed.sign(paper(browser), Random(3), SIGN))
    upload(browser, photographed.scan(page, 1), kind=SHEET)
    assert reading_of(employed)["stamp"] == "unknown"
    assert "看不出单位盖章处有没有红色印章(黑白或偏色的图片看不出)" in row(browser)


@pytest.mark.parametrize(
    ("reading", "states"),
    [
        ({"read": False}, {"sheet": "unknown"}),
        (
            {"read": True, "page": 1, "pages": 1, "ink": "missing", "stamp": "found"},
            {"signature": "look", "stamp": "passed"},
        ),
        (
            {"read": True, "page": 1, "pages": 1, "ink": "found", "stamp": "missing"},
            {"signature": "passed", "stamp": "look"},
        ),
        (
            {"read": True, "page": 1, "pages": 1, "ink": "unknown", "stamp": "unknown"},
            {"signature": "unknown", "stamp": "unknown"},
        ),
        ({"read": True, "page": 1, "pages": 2, "ink": "found", "stamp": "found"}, {"sheet": "look"}),
    ],
)
def test_the_officer_sees_the_same(make, reading, states):
    account = make.account("单小燕")
    declaration = make.declaration(account=account, **EMPLOYED | {"applicant_name": "单小燕"})
    make.papers(declaration)
    for page in pages_there(declaration, SHEET):
        page.reading = reading
    db.session.commit()
    workflow.submit(declaration, make.actor(account), commitment="1", review_days=10)
    found = {result.name: result.state for result in checks.run(declaration.revisions[-1])}
    assert {name: found.get(name) for name in states} == states
    assert declaration.revisions[-1].papers[SHEET][0]["reading"] == reading


# --- many of them -----------------------------------------------------------------------------------------------------


def test_what_is_cut_out_of_a_picture_is_read_again(declaration, browser, another_browser, make):
    other = make.declaration(account=make.account(number=id_number(7)), applicant_name="李别人")
    add_photo(other)
    sheets_there = paper(browser), paper(another_browser.sign_in(other.account))
    width, height = sheets_there[0].size
    both = Image.new("RGB", (2 * width, height), "white")
    for at, one in enumerate(sheets_there):
        both.paste(one, (at * width, 0))
    upload(browser, encoded(both), kind=SHEET)
    (page,) = pages_of(declaration, SHEET)
    address = f"/apply/pages/{page.uid}/crop"

    refused = browser.send(address, {"how": "margins", "left": "50"}, expect=422)

    assert "图上是另一个人的信息表" in words(refused.text)
    assert pages_of(declaration, SHEET)[0].crop is None
    browser.send(address, {"how": "margins", "right": "50"})
    assert reading_of(declaration)["read"] is True
    browser.send(address, {"how": "margins", "top": "60"})
    assert reading_of(declaration) == {"read": False}


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(200), marks=pytest.mark.soak)], ids=["few", "200"])
def test_pictures_from_phones_are_read_and_judged(declaration, browser, another_browser, make, seeds):
    """Through the upload: at least 95 in 100 are read; whatever is outdated, foreign or forged and read is refused."""
    other = make.declaration(account=make.account(number=id_number(7)), applicant_name="李别人")
    add_photo(other)
    foreign = paper(another_browser.sign_in(other.account))
    old = paper(browser)
    change(browser, declaration, postal_address=ADDRESS)
    new = paper(browser)
    read = 0
    for seed in seeds:
        for wrong in (old, foreign):
            answer = browser.send("/apply/papers/sheet", {"file": file(shot(wrong, seed))}, expect=422)
            assert "作废" in answer.text or "另一个人" in answer.text, seed
        upload(browser, shot(new, seed), kind=SHEET)
        (page,) = pages_of(declaration, SHEET)
        read += reading_of(declaration)["read"]
        browser.send(f"/apply/pages/{page.uid}/delete")
    assert read >= 0.95 * len(seeds)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_taken_sideways_is_read_too(declaration, browser, turns):
    page = photographed.sign(paper(browser), Random(turns), SIGN_ALONE)
    upload(browser, photographed.photograph(page, turns, Shot(quarter_turns=turns)), kind=SHEET)
    reading = reading_of(declaration)
    assert (reading["read"], reading["ink"]) == (True, "found")


def test_a_turned_picture_keeps_its_reading(declaration, browser):
    upload(browser, shot(paper(browser)), kind=SHEET)
    (page,) = pages_of(declaration, SHEET)
    before = page.reading
    browser.send(f"/apply/pages/{page.uid}/rotate")
    assert pages_of(declaration, SHEET)[0].reading == before
