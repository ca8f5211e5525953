"""Counts the keys that an officer presses for a decision, with the page of the submission open, `make keys`.

  a clean case           the answers and pictures are right: 审核通过
  a second look          the same of what came back; old and new pictures stand next to each other already
  a return               three marks with a reason each, one of them with a place on a picture; none by a warning or the
                         order of the rows: each is jumped to by the initials of its name

A key is a key: letters, digits, Enter. Nothing is typed that the page does not show.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from scripts.demo_site import serving
from scripts.pictures import DESK, OFFICER, Camera, open_file, press
from tests.support.site.chromium import PROGRAMS, find_chromium

MOST_CLEAN, MOST_SECOND_LOOK, MOST_RETURN = 2, 3, 20


@dataclass
class Hand:
    """A hand on the keyboard of an officer's page."""

    page: Page
    keys: int = 0

    def press(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)
            self.keys += 1

    def at(self, row: str) -> None:
        """The row of this answer or paper has the focus."""
        expect(self.page.locator(f"#row-{row}")).to_be_focused()

    def jump(self, initials: str, row: str) -> None:
        self.press("f")
        expect(self.page.get_by_role("textbox", name="查找填报内容")).to_be_focused()
        self.press(*initials, "Enter")
        self.at(row)

    def counted(self, page_said: str) -> None:
        """The page's own count (count.js) is the same."""
        expect(self.page.locator("form.rv [name=keys]")).to_have_value(page_said)


def approve(hand: Hand) -> None:
    """A clean case, and a second look."""
    hand.press("a")
    expect(hand.page.get_by_role("button", name=re.compile("^审核通过，下一件"))).to_be_focused()
    hand.counted(str(hand.keys))
    hand.press("Enter")
    expect(hand.page.get_by_role("button", name="撤销")).to_be_visible()


def send_back(hand: Hand) -> None:
    hand.jump("mz", "nation")
    hand.press("1")
    hand.jump("tx", "postal_address")
    hand.press("8")
    hand.jump("jm", "id_portrait")
    hand.press("x")
    expect(hand.page.locator(".stage.framing")).to_be_focused()
    hand.press("4", "Enter")
    hand.at("id_portrait")
    hand.press("1")
    expect(hand.page.locator("[data-told] li")).to_have_count(3)
    hand.press("b")
    expect(hand.page.get_by_role("button", name="确认退回")).to_be_focused()
    hand.press("Enter")
    expect(hand.page.get_by_role("button", name="撤销")).to_be_visible()


def counted(page: Page, way: Callable[[Hand], None]) -> int:
    page.locator("html[data-ready]").wait_for(state="attached")
    hand = Hand(page)
    way(hand)
    return hand.keys


def _demo(camera: Camera) -> list[tuple[str, int, int]]:
    page = open_file(camera, "赵海明", "mine", 860)
    returned = counted(page, send_back)
    page = open_file(camera, "孙立国", "again", 860)
    page.locator("html[data-ready]").wait_for(state="attached")
    take = page.get_by_role("button", name=re.compile("^领取(?!下一件)"))
    if take.count():  # after the return it may have come by itself: what one has returned goes first
        take.click()
    second = counted(page, approve)
    page = camera.go(OFFICER, "/staff/queue", DESK, 860)
    press(page, "领取下一件")
    clean = counted(page, approve)
    return [
        ("没有问题的申报", clean, MOST_CLEAN),
        ("退回后重新提交的申报", second, MOST_SECOND_LOOK),
        ("标记三处退回，一处框出位置", returned, MOST_RETURN),
    ]


def main() -> None:
    if not find_chromium(PROGRAMS):
        raise SystemExit("no browser found: run make chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), people="19") as site,
        sync_playwright() as playwright,
    ):
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=find_chromium(PROGRAMS), args=options)
        found = _demo(Camera(site, browser))
        browser.close()
    for title, keys, most in found:
        print(f"{keys:>3}  {title}（至多 {most}）")
    sys.exit(any(keys > most for _title, keys, most in found))


if __name__ == "__main__":
    main()
