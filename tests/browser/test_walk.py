"""A walk as each of the seven roles through every page that menus and lists lead to, each kind of page once a role.

Each page has to be there and well-mannered. Chromium opens each kind once, as the first role that comes to it: nothing
on the console, axe finds nothing, wide and narrow; it does not scroll sideways; and without scripts the page holds
every link and every form that it has with them. The long form lets axe look at the narrow page, too.

Applicants have the longest names, addresses and numbers, and their pages stand on the narrowest screen as well, in both
sizes of text.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize

from blueprints.admin.home import MENU
from commands import register_work
from lib.codes import Role, Status
from lib.database import utcnow
from models import Account, Notice, Staff, db
from tests.browser.conftest import PAINTED, SCREENS, Visitor
from tests.conftest import Browser
from tests.support.applicant import assistance
from tests.support.people import LONGEST, LONGEST_NAME, id_number

LINKS = "() => [...document.links].map(link => link.getAttribute('href'))"
FORMS = "() => [...document.forms].map(form => `${form.method} ${form.getAttribute('action') ?? ''}`)"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
NARROWEST: ViewportSize = {"width": 320, "height": 700}
TEXT_SIZE = "large => document.documentElement.classList.toggle('fs-lg', large)"
#: Dates, phones, ID numbers, credit codes and numbers of declarations that go on in the next line.
BROKEN = r"""() => {
  const whole = /(?<![\w*])(\d{4}-\d\d(-\d\d)?|\d{11}|[\d*]{17}[\dX*]|91\w{16}|LN\d{11})(?![\w*])/g;
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let text; (text = texts.nextNode()); ) {
    for (const { index, 0: found } of text.data.matchAll(whole)) {
      const range = new Range();
      range.setStart(text, index);
      range.setEnd(text, index + found.length);
      if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) broken.push(found);
    }
  }
  return broken;
}"""
Kind = tuple[str, str]
pytestmark = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["", "long"])


class Held(HTMLParser):
    """The links and forms of a page as the server sends it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.forms: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "a" and has.get("href"):
            self.links.add(has["href"] or "")
        elif tag == "form":
            self.forms.add(f"{has.get('method') or 'get'} {has.get('action') or ''}")


class Walk:
    """One walk by several people; what Chromium has seen as one of them it does not open again."""

    def __init__(self, app: Flask, window: Visitor, thorough: bool) -> None:
        self.app, self.map, self.window, self.thorough = app, app.url_map.bind("127.0.0.1"), window, thorough
        self.opened: set[Kind] = set()
        self.narrowest = False

    def kind(self, path: str) -> Kind:
        """The view, and which page of questions."""
        endpoint, values = self.map.match(urlsplit(path).path)
        return endpoint, values["step"].slug if "step" in values else ""

    def as_(self, person: Account | Staff | None, *starts: str) -> set[str]:
        """Follow the links from the first pages; returns the endpoints of all pages that were found."""
        client = Browser(self.app)
        self.window.page.context.clear_cookies()
        if person:
            client.sign_in(person)
            self.window.sign_in(person)
        waiting, seen = deque(starts), {("public.text_size", "")}  # all pages after that one would be large
        while waiting:
            path = waiting.popleft()
            if (kind := self.kind(path)) not in seen:
                seen.add(kind)
                waiting.extend(self._page(client, path, kind))
        return {endpoint for endpoint, _step in seen}

    def _page(self, client: Browser, path: str, kind: Kind) -> list[str]:
        """Look at one page; returns its links on this site."""
        page = client.open(path, expect=(200, 302))
        if page.status == 302:
            return [page.location]
        held = Held(page.text)
        if page.response.mimetype == "text/html" and kind not in self.opened:
            self.opened.add(kind)
            self._open(path, held)
        page.response.close()
        return sorted(link for link in held.links if link.startswith("/"))

    def _open(self, path: str, held: Held) -> None:
        page = self.window.page
        page.set_viewport_size(SCREENS["desk"])
        page.goto(self.window.site + path)
        self.window.listens()
        page.evaluate(PAINTED)
        self.window.all_of_axe()
        forms = {form for form in page.evaluate(FORMS) if "/account/devices/" not in form}  # of the crawl's own session
        more = set(page.evaluate(LINKS)) - held.links, forms - held.forms
        assert more == (set(), set()), f"{path} has these with scripts only"
        for width in SCREENS:
            page.set_viewport_size(SCREENS[width])
            assert page.evaluate(WIDER) <= 0, f"{path} scrolls sideways: {width}"
        if self.thorough:
            self.window.axe()
        if self.narrowest:
            self._squeeze(path)

    def _squeeze(self, path: str) -> None:
        page = self.window.page
        page.set_viewport_size(NARROWEST)
        for large in (True, False):
            page.evaluate(TEXT_SIZE, large)
            assert page.evaluate(WIDER) <= 0, f"{path} scrolls sideways: narrowest, large text: {large}"
            assert page.evaluate(BROKEN) == [], f"{path}, large text: {large}"


@pytest.fixture
def walk(app: Flask, site: str, visit: Any, thorough: bool) -> Walk:
    return Walk(app, visit("desk"), thorough)


@contextmanager
def prepared(app: Flask) -> Iterator[None]:
    """What happened before, by the test client, which sends no tokens."""
    app.config["WTF_CSRF_ENABLED"] = False
    yield
    app.config["WTF_CSRF_ENABLED"] = True
    db.session.rollback()


def menu_of(app: Flask, role: Role) -> set[str]:
    """The pages that 管理 offers to the role."""
    shown = {entry.endpoint for _title, entries in MENU for entry in entries}
    views: dict[str, Any] = app.view_functions
    return {endpoint for endpoint in shown if role in views[endpoint].roles}


def test_visitors_and_applicants(walk, make):
    db.session.add(Notice(title="关于采集工作的公告", body="正文", published_at=utcnow() - timedelta(hours=1)))
    approved, returned, waiting, ready = (
        make.declaration(status, make.account(LONGEST_NAME), **LONGEST)
        for status in (Status.APPROVED, Status.RETURNED, Status.SUBMITTED, Status.DRAFT)
    )
    make.papers(ready)
    owner = approved.account
    people = [one.account for one in (ready, returned, waiting)]
    db.session.rollback()
    walk.narrowest = True

    seen = walk.as_(None, "/")
    assert seen >= {"public.notice", "public.hotlines", "auth.register", "auth.claim", "auth.forgot", "auth.assistance"}
    assert walk.as_(owner, "/archive") >= {"archive.own", "auth.inbox", "auth.account"}
    found = [walk.as_(person, "/apply") for person in people]
    assert found[0] >= {"wizard.step", "wizard.check", "wizard.papers_page", "wizard.crop_page"}
    assert found[1] >= {"wizard.corrections", "wizard.correction"}
    assert "wizard.status" in found[2]


def test_reviewers_and_managers(app, walk, make):
    officer, manager = make.staff(), make.staff(Role.MANAGER, name="赵主管")
    for status in (Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED, Status.APPROVED):
        make.declaration(status, officer=officer)
    with prepared(app):
        for number in (id_number(711), id_number(713)):
            assistance.apply(Browser(app), number=number)
        assistance.decide(Browser(app).sign_in(officer), "refused", answer="照片看不清")

    common = {"review.submission", "review.record", "review.roster", "review.statistics", "auth.staff_assistance_one"}
    assert walk.as_(officer, "/staff", "/staff/queue?lane=mine") >= common | {
        "review.own_figures",
        "auth.staff_counter",
    }
    seen = walk.as_(manager, "/staff")
    assert seen >= common | menu_of(app, Role.MANAGER) | {
        "review.correct_number",
        "review.overview",
        "admin.department",
    }


def test_administrators(app, walk, make):
    make.declaration(Status.APPROVED)
    db.session.add(Notice(title="关于采集工作的公告", body="正文", published_at=None))
    people = {role: make.staff(role, "210000") for role in (Role.SYSTEM, Role.SECURITY, Role.AUDITOR)}
    register = "姓名,身份证号,档案号\n孙立国,219900199003070010,2.10102E+11\n".encode("gb18030")
    with prepared(app):
        system = Browser(app).sign_in(people[Role.SYSTEM])
        at = system.send("/staff/admin/register", {"file": (io.BytesIO(register), "样例县名册.csv")}).location
        register_work.work_next()
        system.send(f"{at}/columns", {"name": "0", "number": "1", "archive_no": "2"})
        register_work.work_next()

    more = {
        Role.SYSTEM: {"admin.register_file", "admin.register_findings", "admin.department_covers", "admin.option"},
        Role.SECURITY: {"admin.staff_member"},
        Role.AUDITOR: {"admin.staff_member", "admin.audit_head"},
    }
    for role, person in people.items():
        assert walk.as_(person, "/staff") >= menu_of(app, role) | more[role], role
