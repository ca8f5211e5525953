"""The modules of static/js for pictures, on small pages of their own: photo, upload, the officer's viewer and keys."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.applicant.image_samples import corner_card, encoded
from tests.support.site.scripts_site import SHELL, Site, picture, show

pytestmark = pytest.mark.browser


def chosen(name: str, body: bytes, kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": body}


def sent_file(body: bytes) -> bytes:
    return body[body.index(b"\xff\xd8") : body.rindex(b"\xff\xd9") + 2]


# photo.js, shrink.js, upload.js


PHOTO = """
<form method="post" action="/send" enctype="multipart/form-data">
  <div class="photo"><div class="frame">未上传</div>
    <label class="btn file">选择<input type="file" name="photo" aria-label="一寸照片" data-photo data-least="295x413"
      data-best="413x579" data-ratio="5:7" data-bytes="100000" data-background="white"
      data-studio-css="/static/studio.css" data-cropper-css="/static/vendor/cropperjs/cropper.min.css"
      data-cropper-js="/static/vendor/cropperjs/cropper.min.js"></label>
    <button data-photo-send>上传</button></div>
  <input type="text" name="typed" aria-label="typed">
  <button>下一步</button>
</form>"""
MADE, NOTE = ".studio .made", ".photo + [role=status]"


def in_the_field(page: Page) -> bytes:
    """The bytes of the file that the form would send."""
    found = page.evaluate("""async () => {
      const [file] = document.querySelector("[name=photo]").files;
      return file ? [...new Uint8Array(await file.arrayBuffer())] : [];
    }""")
    return bytes(found)


def test_an_empty_file_is_named_and_taken_out_of_the_form(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", b""))
    expect(page.locator(NOTE)).to_contain_text("文件是空的，可能还没有下载到本机")
    assert page.evaluate("document.querySelector('[name=photo]').files.length") == 0


def test_a_chosen_photo_is_framed_and_made_to_the_rule(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    assert not any("studio" in address or "cropper" in address for address in site.asked), "loaded when it is needed"
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(800, 600, turn=6)))  # upright 600 x 800
    expect(page.locator(MADE)).to_contain_text("413×579 像素")
    expect(page.locator(".frame canvas")).to_be_visible()
    made = Image.open(io.BytesIO(in_the_field(page)))
    assert (made.format, made.size, made.info["dpi"]) == ("JPEG", (413, 579), (300, 300))


def test_the_photo_of_the_moment_is_sent_whatever_the_button(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(1000, 700)))
    expect(page.locator(MADE)).to_contain_text("可以使用")
    before = in_the_field(page)
    page.evaluate("""() => {
      const press = (name) => [...document.querySelectorAll("button")].find((one) => one.textContent === name).click();
      ["右转", "放大", "下一步"].forEach(press);
    }""")
    expect(page.locator("main")).to_have_text("sent")
    assert Image.open(io.BytesIO(sent_file(site.posts[0][1]))).size in ((413, 579), (295, 413))
    assert sent_file(site.posts[0][1]) != before, "not the one of before the last change"


def test_enter_at_a_slider_sends_nothing(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(800, 1100)))
    expect(page.locator(MADE)).to_contain_text("可以使用")
    expect(page.locator(".stage")).to_be_focused()
    page.get_by_label("倾斜").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".sliders span").first).to_have_text("0.5°")
    page.wait_for_timeout(200)
    assert site.posts == []


def test_a_photo_that_is_right_is_sent_to_the_last_byte(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    right = encoded(corner_card(354, 496), quality=90)
    page.set_input_files("[name=photo]", chosen("right.jpg", right))
    expect(page.locator(MADE)).to_contain_text("已经符合要求")
    assert in_the_field(page) == right
    page.get_by_role("button", name="仍要调整").click()
    expect(page.locator(".cropper-container")).to_be_visible()
    expect(page.locator(MADE)).to_contain_text("截取")
    assert in_the_field(page) != right


@pytest.mark.parametrize("size", [(200, 280), (4000, 300)])
def test_a_photo_with_too_few_pixels_is_told_at_once(page: Page, site: Site, size: tuple[int, int]) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("small.jpg", picture(*size)))
    expect(page.locator(NOTE)).to_contain_text(f"照片太小：{size[0]}×{size[1]} 像素")
    expect(page.locator(NOTE)).to_contain_text("至少需要 295×413 像素")
    assert in_the_field(page) == b""


def test_a_second_photo_never_shows_what_was_found_in_the_first(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.evaluate("""() => {
      window.said = [];
      const watch = () => window.said.push(document.querySelector("form").textContent);
      new MutationObserver(watch).observe(document.body, { subtree: true, childList: true, characterData: true });
      // the second comes as soon as the first is being framed
      new MutationObserver((_, all) => {
        if (!document.querySelector(".stage img, .cropper-container")) return;
        all.disconnect();
        window.second();
      }).observe(document.body, { subtree: true, childList: true });
    }""")
    right = encoded(corner_card(354, 496), quality=90)
    page.evaluate(
        """(bytes) => {
      window.second = () => {
        const input = document.querySelector("[name=photo]");
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "right.jpg", { type: "image/jpeg" }));
        input.files = files.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      };
    }""",
        list(right),
    )
    page.set_input_files("[name=photo]", chosen("first.jpg", picture(1600, 1200)))
    expect(page.locator(MADE)).to_contain_text("已经符合要求")
    page.wait_for_timeout(500)
    expect(page.locator(".studio")).to_have_count(1)
    assert in_the_field(page) == right
    assert not [text for text in page.evaluate("window.said") if "截取" in text]


def test_cancelling_leaves_nothing_behind(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    expect(page.get_by_role("button", name="上传")).to_be_hidden()  # nothing is chosen, and the studio has its own
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(800, 1100)))
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".studio")).to_have_count(0)
    expect(page.locator(".frame")).to_have_text("未上传")
    assert in_the_field(page) == b""


def test_an_heic_picture_that_the_browser_cannot_open_goes_to_the_server_as_it_is(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    heic = b"\0\0\0\x18ftypheic" + b"\0" * 200
    page.set_input_files("[name=photo]", chosen("IMG_1.HEIC", heic, "image/heic"))
    expect(page.locator(NOTE)).to_contain_text("HEIC")
    expect(page.get_by_role("button", name="上传")).to_be_visible()
    assert in_the_field(page) == heic


def test_a_file_that_is_no_picture_is_left_to_the_server(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", b"plain text"))
    expect(page.locator(NOTE)).to_contain_text("仍可直接上传")
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


# keys.js and review.js next to the viewer (test_viewer.py)


ROW = """<input type="checkbox" data-mark aria-label="标记">
  <select data-reason aria-label="原因"><option></option></select>
  <input data-comment name="{}" aria-label="说明" list="phrases"></div>"""
REVIEW = f"""
<div data-said-over></div><datalist id="phrases" data-phrases="/phrases"></datalist>
<form method="post" action="/save" data-review><h2 id="h-answers">填报内容</h2><div class="scroll">
<div tabindex="0" data-row="name" data-label="姓名" id="r1">姓名{ROW.format("comment-name")}
<div tabindex="0" data-row="school" data-label="毕业院校" data-proof="diploma" id="r2">毕业院校{ROW.format("comment")}
</div></form>
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
    site.put("/phrases", '{"phrases": []}', "application/json")
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
