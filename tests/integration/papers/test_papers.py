"""附件上传: pictures are accepted, refused, replaced, turned; who may see them, and what is on the disk."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from forms import PAPER, PAPERS
from lib.codes import Status
from lib.pictures.images import MAX_BYTES
from models import db
from services import workflow
from services.papers import pages, preparation
from tests.support.applicant.filing import file, filled, pages_of, store, stored, upload, words
from tests.support.applicant.image_samples import PNG_CARD, colours, corner_card, encoded
from tests.support.factory import picture
from tests.support.people import EMPLOYED

#: With an employer every slot has many pages, so most tests use this paper.
LICENCE = "/apply/papers/employer_licence"


def test_a_jpg_is_taken_and_leads_back_to_its_paper(declaration, browser):
    back = upload(browser, picture(1000, 700))
    assert back.location == "/apply/papers#paper-employer_licence"

    (page,) = pages_of(declaration, "employer_licence")
    assert (page.width, page.height, page.original_size) == (1000, 700, len(picture(1000, 700)))
    shown = words(browser.open("/apply/papers").text)
    assert "统一社会信用代码证书(营业执照、事业单位法人证书等) 已上传" in shown
    assert "1000×700" in shown


def test_a_png_is_taken_as_a_jpg(declaration, browser):
    upload(browser, PNG_CARD)
    (page,) = pages_of(declaration, "employer_licence")
    answer = browser.open(f"/apply/pages/{page.uid}.jpg")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert colours(answer.data) == "RGBW"


def test_several_pictures_at_once_keep_their_order(declaration, browser):
    upload(browser, *(picture(1000, 700 + step) for step in range(3)))
    upload(browser, picture(1000, 703))
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 701, 702, 703]


HEIC = b"\0\0\0\x18ftypheic" + bytes(500)
REFUSED = [
    (
        b"not a picture, whatever its name says",
        ("不是 jpg、png、heic 图片或 PDF", "文本", "请选择 jpg、png、heic 图片或 PDF"),
    ),
    (b"%PDF-1.7\n" + bytes(200), ("这份 PDF 无法打开",)),
    (HEIC, ("已损坏或不完整",)),
    (b"", ("文件是空的",)),
    (picture()[:2000], ("已损坏或不完整",)),
    (encoded(Image.new("RGB", (4000, 60))), ("4000×60 像素", "每边至少 100 像素")),
]


@pytest.mark.parametrize(("data", "said"), REFUSED, ids=["text", "pdf", "heic", "empty", "cut off", "strip"])
def test_a_refused_file_is_told_the_rule_and_what_was_found(declaration, browser, data, said):
    shown = words(upload(browser, data, expect=422).text)
    for part in said:
        assert part in shown
    assert pages_of(declaration, "employer_licence") == []


def test_a_picture_of_30_mb_is_told_the_limit_and_its_own_size(declaration, browser):
    padded = picture() + bytes(30 * 1024 * 1024)
    shown = words(upload(browser, padded, expect=422).text)
    assert "图片 30.1 MB，超过 15 MB" in shown


def test_a_picture_of_exactly_15_mb_is_taken(declaration, browser):
    start = picture()
    upload(browser, start + bytes(MAX_BYTES - len(start)))
    (page,) = pages_of(declaration, "employer_licence")
    assert page.original_size == MAX_BYTES
    assert page.size < 200_000


def test_pictures_are_needed_to_upload(declaration, browser):
    assert "请先选择图片" in words(browser.send(LICENCE, expect=422).text)
    nothing = {"file": (io.BytesIO(b""), "")}  # what a browser sends for an empty choice
    assert "请先选择图片" in words(browser.send(LICENCE, nothing, expect=422).text)


def test_one_refused_picture_does_not_cost_the_others(declaration, browser):
    shown = words(upload(browser, picture(1000, 700), b"text", picture(1000, 701), b"%PDF-", expect=422).text)

    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 701]
    assert "第 2 张：文件不是 jpg、png、heic 图片或 PDF：这是文本" in shown
    assert "第 4 张：这份 PDF 无法打开" in shown
    assert "第 1 张:" not in shown


def test_a_paper_has_at_most_six_pages_and_says_so(declaration, browser):
    upload(browser, *(picture(1000, 700 + step) for step in range(5)))
    shown = words(upload(browser, picture(1000, 705), picture(1000, 706), expect=422).text)
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 701, 702, 703, 704, 705]
    assert "第 2 张：统一社会信用代码证书(营业执照、事业单位法人证书等)最多上传 6 张，请先删除不需要的图片" in shown


def test_a_paper_of_one_page_is_replaced(declaration, browser):
    upload(browser, picture(1000, 700), kind="id_portrait")
    address = f"/apply/pages/{pages_of(declaration, 'id_portrait')[0].uid}.jpg"
    assert browser.open(address).status == 200

    upload(browser, picture(1000, 701), kind="id_portrait")

    (page,) = pages_of(declaration, "id_portrait")
    assert page.height == 701
    browser.open(address, expect=404)


def test_a_refused_replacement_leaves_the_picture_that_was_there(declaration, browser):
    upload(browser, picture(1000, 700), kind="id_portrait")
    upload(browser, b"text", kind="id_portrait", expect=422)
    assert [page.height for page in pages_of(declaration, "id_portrait")] == [700]


def test_a_picture_is_turned_clockwise_by_a_quarter(declaration, browser):
    upload(browser, encoded(corner_card(), quality=95))
    (page,) = pages_of(declaration, "employer_licence")
    sent = (page.original_width, page.original_height, page.original_size)

    back = browser.send(f"/apply/pages/{page.uid}/rotate")

    assert back.location == "/apply/papers#paper-employer_licence"
    (page,) = pages_of(declaration, "employer_licence")
    assert (page.width, page.height) == (300, 400)
    assert colours(browser.open(f"/apply/pages/{page.uid}.jpg").data) == "BRWG"
    assert colours(browser.open(f"/apply/pages/{page.uid}.jpg?small=1").data) == "BRWG"
    assert (page.original_width, page.original_height, page.original_size) == sent, "what was sent is still what it was"


def test_the_one_inch_photo_is_not_turned_away_from_5_to_7(make, browser):
    declaration = make.declaration()
    pages.add_page(declaration, PAPER["photo"], preparation.prepare_photo(store(), picture(900, 1600)))
    db.session.commit()
    (photo,) = pages_of(declaration, "photo")
    browser.sign_in(declaration.account).send(f"/apply/pages/{photo.uid}/rotate", expect=404)
    assert [(page.width, page.height) for page in pages_of(declaration, "photo")] == [(413, 579)]


def test_a_deleted_page_is_gone_and_the_others_stay_in_order(declaration, browser):
    upload(browser, *(picture(1000, 700 + step) for step in range(3)))
    page = pages_of(declaration, "employer_licence")[1]
    uid = page.uid

    assert browser.send(f"/apply/pages/{uid}/delete").location == "/apply/papers#paper-employer_licence"

    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 702]
    browser.open(f"/apply/pages/{uid}.jpg", expect=404)
    browser.send(f"/apply/pages/{uid}/delete", expect=404)
    upload(browser, picture(1000, 703))
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700, 702, 703]


def test_a_paper_set_aside_comes_back_with_its_answer(declaration, browser):
    upload(browser, picture(1000, 700))
    browser.send(
        "/apply/department",
        filled(
            declaration,
            "department",
            has_employer="no",
            person_status="unemployed",
            location_kind="registered",
            home_city="210100",
            home_county="210102",
            home_address="样例路 1 号 2 单元",
        ),
    )
    assert stored(declaration).has_employer == "no"
    assert "营业执照" not in browser.open("/apply/papers").text

    now = stored(declaration)
    browser.send(
        "/apply/department",
        filled(
            now,
            "department",
            **{
                k: EMPLOYED[k]
                for k in EMPLOYED
                if k.startswith(("has_", "cat", "employer", "aff", "unit", "ind", "acc", "adm"))
            },
        ),
    )

    assert "营业执照、事业单位法人证书等) 已上传" in words(browser.open("/apply/papers").text)
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700]


def test_a_paper_set_aside_is_not_part_of_the_submission(make):
    declaration = make.declaration(**EMPLOYED)
    pages.add_page(declaration, PAPER["student_card"], preparation.prepare(store(), picture(1000, 700)))
    db.session.commit()
    make.papers(declaration)
    revision = workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    assert "student_card" not in revision.papers
    assert set(revision.papers) >= {"photo", "sheet", "id_portrait", "employer_licence", "full_time_diploma"}
    assert len(pages_of(declaration, "student_card")) == 1


NOT_ASKED = sorted(
    paper.kind for paper in PAPERS if not paper.asked(EMPLOYED | {"id_type": "resident_id", "name_differs": "no"})
)


@pytest.mark.parametrize("kind", [*NOT_ASKED, "photo", "nothing"])
def test_a_paper_that_is_not_asked_for_cannot_be_uploaded(declaration, browser, kind):
    upload(browser, picture(1000, 700), kind=kind, expect=404)
    assert pages_of(declaration, kind) == []


def test_the_list_is_what_the_answers_ask_for(declaration, browser):
    shown = words(browser.open("/apply/papers").text)
    wanted = [paper for paper in PAPERS if paper.kind not in NOT_ASKED and paper.kind != "photo"]
    voluntary = sum(1 for paper in wanted if not paper.required)
    assert f"需要以下 {len(wanted)} 项附件（其中 {voluntary} 项选填），已上传 0 项" in shown
    for paper in wanted:
        assert paper.title in shown
    assert PAPER["student_card"].title not in shown


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW])
def test_nothing_is_uploaded_turned_or_deleted_while_the_office_has_the_file(make, browser, status):
    declaration = make.declaration(status)
    browser.sign_in(declaration.account)
    (page,) = pages_of(declaration, "id_portrait")
    before = (page.uid, page.address)

    for url, sent in (
        ("/apply/papers/id_portrait", {"file": file()}),
        (f"/apply/pages/{page.uid}/rotate", {}),
        (f"/apply/pages/{page.uid}/delete", {}),
    ):
        assert browser.send(url, sent).location == "/apply/status"

    (page,) = pages_of(declaration, "id_portrait")
    assert (page.uid, page.address) == before
    assert browser.open(f"/apply/pages/{page.uid}.jpg").status == 200


def test_a_request_that_is_too_large_is_told_so_on_a_page_of_ours(declaration, browser):
    limit = 64 * 1024 * 1024
    assert browser.app.config["MAX_CONTENT_LENGTH"] == limit
    told = browser.send(LICENCE, {"file": file()}, expect=413, environ_overrides={"CONTENT_LENGTH": str(limit + 1)})
    shown = words(told.text)
    assert "上传的内容太大" in shown
    assert "总共不能超过 64 MB，单张图片不能超过 15 MB" in shown
    assert "咨询电话" in shown
    assert pages_of(declaration, "employer_licence") == []


def test_an_upload_counts_as_touching_the_declaration(declaration, browser):
    before = stored(declaration).version
    upload(browser, picture(1000, 700))
    assert stored(declaration).version > before


# --- one paper's row alone -------------------------------------------------------------------------------------------


def test_a_row_alone_is_the_row_of_the_page(declaration, browser):
    upload(browser, picture(1000, 700))
    row = browser.open("/apply/papers/employer_licence/row").text
    assert row.lstrip().startswith('<div class="up ok"')
    assert "<html" not in row
    assert words(row) in words(browser.open("/apply/papers").text)


@pytest.mark.parametrize("kind", [*NOT_ASKED, "photo", "nothing"])
def test_a_paper_that_is_not_asked_for_has_no_row(declaration, browser, kind):
    assert browser.open(f"/apply/papers/{kind}/row", expect=404).status == 404


def test_a_row_is_for_its_owner_and_while_it_may_be_changed(make, browser, another_browser):
    another_browser.open("/apply/papers/id_portrait/row", expect=302)
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(declaration.account)
    assert browser.open("/apply/papers/id_portrait/row", expect=302).location == "/apply/status"
