"""The modules of static/js for pictures, on small pages of their own: photo, upload, the officer's viewer and keys."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.scripts_site import SHELL, Site, picture, show

pytestmark = pytest.mark.browser


def chosen(name: str, body: bytes, kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": body}


def sent_file(body: bytes) -> bytes:
    return body[body.index(b"\xff\xd8") : body.rindex(b"\xff\xd9") + 2]


# photo.js, shrink.js, upload.js


PHOTO = """
<form method="post" action="/send" enctype="multipart/form-data">
  <div class="photo"><div class="frame">未上传</div>
    <label class="btn file">上传<input type="file" name="photo" aria-label="一寸照片" data-photo></label></div>
  <button>下一步</button>
</form>"""


def crop(page: Page) -> list[float]:
    return [float(page.locator(f"[name=crop_{side}]").input_value() or "nan") for side in "xywh"]


def test_a_chosen_photo_is_framed_five_to_seven_and_previewed(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(800, 600, turn=6)))  # upright 600 x 800
    expect(page.locator(".frame canvas")).to_be_visible()
    x, y, width, height = crop(page)
    assert (width * 600) / (height * 800) == pytest.approx(5 / 7, abs=0.01)
    assert 0 <= x <= x + width <= 1
    assert 0 <= y <= y + height <= 1
    expect(page.locator(".crop [role=status]")).to_contain_text("可以使用")


def test_turning_the_photo_turns_the_file_that_is_sent(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(1000, 700)))
    expect(page.locator(".frame canvas")).to_be_visible()
    page.get_by_role("button", name="右转").click()
    expect(page.locator(".crop .area > img")).to_have_js_property("naturalHeight", 1000)
    expect(page.locator("[name=crop_h]")).to_have_value(re.compile("."))
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_have_text("sent")
    assert Image.open(io.BytesIO(sent_file(site.posts[0][1]))).size == (700, 1000)


def test_a_photo_with_too_few_pixels_is_told_at_once(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("small.jpg", picture(200, 280)))
    expect(page.locator(".crop [role=status]")).to_contain_text("小于 295×413")


def test_a_file_that_is_no_picture_is_left_to_the_server(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", b"plain text"))
    expect(page.locator(".crop [role=status]")).to_contain_text("仍可直接上传")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_have_text("sent")
    assert b"plain text" in site.posts[0][1]


UPLOAD = """
<form method="post" action="/upload" enctype="multipart/form-data" data-upload data-once>
  <label class="btn file">上传<input type="file" name="file" aria-label="上传身份证" multiple></label>
  <button class="btn">开始上传</button><span class="busy" role="status"></span>
</form>"""


def test_choosing_a_paper_sends_it_smaller(page: Page, site: Site) -> None:
    site.put("/upload", SHELL % "uploaded")
    show(page, site, UPLOAD)
    expect(page.get_by_role("button", name="开始上传")).to_be_hidden()
    original = picture(3200, 2400)
    page.set_input_files("[name=file]", chosen("phone.jpg", original))
    expect(page.locator("main")).to_have_text("uploaded")
    sent = sent_file(site.posts[0][1])
    assert max(Image.open(io.BytesIO(sent)).size) == 2400
    assert len(sent) < len(original) * 0.9


def test_a_small_picture_is_sent_as_it_is(page: Page, site: Site) -> None:
    site.put("/upload", SHELL % "uploaded")
    show(page, site, UPLOAD)
    original = picture(300, 200)
    page.set_input_files("[name=file]", chosen("small.jpg", original))
    expect(page.locator("main")).to_have_text("uploaded")
    assert original in site.posts[0][1]


# keys.js and review.js beside the viewer (test_viewer.py)


ROW = """<input type="checkbox" data-mark aria-label="标记">
  <select data-reason aria-label="原因"><option></option></select>
  <input data-comment name="{}" aria-label="说明"></div>"""
REVIEW = f"""
<form method="post" action="/save" data-desk>
<div tabindex="0" data-row="name" data-label="姓名" id="r1">姓名{ROW.format("comment-name")}
<div tabindex="0" data-row="school" data-label="毕业院校" data-proof="diploma" id="r2">毕业院校{ROW.format("comment")}
</form>
<div data-viewer><div class="vw"><div class="bar"><b data-title-here>身份证</b><span data-count></span>
  <output data-z>100%</output></div>
  <div class="stage"><div class="leaf"><img src="/a.png" alt="身份证"><svg class="frames"></svg></div>
    <div class="labels"></div><p class="none"></p></div>
  <div class="thumbs"><a href="/a.png" data-thumb data-kind="id" data-title="身份证" aria-current="true">1</a>
    <a href="/b.png" data-thumb data-kind="diploma" data-title="学历证书">2</a></div></div></div>
<form method="post" action="/approve"><button data-key="a">审核通过</button></form>
<details><summary data-key="?">快捷键</summary>帮助</details>"""


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    for name in "ab":
        site.put(f"/{name}.png", picture(400, 300, "PNG"), "image/png")
    show(page, site, REVIEW)
    return page


def test_keys_walk_the_answers_and_the_focused_one_brings_its_proof(desk: Page) -> None:
    desk.keyboard.press("j")
    expect(desk.locator("#r1")).to_be_focused()
    desk.keyboard.press("j")
    expect(desk.locator("#r2")).to_be_focused()
    expect(desk.locator("[data-title-here]")).to_have_text("学历证书")
    desk.keyboard.press("m")
    desk.fill("[name=comment]", "jk[]")
    expect(desk.locator("[name=comment]")).to_have_value("jk[]")
    expect(desk.locator("[data-title-here]")).to_have_text("学历证书")


def test_a_key_focuses_a_decision_and_never_takes_it(desk: Page, site: Site) -> None:
    desk.keyboard.press("a")
    expect(desk.get_by_role("button", name="审核通过")).to_be_focused()
    assert site.posts == []
    desk.keyboard.press("?")
    expect(desk.get_by_text("帮助")).to_be_visible()


def test_keys_can_be_switched_off(desk: Page) -> None:
    desk.evaluate("document.body.dataset.keys = 'off'")
    for key in ("a", "j", "]"):
        desk.keyboard.press(key)
    assert desk.evaluate("document.activeElement === document.body")
    expect(desk.locator("[data-title-here]")).to_have_text("身份证")
