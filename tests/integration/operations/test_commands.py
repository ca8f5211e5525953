"""The commands of the operator: set-up, staff, upkeep, stored files, self-examination, and how they all report."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pyotp
import pysqlite3.dbapi2 as sqlite_driver
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

import commands.report
from lib.codes import AccountState, Role, Status
from lib.database import utcnow
from lib.files import Note
from models import (
    Account,
    ActivationCode,
    Claim,
    Declaration,
    Event,
    Heartbeat,
    PaperPage,
    ParkedForm,
    Staff,
    WebSession,
    db,
)
from services.accounts import activation_codes, passwords
from services.operations import scheduled_jobs, sweeps
from services.papers import papers
from tests.support.people import STAFF_PASSWORD, id_number
from tests.support.rules.house import ROOT
from tests.support.site import faults
from tests.support.site.command_line import Run, runner


@pytest.fixture
def flask(app: Flask) -> Run:
    return runner(app)


# --- staff ------------------------------------------------------------------------------------------------------------

CREATE = ("staff", "create", "wang", "--name", "王审核", "--role", "reviewer", "--department", "210102")


def wang() -> Staff:
    return db.session.scalars(select(Staff).where(Staff.username == "wang")).one()


def test_a_staff_account_is_made_and_its_secret_told_once(flask):
    status, said, _error = flask(*CREATE, "--password-stdin", stdin=f"{STAFF_PASSWORD}\n")

    assert status == 0
    secret = said.splitlines()[1].removeprefix("动态验证码密钥（只显示这一次）：")
    assert secret == wang().totp_secret
    assert pyotp.parse_uri(said.splitlines()[2]).secret == secret
    assert passwords.is_correct(STAFF_PASSWORD, wang().password_hash)
    assert (wang().role, wang().department.code, wang().id_index) == (Role.REVIEWER, "210102", None)


def test_the_officers_own_number_is_kept_as_a_hash(app, flask):
    number = id_number(11)
    flask(*CREATE, "--password-stdin", "--id-number-stdin", stdin=f"{STAFF_PASSWORD}\n{number}\n")

    assert wang().id_index == app.extensions["kuaiji.keys"].index("id_number", number)


@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        ((*CREATE[:-1], "999999"), STAFF_PASSWORD, "没有代码为 999999 的部门"),
        (CREATE, "12345678", "太常见"),
        ((*CREATE, "--id-number-stdin"), f"{STAFF_PASSWORD}\n123", "应为 18 位"),
        (("staff", "reset-password", "nobody"), STAFF_PASSWORD, "没有用户名为 nobody 的工作人员"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(flask, args, stdin, words):
    status, said, error = flask(*args, "--password-stdin", stdin=f"{stdin}\n")

    assert (status, said, error.count("\n")) == (1, "", 1)
    assert error.startswith("错误：")
    assert words in error
    assert db.session.scalars(select(Staff)).all() == []


@pytest.mark.parametrize("args", [("--role", "applicant"), ("--role", "reviewer")])
def test_wrong_usage_is_status_2(flask, args):
    assert flask("staff", "create", "wang", *args)[0] == 2


def test_a_password_is_asked_for_twice_without_stdin(flask):
    assert flask(*CREATE, stdin=f"{STAFF_PASSWORD}\n{STAFF_PASSWORD}\n")[0] == 0
    assert flask("staff", "reset-password", "wang", stdin="another horse 电池\nanother horse 电池\n")[0] == 0

    assert passwords.is_correct("another horse 电池", wang().password_hash)


def test_disabling_and_resetting_end_the_sessions(flask, make, another_browser):
    officer = make.staff()
    another_browser.sign_in(officer)

    assert flask("staff", "disable", officer.username)[:2] == (0, f"已停用 {officer.username}\n")

    assert not db.session.get_one(Staff, officer.id).active
    assert db.session.scalars(select(WebSession.ended_at)).one() is not None


def test_a_new_second_factor_takes_the_place_of_the_old(flask, make):
    officer = make.staff()
    before = officer.totp_secret

    _status, said, _error = flask("staff", "reset-totp", officer.username)

    assert before not in said
    assert db.session.get_one(Staff, officer.id).totp_secret in said


# --- scheduled work ---------------------------------------------------------------------------------------------------


def test_a_tick_does_each_job_and_a_second_one_finds_nothing_left(flask, make):
    declaration = make.declaration(Status.IN_REVIEW)
    make.lapsed(declaration)
    reserved = make.account(reserved_until=utcnow() - timedelta(minutes=1))
    reserved.state = AccountState.RESERVED
    holder = make.legacy()
    activation_codes.issue(holder, None)
    code = db.session.scalars(select(ActivationCode)).one()
    code.expires_at = utcnow() - timedelta(days=31)
    parked = ParkedForm(account_id=declaration.account_id, path="/apply/personal", at=utcnow() - timedelta(hours=25))
    parked.body = []
    young = ParkedForm(account_id=declaration.account_id, path="/apply/personal")
    young.body = []
    db.session.add_all([parked, young])
    db.session.commit()
    ids = declaration.id, reserved.id, young.id

    status, said, error = flask("tick")

    assert (status, error) == (0, "")
    assert said.splitlines() == [
        "释放到期的领取：1",
        "过期的注册：1",
        "过期未保存的表单：1",
        "过期的激活码：1",
        "加入校验链的记录：5",
    ]
    assert db.session.get_one(Declaration, ids[0]).status == Status.SUBMITTED
    assert db.session.get(Account, ids[1]) is None
    assert db.session.scalars(select(ParkedForm.id)).all() == [ids[2]]
    assert flask("tick") == (0, "", "")


def test_a_job_that_fails_keeps_no_other_from_running(flask, make, monkeypatch):
    def broken() -> int:
        raise OperationalError("DELETE", {"name": "单小燕"}, Exception("disk I/O error"))

    make.lapsed(make.declaration(Status.IN_REVIEW))
    sound = scheduled_jobs.jobs
    monkeypatch.setattr(scheduled_jobs, "jobs", lambda here: {"broken": broken, **sound(here)})

    status, said, error = flask("tick")

    assert (status, said) == (1, "释放到期的领取：1\n加入校验链的记录：4\n")
    assert error == "错误：broken：连接不上；请检查它是否在运行、地址和密码是否正确（数据库：disk I/O error）\n"
    assert db.session.scalars(select(Claim)).all() == []


# --- stored files -----------------------------------------------------------------------------------------------------


def path_of(app, address: str):
    return app.config["UPLOADS"] / address[:2] / address[2:4] / address


def test_the_check_of_a_sound_store_says_so(flask, make):
    make.declaration(Status.SUBMITTED)

    status, said, error = flask("storage", "check")

    assert status == 0
    assert said.endswith("缺失或损坏 0 个；没有登记的文件 0 个\n")
    assert error.splitlines()[-1] == "检查：100%"


def test_missing_and_damaged_files_are_listed_with_their_rows(app, flask, make):
    declaration = make.declaration(Status.SUBMITTED)
    photo, sheet, sound = (
        next(page for page in declaration.pages if page.kind == kind) for kind in ("photo", "sheet", "id_portrait")
    )
    path_of(app, photo.address).unlink()
    faults.change_last_byte(path_of(app, sheet.thumb_address))

    status, said, error = flask("storage", "check")

    number = declaration.number
    assert status == 1
    lines = [line.split("（")[0] for line in said.splitlines()]
    assert lines[:-1] == [
        f"缺失：{number} 的 photo 第 1 页",
        f"损坏：{number} 的 sheet 第 1 页",
        f"缺失：{number} 第 1 版信息表的照片",
        f"缺失：{number} 第 1 次提交的 photo 第 1 页",
        f"损坏：{number} 第 1 次提交的 sheet 第 1 页",
    ]
    assert sound.address[:12] not in said
    assert error.splitlines()[-1].startswith("错误：有 2 个文件缺失或损坏")


def test_a_file_that_no_row_names_goes_by_way_of_the_trash(app, flask, make, time_machine_of_files):
    make.declaration(Status.SUBMITTED)
    stray = app.extensions["kuaiji.store"].put(b"stray")
    count = len(papers.referenced())

    assert "已放入回收站 0 个文件" in flask("storage", "sweep")[1], "too young"
    time_machine_of_files(25)
    assert "将要放入回收站 1 个文件" in flask("storage", "sweep", "--dry-run")[1]
    assert path_of(app, stray.address).exists()
    assert "已放入回收站 1 个文件，从回收站删除 0 个" in flask("storage", "sweep")[1]
    time_machine_of_files(25)
    assert "已放入回收站 0 个文件，从回收站删除 1 个" in flask("storage", "sweep")[1]

    assert not app.extensions["kuaiji.store"].exists(stray.address)
    assert f"已登记的文件 {count} 个，缺失或损坏 0 个" in flask("storage", "check")[1]


def test_tick_starts_a_sweep_each_day_and_the_doctor_tells_of_one_that_fails(app, flask, monkeypatch):
    started: list[Any] = []

    def start(*told: Any) -> bool:
        started.append(told[0])
        return True

    monkeypatch.setattr(sweeps, "_sweepers", SimpleNamespace(start=start))
    root, config = Path(), app.config | {"STARTS_DRAWERS": True, "SWEEP_HOUR": 0}
    assert sweeps.start(root, config) == 0, "a new installation has nothing to sweep"
    db.session.commit()
    assert "文件清理" not in flask("doctor")[1]
    db.session.execute(update(Heartbeat).values(at=utcnow() - timedelta(days=3)))
    db.session.commit()
    assert sweeps.start(root, config | {"SWEEP_HOUR": None}) == 0
    assert [sweeps.start(root, config) for _minute in range(2)] == [1, 0]
    assert started[0][-2:] == ("storage", "sweep")
    assert "提醒  文件清理：已有两天没有完成" in flask("doctor")[1]

    assert flask("storage", "sweep")[0] == 0
    Note(app.config["DATA"] / sweeps.STARTED).remove()
    assert sweeps.start(root, config) == 0, "it was done since its hour"
    assert "文件清理" not in flask("doctor")[1]
    assert not sweeps.is_late(config | {"SWEEP_HOUR": None})


def test_pages_of_papers_are_checked_too(flask, make, app):
    """A page that no revision names yet."""
    declaration = make.declaration()
    make.papers(declaration)
    source = next(page.source_address for page in db.session.scalars(select(PaperPage)) if page.source_address)
    path_of(app, source).unlink()

    assert f"缺失：{declaration.number} 的 photo 第 1 页" in flask("storage", "check")[1]


@pytest.fixture
def time_machine_of_files(app):
    """Make every stored file some hours older."""

    def older(hours: int) -> None:
        for path in app.config["UPLOADS"].rglob("*"):
            if path.is_file():
                at = path.stat().st_mtime - hours * 3600
                os.utime(path, (at, at))

    return older


# --- how they report --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\nlines"), "没有料到的错误 ValueError: two"),
        (ValueError(), "没有料到的错误 ValueError"),
        (scheduled_jobs.applicants.StepExpired("late"), "late"),
        (
            OperationalError("SELECT", {"name": "单小燕"}, sqlite_driver.OperationalError("locked")),
            "连接不上；请检查它是否在运行、地址和密码是否正确（数据库：locked）",
        ),
    ],
)
def test_an_error_is_one_line_without_the_values_of_a_statement(error, line):
    assert commands.report.one_line(error) == line


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_what_a_failing_command_began_is_undone(app, make, error):
    account = make.account()

    @commands.report.reporting
    def failing() -> None:
        db.session.get_one(Account, account.id).name = "改了"
        db.session.flush()
        raise error

    with click.Context(click.Command("failing")), pytest.raises(click.ClickException):
        failing()

    assert db.session.get_one(Account, account.id).name == "单小燕"


def test_debugging_shows_the_traceback(app):
    @commands.report.reporting
    def failing() -> None:
        raise ValueError

    app.debug = True
    with click.Context(click.Command("failing")), pytest.raises(ValueError):
        failing()


def test_progress_in_a_pipe_is_a_line_each_tenth(app, capsys):
    with commands.report.progress("reading", 20) as step:
        for _row in range(20):
            step(1)

    assert capsys.readouterr().err.splitlines() == [f"reading：{tenth}0%" for tenth in range(1, 11)]


def test_progress_on_a_terminal_is_a_bar(app, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with commands.report.progress("reading", 2) as step:
        step(2)

    assert "reading" in capsys.readouterr().err


def test_a_setting_that_cannot_be_read_is_one_line(tmp_path):
    """Before any command runs: the program itself cannot start."""
    environ = {"PATH": "/usr/bin:/bin", "KUAIJI_PORT": "many", "KUAIJI_DATA": str(tmp_path)}
    done = subprocess.run(
        [ROOT / ".venv/bin/flask", "tick"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["错误：KUAIJI_PORT='many'：应为整数"]


def test_everything_done_on_the_command_line_is_in_the_audit_trail(flask, make):
    make.legacy(number=id_number(11))
    flask(*CREATE, "--password-stdin", stdin=f"{STAFF_PASSWORD}\n")
    flask("staff", "reset-totp", "wang")
    flask("staff", "disable", "wang")
    flask("legacy", "code", id_number(11))

    events = db.session.execute(select(Event.verb, Event.actor).order_by(Event.id)).all()
    assert [tuple(event) for event in events] == [
        (verb, "system") for verb in ("staff_create", "staff_reset_totp", "staff_disable", "code_issued")
    ]
