"""Fixtures: an application with data of its own for each test, a browser without JavaScript, a factory of people."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pyotp
import pytest
from flask import Flask, g
from hypothesis import settings as property_settings
from sqlalchemy import event
from werkzeug.test import TestResponse

from app import create_app
from blueprints.gate import COOKIE, STAFF_COOKIE
from config import TestConfig
from lib import crypto
from lib.codes import Role, Status
from lib.database import begin_mode, transaction_mode
from models import Account, Declaration, Staff, db
from services.accounts import sessions
from services.departments.reference_data import load_reference_data
from tests.support.factory import Make
from tests.support.rules import manners
from tests.support.rules.manners import look_at
from tests.support.rules.write_lock import watched
from tests.support.site.object_store import object_store  # noqa: F401 (fixture)
from tests.support.site.of_run import folder_of_run, made_once
from tests.support.site.pool import Pool, lent
from tests.support.site.postgres import (  # noqa: F401 (fixtures)
    postgres_copy,
    postgres_database,
    postgres_server,
    postgres_template,
    postgres_url,
)
from tests.support.site.served import installed  # noqa: F401 (fixture)

ROOT = Path(__file__).resolve().parent.parent
#: Tests make and remove folders all the time. In memory that costs next to nothing, and no disk is worn out.
IN_MEMORY, ENOUGH = Path("/dev/shm"), 3 << 30
if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ENOUGH:
    os.environ["TMPDIR"] = str(IN_MEMORY)  # for what tests start, too
    tempfile.tempdir = None

#: Loading modules and collecting tests makes hardly any garbage; pytest_collection_finish looks for it once.
if "PYTEST_XDIST_WORKER" in os.environ:
    gc.disable()

#: `make test-postgres`: every test with an application of its own process, but those that are about SQLite.
ON_POSTGRESQL = os.environ.get("TEST_ENGINE") == "postgresql"

#: ``make soak`` takes the long form.
property_settings.register_profile("long", property_settings(), max_examples=1000)
property_settings.register_profile("short", property_settings(), max_examples=30)
property_settings.load_profile("short")


#: The files whose tests take longest, the longest first.
LONGEST = (
    "browser/test_story.py",
    "browser/test_walk.py",
    "browser/test_correction.py",
    "browser/test_review_desk.py",
    "operations/test_demo.py",
    "operations/test_killed.py",
    "operations/test_two_machines.py",
    "operations/test_static_files.py",
    "operations/test_crowd.py",
    "operations/test_limits.py",
    "operations/test_backup_drill.py",
    "operations/test_commands_postgres.py",
    "operations/test_serve.py",
)


def _length(item: pytest.Item) -> int:
    """Where the test's file stands among the longest; all others are behind them."""
    path = item.path.as_posix()
    return next((place for place, name in enumerate(LONGEST) if path.endswith(name)), len(LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """In a new clone no test file is compiled, which takes a worker a quarter of a minute: each begins elsewhere.

    Where it goes on it finds what the others have compiled.
    """
    worker: dict[str, Any] = getattr(session.config, "workerinput", {})
    if worker and session.config.args == session.config.getini("testpaths"):
        folders = sorted({str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")})
        first = int(worker["workerid"].removeprefix("gw")) * len(folders) // worker["workercount"]
        session.config.args[:] = [*folders[first:], *folders[:first]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each worker begins with an equal part of the list, and takes from the others' ends when it is through.

    So the first part begins with browsers, the second with servers and databases, and each with its longest tests:
    what is left at the end is short, and no worker waits for another one's long test.
    """
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers == 1:
        return
    browsers, slow, quick = (list[pytest.Item]() for _part in range(3))
    for item in sorted(items, key=lambda item: (_length(item), item.path)):
        is_slow = item.get_closest_marker("slow") or _length(item) < len(LONGEST)
        (browsers if item.get_closest_marker("browser") else slow if is_slow else quick).append(item)
    between = max(0, len(items) // workers - len(browsers))
    items[:] = [*browsers, *quick[:between], *slow, *quick[between:]]


def pytest_collection_finish() -> None:
    """Modules and tests live as long as the process: looking through them for garbage takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def builds(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All applications serve one build of the static files and compile templates once, those of other workers too.

    And a page that is right is looked at once a run.
    """
    TestConfig.builds, told = (folder_of_run(tmp_path_factory) / name for name in ("builds", "looked-at"))
    for folder in (TestConfig.builds, told):
        folder.mkdir(exist_ok=True)
    manners.TOLD.append(told)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database, keys and reference data, made once for all workers and copied for each test."""
    crypto.use_cheap_hashes()
    return made_once(folder_of_run(tmp_path_factory) / "templates" / "instance", _empty_instance)


def _empty_instance(folder: Path) -> None:
    app = create_app(TestConfig(folder))
    with app.app_context():
        db.create_all()
        flask_migrate.stamp()
        load_reference_data(ROOT / "data")
        db.session.commit()
        db.session.connection().exec_driver_sql("COMMIT")
        db.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.connection().exec_driver_sql("BEGIN")
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def settings() -> dict[str, str]:
    """Override to change settings: ``@pytest.mark.parametrize("settings", [{"STAFF_TOTP": "off"}])``."""
    return {}


@pytest.fixture(scope="session", autouse=True)
def _unhurried_files() -> Iterator[None]:
    """No test needs to survive a power cut, so none waits for the disk; tests about syncing switch it on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(os, "nice", lambda _more: 0)  # a command that gives way must not slow the tests after it
        yield


@pytest.fixture(scope="session", autouse=True)
def _write_lock() -> Iterator[None]:
    with watched():
        yield


@pytest.fixture(scope="session")
def pool(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return Pool(tmp_path_factory.mktemp("applications"), template)


@pytest.fixture
def app(request: pytest.FixtureRequest, pool: Pool, settings: dict[str, str]) -> Iterator[Flask]:
    """An application with an empty database, on PostgreSQL where the test is marked so; `make test-postgres`: all.

    Tests of one process share it one after the other (tests/support/site/pool.py).
    """
    if ON_POSTGRESQL or request.node.get_closest_marker("postgres"):
        settings = settings | {"DATABASE_URL": request.getfixturevalue("postgres_copy")}
    yield from lent(pool.take(**settings))


class Page:
    """A response, with what tests need from it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.text = response.get_data(as_text=True) if (response.mimetype or "").startswith("text/") else ""
        self.data = response.data
        self.location = response.headers.get("Location", "")
        self.headers = response.headers.copy()
        self.request_id = self.headers.pop("X-Request-ID", "")  # another one each time


class Browser:
    """A browser without JavaScript. Every page that it opens is checked for manners, every request for leftovers."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def sign_in(self, person: Account | Staff) -> Browser:
        """A session of the person, without walking through the sign-in page."""
        staff = isinstance(person, Staff)
        with transaction_mode("IMMEDIATE"):
            token = sessions.start(staff=person) if staff else sessions.start(account=person)  # type: ignore[arg-type]
            db.session.commit()
        self.client.set_cookie(STAFF_COOKIE if staff else COOKIE, token, path="/staff" if staff else "/")
        return self

    def open(self, url: str, expect: int | tuple[int, ...] = 200, **options: Any) -> Page:
        return self._request("GET", url, expect, **options)

    def send(
        self, url: str, data: dict[str, Any] | None = None, expect: int | tuple[int, ...] = 302, **options: Any
    ) -> Page:
        return self._request("POST", url, expect, data=data or {}, **options)

    def follow(self, page: Page) -> Page:
        """Open the page to which a response redirects."""
        assert page.location, "the answer leads nowhere"
        return self.open(page.location)

    def _request(self, method: str, url: str, expect: int | tuple[int, ...], **options: Any) -> Page:
        db.session.rollback()  # the test's own reading must not hold the database
        for name in list(g):
            g.pop(name)  # the fixture's application context outlives a request; the person of the last request must not
        page = Page(self.client.open(url, method=method, **options))
        page.response.request.environ["wsgi.input"].close()  # a large upload is in a temporary file
        begin_mode.set("DEFERRED")
        db.session.rollback()
        expected = expect if isinstance(expect, tuple) else (expect,)
        assert page.status in expected, f"{method} {url}: {page.status} {page.location}\n{_visible(page.text)}"
        if page.response.mimetype == "text/html" and page.status not in (301, 302, 303, 308) and "<html" in page.text:
            look_at(page.text, url)
        return page


def _visible(html: str) -> str:
    import re

    text = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style|svg).*?</\1>|<head.*?</head>", "", html))
    return re.sub(r"\s+", " ", text)[:1500]


@pytest.fixture
def browser(app: Flask, leftovers: None) -> Browser:
    return Browser(app)


@pytest.fixture
def another_browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def client(browser: Browser) -> Browser:
    return browser


@pytest.fixture
def leftovers(app: Flask) -> Iterator[None]:
    """Fails the test when a request ends with changes that were neither committed nor rolled back."""
    flushed: set[int] = set()
    found: list[str] = []

    def after_flush(session: Any, _context: Any) -> None:
        flushed.add(id(session))

    def after_end(session: Any) -> None:
        flushed.discard(id(session))

    def check(response: Any) -> Any:
        session = db.session()
        if id(session) in flushed or session.new or session.dirty or session.deleted:
            found.append("a request left uncommitted changes")
        return response

    app.after_request(check)
    events = (("after_flush", after_flush), ("after_commit", after_end), ("after_rollback", after_end))
    for name, listener in events:
        event.listen(db.session, name, listener)
    yield
    for name, listener in events:
        event.remove(db.session, name, listener)
    assert not found, found


@pytest.fixture
def make(app: Flask) -> Make:
    return Make(app)


@pytest.fixture
def officer(make: Make, browser: Browser) -> Staff:
    """王审核 of 210102, who is signed in at ``browser``."""
    officer = make.staff()
    browser.sign_in(officer)
    return officer


@pytest.fixture
def colleague(make: Make, another_browser: Browser) -> Staff:
    """李审核 of the same department, who is signed in at ``another_browser``."""
    colleague = make.staff(name="李审核")
    another_browser.sign_in(colleague)
    return colleague


@pytest.fixture
def manager(make: Make, another_browser: Browser) -> Staff:
    """赵主管 of the same department, who is signed in at ``another_browser``."""
    manager = make.staff(Role.MANAGER, name="赵主管")
    another_browser.sign_in(manager)
    return manager


@pytest.fixture
def held(make: Make, officer: Staff) -> Declaration:
    """A submission in the officer's hands."""
    return make.declaration(Status.IN_REVIEW, officer=officer)


@pytest.fixture
def totp() -> Any:
    """The code that an officer's phone shows now."""
    from tests.support.factory import TOTP_SECRET

    return pyotp.TOTP(TOTP_SECRET).now
