"""A second process on the same data, which does what it is asked line by line.

Its arguments: the folder, the address of the database.

``page PATH`` answers with the page's text on one line, ``do PYTHON`` with the value of an expression,
after a commit.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from app import create_app
from config import TestConfig
from models import CalendarDay, Department, Option, db
from services.declaration import deadlines
from services.departments import matching, snapshot

ROOT = Path(__file__).resolve().parents[3]
NAMES = {"db": db, "select": select, "datetime": datetime, "Department": Department, "Option": Option}
NAMES |= {"CalendarDay": CalendarDay, "deadlines": deadlines, "matching": matching, "snapshot": snapshot}


class SecondProcess:
    def __init__(self, folder: Path, database: str) -> None:
        command = [sys.executable, "-m", "tests.support.site.second_process", str(folder), database]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def main() -> None:
    app = create_app(TestConfig(Path(sys.argv[1]), DATABASE_URL=sys.argv[2]))
    for line in sys.stdin:
        verb, _, rest = line.strip().partition(" ")
        if verb == "page":
            answer = app.test_client().get(rest).get_data(as_text=True)
        else:
            with app.app_context():
                answer = str(eval(rest, NAMES))
                db.session.commit()
        sys.stdout.write(answer.replace("\n", " ") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
