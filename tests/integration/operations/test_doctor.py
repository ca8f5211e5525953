"""``flask init`` and ``flask doctor``: a new database, and what is wrong with an installation."""

from __future__ import annotations

import tempfile
from datetime import date

import pysqlite3.dbapi2 as sqlite_driver
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import create_app
from config import TestConfig
from lib.pdf import fonts
from lib.workdays import HOLIDAY
from models import CalendarDay, Department, db
from scripts import release_check
from services.departments.reference_data import load_reference_data
from services.operations import doctor
from tests.support.rules.house import ROOT
from tests.support.site.command_line import Run, runner


@pytest.fixture
def flask(app: Flask) -> Run:
    return runner(app)


# --- set-up and self-examination --------------------------------------------------------------------------------------


@pytest.fixture
def migrated(app, flask):
    """The test's database as ``flask init`` makes it, not as ``create_all`` does."""
    db.session.remove()
    with db.engine.begin() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for name in reversed(names):  # who refers to others first
            if not name.startswith("sqlite_"):
                connection.exec_driver_sql(f'DROP TABLE "{name}"')
    return flask("init")


@pytest.mark.sqlite
def test_init_makes_a_database_that_is_complete_and_can_be_repeated(flask, migrated):
    assert migrated[0] == 0
    assert db.session.scalar(select(func.count()).select_from(Department)) == 116
    assert flask("init")[:2] == (0, "数据库和基础数据已是最新\n")
    assert sum(load_reference_data(ROOT / "data").values()) == 0


@pytest.mark.sqlite
def test_the_doctor_finds_a_new_installation_in_order(flask, migrated):
    status, said, error = flask("doctor")

    assert (status, error) == (0, "")
    levels = {line.split()[0] for line in said.splitlines()}
    assert levels <= {"正常", "提醒"}
    assert "数据库：版本是最新的" in said
    assert f"版本：{release_check.version(ROOT)}（Python" in said
    assert f"SQLite {sqlite_driver.sqlite_version}，日志方式 WAL" in said


def test_the_doctor_names_a_database_that_was_not_migrated(flask):
    db.session.execute(text("DELETE FROM alembic_version"))
    db.session.commit()

    status, said, error = flask("doctor")

    assert status == 1
    assert "故障  数据库：版本是 无，程序需要" in said
    assert error.startswith("错误：有 1 处故障；")


def test_before_init_the_doctor_says_what_to_run(tmp_path):
    """Nothing else of the empty database is reported: it would only hide that line."""
    app = create_app(TestConfig(tmp_path))
    with app.app_context():
        status, said, error = runner(app)("doctor")
        db.engine.dispose()

    faults = [line for line in said.splitlines() if line.startswith("故障")]
    assert (status, error[:9], error.count("\n")) == (1, "错误：有 1 处故", 1)
    assert faults == ["故障  数据库：还是空的；请运行 flask init"]


@pytest.mark.sqlite
def test_another_database_is_named_with_its_version(app, monkeypatch):
    monkeypatch.setattr(db.engine.dialect, "name", "postgresql")

    assert levels(doctor.database(ROOT / "migrations"))[0] == (
        "ok",
        f"数据库：postgresql {sqlite_driver.sqlite_version}",
    )
    assert doctor.damage_found() == ""  # PostgreSQL looks for damage itself


@pytest.mark.sqlite
def test_a_database_that_cannot_be_read_through_is_not_called_damaged(app, monkeypatch):
    def away() -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(db.engine, "connect", away)
    with pytest.raises(OperationalError):
        doctor.damage_found()


def levels(found) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in found]


@pytest.mark.sqlite
def test_each_examination_says_what_is_wrong(app, monkeypatch, tmp_path):
    app.config["KEYS_FILE"].chmod(0o644)
    assert ("warning", f"密钥：别人也能读 {app.config['KEYS_FILE']}（权限 644）；请运行 chmod 600") in levels(
        doctor.settings(app.config)
    )
    monkeypatch.setattr(doctor, "wal_is_safe", lambda _version: False)
    assert "在 WAL 方式下可能丢失写入" in levels(doctor.database(ROOT / "migrations"))[0][1]
    monkeypatch.setattr(doctor, "LOW_SPACE", 1 << 80)
    assert levels(doctor.storage(app.extensions["kuaiji.store"]))[0][0] == "warning"
    monkeypatch.setattr(fonts, "fallbacks_found", list)
    assert levels(doctor.print_fonts())[0][0] == "warning"
    monkeypatch.setattr(fonts, "SERIF", tmp_path / "none.ttf")
    assert levels(doctor.print_fonts()) == [
        ("fault", f"字体：缺少 {tmp_path / 'none.ttf'}，不能打印信息表；请恢复这个文件")
    ]
    db.session.execute(text("DELETE FROM option"))
    assert "请运行 flask init" in levels(doctor.reference_data())[0][1]


def test_a_store_that_cannot_be_written_is_a_fault(app, monkeypatch):
    def refused(**_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)

    assert levels(doctor.storage(app.extensions["kuaiji.store"])) == [
        ("fault", f"存储：不能写入 {app.config['UPLOADS']}（Read-only file system）；请检查权限、挂载和空间")
    ]


def test_an_examination_that_breaks_is_a_fault_and_the_others_go_on(app, monkeypatch):
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(doctor, "reference_data", broken)

    notes = doctor.Notes(app.extensions["kuaiji.damage"], app.extensions["kuaiji.proxy"])
    found = levels(
        doctor.examine(app.config, ROOT / "migrations", app.extensions["kuaiji.store"], date(2026, 3, 1), notes)
    )

    assert ("fault", "这一项没能检查：RuntimeError: 没有说明") in found
    assert found[-1][1].startswith("日历：")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"STAFF_TOTP": "off"}, "KUAIJI_STAFF_TOTP=off"),
        ({"LEGACY_CLAIM_FACTORS": "archive_no,none"}, "KUAIJI_LEGACY_CLAIM_FACTORS 含有 none"),
        ({}, ""),
    ],
)
def test_risky_settings_are_warned_about(app, settings, words):
    found = doctor.risky_settings(app.config)

    assert len(found) == bool(words)
    assert all(words in text for text in found)


@pytest.mark.parametrize(
    ("today", "known", "warned"),
    [
        (date(2026, 10, 31), [2026], []),
        (date(2026, 11, 1), [2026], [2027]),
        (date(2026, 11, 1), [2026, 2027], []),
        (date(2027, 2, 1), [2026], [2027, 2028]),
        (date(2027, 2, 1), [2026, 2027], []),
    ],
)
def test_next_years_calendar_is_asked_for_from_november_on(app, today, known, warned):
    db.session.execute(text("DELETE FROM calendar_day"))
    db.session.add_all([CalendarDay(day=date(year, 10, 1), kind=HOLIDAY, source="notice") for year in known])

    found = levels(doctor.calendar(today))

    assert [int(words.split("还没有 ")[1][:4]) for level, words in found if level == "warning"] == warned
    assert [level for level, _words in found if level == "ok"] == ([] if warned else ["ok"])
