"""A running site of its own for each browser test, and a browser that watches what pages do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, ViewportSize, expect
from werkzeug.serving import ThreadedWSGIServer

from blueprints.gate import COOKIE, STAFF_COOKIE
from lib.codes import Status
from lib.database import begin_mode, transaction_mode
from models import Account, Declaration, Staff, db
from services import workflow
from services.accounts import sessions
from tests.support.factory import Make
from tests.support.office.review_desk import COMPLETE
from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT
from tests.support.rules.manners import alike, look_at, once, tell
from tests.support.site.chromium import chromium_or_skip

SCREENS: dict[str, ViewportSize] = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
#: Runs axe, and brings no more over the line than what it has found. Only a rule that is off reads the style sheets.
RUN_AXE = """async (options) => {
  const found = await axe.run({ reporter: "no-passes", preload: { assets: ["media"] }, ...options });
  return found.violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 160))]);
}"""
#: axe reads the same few colours thousands of times a page, which takes a tenth of its time: once each will do.
READ_COLOURS_ONCE = """
(() => {
  const { Color } = axe.commons.color;
  const { parseString } = Color.prototype;
  const known = new Map();
  Color.prototype.parseString = function (text) {
    if (!known.has(text)) known.set(text, parseString.call(new Color(0, 0, 0), text));
    ({ r: this.r, g: this.g, b: this.b, alpha: this.alpha } = known.get(text));
    return this;
  };
})();
"""
NUMBER = re.compile(r"\d+")
#: Numbers say nothing to axe, nor do fields that nobody sees, nor how a phone shows its keyboard.
UNSEEN = re.compile(r'<input type="hidden"[^>]*>| enterkeyhint="\w+"')
#: axe's rules whose answer depends on where things stand. The others see the same page at every width.
LAID_OUT = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
#: Chromium drops keys that are pressed before a page is painted for the first time.
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
#: Between two pages there is none for a moment, and what is not read to its end may have scripts further down.
SCRIPTED = """() => document.readyState !== "loading" && !!document.documentElement
  && (document.documentElement.hasAttribute("data-ready") || !document.querySelector("script[type=module]"))"""
#: Scripts may move and turn pictures: the styles that they set are not inline styles, which the policy refuses.
WITHOUT_STYLES = """() => {
  const copy = document.documentElement?.cloneNode(true);
  if (!copy) return "";
  for (const element of copy.querySelectorAll("[style]")) element.removeAttribute("style");
  return "<!doctype html>" + copy.outerHTML;
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            # A page that is left drops its connections; the server of these tests then leaves files to the collector.
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


class Counted(ThreadedWSGIServer):
    """Counts its open connections: the next test has the same application and a new folder.

    Each is counted before its thread begins, and until the last byte is sent.
    """

    def __init__(self, app: Flask) -> None:
        self.open = 0
        self.changed = threading.Condition()
        super().__init__("127.0.0.1", 0, app)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._count(1)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self.changed:
            self.open += more
            self.changed.notify_all()

    def wait(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: not self.open, PATIENCE_S), "a request does not end"


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of the application, served on a free port while the test runs, with CSRF protection on."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = Counted(app)
    address = f"http://127.0.0.1:{server.server_port}"
    app.config["BASE_URL"] = address
    db.session.rollback()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join(PATIENCE_S)
    server.server_close()
    server.wait()


@dataclass
class Visitor:
    """A person at a browser. ``seen`` collects what pages must not do: script errors, refused contents, faults.

    ``also`` are other sizes of the window at which the rules for every page are looked at, without opening it again.
    """

    page: Page
    site: str
    seen: list[str]
    scripts: bool = True
    also: Sequence[ViewportSize] = ()

    def sign_in(self, person: Account | Staff) -> Visitor:
        """A session of the person, without walking through the sign-in page."""
        with transaction_mode("IMMEDIATE"):
            staff = isinstance(person, Staff)
            token = sessions.start(staff=person) if staff else sessions.start(account=person)  # type: ignore[arg-type]
            db.session.commit()
        name, path = (STAFF_COOKIE, "/staff") if staff else (COOKIE, "/")
        self.page.context.add_cookies([{"name": name, "value": token, "domain": "127.0.0.1", "path": path}])
        return self

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)
        self.look()

    def press(self, name: str, exact: bool = True) -> None:
        """Press the first button or follow the first link of this name, then check the page that follows."""
        buttons = self.page.get_by_role("button", name=name, exact=exact)
        links = self.page.get_by_role("link", name=name, exact=exact)
        expect(buttons.or_(links).first).to_be_attached()
        target = buttons if buttons.count() else links
        if self.scripts:
            target.first.click()
        else:  # each press leads to a page; on the old one the next press would be lost
            with self.page.expect_navigation():
                target.first.click()
        self.page.wait_for_load_state()
        self.look()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).first.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).first.select_option(label=option)

    def tick(self, group: str, option: str) -> None:
        """Choose a radio button or a box of a group by its words."""
        self.check(self.page.get_by_role("group", name=group).get_by_label(option, exact=True))

    def check(self, target: Locator) -> None:
        target.check()

    def push(self, target: Locator) -> None:
        """Press a button that does not lead to another page."""
        target.click()

    def send(self, chooser: Locator, file: FilePayload) -> None:
        chooser.set_input_files(file)

    def look(self) -> None:
        """The rules for every page: manners, no accessibility violation, no sideways scrolling."""
        self.page.wait_for_load_state()
        if not self.page.url.startswith(self.site) or "html" not in self.page.evaluate("document.contentType"):
            return
        if self.scripts:
            self.listens()
        source = self._source()
        look_at(source, self.page.url)
        if self.scripts:
            self.page.evaluate(PAINTED)
            seen, at_this_width = _to_axe(source), self._at_this_width()
            once("axe", seen, lambda: once(at_this_width, seen, self.axe))
        self._look_at_this_width(source)
        self._look_at_other_widths()

    def _look_at_this_width(self, source: str) -> None:
        if self.scripts:
            once(self._at_this_width(), _to_axe(source), lambda: self.axe(LAID_OUT))
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{self.page.url} scrolls sideways by {width} px at {self.page.viewport_size}"

    def _look_at_other_widths(self) -> None:
        own = self.page.viewport_size
        for size in self.also:
            self.page.set_viewport_size(size)
            self.page.evaluate(PAINTED)
            self._look_at_this_width(self._source())
        if self.also and own:
            self.page.set_viewport_size(own)
            self.page.evaluate(PAINTED)

    def listens(self) -> None:
        """Wait until the page's modules are there: its keys and buttons work from then on."""
        self.page.wait_for_function(SCRIPTED)

    def wait_longer(self, module: str, limit: str) -> None:
        """The pages to come wait as long as the tests do: a limit of milliseconds, as this module of theirs says it."""
        source = (ROOT / "static" / "js" / module).read_text("utf-8")
        longer = source.replace(limit, f"{limit.partition('=')[0]}= {PATIENCE_S * 1000};")
        assert longer != source
        self.page.route(f"**/js/{module}", lambda route: route.fulfill(body=longer, content_type="text/javascript"))

    def _source(self) -> str:
        """The text of the page; the next page is empty for a moment."""
        for _moment in range(PATIENCE_S * 10):
            if source := self.page.evaluate(WITHOUT_STYLES):
                return str(source)
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.page.url} stays empty")

    def all_of_axe(self) -> None:
        """All of axe's rules, whoever has seen such a page before; those who come to one later need not look again."""
        self.axe()
        seen = _to_axe(self._source())
        for what in ("axe", self._at_this_width()):
            tell(what, seen)

    def _at_this_width(self) -> str:
        return f"axe at {self.page.viewport_size}"

    def axe(self, rules: list[str] | None = None) -> None:
        """All of axe's rules, or these. Needs scripts: a window without them would wait for ever."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT + READ_COLOURS_ONCE)
        told = self.page.evaluate(RUN_AXE, {"runOnly": rules} if rules else {})
        assert not told, f"{self.page.url}: {told}"

    def text(self) -> str:
        self.page.wait_for_load_state()  # what is not read to its end says less
        return self.page.locator("main").inner_text()


@pytest.fixture
def officer(make: Make) -> Staff:
    """王审核 of 210102, as in tests/conftest.py; windows are signed in by ``desk``."""
    return make.staff()


@pytest.fixture
def second_look(make: Make, officer: Staff) -> Declaration:
    """A resubmission in the officer's hands: one answer corrected, one paper still as it was."""
    declaration = make.declaration(Status.RETURNED, officer=officer, **COMPLETE)
    declaration.postal_address = "辽宁省沈阳市和平区样例路 99 号 6 单元"
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    return declaration


@pytest.fixture
def desk(visit: Callable[..., Visitor], officer: Staff) -> Callable[..., Visitor]:
    """Open a window in which the officer is signed in."""
    return lambda screen="desk", **options: visit(screen, **options).sign_in(officer)


@pytest.fixture
def visit(site: str, app: Flask) -> Iterator[Callable[..., Visitor]]:
    """Open a browser window: ``visit("phone")``, ``visit("desk", java_script_enabled=False)``."""
    browser: Browser = chromium_or_skip()
    contexts: list[BrowserContext] = []
    seen: list[str] = []

    def open_window(screen: str = "desk", also: Sequence[ViewportSize] = (), **options: Any) -> Visitor:
        # axe and the checks evaluate scripts of their own; pages run theirs under the site's policy all the same
        context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN", bypass_csp=False, **options)
        context.set_default_timeout(PATIENCE_S * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: seen.append(f"script error: {error}"))
        page.on("console", lambda said: seen.append(f"console: {said.text}") if _is_fault(said) else None)
        page.on(
            "response", lambda answer: seen.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
        )
        page.on("dialog", lambda dialog: dialog.accept())
        return Visitor(page, site, seen, options.get("java_script_enabled", True), also)

    yield open_window
    for context in contexts:
        context.close()
    begin_mode.set("DEFERRED")
    assert not seen, seen


def _to_axe(source: str) -> str:
    """What axe makes a difference of."""
    return NUMBER.sub("", UNSEEN.sub("", alike(source)))


def _is_fault(said: Any) -> bool:
    """An error on the console, except the browser's remark on answers that a test provokes (409, 422 ...)."""
    return said.type == "error" and "Failed to load resource" not in said.text
