"""A job in a process of its own, which tells its CPU and its memory on its last line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def run(module: str, *arguments: object, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What ``python -m module arguments`` tells."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tell(**facts: Any) -> None:
    """The job's last line. The kernel's high-water mark of a new program, unlike getrusage's, is its own."""
    print(json.dumps({"cpu": process_time(), "peak_mb": memory("VmHWM"), **facts}), flush=True)


def memory(name: str, pid: int | str = "self") -> float:
    """MB of one line of the kernel's account: VmHWM is the most so far, Pss the share of what is shared."""
    place = Path(f"/proc/{pid}/{'smaps_rollup' if name == 'Pss' else 'status'}")
    line = next(line for line in place.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
