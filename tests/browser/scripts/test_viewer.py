"""The officer's viewer on a small page of its own: zoom, turning, gestures and keys, comparing, what is loaded."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.site.chromium import wait_until
from tests.support.site.scripts_site import Site
from tests.support.site.viewer_page import drag, fingers, heard, middle, open_viewer, stage, tell, transform

pytestmark = pytest.mark.browser


@pytest.fixture
def viewer(page: Page, site: Site) -> Page:
    return open_viewer(page, site)


# view: zoom, turn, position


def test_the_wheel_zooms_to_the_pointer_and_a_key_fits_again(viewer: Page) -> None:
    x, y = middle(viewer)
    viewer.mouse.move(x + 100, y)
    viewer.mouse.wheel(0, -100)
    expect(viewer.locator("[data-z]")).to_have_text("115%")
    across, down, scale = (float(part) for part in re.findall(r"-?[\d.]+(?=px|\) r)", transform(viewer)))
    assert [across, down, scale] == pytest.approx([-15, 0, 1.15], abs=0.1)
    viewer.keyboard.press("0")
    expect(viewer.locator("[data-z]")).to_have_text("100%")
    assert "translate(0px, 0px) scale(1)" in transform(viewer)


def test_dragging_moves_the_picture_and_never_out_of_sight(viewer: Page) -> None:
    x, y = middle(viewer)
    drag(viewer, (x, y), (x + 30, y + 40))
    assert transform(viewer).startswith("translate(30px, 40px)")
    for _ in range(8):
        drag(viewer, (x, y), (x, y + 180))
    box, image = stage(viewer).bounding_box(), viewer.locator(".leaf .frames").last.bounding_box()
    assert box is not None
    assert image is not None
    assert image["y"] < box["y"] + box["height"] - 20


def test_dragging_leaves_the_focus_with_the_row_that_is_read(viewer: Page) -> None:
    viewer.locator("#row").focus()
    x, y = middle(viewer)
    drag(viewer, (x, y), (x + 30, y + 40))
    expect(viewer.locator("#row")).to_be_focused()


def test_the_stage_works_by_keys_alone(viewer: Page) -> None:
    stage(viewer).focus()
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("ArrowDown")
    assert transform(viewer).startswith("translate(-60px, -60px)")
    viewer.keyboard.press("+")
    expect(viewer.locator("[data-z]")).to_have_text("125%")
    viewer.keyboard.press("-")
    expect(viewer.locator("[data-z]")).to_have_text("100%")


@pytest.mark.parametrize(("key", "degrees"), [("r", 90), ("Shift+KeyR", -90)])
def test_turning_is_for_both_sides_and_fits_what_is_turned(viewer: Page, key: str, degrees: int) -> None:
    viewer.keyboard.press(key)
    assert f"rotate({degrees}deg)" in transform(viewer)
    room, image = stage(viewer).bounding_box(), stage(viewer).locator(".frames").bounding_box()
    assert room is not None
    assert image is not None
    # the box of .frames is the room itself; the picture in it, 4 by 3, is 3 by 4 now and as high as the room allows
    scale = float(re.findall(r"scale\(([\d.]+)\)", transform(viewer))[0])
    width, height = room["width"] * 0.96, room["height"] * 0.94
    fitted = min(width / 400, height / 300)
    assert scale == pytest.approx(min(width / (300 * fitted), height / (400 * fitted)), rel=0.02)


def test_a_picture_of_the_same_size_is_looked_at_as_the_one_before(viewer: Page) -> None:
    viewer.keyboard.press("r")
    viewer.keyboard.press("+")
    before = transform(viewer)
    viewer.keyboard.press("]")
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 1")
    assert transform(viewer) == before
    viewer.keyboard.press("]")  # 300 by 400
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 2")
    assert "rotate(0deg)" in transform(viewer)
    expect(viewer.locator("[data-z]")).to_have_text("100%")


def test_two_fingers_zoom(viewer: Page) -> None:
    x, y = middle(viewer)
    viewer.keyboard.press("+")  # a zoomed picture takes all touches
    viewer.keyboard.press("-")
    fingers(viewer, *([(x - width, y), (x + width, y)] for width in (40, 50, 60, 70, 80)))
    expect(viewer.locator("[data-z]")).to_have_text("200%")


def test_a_finger_on_a_whole_picture_moves_the_page(viewer: Page) -> None:
    expect(stage(viewer)).to_have_css("touch-action", "pan-y")
    viewer.keyboard.press("+")
    expect(stage(viewer)).to_have_css("touch-action", "none")


# which picture


def test_the_next_picture_by_key_and_by_thumbnail(viewer: Page) -> None:
    viewer.keyboard.press("]")
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 1")
    expect(viewer.locator("[data-count]")).to_have_text("2 / 4")
    expect(viewer.locator("[data-new-here]")).to_be_visible()
    expect(stage(viewer).locator("img")).to_have_attribute("src", "/b.png")
    expect(stage(viewer).locator("[data-caption-here]")).to_have_text("图 b")
    viewer.get_by_role("link", name="身份证").click()
    expect(viewer.locator("[data-title-here]")).to_have_text("身份证")
    expect(viewer.locator("[data-new-here]")).to_be_hidden()
    expect(viewer.locator("[aria-current]")).to_have_text("身份证")


def test_the_next_picture_is_preloaded_and_each_only_once(viewer: Page, site: Site) -> None:
    def asked() -> list[str]:
        return [path for path in site.asked if path.endswith(".png")]

    wait_until(viewer, lambda: len(asked()) > 1)
    assert asked() == ["/a.png", "/b.png"]
    for key in "]][[]]":
        viewer.keyboard.press(key)
    wait_until(viewer, lambda: len(asked()) > 2)
    viewer.evaluate("fetch('/end')")  # behind all that the keys have asked for
    assert asked() == ["/a.png", "/b.png", "/c.png"]


def test_a_row_brings_its_paper_and_leaves_the_page_of_it_that_is_shown(viewer: Page) -> None:
    tell(viewer, kind="diploma")
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 1")
    viewer.keyboard.press("]")
    tell(viewer, kind="diploma")
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 2")
    tell(viewer, kind="diploma", page=0)
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 1")
    tell(viewer, kind="nothing")
    expect(viewer.locator("[data-title-here]")).to_have_text("学历证书 1")


def test_a_picture_that_is_gone_is_shown_as_that_of_the_last_time(viewer: Page) -> None:
    viewer.keyboard.press("[")
    expect(viewer.locator("[data-title-here]")).to_have_text("学位证书")
    expect(stage(viewer).locator("img")).to_have_attribute("src", "/y.png")
    expect(stage(viewer).locator(".when")).to_have_text("上次")
    viewer.keyboard.press("x")
    expect(viewer.locator("[data-said]")).to_have_text("只能在本次提交的图片上框选")
    viewer.keyboard.press("d")
    expect(stage(viewer).locator("img")).to_have_count(0)
    expect(stage(viewer).get_by_text("本次没有这张图片")).to_be_visible()
    expect(viewer.get_by_role("group", name="上次").locator("img")).to_have_attribute("src", "/y.png")


@pytest.mark.parametrize("broken", ["a", "c"], ids=["the first", "a later one"])
def test_a_picture_that_cannot_be_shown_says_so_in_its_place(page: Page, site: Site, broken: str) -> None:
    page.route(f"**/{broken}.png", lambda route: route.fulfill(status=404, content_type="text/plain", body="附件损坏"))
    viewer = open_viewer(page, site)
    words = stage(viewer).locator(".none")
    if broken == "c":
        expect(words).to_be_empty()
        viewer.keyboard.press("]")
        expect(words).to_be_empty()
        viewer.keyboard.press("]")
    expect(words).to_contain_text("图片无法显示")
    viewer.keyboard.press("]")
    expect(words).to_be_empty()


# comparison with the previous one


def test_two_versions_stand_side_by_side_and_move_together(viewer: Page) -> None:
    before = viewer.get_by_role("group", name="上次")
    expect(before).to_be_hidden()
    viewer.keyboard.press("d")
    expect(viewer.get_by_role("button", name="对比上次")).to_have_attribute("aria-pressed", "true")
    expect(before.locator("img")).to_have_attribute("src", "/x.png")
    expect(before.locator(".when")).to_have_text("上次")
    expect(stage(viewer).locator(".when")).to_have_text("本次")
    x, y = middle(viewer)
    viewer.mouse.move(x + 20, y + 10)
    viewer.mouse.wheel(0, -100)
    viewer.keyboard.press("r")
    transforms = viewer.locator(".leaf").evaluate_all("leaves => leaves.map(leaf => leaf.style.transform)")
    assert transforms[0] == transforms[1]
    assert "rotate(90deg)" in transforms[0]
    expect(before.locator(".labels")).to_have_text("退回时：看不清")
    viewer.keyboard.press("]")
    expect(before.get_by_text("上次没有这张图片")).to_be_visible()
    viewer.keyboard.press("d")
    expect(before).to_be_hidden()


@pytest.mark.parametrize(("width", "beside"), [(1000, True), (700, False)])
def test_versions_stand_above_each_other_where_it_is_narrow(viewer: Page, width: int, beside: bool) -> None:
    viewer.set_viewport_size({"width": width, "height": 900})
    viewer.keyboard.press("d")
    boxes = [box for box in (one.bounding_box() for one in viewer.locator(".stage").all()) if box]
    assert len(boxes) == 2
    assert (boxes[0]["y"] == boxes[1]["y"]) is beside
    assert (boxes[0]["x"] == boxes[1]["x"]) is not beside


# both


def test_keys_wait_while_something_is_typed_and_can_be_switched_off(viewer: Page) -> None:
    viewer.get_by_label("说明").fill("")
    viewer.get_by_label("说明").press_sequentially("]rdx0")
    expect(viewer.get_by_label("说明")).to_have_value("]rdx0")
    viewer.get_by_label("说明").blur()
    viewer.evaluate("document.body.dataset.keys = 'off'")
    for key in "]rdx":
        viewer.keyboard.press(key)
    expect(viewer.locator("[data-title-here]")).to_have_text("身份证")
    assert "rotate(0deg)" in transform(viewer)
    viewer.get_by_role("button", name="框选").click()  # all of it has buttons
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("Enter")
    assert len(heard(viewer)) == 1


def test_the_watermark_lies_over_everything_and_catches_nothing(viewer: Page) -> None:
    assert viewer.locator(".wm").evaluate("mark => getComputedStyle(mark).pointerEvents") == "none"
    boxes = [viewer.locator(selector).bounding_box() for selector in (".wm", ".stages")]
    assert boxes[0] == boxes[1]
    x, y = middle(viewer)
    assert viewer.evaluate("([x, y]) => Boolean(document.elementFromPoint(x, y).closest('.leaf, .stage'))", [x, y])
