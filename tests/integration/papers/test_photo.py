"""一寸照片 on the page of 个人信息, without JavaScript: sent with the page, framed, cut again, replaced, refused."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import select

from forms import PAPER
from lib.codes import Status
from lib.database import transaction_mode
from models import Declaration, db
from services.papers import pages, preparation
from tests.support.applicant.filing import file, page, pages_of, store, stored, words
from tests.support.applicant.image_samples import corner_card, decoded, encoded
from tests.support.factory import picture
from tests.support.people import PERSONAL

BANDS = {"R": (200, 30, 30), "G": (30, 160, 30), "B": (30, 30, 200)}


def bands(width: int, height: int) -> bytes:
    """Three bands along the longer side: red, green, blue."""
    image = Image.new("RGB", (width, height))
    for number, colour in enumerate(BANDS.values()):
        box = (0, height * number // 3, width, height) if height > width else (width * number // 3, 0, width, height)
        image.paste(colour, box)
    return encoded(image, quality=92)


def colour(jpeg: bytes) -> str:
    """The band that the middle of a picture shows."""
    image = decoded(jpeg).convert("RGB")
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return min(BANDS, key=lambda name: sum(abs(a - b) for a, b in zip(pixel, BANDS[name], strict=True)))


@pytest.fixture
def declaration(make, browser) -> Declaration:
    """A new declaration of somebody who is signed in and has read the 阅读须知."""
    browser.sign_in(make.account()).send("/apply/notice")
    return db.session.scalars(select(Declaration)).one()


def send(browser, declaration: Declaration, data: bytes, expect: int = 302, **fields):
    """The page with a picture; 【上传】 unless ``action`` says otherwise."""
    sent = page(declaration, "personal") | {"photo": file(data), "action": "photo"} | fields
    return browser.send("/apply/personal", sent, expect=expect)


def shown_photo(browser, declaration: Declaration) -> bytes:
    (photo,) = pages_of(declaration, "photo")
    found: bytes = browser.open(f"/apply/pages/{photo.uid}.jpg").data
    return found


def test_the_photo_is_cut_from_the_middle_to_one_inch_and_small(declaration, browser):
    back = send(browser, declaration, bands(600, 1800))

    assert back.location == "/apply/personal#photo"
    (photo,) = pages_of(declaration, "photo")
    assert (photo.width, photo.height) == (413, 579)
    assert (photo.original_width, photo.original_height) == (600, 1800)
    assert photo.size < 100_000
    assert colour(shown_photo(browser, declaration)) == "G"
    assert "413×579 像素" in words(browser.follow(back).text)


@pytest.mark.parametrize("action", ["photo", "next", "back", "update"])
def test_every_button_of_the_page_takes_the_picture(declaration, browser, action):
    send(browser, declaration, picture(), action=action)
    assert len(pages_of(declaration, "photo")) == 1


def test_uploading_keeps_what_is_typed_on_the_page(declaration, browser):
    back = send(browser, declaration, picture(), postal_address="样例路 77 号")
    assert "样例路 77 号" in browser.follow(back).text
    assert stored(declaration).postal_address is None


def test_a_mistake_on_the_page_does_not_cost_the_picture(declaration, browser):
    shown = send(browser, declaration, picture(), action="next", mobile="1380013abcd", expect=422)
    assert "1380013abcd" in shown.text
    assert len(pages_of(declaration, "photo")) == 1
    assert "请上传一寸照片" not in shown.text


REFUSED = [
    (b"a text file", "不是 jpg、png 或 heic 图片：这是文本"),
    (picture(200, 280), "照片太小：200×280 像素，至少需要 295×413 像素"),
    (encoded(corner_card(4000, 300)), "照片太小：214×300 像素，至少需要 295×413 像素"),
    (picture(300, 300), "照片太小：214×300 像素，至少需要 295×413 像素"),
    (b"", "文件是空的"),
    (picture() + bytes(16 * 1024 * 1024), "超过 15 MB"),
]


@pytest.mark.parametrize(("data", "message"), REFUSED, ids=["text", "small", "strip", "square", "empty", "large"])
@pytest.mark.parametrize("action", ["photo", "next"])
def test_a_refused_picture_says_why_at_its_place_and_leaves_what_was_typed(declaration, browser, data, message, action):
    shown = send(browser, declaration, data, expect=422, action=action, postal_address="样例路 88 号")

    assert words(shown.text).count(message) == 2  # in the summary, and at the photo
    assert 'href="#photo"' in shown.text
    assert "样例路 88 号" in shown.text
    assert pages_of(declaration, "photo") == []
    assert "样例路 88 号" in browser.open("/apply/personal").text


def test_a_refused_picture_leaves_the_one_that_was_there(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    (before,) = pages_of(declaration, "photo")
    send(browser, declaration, b"text", expect=422)
    assert [photo.uid for photo in pages_of(declaration, "photo")] == [before.uid]


def test_a_new_photo_takes_the_place_of_the_old_one(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    send(browser, declaration, picture(900, 1260))
    (photo,) = pages_of(declaration, "photo")
    assert (photo.original_width, photo.original_height) == (900, 1260)


def test_a_page_without_a_picture_keeps_the_photo(declaration, browser):
    send(browser, declaration, picture())
    (before,) = pages_of(declaration, "photo")
    sent = page(declaration, "personal") | {"photo": (io.BytesIO(b""), "")}
    assert browser.send("/apply/personal", sent).location == "/apply/department"
    assert [photo.uid for photo in pages_of(declaration, "photo")] == [before.uid]
    assert stored(declaration).postal_address == PERSONAL["postal_address"]


FRAMES = [
    ({"crop_x": "0", "crop_y": "0", "crop_w": "1", "crop_h": "0.46667"}, "R"),
    ({"crop_x": "0", "crop_y": "0.53333", "crop_w": "1", "crop_h": "0.46667"}, "B"),
    ({"crop_x": "0", "crop_y": "0.9", "crop_w": "5", "crop_h": "1"}, "G"),  # nonsense: the middle
    ({"crop_x": "nan", "crop_y": "0", "crop_w": "1", "crop_h": "1"}, "G"),
    ({"crop_x": "-1", "crop_y": "0", "crop_w": "1", "crop_h": "1"}, "G"),
    ({"crop_x": "0", "crop_y": "0", "crop_w": "0", "crop_h": "0"}, "G"),
    ({"crop_x": "x", "crop_y": "", "crop_w": "1", "crop_h": "1"}, "G"),
    ({"crop_x": "", "crop_y": "", "crop_w": "", "crop_h": ""}, "G"),
    ({"crop_x": "0", "crop_y": "0"}, "G"),
]


@pytest.mark.parametrize(("frame", "seen"), FRAMES)
def test_the_frame_drawn_in_the_browser_is_what_is_cut_out(declaration, browser, frame, seen):
    send(browser, declaration, bands(600, 1800), **frame)
    assert colour(shown_photo(browser, declaration)) == seen


def test_a_frame_of_too_few_pixels_is_refused_with_the_numbers(declaration, browser):
    frame = {"crop_x": "0.4", "crop_y": "0.4", "crop_w": "0.1", "crop_h": "0.1"}
    shown = send(browser, declaration, bands(600, 1800), expect=422, **frame)
    assert "照片太小：60×84 像素，至少需要 295×413 像素" in words(shown.text)


@pytest.mark.parametrize("size", [(600, 1800), (2400, 800)], ids=["tall", "wide"])
@pytest.mark.parametrize(
    ("place", "seen"), [("top", "R"), ("middle", "G"), ("bottom", "B"), ("anywhere", "G"), ("", "G")]
)
def test_the_photo_can_be_cut_anew_at_another_place(declaration, browser, size, place, seen):
    send(browser, declaration, bands(*size))

    back = browser.send("/apply/personal/crop", {"place": place})

    assert back.location == "/apply/personal#photo"
    assert colour(shown_photo(browser, declaration)) == seen
    (photo,) = pages_of(declaration, "photo")
    assert (photo.width, photo.height) == (413, 579)
    assert (photo.original_width, photo.original_height) == size, "what was sent is still what it was"


def test_a_photo_that_comes_while_the_old_one_is_cut_anew_is_not_replaced_by_it(declaration, browser, monkeypatch):
    """From the phone, or another window."""
    send(browser, declaration, bands(600, 1800))
    recrop, newer = preparation.prepare_recrop, io.BytesIO()
    Image.new("RGB", (600, 840), (0, 0, 255)).save(newer, "JPEG")

    def slowly(*given):
        made = recrop(*given)
        other = preparation.prepare_photo(store(), newer.getvalue())
        with transaction_mode("IMMEDIATE"):
            pages.add_page(stored(declaration), PAPER["photo"], other)
            db.session.commit()
        return made

    monkeypatch.setattr(preparation, "prepare_recrop", slowly)
    browser.send("/apply/personal/crop", {"place": "top"}, expect=409)
    assert colour(shown_photo(browser, declaration)) == "B"


def test_it_can_be_cut_anew_by_a_frame_and_again_from_the_same_source(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    (photo,) = pages_of(declaration, "photo")
    source = photo.source_address

    browser.send("/apply/personal/crop", {"crop_x": "0", "crop_y": "0", "crop_w": "1", "crop_h": "0.46667"})
    assert colour(shown_photo(browser, declaration)) == "R"
    (photo,) = pages_of(declaration, "photo")
    assert photo.crop == pytest.approx([0, 0, 1, 0.46667])
    assert photo.source_address == source

    browser.send("/apply/personal/crop", {"place": "bottom"})
    assert colour(shown_photo(browser, declaration)) == "B"


def test_cutting_too_small_a_piece_says_so_and_leaves_the_photo(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    before = shown_photo(browser, declaration)
    tiny = {"crop_x": "0.4", "crop_y": "0.4", "crop_w": "0.1", "crop_h": "0.1"}
    assert "照片太小：60×84 像素" in words(browser.follow(browser.send("/apply/personal/crop", tiny)).text)
    assert shown_photo(browser, declaration) == before


def test_without_a_photo_there_is_nothing_to_cut(declaration, browser):
    assert "调整裁剪" not in browser.open("/apply/personal").text
    browser.send("/apply/personal/crop", {"place": "top"}, expect=404)


def test_the_page_offers_to_cut_anew_once_there_is_a_photo(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    shown = words(browser.open("/apply/personal").text)
    for words_of_a_button in ("取上部（左部）", "取正中", "取下部（右部）"):
        assert words_of_a_button in shown


@pytest.mark.parametrize(("place", "seen"), [("top", "R"), ("middle", "G"), ("bottom", "B")])
def test_cutting_anew_loses_nothing_that_was_typed(declaration, browser, place, seen):
    send(browser, declaration, bands(600, 1800))
    typed = page(declaration, "personal") | {"postal_address": "还没有保存的地址", "action": f"crop:{place}"}

    back = browser.send("/apply/personal", typed)

    assert back.location == "/apply/personal#photo"
    assert colour(shown_photo(browser, declaration)) == seen
    assert 'value="还没有保存的地址"' in browser.follow(back).text
    assert not stored(declaration).postal_address, "typed, not saved: that is for 【下一步】"


def test_cutting_anew_is_no_button_of_the_other_pages(declaration, browser):
    send(browser, declaration, bands(600, 1800))
    before = shown_photo(browser, declaration)
    browser.send("/apply/education", page(declaration, "education") | {"action": "crop:top"})
    assert shown_photo(browser, declaration) == before


def test_a_photo_that_is_right_already_is_stored_pixel_by_pixel(declaration, browser):
    sent = encoded(decoded(bands(600, 1800)).resize((354, 496)), quality=90)
    send(browser, declaration, sent)
    (photo,) = pages_of(declaration, "photo")
    assert (photo.width, photo.height) == (354, 496)
    assert "取正中" not in browser.open("/apply/personal").text, "there is nothing to choose"


@pytest.mark.parametrize("url", ["/apply/personal", "/apply/personal/crop"])
def test_the_photo_stays_as_it_is_while_the_office_has_the_file(make, browser, url):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(declaration.account)
    before = [(photo.uid, photo.address) for photo in pages_of(declaration, "photo")]
    sent = {"photo": file(bands(600, 1800)), "action": "photo", "place": "top"}
    assert browser.send(url, sent).location == "/apply/status"
    assert [(photo.uid, photo.address) for photo in pages_of(declaration, "photo")] == before


def test_other_pages_take_no_photo(declaration, browser):
    browser.send("/apply/education", page(declaration, "education") | {"photo": file()})
    assert pages_of(declaration, "photo") == []


def test_photo_and_source_lie_encrypted_in_the_store(declaration, browser):
    send(browser, declaration, picture())
    (photo,) = pages_of(declaration, "photo")
    assert {photo.address, photo.thumb_address, photo.source_address} == set(store().addresses())
    for path in store().root.rglob("*"):
        assert not path.is_file() or b"JFIF\0\x01" not in path.read_bytes()  # long enough not to occur by chance


def test_a_panorama_is_cut_before_it_is_made_smaller(declaration, browser):
    send(browser, declaration, encoded(corner_card(3000, 500)))
    (photo,) = pages_of(declaration, "photo")
    assert (photo.width, photo.height) == (295, 413)  # 357×500 pixels were there
