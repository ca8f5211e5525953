"""A small page with the officer's viewer on it: its pictures, its markup, and simulated gestures."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from playwright.sync_api import Locator, Page

from tests.support.site.scripts_site import Site, picture, show

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


def open_viewer(page: Page, site: Site) -> Page:
    """The page with its pictures; ``heard`` collects the events that the viewer sends."""
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


def fingers(page: Page, *steps: list[tuple[float, float]]) -> None:
    """Fingers are put down, moved and lifted: for each step where they are."""
    session = page.context.new_cdp_session(page)
    for step, points in enumerate([*steps, []]):
        touches = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(points)]
        kind = "touchMove" if step and points else "touchEnd" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    session.detach()
