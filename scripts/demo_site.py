"""A demo site that is the same each time it is made: its own folder, a free port, a fixed clock and a fixed seed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.support.site.served import answer, free_port, wait_for

ROOT = Path(__file__).resolve().parents[1]
FIXED = ROOT / "scripts" / "same_each_time"
#: A Wednesday of a year whose holidays are known, with no holiday before the due dates.
MOMENT = datetime(2026, 11, 18, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
PEOPLE, SEED = "40", "0"
Environment = dict[str, str]


@dataclass(frozen=True)
class Site:
    """``accounts``: user name or name -> the other columns of the tables that ``flask demo`` prints."""

    address: str
    accounts: dict[str, list[str]]


@contextmanager
def serving(folder: Path, people: str = PEOPLE) -> Iterator[Site]:
    """Fill a new demo in ``folder``, and serve it as long as the caller needs it."""
    env = _environment(folder)
    _flask(env, "init")
    accounts = read_accounts(_flask(env, "demo", "--people", people, "--seed", SEED))
    server = subprocess.Popen(_command("serve"), cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: answer(env) == 200, 120)
        yield Site(f"http://127.0.0.1:{env['KUAIJI_PORT']}", accounts)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def read_accounts(printed: str) -> dict[str, list[str]]:
    """The rows of the printed tables, by their first column. Columns are two spaces apart."""
    rows = (re.split(r" {2,}", line.strip()) for line in printed.splitlines() if line.startswith("  "))
    return {first: rest for first, *rest in rows}


def _environment(folder: Path) -> Environment:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = {"DATA": folder, "UPLOADS": folder / "uploads", "SECRET_KEY": "pictures", "PORT": free_port(), "WORKERS": 1}
    # The QR codes of sheets contain the address: a free port would change them with each run.
    ours |= {"BASE_URL": "http://127.0.0.1:8000"}
    fixed = {"PYTHONPATH": str(FIXED), "PICTURES_MOMENT": MOMENT.isoformat(), "PICTURES_SEED": "serve"}
    return kept | fixed | {"FLASK_APP": "app"} | {f"KUAIJI_{name}": str(value) for name, value in ours.items()}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "flask", *words]


def _flask(env: Environment, *words: str) -> str:
    env = env | {"PICTURES_SEED": words[0]}
    return subprocess.run(_command(*words), cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
