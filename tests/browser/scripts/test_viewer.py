"""The officer's viewer on a small page of its own: zoom, turning, hands and keys, comparing, frames, what is loaded."""

from __future__ import annotations

import json
import random
import re
from html import escape
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.scripts_site import Site, picture, show

pytestmark = pytest.mark.browser

EARLIER = {"rectangle": [0.1, 0.1, 0.2, 0.2], "label": "退回时：看不清", "earlier": True}
MARKED = {"rectangle": [0.5, 0.25, 0.25, 0.5], "label": "仍然看不清", "earlier": False}


def one(name: str, width: int = 400, height: int = 300, **more: Any) -> dict[str, Any]:
    return {"address": f"/{name}.png", "width": width, "height": height, "caption": f"图 {name}", "frames": []} | more


def thumb(kind: str, page: int, title: str, shown: dict[str, Any], more: str = "") -> str:
    data = escape(json.dumps(shown))
    return (
        f'<a href="{shown["address"]}" data-thumb data-kind="{kind}" data-page="{page}" data-title="{title}" '
        f'data-picture="{data}"{more}>{title}</a>'
    )


THUMBS = "".join(
    (
        thumb("card", 0, "身份证", one("a", before=one("x", frames=[EARLIER])), ' aria-current="true"'),
        thumb("diploma", 0, "学历证书 1", one("b", frames=[EARLIER, MARKED], is_new=True)),
        thumb("diploma", 1, "学历证书 2", one("c", 300, 400)),
        thumb("degree", 0, "学位证书", one("y", gone=True)),
    )
)
STAGE = (
    '<div class="leaf">{}<svg class="frames"></svg></div><div class="labels"></div><p class="none"></p>'
    '<b class="when"{}>上次</b><span class="cap" data-caption-here></span></div>'
)
BUTTONS = "".join(
    f'<button type="button" data-a="{name}"{pressed}>{title}</button>'
    for name, title, pressed in (
        ("in", "放大", ""),
        ("left", "左转", ""),
        ("right", "右转", ""),
        ("fit", "适应窗口", ""),
        ("compare", "对比上次", ' aria-pressed="false"'),
        ("frame", "框选", ' aria-pressed="false"'),
    )
)
BODY = f"""
<div data-row tabindex="-1" id="row">姓名<input aria-label="说明"></div>
<div class="vw" data-viewer><div class="bar"><b data-title-here>身份证</b><span data-new-here hidden>新</span>
  <span data-count></span><output data-z>100%</output>{BUTTONS}</div>
  <div class="stages"><div class="stage" data-before tabindex="0" role="group" aria-label="上次">{STAGE.format("", "")}
  <div class="stage" tabindex="0" role="group" aria-label="本次">
  {STAGE.format('<img src="/a.png" alt="身份证">', " data-which")}
  <svg class="wm" aria-hidden="true"><rect width="100%" height="100%" fill="none"/></svg></div>
  <p class="vh" role="status" data-said></p>
  <div class="thumbs">{THUMBS}</div></div>"""


@pytest.fixture
def viewer(page: Page, site: Site) -> Page:
    for name in "abxy":
        site.put(f"/{name}.png", picture(400, 300, "PNG"), "image/png")
    site.put("/c.png", picture(300, 400, "PNG"), "image/png")
    show(page, site, BODY)
    page.evaluate("""() => {
      window.heard = [];
      document.addEventListener("rectangle", (event) => heard.push(event.detail));
    }""")
    return page


def stage(page: Page) -> Locator:
    return page.get_by_role("group", name="本次")


def transform(page: Page) -> str:
    return str(stage(page).locator(".leaf").evaluate("leaf => leaf.style.transform"))


def middle(page: Page) -> tuple[float, float]:
    box = stage(page).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def heard(page: Page) -> Any:
    return page.evaluate("heard")


def tell(viewer: Page, **detail: Any) -> None:
    """What review.js does when a row gets the focus."""
    viewer.evaluate(
        "detail => document.querySelector('[data-viewer]').dispatchEvent(new CustomEvent('show-picture', {detail}))",
        detail,
    )


# how it lies


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


def fingers(page: Page, *steps: list[tuple[float, float]]) -> None:
    """Fingers are put down, moved and lifted: for each step where they are."""
    session = page.context.new_cdp_session(page)
    for step, points in enumerate([*steps, []]):
        touches = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(points)]
        kind = "touchMove" if step and points else "touchEnd" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    session.detach()


def test_two_fingers_zoom(viewer: Page) -> None:
    x, y = middle(viewer)
    viewer.keyboard.press("+")  # a picture that is not whole has the fingers for itself
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


def test_the_next_picture_is_loaded_ahead_and_each_only_once(viewer: Page, site: Site) -> None:
    viewer.wait_for_load_state("networkidle")
    asked = [path for path in site.asked if path.endswith(".png")]
    assert asked == ["/a.png", "/b.png"]
    for key in "]][[]]":
        viewer.keyboard.press(key)
    viewer.wait_for_load_state("networkidle")
    asked = [path for path in site.asked if path.endswith(".png")]
    assert sorted(asked) == ["/a.png", "/b.png", "/c.png"]


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


# beside the one before


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


# frames


ROUND_TRIP = """async ({turns, scale, x, y, size, room, frame}) => {
  const { View, fitted } = await import("/static/js/zoom.js");
  const [view, base] = [new View(), fitted(size, room)];
  Object.assign(view, { turns, scale, x, y });
  return [view.toPicture(view.toStage(frame.slice(0, 2), base), base), view.covered(view.seen(frame, base), base)];
}"""


@pytest.mark.parametrize("turns", [-3, -2, -1, 0, 1, 2, 3, 5])
def test_a_rectangle_means_the_same_place_however_the_picture_lies(page: Page, site: Site, turns: int) -> None:
    show(page, site, "")
    dice = random.Random(turns)
    for _ in range(60):
        left, top = dice.uniform(0, 0.9), dice.uniform(0, 0.9)
        frame = [left, top, dice.uniform(0.01, 1 - left), dice.uniform(0.01, 1 - top)]
        seen = {
            "turns": turns,
            "scale": dice.uniform(0.25, 8),
            "x": dice.uniform(-900, 900),
            "y": dice.uniform(-900, 900),
            "size": [dice.randint(100, 4000), dice.randint(100, 4000)],
            "room": [dice.randint(200, 1600), dice.randint(200, 1600)],
        }
        point, back = page.evaluate(ROUND_TRIP, seen | {"frame": frame})
        assert point == pytest.approx(frame[:2], abs=1e-9), seen
        assert back == pytest.approx(frame, abs=1e-9), seen


def drawn(page: Page) -> Any:
    """Where the frame of the unsent mark is seen."""
    box = stage(page).locator(".frame:not(.earlier)").bounding_box()
    assert box is not None
    return box


@pytest.mark.parametrize("zoom", [0, 2])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_frame_drawn_around_another_is_that_other(viewer: Page, turns: int, zoom: int) -> None:
    viewer.set_viewport_size({"width": 1400, "height": 1000})
    tell(viewer, kind="diploma", page=0)
    for key in "r" * turns + "+" * zoom:
        viewer.keyboard.press(key)
    box = drawn(viewer)
    viewer.get_by_role("button", name="框选").click()
    start, end = (box["x"], box["y"]), (box["x"] + box["width"], box["y"] + box["height"])
    drag(viewer, start, end)
    ((found),) = heard(viewer)
    assert (found["kind"], found["page"]) == ("diploma", 0)
    assert found["rect"] == pytest.approx(MARKED["rectangle"], abs=0.012)  # a few pixels: the line has a width
    assert viewer.locator("[data-said]").inner_text().startswith("已框选：左 ")


def test_frames_of_marks_lie_on_the_picture_with_their_words(viewer: Page) -> None:
    viewer.keyboard.press("]")
    assert stage(viewer).locator(".labels span").all_inner_texts() == ["退回时：看不清", "仍然看不清"]
    boxes = stage(viewer).locator(".frame").evaluate_all("all => all.map(one => +one.getAttribute('x'))")
    assert boxes == [40, 200]
    viewer.keyboard.press("]")
    expect(stage(viewer).locator(".frame")).to_have_count(0)


def test_a_frame_by_keys_alone(viewer: Page) -> None:
    viewer.keyboard.press("r")
    viewer.keyboard.press("x")
    expect(stage(viewer)).to_be_focused()
    expect(viewer.locator("[data-said]")).to_contain_text("回车确定")
    first = drawn(viewer)
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"):
        viewer.keyboard.press(key)
    moved = drawn(viewer)  # as it is seen, though the picture is turned
    assert moved["x"] - first["x"] == pytest.approx(16, abs=0.5)
    assert moved["y"] - first["y"] == pytest.approx(-8, abs=0.5)
    assert moved["width"] - first["width"] == pytest.approx(8, abs=0.5)
    assert moved["height"] - first["height"] == pytest.approx(16, abs=0.5)
    viewer.keyboard.press("Enter")
    ((found),) = heard(viewer)
    assert (found["kind"], found["page"]) == ("card", 0)
    left, top, width, height = found["rect"]
    assert 0 < left < left + width < 1
    assert 0 < top < top + height < 1
    assert all(round(value, 4) == value for value in found["rect"])
    expect(viewer.locator("[data-said]")).to_contain_text("已框选")


def test_a_frame_by_keys_stays_on_the_picture(viewer: Page) -> None:
    viewer.keyboard.press("x")
    for key in ["ArrowLeft"] * 80 + ["ArrowUp"] * 80:
        viewer.keyboard.press(key)
    for _ in range(120):
        viewer.keyboard.press("Shift+ArrowRight")
    viewer.keyboard.press("Enter")
    ((found),) = heard(viewer)
    left, top, width, _height = found["rect"]
    assert (left, top) == (0, 0)
    assert width == 1


def test_a_frame_can_be_left_and_changed(viewer: Page) -> None:
    tell(viewer, kind="diploma", page=0)
    before = drawn(viewer)
    viewer.keyboard.press("x")  # begins with the frame that is there
    assert drawn(viewer) == before
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("Escape")
    expect(viewer.locator("[data-said]")).to_have_text("已取消框选")
    assert drawn(viewer) == before
    assert heard(viewer) == []
    viewer.keyboard.press("x")
    viewer.keyboard.press("]")  # another picture: nothing is framed there by mistake
    viewer.keyboard.press("Enter")
    assert heard(viewer) == []
    tell(viewer, kind="diploma", page=0, rect=[0.1, 0.2, 0.3, 0.4])
    expect(stage(viewer).locator(".frame:not(.earlier)")).to_have_attribute("x", re.compile("^40"))
    tell(viewer, kind="diploma", rect=None)
    expect(stage(viewer).locator(".frame:not(.earlier)")).to_have_count(0)


def test_a_click_alone_frames_nothing(viewer: Page) -> None:
    viewer.get_by_role("button", name="框选").click()
    x, y = middle(viewer)
    viewer.mouse.click(x, y)
    assert heard(viewer) == []
    expect(viewer.get_by_role("button", name="框选")).to_have_attribute("aria-pressed", "true")
    viewer.get_by_role("button", name="框选").click()
    expect(viewer.get_by_role("button", name="框选")).to_have_attribute("aria-pressed", "false")


def test_a_finger_frames(viewer: Page) -> None:
    viewer.get_by_role("button", name="框选").click()
    x, y = middle(viewer)
    fingers(viewer, *([(x - 50 + 100 * part, y - 40 + 80 * part)] for part in (0, 0.3, 0.6, 1)))
    ((found),) = heard(viewer)
    left, top, width, height = found["rect"]
    assert left + width / 2 == pytest.approx(0.5, abs=0.02)
    assert top + height / 2 == pytest.approx(0.5, abs=0.02)


def test_whoever_may_not_mark_frames_nothing(viewer: Page) -> None:
    viewer.evaluate("document.querySelector('[data-a=frame]').remove()")
    viewer.keyboard.press("x")
    stage(viewer).focus()
    viewer.keyboard.press("Enter")
    assert heard(viewer) == []


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
