"""Output of all commands: errors in one line with exit status 1, progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from lib import files
from lib.database import failure_of
from lib.files import StorageFailure
from models import db

FAILURES = {
    StorageFailure.LOCKED: "正被占用；请稍后再运行一次",
    StorageFailure.FULL: "磁盘已满；请腾出空间，再运行一次",
    StorageFailure.READ_ONLY: "不能写入；请检查权限和挂载，再运行一次",
    StorageFailure.DISK_ERROR: "磁盘读写出错；请检查磁盘",
    StorageFailure.DAMAGED: "已损坏；请停止服务，恢复备份",
    StorageFailure.UNREACHABLE: "连接不上；请检查它是否在运行、地址和密码是否正确",
}
FILE_PROBLEMS: dict[type[OSError], str] = {
    FileExistsError: "文件已存在，没有改动；请换一个文件名",
    FileNotFoundError: "找不到文件或目录；请检查路径",
}


def reporting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Roll back when a command fails or is interrupted, and print the reason in one line of standard error.

    The command runs in the application context. With FLASK_DEBUG the traceback is shown.
    """

    @wraps(command)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            db.session.rollback()
            raise
        except KeyboardInterrupt as error:
            db.session.rollback()
            raise click.ClickException("已中断；没有做完的部分已撤销，请再运行一次") from error
        except Exception as error:
            db.session.rollback()
            if current_app.debug:
                raise
            raise click.ClickException(one_line(error)) from error

    return with_appcontext(wrapper)


def one_line(error: BaseException) -> str:
    """The error without the values of a statement, because they may be personal data."""
    if words := failure_in_words(error):
        return words
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(cause).strip().splitlines()
    ours = type(cause).__module__.split(".")[0] in ("services", "lib", "models", "config", "demo")
    return lines[0] if lines and ours else "没有料到的错误 " + ": ".join([type(cause).__name__, *lines[:1]])


def failure_in_words(error: BaseException) -> str:
    """What a disk or a database does not do, and what to do about it. Empty: the error is about something else."""
    if isinstance(error, OSError):
        failure, place = files.failure_of(error), error.filename or error.strerror
        words = FILE_PROBLEMS.get(type(error)) or (FAILURES.get(failure) if failure else None)
    else:
        failure = failure_of(error) if isinstance(error, DBAPIError) else None
        words = FAILURES.get(failure) if failure else None
        place = f"数据库：{str(getattr(error, 'orig', '')).strip().splitlines()[0]}" if words else ""
    return f"{words}（{place}）" if words else ""


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of finished steps. A bar on a terminal, else a line for each tenth."""
    if sys.stderr.isatty():
        with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
            yield bar.update
        return
    done = shown = 0

    def step(count: int) -> None:
        nonlocal done, shown
        done += count
        tenth = done * 10 // max(length, 1)
        if tenth > shown:
            shown = tenth
            click.echo(f"{label}：{min(tenth, 10)}0%", err=True)

    yield step
