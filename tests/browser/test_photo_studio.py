"""The photo studio on 个人信息 and on 照片处理, by touch, by keys, and in the file that works without a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from models import Declaration, db
from tests.support.applicant.filing import pages_of, store
from tests.support.applicant.image_samples import colours, corner_card, decoded, encoded, noise
from tests.support.patience import PATIENCE_S
from tests.support.site.chromium import chromium_or_skip

MADE = ".studio .made"
PHONE = {"width": 360, "height": 740}


def chosen(body: bytes, name: str = "照片.jpg", kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": body}


def turned(orientation: int, width: int = 600, height: int = 840, **options: Any) -> bytes:
    """A card that is upright only after its EXIF orientation is followed."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of Image.Transpose
    image = corner_card(width, height)
    image = image.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, exif=exif, **({"quality": 95} | options))


@pytest.fixture
def filer(visit, make):
    """A person on 个人信息, in a browser of this width; the declaration and the visitor."""

    def begin(screen: str = "phone", **options: Any):
        declaration = make.declaration()
        account = db.session.get_one(type(declaration.account), declaration.account_id)
        visitor = visit(screen, **options).sign_in(account)
        visitor.page.set_viewport_size(PHONE)
        visitor.go("/apply/personal")
        return declaration, visitor

    return begin


def stored(declaration: Declaration) -> bytes:
    db.session.rollback()
    (page,) = pages_of(db.session.get_one(Declaration, declaration.id), "photo")
    jpeg = store().get(page.address)
    assert (page.width, page.height) == decoded(jpeg).size
    return jpeg


def test_a_big_sideways_photo_becomes_right_on_a_phone_and_typing_is_kept(filer):
    declaration, visitor = filer(has_touch=True)
    page = visitor.page
    visitor.fill("通讯地址", "还没有保存的地址")
    page.set_input_files("#photo-file", chosen(turned(6, 3024, 4032, quality=85)))
    expect(page.locator(MADE)).to_contain_text("413×579 像素")
    visitor.look()
    told = page.locator(".studio .keys").inner_text()
    assert told == "拖动照片，让头部对准椭圆、双眼对准横线；双指缩放。", "nothing about a wheel and keys"
    use, advice = page.get_by_role("button", name="上传这张照片"), page.locator(".studio .advice")
    assert advice.bounding_box()["y"] > use.bounding_box()["y"], "advice that comes and goes does not move the button"
    page.get_by_role("button", name="右转").tap()
    page.get_by_role("button", name="右转").tap()
    page.get_by_role("button", name="放大").tap()
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2 + 5, steps=3)
    page.mouse.up()
    use.tap()
    expect(page.locator(".okmsg").first).to_contain_text("413×579 像素")
    assert page.get_by_label("通讯地址").input_value() == "还没有保存的地址"
    visitor.look()
    visitor.press("下一步")
    assert page.url.endswith("/apply/department"), "without #photo"

    jpeg = stored(declaration)
    assert decoded(jpeg).size == (413, 579)
    assert len(jpeg) < 100_000
    assert colours(jpeg) == "WBGR", "turned twice, and no more"


def test_the_studio_works_by_keyboard_alone(filer):
    declaration, visitor = filer()
    page = visitor.page
    page.locator("#photo-file").focus()
    with page.expect_file_chooser() as chooser:
        page.evaluate("document.readyState")  # its answer comes after the browser has learnt who takes the chooser
        page.keyboard.press("Enter")
    chooser.value.set_files(chosen(turned(1, 840, 840)))
    expect(page.locator(MADE)).to_contain_text("可以使用")
    expect(page.locator(".studio .stage")).to_be_focused()  # the keys work at once
    before = page.locator(MADE).inner_text()
    for key in ("+", "+", "+", "ArrowLeft", "ArrowUp", "Shift+ArrowRight", "r"):
        page.keyboard.press(key)
    expect(page.locator(MADE)).not_to_have_text(before)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "上传这张照片":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".okmsg").first).to_contain_text("像素")
    jpeg = stored(declaration)
    assert decoded(jpeg).size in ((413, 579), (295, 413))
    assert colours(jpeg) == "BRWG", "turned to the right once"


def test_a_photo_that_is_right_already_is_only_shown_and_one_may_still_change_it(filer):
    declaration, visitor = filer()
    page = visitor.page
    page.set_input_files("#photo-file", chosen(turned(1, 413, 579)))
    expect(page.locator(MADE)).to_contain_text("已经符合要求")
    expect(page.locator(".studio .work")).to_be_hidden()
    expect(page.get_by_role("button", name="上传这张照片")).to_be_focused()
    visitor.look()
    page.get_by_role("button", name="仍要调整").click()
    expect(page.locator(".studio .stage")).to_be_focused()
    page.get_by_role("button", name="上传这张照片").click()
    expect(page.locator(".okmsg").first).to_contain_text("像素")
    stored(declaration)


def test_without_scripts_the_server_cuts_at_three_places_and_typing_is_kept(filer):
    declaration, visitor = filer(java_script_enabled=False)
    page = visitor.page
    page.get_by_label("通讯地址").fill("还没有保存的地址")
    page.set_input_files("#photo-file", chosen(encoded(corner_card(600, 1800), quality=95)))
    visitor.press("上传")
    page.get_by_label("通讯地址").fill("又改了一次的地址")
    visitor.press("取上部（左部）")
    assert page.get_by_label("通讯地址").input_value() == "又改了一次的地址"
    assert colours(stored(declaration)) == "RGRG"


# --- 照片处理 and its file --------------------------------------------------------------------------------------------


def saved(page: Page, body: bytes, name: str = "照片.jpg", kind: str = "image/jpeg") -> bytes:
    """The file that the tool saves of a picture, once it is made."""
    page.evaluate("document.querySelector('.studio')?.remove()")
    page.locator("[data-photo-tool] input[type=file]").set_input_files(chosen(body, name, kind))
    until(page, "document.querySelector('.made')?.textContent.includes('可以使用')")
    with page.expect_download() as download:
        page.get_by_role("button", name="保存照片").click()
    return Path(download.value.path()).read_bytes()


def until(page: Page, condition: str) -> None:
    """The file's policy lets no text be evaluated by the page itself."""
    end = time.monotonic() + PATIENCE_S
    while not page.evaluate(condition):
        assert time.monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(50)


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_the_page_makes_a_photo_and_sends_nothing(visit, screen):
    visitor = visit(screen)
    visitor.go("/photo-tool")
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.append(request.method))
    jpeg = saved(visitor.page, turned(6, 1200, 1680))
    visitor.look()
    assert decoded(jpeg).size == (413, 579)
    assert colours(jpeg) == "RGBW"
    assert "POST" not in sent


@pytest.fixture
def tool(visit, tmp_path: Path) -> Iterator[Page]:
    """【下载照片处理工具】, opened from the disk with the network off."""
    visitor = visit("desk")
    visitor.go("/photo-tool")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="下载照片处理工具").click()
    assert download.value.suggested_filename == "照片处理工具.html"
    file = tmp_path / "照片处理工具.html"
    download.value.save_as(file)

    context = chromium_or_skip().new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    context.set_offline(True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert said == []


def test_the_file_works_from_the_disk_without_a_network(tool):
    for orientation in range(1, 9):
        jpeg = saved(tool, turned(orientation, 600 if orientation > 1 else 700))
        image = decoded(jpeg)
        assert (image.format, image.size, image.info["dpi"]) == ("JPEG", (413, 579), (300, 300))
        assert colours(jpeg) == "RGBW", f"orientation {orientation}"
        assert len(jpeg) < 100_000
    assert tool.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_file_takes_whatever_phones_and_computers_make(tool):
    see_through = Image.new("RGBA", (800, 1120), (0, 0, 0, 0))
    jpeg = saved(tool, encoded(see_through, "PNG"), "透明.png", "image/png")
    assert min(decoded(jpeg).convert("L").tobytes()) > 250, "what is transparent becomes white"

    jpeg = saved(tool, encoded(noise(1000, 1400), quality=90))
    assert len(jpeg) < 100_000
    assert decoded(jpeg).size in ((413, 579), (295, 413))

    right = encoded(corner_card(354, 496), quality=90)
    assert saved(tool, right) == right


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            encoded(corner_card(4000, 300)),
            "4000×300 像素，按 5:7 最多截取 214×300 像素，至少需要 295×413 像素",
        ),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (b"plain text", "请选择 jpg 或 png 图片"),
    ],
    ids=["strip", "heic", "text"],
)
def test_the_file_says_what_to_do_with_a_picture_that_cannot_be(tool, body, says):
    tool.locator("[data-photo-tool] input[type=file]").set_input_files(chosen(body))
    expect(tool.locator("[data-note]")).to_contain_text(says)
