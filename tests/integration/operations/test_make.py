"""Two set-ups at once: the second waits for the first, finds its work done, and neither ends with an error."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT
from tests.support.site.served import wait_for

FLOCK = shutil.which("flock")
pytestmark = pytest.mark.skipif(not FLOCK or not shutil.which("make"), reason="no flock or no make here")

# As python3: makes an "environment" whose python is this script again. As its pip: notes the call, waits for the word.
PYTHON = """#!/bin/sh
set -eu
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >>calls ;;
    "-m pip install "*) echo "pip ${0##*/} ${*##* }" >>calls; read -r word <go_on ;;
esac
"""
# Notes that somebody asks for the lock, and then asks for it.
WAITING = f"""#!/bin/sh
echo waits >>calls
exec {FLOCK} "$@"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy2(ROOT / name, tmp_path)
    for name, text in (("bin/python3", PYTHON), ("bin/flock", WAITING)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    os.mkfifo(tmp_path / "go_on")
    (tmp_path / "calls").touch()
    return tmp_path


def started(folder: Path, target: str) -> subprocess.Popen[bytes]:
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    return subprocess.Popen(["make", target], cwd=folder, env=env, stdout=subprocess.DEVNULL)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def until(folder: Path, true: Callable[[list[str]], bool]) -> None:
    wait_for(lambda: true(calls(folder)))


@pytest.mark.parametrize("second", ["setup", "setup-dev"])
def test_the_second_set_up_waits_and_finds_the_packages_installed(folder, second):
    running = [started(folder, second)]
    until(folder, lambda said: any(line.startswith("pip") for line in said))
    asked = calls(folder).count("waits")
    running.append(started(folder, "setup"))
    until(folder, lambda said: said.count("waits") > asked)
    (folder / "go_on").write_text("go on\n")
    assert [process.wait(PATIENCE_S) for process in running] == [0, 0]
    installed = [line for line in calls(folder) if line.startswith("pip")]
    lock = "requirements.txt" if second == "setup" else "requirements-dev.txt"
    assert installed == [f"pip python {lock}"]
    assert calls(folder).count("venv") == 1


def test_a_failed_installation_is_an_error_and_is_tried_again(folder):
    (folder / "bin/python3").write_text(PYTHON.replace("read -r word <go_on", "[ -e fine ]"))
    assert started(folder, "setup").wait(PATIENCE_S) != 0
    (folder / "fine").touch()
    assert started(folder, "setup").wait(PATIENCE_S) == 0
    assert started(folder, "setup").wait(PATIENCE_S) == 0
    assert [line for line in calls(folder) if line.startswith("pip")] == ["pip python requirements.txt"] * 2
