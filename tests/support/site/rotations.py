"""Rotates keys in processes that are killed. Needs a folder, and the address of the database, as its arguments.

Each line names where the next process is killed: ``commit 3`` before its third commit, ``replace 2`` after it has put
the second file in its place, ``end`` nowhere. The answer is how it ended, as of waitpid.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import create_app
from config import TestConfig
from models import db
from services.operations import key_rotation

ROOT = Path(__file__).resolve().parents[3]


class Rotations:
    def __init__(self, folder: Path, database_url: str) -> None:
        command = [sys.executable, "-m", "tests.support.site.rotations", str(folder), database_url]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rotate(self, killed: str) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{killed}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate()


def _kill_at(where: str, number: int) -> None:
    left = number

    def count(*_arguments: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    if where == "commit":
        event.listen(db.engine, "commit", count)
    elif where == "replace":
        replace = os.replace

        def counted(old: Any, new: Any) -> None:
            replace(old, new)
            count()

        os.replace = counted  # type: ignore[assignment]


def main() -> None:
    folder, url = sys.argv[1:]
    app = create_app(TestConfig(Path(folder), DATABASE_URL=url))
    key_rotation.BATCH = 2
    with app.app_context():
        for line in sys.stdin:
            where, _, number = line.strip().partition(" ")
            if child := os.fork():
                sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
                sys.stdout.flush()
                continue
            _kill_at(where, int(number or 0))
            done = app.test_cli_runner().invoke(args=["keys", "rotate", "--settle", "0"])
            os.write(2, done.output.encode() if done.exit_code else b"")
            os._exit(done.exit_code)


if __name__ == "__main__":
    main()
