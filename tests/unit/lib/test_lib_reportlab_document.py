"""What lib/pdf/reportlab_document.py relies on. A failure means: read that module against the new reportlab."""

from io import BytesIO
from typing import Any

import pypdf
from pypdf.generic import DecodedStreamObject, EncodedStreamObject

from lib.pdf.canvas import BLACK, Rect, document
from tests.support.applicant.image_samples import JPEG_CARD


def drawn() -> pypdf.PdfReader:
    """Two pages: one with a form, a picture and two watermarks, the other with a form only."""
    with document("题目", "单位", reuse_forms=True) as canvas:
        for pictures in (1, 0):
            canvas.bookmark(f"第{2 - pictures}页")
            canvas.text(50, 700, "字", 12)
            canvas.draw_once("a box", 50, 50, lambda x, y: canvas.fill(Rect(x, y, 10, 10), BLACK))
            for _picture in range(pictures):
                canvas.jpeg(Rect(100, 100, 50, 50), JPEG_CARD)
                canvas.watermark("样表")
                canvas.watermark("样表")
            canvas.next_page()
        return pypdf.PdfReader(BytesIO(canvas.finish()), strict=True)


def test_reportlab_packs_every_stream_and_leaves_pictures_as_they_are() -> None:
    pdf: Any = drawn()
    objects = [pdf.get_object(number) for number in range(1, pdf.trailer["/Size"])]
    streams = [one for one in objects if isinstance(one, DecodedStreamObject | EncodedStreamObject)]
    filters = sorted(stream.get("/Filter", ["none"])[0] for stream in streams)
    assert filters == ["/DCTDecode", *["/FlateDecode"] * 7]  # 2 pages, 1 form, 2 fonts with their tables


def test_a_page_names_only_the_forms_and_pictures_that_it_shows() -> None:
    pages: Any = drawn().pages
    first, second = [page["/Resources"]["/XObject"] for page in pages]
    assert [len(first), len(second)] == [2, 1]
    assert set(second) < set(first)


def test_each_watermark_is_faint_and_nothing_after_it() -> None:
    page: Any = drawn().pages[0]
    words = page.get_contents().get_data().split()
    assert words.count(b"gs") == 2
    assert words.count(b"q") == words.count(b"Q")
    assert list(page["/Resources"]["/ExtGState"].values()) == [{"/ca": 0.13}]


def test_the_metadata_is_title_and_author_without_a_date() -> None:
    pdf: Any = drawn()
    assert pdf.metadata == {"/Title": "题目", "/Author": "单位", "/Creator": "单位", "/Producer": "reportlab"}
    assert [entry["/Title"] for entry in pdf.outline] == ["第1页", "第2页"]
