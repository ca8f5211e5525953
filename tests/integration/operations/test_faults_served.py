"""The server as shipped, with people at work while its disk fills up and its database is locked, at random moments.

Nobody reads anything but a clear page; what was acknowledged is there, and nothing else; it works again by itself.
"""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app import create_app
from blueprints.gate import COOKIE
from config import TestConfig
from lib.database import LOCK_WAIT_S, transaction_mode
from models import Declaration, PaperPage, db
from services.accounts import sessions
from services.operations import storage_check
from tests.support.applicant.filing import sent_by, store, words
from tests.support.factory import Make, picture
from tests.support.patience import PATIENCE_S
from tests.support.people import EMPLOYED
from tests.support.site import faults
from tests.support.site.served import (
    FLASK,
    ROOT,
    answer,
    environment,
    family,
    free_port,
    wait_for,
    wait_for_line,
)

pytestmark = [pytest.mark.soak, pytest.mark.slow]

PEOPLE, ROUNDS = 4, 12
DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
PORTRAIT = "/apply/papers/id_portrait"  # of one page: a new picture takes the place of the one before


@dataclass
class Person:
    """Saves a page and uploads a picture in turn, until told to stop; remembers what was acknowledged."""

    port: int
    cookies: dict[str, str]
    declaration_id: int
    seed: int
    school: str = ""  # as last acknowledged
    size: int = 0  # of the picture that was last acknowledged
    broke: str = ""  # what ended the work before its time
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: int = 0
    refused: int = 0
    slowest: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        for turn in count(1):
            if self.stop.is_set():
                return
            try:
                self._save(turn) if turn % 2 else self._upload(turn)
            except Exception as error:
                self.broke = repr(error)
                return

    def _ask(self, method: str, path: str, body: bytes = b"", content: str = "") -> SimpleNamespace:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        began = time.monotonic()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies} | ({"Content-Type": content} if content else {})
        line.request(method, path, body or None, headers)
        reply = line.getresponse()
        for cookie in reply.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        page = SimpleNamespace(status=reply.status, text=reply.read().decode(errors="replace"))
        line.close()
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[page.status] += 1
        assert page.status in (200, 302, 503, 507), f"{method} {path}: {words(page.text)}"
        self.refused += page.status in (503, 507)
        return page

    def _save(self, turn: int) -> None:
        page = self._ask("GET", "/apply/education")
        if page.status != 200:
            return
        form = sent_by(page, "/apply/education")
        assert not self.school or form["full_time_school"] == [self.school], "what was acknowledged is not there"
        school = f"样例{self.seed}之{turn}学院".translate(DIGITS)
        body = urlencode(form | {"full_time_school": school}, doseq=True).encode()
        if self._ask("POST", "/apply/education", body, "application/x-www-form-urlencoded").status == 302:
            self.school, self.acknowledged = school, self.acknowledged + 1

    def _upload(self, turn: int) -> None:
        page = self._ask("GET", "/apply/papers")
        if page.status != 200:
            return
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        data = picture(800 + turn % 40, 900 + self.seed, self.seed)
        boundary, body = encode_multipart({"csrf_token": token, "file": FileStorage(BytesIO(data), "p.jpg")})
        if self._ask("POST", PORTRAIT, body, f"multipart/form-data; boundary={boundary}").status == 302:
            self.size, self.acknowledged = len(data), self.acknowledged + 1


@dataclass
class Site:
    app: Flask
    database: Path
    server: subprocess.Popen[str]
    people: list[Person]
    log: list[str] = field(default_factory=list)

    def each(self, counted: str, more: int) -> None:
        """Wait until this has happened to everybody so many more times."""
        goal = [(person, getattr(person, counted) + more) for person in self.people]
        with suppress(AssertionError):  # the words below say more
            wait_for(lambda: all(one.broke or getattr(one, counted) >= least for one, least in goal))
        lacking = [one for one, least in goal if one.broke or getattr(one, counted) < least]
        assert not lacking, (counted, [(one.broke, dict(one.statuses)) for one in lacking], self.log[-5:])

    @contextmanager
    def disk_full(self, limit: int) -> Iterator[None]:
        with ExitStack() as stack:
            for process in family(self.server.pid):
                with suppress(ProcessLookupError):  # a picture's child process has ended
                    stack.enter_context(faults.disk_full(process, limit))
            yield


@pytest.fixture
def site(installed: Path, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "instance"
    threads = str(2 * PEOPLE)  # half of them are for pictures: nobody waits behind another one who waits for the lock
    env = environment(folder, free_port()) | {"KUAIJI_WORKERS": "2", "KUAIJI_THREADS": threads}
    shutil.copytree(installed, folder)
    app = create_app(TestConfig(folder))
    with app.app_context():
        make = Make(app)
        people = [_person(make, int(env["KUAIJI_PORT"]), seed) for seed in range(PEOPLE)]
        server = subprocess.Popen(
            [FLASK, "serve"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert server.stderr
        site = Site(app, folder / "kuaiji.db", server, people)
        threading.Thread(target=lambda: site.log.extend(server.stderr or ()), daemon=True).start()
        wait_for(lambda: answer(env) == 200)
        yield site
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)
        server.stderr.close()
        db.session.remove()
        db.engine.dispose()


def _person(make: Make, port: int, seed: int) -> Person:
    declaration = make.declaration(account=make.account(), **EMPLOYED)
    with transaction_mode("IMMEDIATE"):
        token = sessions.start(account=declaration.account)
        db.session.commit()
    person = Person(port, {COOKIE: token}, declaration.id, seed)
    db.session.rollback()  # reading it began a transaction, and the server wants to write
    return person


@pytest.mark.parametrize("seed", range(2))
def test_random_faults_during_traffic_lose_nothing_and_pass(site, seed):
    chance = Random(seed)
    threads = [threading.Thread(target=person.work) for person in site.people]
    for thread in threads:
        thread.start()
    try:
        for turn in range(ROUNDS):
            site.each("acknowledged", chance.randrange(1, 6))  # it works, again and again
            if (way := (turn + chance.randrange(2)) % 3) == 0:
                with faults.held_lock(site.database):
                    site.each("refused", 6 if turn == 0 else 1)  # the first one takes half a minute
            else:
                with site.disk_full(0 if way == 1 else 150_000):  # the second one: larger files are cut in the middle
                    site.each("refused", chance.randrange(1, 4))
        site.each("acknowledged", 2)
    finally:
        for person in site.people:
            person.stop.set()
        for thread in threads:
            thread.join()
    statuses: Counter[int] = sum((person.statuses for person in site.people), Counter())
    assert {503, 507} <= set(statuses), statuses
    assert max(person.slowest for person in site.people) < 2 * LOCK_WAIT_S, "somebody waited for the lock twice"
    _compare(site)


def _compare(site: Site) -> None:
    """What was answered is there, and every file has its row."""
    db.session.rollback()
    db.session.expire_all()
    for person in site.people:
        declaration = db.session.get_one(Declaration, person.declaration_id)
        assert declaration.full_time_school == person.school
        pages = [page for page in declaration.pages if page.kind == "id_portrait"]
        assert [page.original_size for page in pages] == [person.size]
    addresses = {page.address for page in db.session.query(PaperPage)} | set(store().addresses())
    assert storage_check.check(store(), addresses) == {}
    said = "".join(site.log)
    assert "unexpected error" not in said, said
    assert "database locked" in said
    assert re.search("storage full|database (full|disk error)", said)
    assert not [path for path in (store().root / "tmp").iterdir() if path.stat().st_size == 0]


# --- a small disk of its own ------------------------------------------------------------------------------------------

SMALL_DISK = 'mount -t tmpfs -o size=100m tmpfs "$1" && cp -a "$2/." "$1" && exec "$3" serve --tick-every 1'
PAGES = ("/", "/login", "/guide", "/hotlines", "/notices", "/privacy", "/prepare", "/register", "/claim", "/metrics")


def in_a_namespace(*command: str | Path) -> list[str | Path]:
    """Where one may mount something without rights, seen by this process and its children only."""
    return ["unshare", "--map-root-user", "--mount", *command]


def may_mount() -> bool:
    try:
        return subprocess.run(in_a_namespace("true"), capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not may_mount(), reason="the system lets nobody mount a disk of one's own")
def test_a_disk_that_is_really_full_ends_no_process(installed, tmp_path):
    """A limit on files does not show it: who writes to memory for which a full disk has no room is killed."""
    folder = tmp_path / "instance"
    folder.mkdir()
    env = environment(folder, free_port()) | {"KUAIJI_WORKERS": "2"}
    command = in_a_namespace("sh", "-c", SMALL_DISK, "sh", folder, installed, FLASK)
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: answer(env) == 200)
        rest = Path(f"/proc/{server.pid}/root{folder}/rest")
        with suppress(OSError), rest.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        assert wait_for_line(
            server, "定时任务：记下完成的时间：磁盘已满；请腾出空间，再运行一次（数据库：database or disk is full）\n"
        )
        assert {answer(env, path) for path in PAGES * 3} == {200}
        rest.unlink()
        assert wait_for(lambda: answer(env, "/readyz") == 200)
        assert server.poll() is None
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE_S)
