"""A person who has a keyboard and nothing else. What is pressed is reached with Tab, and has to be in sight then."""

from __future__ import annotations

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.conftest import Visitor

FARTHEST = 60  # presses of Tab, more than any page takes
#: A group of radio buttons is reached as one.
REACHED = """target => {
  const now = document.activeElement;
  return now === target || (target.type === "radio" && now.type === "radio" && now.name === target.name);
}"""
#: Presses of Tab that surely do not pass by it: the test need not look after each of them.
AHEAD = """target => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
    stop => stop.tabIndex >= 0 && !stop.disabled && stop.checkVisibility({ visibilityProperty: true }));
  const between = stops.slice(stops.indexOf(document.activeElement) + 1, Math.max(0, stops.indexOf(target)));
  const groups = between.map(stop => (stop.type === "radio" ? stop.name : stop));
  return Math.max(0, new Set(groups).size - 2);
}"""
#: Its middle is on the screen, and nothing lies over it.
IN_SIGHT = """target => {
  const seen = target.closest("label") ?? target;
  const { x, y, width, height } = seen.getBoundingClientRect();
  const there = document.elementFromPoint(x + width / 2, y + height / 2);
  return seen.contains(there);
}"""


class Keyboard(Visitor):
    """``Keyboard(**vars(visit("desk")))``."""

    def reach(self, target: Locator) -> None:
        for _press in range(target.evaluate(AHEAD)):
            self.page.keyboard.press("Tab")
        for _press in range(FARTHEST):
            if target.evaluate(REACHED):
                break
            self.page.keyboard.press("Tab")
        assert target.evaluate(REACHED), f"Tab does not lead to {target}"
        self.page.wait_for_function(IN_SIGHT, arg=target.element_handle())  # the page scrolls there softly

    def press(self, name: str, exact: bool = True) -> None:
        named = {"name": name, "exact": exact}
        buttons = self.page.get_by_role("button", **named).filter(visible=True)  # type: ignore[arg-type]
        links = self.page.get_by_role("link", **named)  # type: ignore[arg-type]
        expect(buttons.or_(links).first).to_be_attached()
        self.reach((buttons if buttons.count() else links).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()
        self.look()

    def push(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        entry = self.page.get_by_label(label, exact=True).first
        self.reach(entry)
        if entry.get_attribute("type") == "date":
            entry.fill(text)  # which of its parts comes first depends on the browser's language
        else:
            entry.press("Control+A")
            self.page.keyboard.insert_text(text)

    def choose(self, label: str, option: str) -> None:
        select = self.page.get_by_label(label, exact=True).first
        expect(select.get_by_role("option", name=option, exact=True)).to_be_attached()  # counties come after the city
        self.reach(select)
        for _press in range(FARTHEST):
            if select.evaluate("select => select.selectedOptions[0].label.trim()") == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label} does not offer {option}")

    def check(self, target: Locator) -> None:
        self.reach(target)
        for _press in range(FARTHEST):
            if target.evaluate("target => target === document.activeElement"):
                break
            self.page.keyboard.press("ArrowDown")
        if not target.is_checked():
            self.page.keyboard.press("Space")
        assert target.is_checked()

    def send(self, chooser: Locator, file: FilePayload) -> None:
        self.reach(chooser)  # what a key opens there is the system's own dialog
        chooser.set_input_files(file)
