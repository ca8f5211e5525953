"""A disk that is full or read-only, a database that is locked or damaged: a clear page, nothing half-written, and it
works again by itself, on every way in which a file or a row is written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError

from app import stored_secret
from blueprints.wizard import intake as wizard_intake
from lib.codes import Status
from lib.database import utcnow
from models import WebSession, db
from services.marks.marks import MarkRequest
from tests.conftest import Browser
from tests.support.applicant.filing import file, filled, pages_of, returned, store, words
from tests.support.applicant.tus_client import Tus, sender
from tests.support.factory import Make, picture, portrait
from tests.support.office.printing import REASON, ask, drawn, submitted
from tests.support.people import EMPLOYED, PASSWORD
from tests.support.site import faults
from tests.support.site.command_line import runner

Act = Callable[[int], Any]
REFERENCE = ("division", "department", "department_division", "option", "calendar_day")


@dataclass
class Fault:
    """``words``: what the person reads; ``log``: what the operator finds."""

    begin: Callable[[], AbstractContextManager[None]]
    status: int
    words: tuple[str, ...]
    log: tuple[str, ...]


@pytest.fixture
def known_faults(app) -> list[Fault]:
    engine, database = db.engine, app.config["DATA"] / "kuaiji.db"
    return [
        Fault(faults.disk_full, 507, ("存储空间已满", "存储出了问题"), ("storage full", "database disk error")),
        Fault(lambda: faults.read_only(engine), 507, ("只能读取",), ("storage read-only", "database read-only")),
        Fault(lambda: faults.locked(engine, database), 503, ("办理的人较多",), ("database locked",)),
    ]


@contextmanager
def listening(sent: list[str], only: tuple[str, ...] = ()) -> Iterator[None]:
    """The statements that are sent from now on."""

    def remember(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not only or statement in only:
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", remember)
    yield
    event.remove(db.engine, "before_cursor_execute", remember)


@pytest.fixture
def immediate(app) -> Iterator[list[str]]:
    """The attempts to get the write lock: each may wait for five seconds."""
    sent: list[str] = []
    with listening(sent, only=("BEGIN IMMEDIATE", "PRAGMA busy_timeout=0")):
        yield sent


def ways(app: Flask, make: Make, token: Callable[[], str]) -> Iterator[tuple[str, int, Act]]:
    """Every way in which something is written: its name, the status when all is well, and how to go it.

    One after the other: each begins from what the ones before have done.
    """
    declaration, ready = make.declaration(**EMPLOYED), make.declaration()
    make.papers(ready)
    applicant, another = (Browser(app).sign_in(row.account) for row in (declaration, ready))
    desk, phone = Browser(app).sign_in(make.staff()), Browser(app)
    page = filled(declaration, "education", full_time_school="样例学院")
    yield "page", 302, lambda expect: applicant.send("/apply/education", page, expect=expect)
    yield "draft", 204, lambda expect: applicant.send("/apply/education/draft", page, expect=expect)
    licence = "/apply/papers/employer_licence"
    yield "upload", 302, lambda expect: applicant.send(licence, {"file": file(picture(700, 900, 5))}, expect=expect)
    photo = filled(declaration, "personal") | {"action": "photo"}
    yield (
        "photo",
        302,
        lambda expect: applicant.send("/apply/personal", photo | {"photo": file(portrait(7))}, expect=expect),
    )
    yield "crop", 302, lambda expect: applicant.send("/apply/personal/crop", {"place": "top"}, expect=expect)
    (uploaded, *_) = pages_of(declaration, "employer_licence")
    yield "rotate", 302, lambda expect: applicant.send(f"/apply/pages/{uploaded.uid}/rotate", expect=expect)
    yield from tus_ways(applicant)
    yield "code", 200, lambda expect: applicant.send(f"{licence}/hand-over", expect=expect)
    address = f"/hand-over/{token()}"
    yield "phone", 200, lambda expect: phone.send(address, {"file": file(picture(700, 900, 6))}, expect=expect)
    yield "sheet", 302, lambda expect: applicant.send("/apply/check/print", expect=expect)
    yield "submit", 302, lambda expect: another.send("/apply/submit", {"agree": "yes"}, expect=expect)
    yield "claim", 302, lambda expect: desk.send(f"/staff/submissions/{ready.uid}/claim", expect=expect)
    yield "audit", 200, lambda expect: desk.open(f"/staff/submissions/{ready.uid}", expect=expect)
    wanted = {"list": "queue", "pick": [ready.uid], "reason": REASON}
    yield "batch", 302, lambda expect: desk.send("/staff/print", wanted, expect=expect)
    person = {"name": ready.account.name, "number": ready.account.id_number, "password": PASSWORD}
    yield "sign in", 302, lambda expect: Browser(app).send("/login", person, expect=expect)


def tus_ways(applicant: Browser) -> Iterator[tuple[str, int, Act]]:
    tus, data = Tus(sender(applicant)), picture(900, 700, 8)
    found: dict[str, str] = {}

    def begin(_expect: int) -> Any:
        answer = tus.begin(len(data))
        found["path"] = answer.headers.get("Location", "")
        return answer

    yield "tus begin", 201, begin
    yield "tus piece", 204, lambda _expect: tus.patch(found["path"], 0, data)
    yield "tus take", 200, lambda _expect: tus.take(found["path"])


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored, but what no request changes."""
    db.session.rollback()
    tables = [table for table in db.metadata.sorted_tables if table.name not in REFERENCE]
    kept = {table.name: [tuple(row) for row in db.session.execute(select(table))] for table in tables}
    db.session.rollback()
    return kept


def refused(fault: Fault, act: Act, immediate: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """Go a way while something fails."""
    immediate.clear()
    caplog.clear()
    with fault.begin():
        answer = act(fault.status)
    assert answer.status == fault.status
    assert any(said in words(answer.text) for said in fault.words), words(answer.text)
    assert any(said in caplog.text for said in fault.log), caplog.text
    assert len(immediate) <= 1, "it waited for the lock more than once"
    assert not list((store().root / "tmp").iterdir())


@pytest.mark.sqlite
def test_every_way_of_writing_says_what_fails_writes_nothing_and_works_again(
    app, make, known_faults, immediate, caplog, tokens
):
    for name, well, act in ways(app, make, lambda: tokens[-1]):
        before = contents()
        for fault in known_faults:
            try:
                refused(fault, act, immediate, caplog)
            except AssertionError as error:
                raise AssertionError(f"{name}: {fault.log[0]}") from error
        assert contents() == before, f"{name}: something was written"
        assert act(well).status == well, name


@pytest.mark.sqlite
def test_reading_goes_on_whatever_cannot_be_written(make, browser, known_faults, immediate):
    """The session's last use is due to be written down, which is not worth an error page, nor any waiting."""
    browser.sign_in(make.declaration().account)
    for fault in known_faults:
        db.session.execute(update(WebSession).values(seen_at=utcnow() - timedelta(minutes=2)))
        db.session.commit()
        immediate.clear()
        with fault.begin():
            browser.open("/apply/check")
        assert immediate.count("PRAGMA busy_timeout=0") == immediate.count("BEGIN IMMEDIATE") > 0


@pytest.mark.sqlite
def test_the_page_of_a_failure_waits_for_nothing(make, browser, known_faults, immediate):
    """The reminder of unsent corrections would ask the database once more."""
    declaration = returned(make, MarkRequest("full_time_level", "", "请核对"))
    browser.sign_in(declaration.account)
    page = filled(declaration, "education", full_time_level="bachelor")
    (lock,) = (fault for fault in known_faults if fault.status == 503)
    sent: list[str] = []
    with lock.begin(), listening(sent):
        browser.send("/apply/education", page, expect=503)
    assert sent.index("BEGIN IMMEDIATE") == len(sent) - 1
    assert immediate == ["BEGIN IMMEDIATE"]


def test_of_several_files_those_before_the_disk_was_full_stay_and_the_page_says_which_are_missing(
    make, browser, monkeypatch
):
    declaration, stored = make.declaration(**EMPLOYED), wizard_intake.intake.prepare
    browser.sign_in(declaration.account)
    sent: list[bytes] = []

    def prepare(settings: Any, kind: str, data: bytes, *rest: Any) -> Any:
        sent.append(data)
        if len(sent) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return stored(settings, kind, data, *rest)

    monkeypatch.setattr(wizard_intake.intake, "prepare", prepare)
    files = [file(picture(700, 900, seed)) for seed in (5, 6, 7)]
    answer = browser.send("/apply/papers/employer_licence", {"file": files}, expect=422)
    assert "第 2 张起没有保存：服务器的存储空间已满" in words(answer.text)
    assert len(sent) == 2
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_drawer_on_a_full_disk_says_so_and_the_job_can_be_asked_for_again(make, app, browser, officer, monkeypatch):
    (one,) = submitted(make, 1)
    job = ask(browser, one)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", lambda dir, **_names: (os.open("/dev/full", os.O_WRONLY), f"{dir}/full"))
        failed = drawn(app, job)
    assert (failed.state, failed.problem) == ("failed", "storage")
    assert "存储空间已满" in words(browser.open(f"/staff/print/{job.uid}").text)

    assert drawn(app, ask(browser, one)).state == "done"


def test_the_sheet_with_a_lost_photo_says_whose_photo_it_is(make, browser, caplog):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    address = pages_of(declaration, "photo")[0].address
    faults.change_last_byte(store().root / address[:2] / address[2:4] / address)

    assert f"编号 {declaration.number} 的个人基本信息表不能打印：一寸照片的文件已丢失或损坏" in words(
        browser.open("/apply/sheet.pdf", expect=404).text
    )
    assert f"{declaration.number}, photo of printed sheet 1: {address}" in caplog.text


def test_a_damaged_value_closes_only_the_page_that_shows_it(make, browser, another_browser, caplog):
    declaration = make.declaration(Status.SUBMITTED)
    account = declaration.account
    account.id_number_sealed = account.id_number_sealed[:-1] + bytes([account.id_number_sealed[-1] ^ 1])
    db.session.commit()
    browser.sign_in(make.staff())
    another_browser.sign_in(account)

    assert "数据库中的这份资料已损坏" in words(another_browser.open("/account", expect=503).text)
    assert f"account|id_number|{account.uid}" in caplog.text
    another_browser.open("/apply/status")
    browser.open(f"/staff/submissions/{declaration.uid}")
    browser.open("/readyz")


def test_a_first_start_on_a_full_disk_leaves_no_empty_secret_behind(tmp_path):
    secret = tmp_path / "secret_key"
    with faults.disk_full(), pytest.raises(OSError, match="too large"):
        stored_secret(secret)
    assert not list(tmp_path.iterdir())
    made = stored_secret(secret)
    assert len(made) == 64
    assert stored_secret(secret) == made
    assert secret.stat().st_mode & 0o777 == 0o600


# --- /readyz ----------------------------------------------------------------------------------------------------------


def works(monitor: Browser) -> bool:
    """Warnings may stand below."""
    return monitor.open("/readyz").text.startswith("ok\n")


def nothing_left(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A folder on a disk of its own that is full."""
    original = os.statvfs

    def statvfs(path: Any) -> os.statvfs_result:
        found = list(original(path))
        if Path(path) == folder:
            found[4] = 0  # f_bavail
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", statvfs)


@pytest.mark.parametrize("name", ["data", "uploads"])
def test_a_monitor_is_told_of_a_full_disk_and_of_its_end(app, browser, monkeypatch, name):
    assert works(browser)
    with monkeypatch.context() as patch:
        nothing_left(patch, app.config[name.upper()])
        assert browser.open("/readyz", expect=503).text == f"{name}: full\n"
    assert works(browser)


def test_a_monitor_is_told_of_what_is_not_there(app, browser, monkeypatch):
    (app.config["UPLOADS"]).rename(app.config["DATA"] / "elsewhere")
    with monkeypatch.context() as patch:
        patch.setattr(db.session, "execute", lambda *_any: (_ for _ in ()).throw(OperationalError("", {}, Exception())))
        assert browser.open("/readyz", expect=503).text == "database: unreachable\nuploads: unreachable\n"
    db.session.execute(text("DROP TABLE reference_version"))
    db.session.commit()
    assert browser.open("/readyz", expect=503).text == "database: not set up\nuploads: unreachable\n"


def test_an_upload_is_not_begun_nor_gone_on_with_when_its_picture_could_not_be_stored(make, app, browser, monkeypatch):
    """Its pieces go into the database, which may have room while the uploads have none."""
    browser.sign_in(make.declaration(**EMPLOYED).account)
    tus, data = Tus(sender(browser)), picture(900, 700, 8)
    path = tus.begin(len(data)).headers["Location"]
    with monkeypatch.context() as patch:
        nothing_left(patch, app.config["UPLOADS"])
        for answer in (tus.begin(len(data)), tus.patch(path, 0, data)):
            assert (answer.status, answer.headers["Tus-Resumable"]) == (507, "1.0.0")
            assert "存储空间已满" in answer.text
    assert tus.patch(path, 0, data).status == 204


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.parametrize(("first", "pages"), [(0, 1), (1, 400)], ids=["beginning", "rest"])
def test_a_damaged_database_is_said_to_be_damaged_until_a_sound_one_is_there(app, make, browser, caplog, first, pages):
    flask, monitor = runner(app), Browser(app)
    database, note = app.config["DATA"] / "kuaiji.db", app.extensions["kuaiji.damage"]
    browser.sign_in(make.account())
    flask_migrate.stamp()
    sound = closed(database).read_bytes()
    faults.damage(database, first, pages)

    assert "数据库需要修复" in words(browser.open("/account", expect=503).text)
    assert "database damaged" in caplog.text
    assert note.read()
    assert monitor.open("/readyz", expect=503).text == "database: damaged\n"
    assert "故障  数据库：已损坏：" in flask("doctor")[1]
    assert flask("init")[2].startswith("错误：数据库已损坏：")
    db.engine.dispose()
    database.write_bytes(sound)
    assert monitor.open("/readyz", expect=503).text == "database: damaged\n"  # nobody has looked yet
    assert "曾遇到损坏" in flask("doctor")[1]
    assert flask("init")[0] == 0
    assert note.read() is None
    assert works(monitor)
    browser.open("/account")


def closed(database: Path) -> Path:
    """The database in one file, which nobody has open."""
    db.session.remove()
    db.engine.dispose()
    connection = faults.sqlite_driver.connect(str(database))
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return database


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_lock_of_postgresql_is_given_up_and_a_server_that_ends_is_a_page(app, make, browser, caplog):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    page = filled(declaration, "education", full_time_level="bachelor")

    def impatient(connection: Any, *_rest: Any) -> None:
        connection.execute("SET lock_timeout = '30ms'")
        connection.commit()

    with faults.connecting(db.engine, impatient), db.engine.connect() as other:
        other.execute(text("LOCK TABLE declaration, draft IN EXCLUSIVE MODE"))
        answer = browser.send("/apply/education", page, expect=503)
        assert "办理的人较多" in words(answer.text)
        assert answer.headers["Retry-After"] == "10"
        other.rollback()
    assert "database locked on wizard.save_step" in caplog.text

    def end_the_server_side(connection: Any, *_rest: Any) -> None:
        process = connection.info.backend_pid
        with psycopg.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")) as other:
            other.execute("SELECT pg_terminate_backend(%s, 20000)", (process,))

    event.listen(db.engine, "checkout", end_the_server_side)
    assert "暂时连接不上数据库" in words(browser.open("/apply/check", expect=503).text)
    assert "database unreachable" in caplog.text
    event.remove(db.engine, "checkout", end_the_server_side)
    browser.open("/apply/check")

    with app.app_context():  # the answer is made: what follows is no error any more
        db.session.execute(text("SELECT 1"))
        end_the_server_side(db.session.connection().connection.driver_connection)
