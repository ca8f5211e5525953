"""A PDF is as welcome as a picture where a paper is taken: each page becomes a picture of the paper."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest

from lib.sandbox import client as sandbox
from services.papers import picture_advice
from tests.support.applicant.filing import page, pages_of, store, upload, words
from tests.support.applicant.image_samples import colours, decoded
from tests.support.applicant.pdf_samples import A4, CARD, ink, pdf
from tests.support.applicant.tus_client import Tus, sender

KIND = "employer_licence"


def darkness(address: str) -> int:
    return ink(decoded(store().get(address)).convert("L").tobytes())


def test_one_page_becomes_one_picture_as_it_would_be_printed(declaration, browser):
    upload(browser, pdf("card"))
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height) == (1696, 2400)
    assert colours(store().get(taken.address)) == "RGBW"
    assert max(decoded(store().get(taken.thumb_address)).size) == 320


def test_chinese_text_is_drawn_though_the_file_has_no_font(declaration, browser):
    """The child process may open no file, so it finds no font of the system."""
    upload(browser, pdf("教育部学历证书电子注册备案表", "ABC"))
    chinese, latin = pages_of(declaration, KIND)
    assert darkness(chinese.address) > 3 * darkness(latin.address) > 0
    assert not picture_advice.notes(chinese.measures), "no light fell on it"


def test_every_page_becomes_a_picture_in_its_order_and_blank_backs_are_left_out(declaration, browser):
    upload(browser, pdf("一", "", "card", "", "二十", "", size=CARD))
    first, card, last = pages_of(declaration, KIND)
    assert colours(store().get(card.address)) == "RGBW"
    assert 0 < darkness(first.address) < darkness(last.address)


def test_a_small_page_is_not_blown_up(declaration, browser):
    upload(browser, pdf("card", size=CARD))
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height) == (1013, 638)


def no_page() -> bytes:
    out = io.BytesIO()
    pypdfium2.PdfDocument.new().save(out)
    return out.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "locked": (
        lambda: pdf("一", size=CARD, password="geheim"),
        "这份 PDF 设了密码，无法打开。请输入密码打开它，打印成没有密码的",
    ),
    "broken": (lambda: pdf("card")[:600], "这份 PDF 无法打开：已损坏、不完整，或者没有页面。请重新下载，或另存为新的"),
    "blank": (lambda: pdf("", "", size=CARD), "这份 PDF 的每一页都是空白的"),
    "no page": (no_page, "这份 PDF 无法打开：已损坏、不完整，或者没有页面"),
    "too many": (lambda: pdf(*"一" * 7, size=CARD), "这份 PDF 有 7 页，这里最多收 6 页。请只留下要交的 6 页，再上传"),
    "far too many": (lambda: pdf(*"一" * 200), "这份 PDF 有 200 页，这里最多收 6 页"),
    "a strip": (lambda: pdf("一", size=(2000, 20)), "太小：每边至少 100 像素"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_words(declaration, browser, name):
    data, says = REFUSED[name]
    assert says in words(upload(browser, data(), expect=422).text)
    assert pages_of(declaration, KIND) == []


def test_two_hundred_pages_are_refused_before_any_is_drawn(declaration, browser, monkeypatch):
    asked, run = list[str](), sandbox.run

    def watched(job: str, *arguments: Any, **options: Any) -> Any:
        asked.append(job)
        return run(job, *arguments, **options)

    monkeypatch.setattr(sandbox, "run", watched)
    upload(browser, pdf(*"一" * 200), expect=422)
    assert asked == ["pages"]


def test_a_card_of_one_page_takes_a_pdf_of_one_page(declaration, browser):
    upload(browser, pdf("card", "", size=CARD), kind="id_portrait")
    assert len(pages_of(declaration, "id_portrait")) == 1
    said = words(upload(browser, pdf("card", "card", size=CARD), kind="id_portrait", expect=422).text)
    assert "这份 PDF 有 2 页，这里最多收 1 页。请把要交的那一页单独存成 PDF 或图片，再上传" in said
    assert len(pages_of(declaration, "id_portrait")) == 1, "the old one is still there"


def test_a_pdf_that_does_not_fit_any_more_leaves_the_paper_as_it_was(declaration, browser):
    upload(browser, pdf(*"一二三四", size=CARD))
    before = [each.uid for each in pages_of(declaration, KIND)]
    assert "最多上传 6 张" in words(upload(browser, pdf(*"五六七", size=CARD), expect=422).text)
    assert [each.uid for each in pages_of(declaration, KIND)] == before


def test_in_pieces_and_in_place_of_another_page_its_pages_stay_together(declaration, browser):
    upload(browser, pdf("一", "card", "一", size=CARD))
    old = pages_of(declaration, KIND)[1]
    tus = Tus(sender(browser))
    outcome = tus.outcome(tus.upload(pdf("二二二", "card", size=CARD), KIND, replaced=old.uid))
    now = pages_of(declaration, KIND)
    assert [each.uid for each in now].index(outcome["page"]) == 1
    assert [colours(store().get(each.address)) == "RGBW" for each in now] == [False, False, True, False]


def test_the_portrait_is_a_picture_and_no_pdf(declaration, browser):
    sent = page(declaration, "personal") | {"photo": (io.BytesIO(pdf("card")), "p.pdf"), "action": "photo"}
    said = words(browser.send("/apply/personal", sent, expect=422).text)
    assert "文件不是 jpg、png 或 heic 图片：这是 PDF 文件。请选择 jpg、png 或 heic 图片" in said


def test_where_a_paper_is_taken_pages_say_that_pdf_is_welcome(declaration, browser):
    shown = browser.open("/apply/papers").text
    assert shown.count(",application/pdf,") == shown.count('type="file"') > 5
    assert "支持 jpg、png、heic 和 PDF" in words(shown)
    assert "这是文本。请选择 jpg、png、heic 图片或 PDF" in words(upload(browser, b"text", expect=422).text)


def test_every_scan_of_a_page_counts_the_same(declaration, browser):
    """A4 across and upright: neither is taken for a screenshot or for a document that was cut off."""
    upload(browser, pdf("一二三四五六七", size=(A4[1], A4[0])))
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height) == (2400, 1696)
    assert picture_advice.notes(taken.measures) == []
