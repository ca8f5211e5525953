"""Drawers of sheets that are printed together: in turn, killed, taken over, cancelled; and the file's day."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any

import pytest

from commands import print_sheets, tick
from lib.codes import Role
from lib.database import utcnow
from lib.monitoring import metrics
from lib.sandbox import background
from lib.storage import FileMissing
from models import PrintJob, db
from services.operations import storage_check
from services.papers import papers
from services.sheet import batch_print
from tests.support.office.printing import REASON, ask, draw, drawn, job_at, pdf_of, submitted, uids
from tests.support.rules.house import ROOT


@pytest.fixture
def desk(browser, officer):
    """The officer is signed in at it."""
    return browser


@pytest.fixture
def store(app):
    return app.extensions["kuaiji.store"]


# --- one after the other, killed, cancelled ---------------------------------------------------------


def taken(drawer: str) -> int | None:
    job = batch_print.take(drawer)
    return job.id if job else None


def test_one_job_of_an_officer_at_a_time(make, desk):
    first, second = submitted(make, 2)
    job = ask(desk, first)

    page = desk.send("/staff/print", {"list": "queue", "pick": uids(second), "reason": REASON})

    assert page.location.endswith(job.uid)
    assert "上一份打印还没有生成好" in desk.follow(page).text


def test_a_killed_drawer_is_taken_over_and_what_it_does_afterwards_counts_for_nothing(make, app, desk, store):
    job = ask(desk, *submitted(make, 1))
    killed = batch_print.new_drawer()
    assert taken(killed) == job.id
    db.session.commit()
    draw(app)
    assert job_at(job.uid).drawer == killed  # it may still be alive

    db.session.get_one(PrintJob, job.id).alive_at = utcnow() - timedelta(minutes=2)
    db.session.commit()
    done = drawn(app, job)

    assert (done.state, done.tries) == ("done", 2)
    address, revisions = done.address, done.revisions
    late = store.put(b"late")
    assert not batch_print.beat(job.id, killed, done=1)
    assert not batch_print.finish(job.id, killed, [1], late)
    assert not batch_print.fail(job.id, killed, "broken")
    db.session.commit()
    assert (job_at(job.uid).address, job_at(job.uid).revisions) == (address, revisions)


def test_a_job_that_killed_three_drawers_has_failed(make, app, desk):
    job = ask(desk, *submitted(make, 1))
    for _ in range(batch_print.TRIES):
        assert taken(batch_print.new_drawer()) == job.id
        db.session.get_one(PrintJob, job.id).alive_at = utcnow() - timedelta(minutes=2)
        db.session.commit()

    assert (drawn(app, job).state, job.problem) == ("failed", "broken")
    assert "生成时出错" in desk.open(f"/staff/print/{job.uid}").text


def test_two_drawers_never_take_the_same_job(make, desk):
    job = ask(desk, *submitted(make, 1))

    assert [taken("first"), taken("second")] == [job.id, None]


def test_cancelling_stops_the_drawer_in_the_middle(make, app, desk, monkeypatch):
    monkeypatch.setattr(print_sheets, "CHUNK", 1)
    job = ask(desk, *submitted(make, 3))
    looked = []
    beat = batch_print.beat

    def cancelled_meanwhile(job_id: int, drawer: str, *, done: int) -> bool:
        looked.append(done)
        if done == 1:
            batch_print.cancel(db.session.get_one(PrintJob, job_id))
            db.session.flush()
        return beat(job_id, drawer, done=done)

    monkeypatch.setattr(batch_print, "beat", cancelled_meanwhile)
    result = draw(app)

    assert result.exit_code == 0, result.output
    assert looked == [0, 1]
    desk.open(f"/staff/print/{job.uid}", expect=404)


def test_a_person_cancels_and_the_page_is_gone(make, app, desk):
    job = ask(desk, *submitted(make, 1))
    page = desk.send(f"/staff/print/{job.uid}/cancel")
    assert "已取消" in desk.follow(page).text
    assert draw(app).exit_code == 0
    desk.open(f"/staff/print/{job.uid}", expect=404)


def test_what_breaks_fails_with_a_message_and_the_next_job_is_drawn(make, app, desk, store, another_browser):
    broken, fine = submitted(make, 2)
    photo = papers.photo_address(broken)
    assert photo
    (store.root / photo[:2]).rename(store.root / "away")
    job = ask(desk, broken)
    other = another_browser.sign_in(make.staff(Role.MANAGER, department="210102"))
    second = ask(other, fine)

    result = draw(app)

    assert f"打印任务 {job.id}：{broken.number} 第 1 版信息表的照片（{photo}）\n" == result.output
    assert broken.account.name not in result.output
    assert job_at(job.uid).state == "failed"
    assert f"编号 {broken.number} 的一寸照片文件已丢失或损坏" in desk.open(f"/staff/print/{job.uid}").text
    assert job_at(second.uid).state == "done"


# --- the file ---------------------------------------------------------------------------------------


def test_the_file_is_encrypted_named_by_its_row_and_gone_after_a_day(make, app, desk, store):
    (declaration,) = submitted(make, 1)
    job = drawn(app, ask(desk, declaration))
    address = job.address
    assert address in papers.referenced()
    assert storage_check.check(store, [address]) == {}
    assert list(storage_check.rows_naming({address})) == [(f"打印任务 {job.uid}", address)]
    assert b"%PDF" not in next(store.root.glob(f"*/*/{address}")).read_bytes()

    assert batch_print.forget_old(store) == 0
    db.session.get_one(PrintJob, job.id).created_at = utcnow() - timedelta(hours=25)
    _age(store, address)
    assert batch_print.forget_old(store) == 1
    db.session.commit()

    with pytest.raises(FileMissing):
        store.get(address)
    desk.open(f"/staff/print/{job.uid}/file", expect=404)


def _age(store: Any, address: str) -> None:
    path = next(store.root.glob(f"*/*/{address}"))
    then = path.stat().st_mtime - 90_000
    os.utime(path, (then, then))


def test_the_same_bytes_of_a_newer_job_stay(make, app, desk, store):
    (declaration,) = submitted(make, 1)
    old = drawn(app, ask(desk, declaration))
    new = drawn(app, ask(desk, declaration))
    assert old.address == new.address
    db.session.get_one(PrintJob, old.id).created_at = utcnow() - timedelta(hours=25)
    _age(store, new.address or "")

    assert batch_print.forget_old(store) == 1
    db.session.commit()

    assert len(pdf_of(desk, new).pages) == 1


def test_the_tick_starts_a_drawer_only_for_what_waits(make, app, desk, monkeypatch):
    started: list[Any] = []
    monkeypatch.setattr(batch_print, "start_drawer", started.append)
    monkeypatch.setitem(app.config, "STARTS_DRAWERS", True)
    assert tick.tick()[0]["接着处理的打印任务"] == 0
    assert started == []
    ask(desk, *submitted(make, 1))
    assert len(started) == 1
    assert tick.tick()[0]["接着处理的打印任务"] == 1
    assert len(started) == 2


def test_who_asks_and_cancels_again_and_again_does_not_fill_the_machine_with_drawers(monkeypatch, tmp_path):
    started: list[Any] = []

    class Running:
        returncode: int | None = None

        def __init__(self, *_command: Any, **_options: Any) -> None:
            started.append(self)

        def poll(self) -> int | None:
            return self.returncode

    monkeypatch.setattr(batch_print, "_drawers", background.BackgroundProcesses(batch_print.MOST_DRAWERS))
    monkeypatch.setattr(background.subprocess, "Popen", Running)
    for _ in range(5):
        batch_print.start_drawer(tmp_path)
    assert len(started) == batch_print.MOST_DRAWERS
    started[0].returncode = 0
    batch_print.start_drawer(tmp_path)
    assert len(started) == batch_print.MOST_DRAWERS + 1


def test_a_drawer_leaves_no_file_of_figures_behind(monkeypatch, tmp_path):
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    code = "import os; from lib.monitoring import metrics; metrics.picture_refused(os.environ['REASON'])"
    drawers = background.BackgroundProcesses(1)
    assert drawers.start((sys.executable, "-c", code), ROOT, {"REASON": "small"})
    (drawer,) = drawers._running
    assert drawer.wait() == 0
    assert not list(tmp_path.iterdir())
