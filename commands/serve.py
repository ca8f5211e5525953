"""``flask serve``: the production server and the scheduled jobs under one parent process.

The parent serves no request: it starts granian, ticks once a minute, passes SIGTERM and SIGINT on, and ends with it.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from flask import current_app

from commands import messages, tick
from commands.doctor import migrations
from commands.report import one_line, reporting
from lib.database import transaction_mode
from lib.monitoring import metrics
from models import db, site
from services.operations import doctor
from worker import end_with_parent

SEND_EVERY = 5.0  # seconds between two looks at the outbox

#: Of each process. Each has a thread, which mostly waits; KUAIJI_THREADS of them may work at once (lib/http/bodies.py).
CONNECTIONS = 1000
FILES = CONNECTIONS + 500  # open at a time
LONGEST_HEAD = 65536  # bytes
HEAD_TIMEOUT = 10  # seconds for the head of a request; also how long a connection may wait for the next one

#: Forked workers share the memory of what their parent has loaded (worker.py). Elsewhere than on Linux system libraries
#: do not bear a fork.
GRANIAN = """
import sys
from multiprocessing import set_start_method
from granian.cli import entrypoint
import worker
if __name__ == "__main__":
    if sys.platform == "linux":
        set_start_method("fork")
        worker.load()
    else:
        set_start_method("spawn")
    entrypoint()
"""


@click.command("serve")
@click.option("--tick-every", default=60.0, show_default=True, help="两次定时任务之间的秒数。", metavar="SECONDS")
@click.option(
    "--grace",
    default=10,
    type=click.IntRange(1, 1800),
    show_default=True,
    help="结束时最多等待正在处理的请求多少秒。",
    metavar="SECONDS",
)
@reporting
def command(tick_every: float, grace: int) -> None:
    """运行网站，每分钟做一次定时任务，直到收到 SIGTERM 或 Ctrl-C。"""
    config = current_app.config
    with claimed_port(config["HOST"], config["PORT"]):
        _print_warnings()
        code = _run(tick_every, grace)
    if code:
        raise click.ClickException(f"网站服务意外结束（退出码 {code}）；请查看上面的日志，再启动")


def _print_warnings() -> None:
    """Refuse an old database; print risky settings and the demo accounts."""
    config = current_app.config
    with transaction_mode("DEFERRED"):
        if pending := doctor.pending_migration(migrations()):
            raise click.ClickException(pending)
        if wrong := doctor.foreign_keys(config["KEYS_FILE"]):
            raise click.ClickException(wrong)
        for text in doctor.risky_settings(config):
            click.echo(f"提醒：{text}", err=True)
        if config["DEMO"]:
            from commands.demo import print_accounts  # only here: it brings the demo along

            print_accounts()
        db.session.remove()
    db.engine.dispose()


@contextmanager
def claimed_port(host: str, port: int) -> Iterator[None]:
    """Refuse a used port: granian would share it with the other server, and both would answer in turn.

    Two servers that start at once may both find the port free. On Linux an abstract socket admits only one of them; the
    kernel frees its name when the process ends.
    """
    with socket.socket(socket.AF_UNIX) as claim:
        try:
            if sys.platform.startswith("linux"):
                claim.bind(f"\0kuaiji {host}:{port}")
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            hint = "请停止占用它的程序，或把 KUAIJI_PORT 改为空闲端口"
            raise click.ClickException(f"不能使用 {host}:{port}（{error.strerror}）；{hint}") from error
        yield


def _granian(grace: int) -> list[str]:
    config = current_app.config
    return [
        *(sys.executable, "-c", GRANIAN, "worker:create_server", "--factory", "--interface", "wsgi", "--no-ws"),
        *("--host", config["HOST"], "--port", str(config["PORT"]), "--working-dir", current_app.root_path),
        *("--workers", str(config["WORKERS"]), "--blocking-threads", str(CONNECTIONS)),
        *("--backpressure", str(CONNECTIONS), "--backlog", str(2 * CONNECTIONS)),
        *(
            "--http",
            "1",
            "--http1-buffer-size",
            str(LONGEST_HEAD),
            "--http1-header-read-timeout",
            str(HEAD_TIMEOUT * 1000),
        ),
        *("--respawn-failed-workers", "--workers-kill-timeout", str(grace)),
        *("--log-level", "error", "--no-access-log"),  # do not log addresses and paths
    ]


def _run(tick_every: float, grace: int) -> int:
    """Run the server until it ends; returns its exit status, 0 after a signal."""
    asked = False

    def end(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        if server:
            server.terminate()

    server: subprocess.Popen[bytes] | None = None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    server = _start_server(grace)
    beat, next_tick = _beat(tick_every), time.monotonic() + tick_every
    while not asked:
        try:
            code = server.wait(beat)
            return 0 if asked else code or 1
        except subprocess.TimeoutExpired:
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + tick_every
                _tick()
            _send_messages()
    server.terminate()  # again, in case the signal came before the server was started
    server.wait()
    return 0


def _allow_open_files() -> None:
    """Some systems give a process fewer files than it has connections, unless it asks."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most) if most >= 0 else FILES, most))


def _empty_figures(folder: Path) -> None:
    """Those of the server before are history."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _start_server(grace: int) -> subprocess.Popen[bytes]:
    config = current_app.config
    _allow_open_files()
    _empty_figures(config["METRICS"])
    click.echo(f"网站已启动：http://{config['HOST']}:{config['PORT']}（按 Ctrl-C 结束）")
    return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        _granian(grace),
        cwd=current_app.root_path,
        env=os.environ | {metrics.FOLDER: str(config["METRICS"])},
        process_group=0,  # only the parent gets Ctrl-C: granian must get one signal only
        preexec_fn=end_with_parent,  # safe: this process has one thread
    )


def _beat(tick_every: float) -> float:
    """Codes are waited for: with a sender, the outbox is looked at every few seconds."""
    return min(tick_every, SEND_EVERY) if site().channels else tick_every


def _send_messages() -> None:
    """Within a budget: a slow mail server must not hold up the ticks."""
    try:
        messages.send_due(messages.BUDGET_S)
    except Exception as error:
        _say(f"发送消息：{one_line(error)}")
    finally:
        db.session.remove()


def _tick() -> None:
    """Whatever fails, a server of the database that is away too: the site goes on, and the next tick tries again."""
    try:
        _done, failed = tick.tick()
        for name, why in failed.items():
            _say(f"定时任务：{name}：{why}")
    except Exception as error:
        _say(f"定时任务：{one_line(error)}")
    finally:
        db.session.remove()


def _say(text: str) -> None:
    with suppress(OSError):  # the log's disk is full
        click.echo(text, err=True)
