"""A walk as each of the seven roles: every page that menus and lists lead to, wide, narrow, without scripts.

Links are followed from the first page of a role, each kind of page once. What the walk sees of each page: status 200,
manners, axe, no sideways scrolling, nothing on the console (all by ``Visitor.look`` and the ``visit`` fixture), and,
without scripts, every form and every link that scripts show.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page

from blueprints.admin.home import MENU
from commands import register_work
from lib.codes import Role, Status
from lib.database import utcnow
from models import Account, Notice, Staff, db
from tests.browser.conftest import SCREENS, Visitor
from tests.conftest import Browser
from tests.support.applicant import assistance
from tests.support.people import id_number

LINKS = "() => [...document.links].map(link => link.getAttribute('href'))"
FORMS = "() => [...document.forms].map(form => `${form.method} ${form.getAttribute('action')}`)"
#: Pages that change what all others look like.
ELSEWHERE = {"public.text_size"}
Kind = tuple[str, str, tuple[str, ...]]


class Walk:
    """One person at three windows: wide, narrow, and narrow without scripts."""

    def __init__(self, app: Flask, site: str, visit: Any) -> None:
        self.map, self.site = app.url_map.bind("127.0.0.1"), site
        self.visitor: Visitor = visit("desk")
        self.plain: Visitor = visit("phone", java_script_enabled=False)
        self.seen: set[Kind] = set()

    def kind(self, path: str) -> Kind:
        """The view, the page of questions, and which filters the address has."""
        parts = urlsplit(path)
        endpoint, values = self.map.match(parts.path)
        step = values.get("step")
        return endpoint, step.slug if step else "", tuple(sorted({name for name, _value in parse_qsl(parts.query)}))

    def as_(self, person: Account | Staff | None, *starts: str) -> set[str]:
        """Walk through all that is new; returns the endpoints that were seen."""
        for window in (self.visitor, self.plain):
            window.page.context.clear_cookies()
            if person:
                window.sign_in(person)
        waiting, seen = deque(starts), set()
        self.seen -= {self.kind(path) for path in starts}
        while waiting:
            path = waiting.popleft()
            if (kind := self.kind(path)) in self.seen or kind[0] in ELSEWHERE:
                continue
            self.seen.add(kind)
            seen.add(kind[0])
            waiting.extend(self.page(path))
        return seen

    def page(self, path: str) -> Iterator[str]:
        """Look at one page; its links on this site."""
        answer = self.visitor.page.request.get(self.site + path)
        assert answer.status == 200, f"{path}: {answer.status}"
        if not answer.headers["content-type"].startswith("text/html"):
            return iter(())
        self.visitor.page.set_viewport_size(SCREENS["desk"])
        self.visitor.go(path)
        links, forms = self.shown(self.visitor.page)
        self.visitor.page.set_viewport_size(SCREENS["phone"])
        self.visitor.look()
        self.plain.go(path)
        bare = self.shown(self.plain.page)
        assert (links - bare[0], forms - bare[1]) == (set(), set()), f"{path} needs scripts for some of it"
        return (link for link in sorted(links) if link.startswith("/"))

    def shown(self, page: Page) -> tuple[set[str], set[str]]:
        return set(page.evaluate(LINKS)), set(page.evaluate(FORMS))


@pytest.fixture
def walk(app: Flask, site: str, visit: Any) -> Walk:
    return Walk(app, site, visit)


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
    return {endpoint for endpoint in shown if role in app.view_functions[endpoint].roles}  # type: ignore[attr-defined]


def test_visitors_and_applicants(walk, make):
    db.session.add(Notice(title="关于采集工作的公告", body="正文", published_at=utcnow() - timedelta(hours=1)))
    record = make.record()
    returned = make.declaration(Status.RETURNED)
    waiting = make.declaration(Status.SUBMITTED)
    ready = make.declaration()
    make.papers(ready)
    people = [one.account for one in (ready, returned, waiting)]
    owner = db.session.get_one(Account, record.account_id)
    db.session.rollback()

    seen = walk.as_(None, "/")
    assert seen >= {"public.notice", "public.hotlines", "auth.register", "auth.claim", "auth.forgot", "auth.assistance"}
    assert walk.as_(owner, "/archive") >= {"archive.own", "archive.version", "auth.inbox", "auth.account"}
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
    walk.seen.clear()
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
        walk.seen.clear()
        assert walk.as_(person, "/staff") >= menu_of(app, role) | more[role], role
