"""When a back-up is made by itself, how it is written down, and who hears of one that is missing or failed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

import commands.backup
from commands import tick
from lib.backup.archive import Archive
from lib.codes import Role
from lib.database import utcnow
from models import BackupRun, db
from services.operations import backup_runs, daily, doctor, scheduled_jobs
from tests.support.applicant.filing import words
from tests.support.site.backups import Kept


@pytest.fixture
def scheduled(kept) -> Kept:
    kept.app.config |= {"BACKUP_DIR": kept.folder, "BACKUP_WITH_KEYS": True, "BACKUP_KEEP": 2, "STARTS_DRAWERS": True}
    return kept


def told(kept: Kept) -> list[tuple[str, str]]:
    return [(found.level, found.text) for found in doctor.backup(kept.app.config)]


def test_one_is_made_each_day_checked_each_week_and_old_ones_go(scheduled, monkeypatch):
    monkeypatch.setattr(backup_runs, "is_due", lambda _hour, _now: True)
    assert "不是备份目录" in scheduled.flask("backup", "scheduled")[2]  # its disk may not be mounted
    assert told(scheduled)[0][0] == "fault"
    Archive.prepared(scheduled.folder)
    for _day in range(3):
        assert scheduled.flask("backup", "scheduled")[0] == 0
    assert len(Archive(scheduled.folder).names()) == 2
    assert [run.kind for run in db.session.scalars(select(BackupRun))] == [
        *("create", "create", "verify", "create", "create")
    ]
    monkeypatch.undo()
    assert scheduled.flask("backup", "scheduled") == (0, "", "")  # the hour has not come again


def test_tick_starts_one_when_its_hour_has_come(scheduled, monkeypatch):
    started: list[Any] = []

    def start(command: Any, *_more: Any) -> bool:
        started.append(command)
        return True

    monkeypatch.setattr(backup_runs, "_makers", SimpleNamespace(start=start))
    config, now = scheduled.app.config, utcnow()
    assert [backup_runs.start(Path(), config) for _minute in range(2)] == [1, 0]
    assert started[0][-2:] == ("backup", "scheduled")
    later = now + daily.RETRY_AFTER + timedelta(minutes=1)
    monkeypatch.setattr(daily, "utcnow", lambda: later)
    assert backup_runs.start(Path(), config) == 1  # that one has failed, or was killed
    scheduled.made()
    assert not backup_runs.is_due(0, utcnow())
    assert backup_runs.is_due(0, utcnow() + timedelta(days=1))
    assert "启动的备份" in scheduled_jobs.jobs(tick._installation())


def test_the_administrator_the_monitor_and_the_doctor_are_told(scheduled, browser, make):
    browser.sign_in(make.staff(Role.SYSTEM, department="210000"))
    assert ("fault", "备份：还没有做过；请运行 flask backup create 做第一份，以后由 flask tick 每天做") in told(
        scheduled
    )
    assert "还没有做过备份" in words(browser.open("/staff/admin/backups").text)
    assert browser.open("/readyz").text.startswith("ok\nbackup: made never (late)\nbackup: verified never\n")

    scheduled.made("--with-keys")
    assert scheduled.flask("backup", "verify")[0] == 0
    assert [level for level, _text in told(scheduled)] == ["ok", "ok"]
    assert browser.open("/readyz").text.startswith("ok\nbackup: made 0 hours ago\nbackup: verified 0 hours ago\n")
    page = words(browser.open("/staff/admin/backups").text)
    assert "成功" in page
    assert "没有密钥文件" not in page

    scheduled.made()
    assert [level for level, _text in told(scheduled)] == ["ok", "ok"], "the setting puts the keys in"
    scheduled.app.config["BACKUP_WITH_KEYS"] = False
    scheduled.made()
    assert ("warning", doctor.keys_are_needed(scheduled.app.config["KEYS_FILE"])) in told(scheduled)
    scheduled.copies()[0].unlink()
    assert "1 个文件缺少或损坏" in scheduled.refused("verify")
    assert told(scheduled)[0][0] == "fault"
    assert "没有成功" in words(browser.open("/staff/admin/backups").text)
    for run in db.session.scalars(select(BackupRun)):
        run.begun_at, run.ended_at = (at - timedelta(days=3) for at in (run.begun_at, run.ended_at))
    db.session.commit()
    assert "已经过期" in str(told(scheduled))
    assert browser.open("/readyz").text.splitlines()[1] == "backup: made 72 hours ago (late)"


def test_what_took_long_waits_for_a_lock_to_be_written_down(kept, monkeypatch):
    record, tries = backup_runs.record, list[int]()

    def busy(*told: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("", {}, locked)
        record(*told)

    locked = Exception("database is locked")
    locked.sqlite_errorcode = 5  # type: ignore[attr-defined]
    monkeypatch.setattr(backup_runs, "record", busy)
    kept.made()
    assert (len(tries), db.session.scalar(select(BackupRun.ok))) == (3, True)
    monkeypatch.setattr(commands.backup, "TRIES", 1)
    tries.clear()
    assert "locked" in kept.refused("create")
