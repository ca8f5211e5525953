"""For tests of back-ups: a second installation, what a database holds, and processes that die half-way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, inspect

from app import create_app
from config import TestConfig
from lib.backup import encryption
from lib.backup.archive import Archive
from lib.database import copies
from models import db
from tests.support.site.command_line import runner
from tests.support.site.served import free_port

SECRET, PUBLIC = encryption.new_identity()
Rows = dict[str, list[str]]
_FORK = multiprocessing.get_context("fork")  # starts in milliseconds


def installation(folder: Path, **settings: str) -> Flask:
    """A new one, with keys of its own and an empty database; no server is at its port."""
    return create_app(TestConfig(folder, PORT=str(free_port()), **settings))


@contextmanager
def entered(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def rows(connection: Connection) -> Rows:
    """Every row, except for those that a restore adds."""
    tables = {
        name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
        for name in sorted(inspect(connection).get_table_names())
    }
    return tables | {"event": [row for row in tables["event"] if "'backup_restore'" not in row]}


def stored_rows() -> Rows:
    with db.engine.connect() as connection:
        return rows(connection)


@contextmanager
def watched_cut(monkeypatch: Any) -> Iterator[list[Rows]]:
    """What each back-up has seen at its cut, by its own connection."""
    seen: list[Rows] = []
    begin = copies.begin_snapshot

    def watched(session: Any, engine: str) -> tuple[Connection, str]:
        connection, revision = begin(session, engine)
        seen.append(rows(connection))
        return connection, revision

    with monkeypatch.context() as patch:
        patch.setattr(copies, "begin_snapshot", watched)
        yield seen


def start(work: Callable[[], object]) -> Any:
    """Do something in a process of its own, with connections of its own."""
    db.session.remove()
    db.engine.dispose()
    process = _FORK.Process(target=work, daemon=True)
    process.start()
    return process


@contextmanager
def at_work(works: list[Callable[[Any], object]]) -> Iterator[None]:
    """Each in a process of its own, until the event that it is given is set."""
    ended = _FORK.Event()
    processes = [start(partial(work, ended)) for work in works]
    try:
        yield
    finally:
        ended.set()
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0] * len(works)


def file_operations(work: Callable[[], object]) -> int:
    """How many times a piece of work opens, renames or removes files."""
    ours, theirs = _FORK.Pipe()

    def counted() -> None:
        count = _counter(None)
        work()
        theirs.send(count[0])

    process = start(counted)
    found = int(ours.recv())
    process.join()
    return found


def killed_at(operation: int, work: Callable[[], object]) -> bool:
    """Do something in a process that is killed at its n-th operation on a file. Was it?"""

    def doomed() -> None:
        _counter(operation)
        work()

    process = start(doomed)
    process.join()
    return bool(process.exitcode == -signal.SIGKILL)


def _counter(last: int | None) -> list[int]:
    count = [0]

    def hook(event: str, _arguments: object) -> None:
        if event in ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir"):
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


class Kept:
    """An installation with one declaration, its commands, and a folder for its back-ups."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self.flask, self.folder = app, runner(app), folder / "backups"
        self.private = folder / "private"
        self.private.write_text(SECRET)

    def made(self, *options: str) -> Path:
        status, _said, error = self.flask("backup", "create", str(self.folder), *options)
        assert status == 0, error
        return self.folder / Archive(self.folder).names()[-1]

    def refused(self, command: str, *options: str) -> str:
        status, _said, error = self.flask("backup", command, str(self.folder), *options)
        assert status == 1
        return error.splitlines()[-1].removeprefix("错误：")

    def copies(self) -> list[Path]:
        return sorted(self.folder.glob("files/*/*/*.age"))


def restore(app: Flask, kept: Kept, *options: str) -> tuple[int, str]:
    status, said, error = runner(app)("backup", "restore", str(kept.folder), "--identity", str(kept.private), *options)
    return status, said if status == 0 else error.splitlines()[-1].removeprefix("错误：")
