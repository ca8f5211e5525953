"""``flask serve``: the whole server as a process: it answers, ticks, ends when asked, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from click import ClickException

from commands import serve
from tests.support.attacks.slow_clients import SlowClients
from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT
from tests.support.site import faults
from tests.support.site.served import (
    FLASK,
    Environment,
    answer,
    descendants,
    environment,
    free_port,
    wait_for,
    wait_for_line,
)
from tests.support.site.visitors import large_file, p95, visit

pytestmark = pytest.mark.slow
OLD = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=30)


@pytest.fixture
def env(installed, tmp_path) -> Environment:
    """An installation of the test's own."""
    shutil.copytree(installed, tmp_path / "instance")
    return environment(tmp_path / "instance", free_port())


@pytest.fixture
def start(env) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the server; it and what it started is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*args: str, said: int = subprocess.PIPE) -> subprocess.Popen[str]:
        server = subprocess.Popen(
            [FLASK, "serve", *args],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        started.append(server)
        return server

    yield run
    for server in started:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.communicate()


def sql(env: Environment, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite.connect(Path(env["KUAIJI_DATA"]) / "kuaiji.db", timeout=10)) as connection:
        rows = connection.execute(statement, values).fetchall()
        connection.commit()
        return list(rows)


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)], ids=lambda how: how.name
)
def test_the_server_answers_whoever_is_slow_and_ends_when_asked(env, start, how):
    """Clients that send byte by byte keep nobody waiting: they are more than the threads at work, and wait elsewhere.

    Both signals have one handler; the test of ctrl-c sends the other one.
    """
    server = start()
    assert wait_for(lambda: answer(env)) == 200
    with SlowClients(int(env["KUAIJI_PORT"]), bodies=25, heads=5):
        assert wait_for(lambda: answer(env, "/login?name=canary")) == 200
        assert wait_for(lambda: answer(env, "/")) == 200
        assert wait_for(lambda: answer(env)) == 200

    os.kill(server.pid, how)

    said, errors = server.communicate(timeout=PATIENCE_S)
    assert server.returncode == 0
    assert f"网站已启动：http://127.0.0.1:{env['KUAIJI_PORT']}" in said
    assert "canary" not in said + errors
    assert "nanobind: leaked" not in errors
    assert not answer(env)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux shows the processes below one")
@pytest.mark.parametrize("processes", [pytest.param(0, marks=pytest.mark.soak), 1, 2])
def test_a_server_that_is_still_starting_ends_at_once(env, start, processes):
    """A worker that missed the signal would be waited for until the grace period ends: longer than this test waits.

    Each run sees the first process and the last one; the moments around them are in the long form.
    """
    server = start("--grace", "1800")
    assert server.stdout
    assert server.stdout.readline().startswith("网站已启动")
    wait_for(lambda: descendants(server.pid) >= processes, pause=0.01)

    server.terminate()

    _said, errors = server.communicate(timeout=PATIENCE_S)
    assert (server.returncode, errors) == (0, "")


def test_ctrl_c_reaches_all_processes_and_still_ends_in_order(env, start):
    server = start()
    wait_for(lambda: answer(env))

    os.killpg(server.pid, signal.SIGINT)

    _said, errors = server.communicate(timeout=PATIENCE_S)
    assert (server.returncode, errors) == (0, "")


def test_the_parent_ticks_and_goes_on_although_one_tick_fails_until_it_is_killed(env, start):
    """The print fails, since its requester is gone; what counts is that a new process took it up by itself.

    On a full disk not even the time of the tick can be written down. Nothing holds the port after the parent was
    killed.
    """
    old, now = f"{OLD:%Y-%m-%d %H:%M:%S.%f}", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
    sql(env, "INSERT INTO attempt (kind, subject, at, failed) VALUES ('sign_in', x'00', ?, 1)", old)
    columns = "uid, staff_id, revisions, state, total, done, created_at, alive_at, drawer, tries"
    killed = ("killed", 999, "[1]", "drawing", 1, 0, now, old, "killed", 1)
    sql(env, f"INSERT INTO print_job ({columns}) VALUES ({', '.join('?' * len(killed))})", *killed)
    sql(env, "DROP TABLE parked_form")
    server = start("--tick-every", "0.5")

    assert wait_for_line(
        server, "定时任务：过期未保存的表单：没有料到的错误 OperationalError: no such table: parked_form\n"
    )
    wait_for(lambda: sql(env, "SELECT count(*) FROM attempt") == [(0,)])
    wait_for(lambda: sql(env, "SELECT state, problem, tries FROM print_job") == [("failed", "rights", 2)])

    with faults.disk_full(server.pid):
        assert wait_for_line(server, "定时任务：记下完成的时间：磁盘读写出错；请检查磁盘（数据库：disk I/O error）\n")
    assert wait_for(lambda: answer(env)) == 200
    assert server.poll() is None
    if sys.platform == "linux":  # only there a child is told that its parent died
        os.kill(server.pid, signal.SIGKILL)
        assert wait_for(lambda: not answer(env))


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a proxy ends slow connections")
def test_five_hundred_slow_clients_at_most_double_the_p95_of_twenty_visitors(env, start):
    env |= {"KUAIJI_WORKERS": "2", "KUAIJI_THREADS": "8"}
    start(said=subprocess.DEVNULL)  # a line for each slow client: nobody reads a pipe meanwhile
    wait_for(lambda: answer(env))
    port = int(env["KUAIJI_PORT"])
    alone = visit(port, people=20, seconds=40)
    with SlowClients(port, bodies=200, heads=200, unread=100, large=large_file(port)):
        crowded = visit(port, people=20, seconds=90)  # longer than a slow connection may live
    assert (alone.failed, crowded.failed) == ([], [])
    assert p95(crowded.seconds) <= 2 * p95(alone.seconds)


def test_a_taken_port_is_refused_before_anything_starts(env, start):
    with closing(socket.create_server(("127.0.0.1", int(env["KUAIJI_PORT"])))):
        server = start()
        said, errors = server.communicate(timeout=PATIENCE_S)

    port = env["KUAIJI_PORT"]
    assert (server.returncode, said) == (1, "")
    what_to_do = "请停止占用它的程序，或把 KUAIJI_PORT 改为空闲端口"
    assert errors == f"错误：不能使用 127.0.0.1:{port}（Address already in use）；{what_to_do}\n"


def test_of_two_servers_that_start_at_once_the_second_is_refused():
    """Neither listens yet, so the system itself would let both have the port."""
    host, port = "127.0.0.1", free_port()
    with (
        serve.claimed_port(host, port),
        pytest.raises(ClickException, match=r"Address already in use）；.*KUAIJI_PORT"),
    ):
        serve.claimed_port(host, port).__enter__()
    with serve.claimed_port(host, port):
        pass  # free again


@dataclass(frozen=True)
class Demo:
    """A folder into which two processes have loaded demo data at once, and how they ended."""

    folder: Path
    said: list[str]
    codes: list[int]


@pytest.fixture(scope="module")
def demo(installed, tmp_path_factory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "instance"
    shutil.copytree(installed, folder)
    env, command = environment(folder, 1), [str(FLASK), "demo", "--people", "1", "--if-empty", "--quiet"]
    loading = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE_S)[0] for process in loading]
    return Demo(folder, said, [process.returncode for process in loading])


def test_of_two_that_load_demo_data_at_once_the_second_finds_it_there(demo):
    assert demo.codes == [0, 0]
    assert "".join(demo.said).count("已生成") == 1


def test_an_old_database_is_refused(env, start):
    sql(env, "DELETE FROM alembic_version")

    server = start()

    assert "错误：数据库：版本是 无" in server.communicate(timeout=PATIENCE_S)[1]
    assert server.returncode == 1


def test_a_server_that_cannot_start_is_an_error(env, start):
    env["KUAIJI_HOST"] = "no-such-host.invalid"

    server = start()

    assert "错误：不能使用 no-such-host.invalid" in server.communicate(timeout=PATIENCE_S)[1]
    assert server.returncode == 1


def test_the_demo_accounts_are_printed_at_the_start(demo, env, start):
    shutil.copytree(demo.folder, env["KUAIJI_DATA"], dirs_exist_ok=True)
    env["KUAIJI_STAFF_TOTP"] = "off"
    server = start()
    wait_for(lambda: answer(env))
    server.terminate()

    said, errors = server.communicate(timeout=PATIENCE_S)
    assert "heping" in said
    assert "张䶮" in said
    assert errors.splitlines()[0].startswith("提醒：KUAIJI_STAFF_TOTP=off：工作人员登录不需要动态验证码")
