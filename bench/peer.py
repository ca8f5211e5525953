"""A program of bench/peers, run in the environment of its own (bench/.venv) and asked over a pipe."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).parent / ".venv/bin/python"
PROGRAMS = Path(__file__).parent / "peers"


def command(program: str, *arguments: object) -> list[str]:
    return [str(PYTHON), str(PROGRAMS / program), *map(str, arguments)]


class Peer:
    """Each thing asked is one line of JSON, and so is each answer. ``facts``: the line that it began with."""

    def __init__(self, program: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            command(program, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts = self._answer()

    def ask(self, asked: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        self.process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with {self.process.wait()}")
        return dict(json.loads(line))
