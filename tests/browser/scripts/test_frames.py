"""Frames on the pictures of the viewer: drawn, given by keys, shown, and meaning one place of a turned picture."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.site.chromium import wait_until
from tests.support.site.scripts_site import Site, show
from tests.support.site.viewer_page import MARKED, drag, fingers, heard, middle, open_viewer, stage, tell

pytestmark = pytest.mark.browser


@pytest.fixture
def viewer(page: Page, site: Site) -> Page:
    return open_viewer(page, site)


# frames


ROUND_TRIPS = """async (cases) => {
  const { View, fitted } = await import("/static/js/zoom.js");
  return cases.map(({turns, scale, x, y, size, room, frame}) => {
    const [view, base] = [new View(), fitted(size, room)];
    Object.assign(view, { turns, scale, x, y });
    return [view.toPicture(view.toStage(frame.slice(0, 2), base), base), view.covered(view.seen(frame, base), base)];
  });
}"""


def looked_at(dice: random.Random, turns: int) -> dict[str, Any]:
    """A frame on a picture of some size that is moved, zoomed and turned in some room."""
    left, top = dice.uniform(0, 0.9), dice.uniform(0, 0.9)
    return {
        "frame": [left, top, dice.uniform(0.01, 1 - left), dice.uniform(0.01, 1 - top)],
        "turns": turns,
        "scale": dice.uniform(0.25, 8),
        "x": dice.uniform(-900, 900),
        "y": dice.uniform(-900, 900),
        "size": [dice.randint(100, 4000), dice.randint(100, 4000)],
        "room": [dice.randint(200, 1600), dice.randint(200, 1600)],
    }


def test_a_rectangle_means_the_same_place_however_the_picture_lies(page: Page, site: Site) -> None:
    show(page, site, "")
    cases = [looked_at(random.Random(f"{turns} {time}"), turns) for turns in (*range(-3, 4), 5) for time in range(60)]
    for case, (point, back) in zip(cases, page.evaluate(ROUND_TRIPS, cases), strict=True):
        assert point == pytest.approx(case["frame"][:2], abs=1e-9), case
        assert back == pytest.approx(case["frame"], abs=1e-9), case


def drawn(page: Page) -> Any:
    """Where the frame of the unsent mark is shown."""
    frame = stage(page).locator(".frame:not(.earlier)")
    found: Any = None

    def is_there() -> bool:
        nonlocal found
        found = frame.bounding_box()  # none while the picture is being turned or loaded
        return found is not None

    wait_until(page, is_there)
    return found


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
