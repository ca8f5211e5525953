"""The real server as a process of its own, for tests of what only it can show: its end, its start, a cut line."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.house import ROOT

FLASK = ROOT / ".venv" / "bin" / "flask"
Environment = dict[str, str]


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def environment(folder: Path, port: int) -> Environment:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = {"DATA": folder, "UPLOADS": folder / "uploads", "PORT": port, "WORKERS": 1, "THREADS": 2}
    return kept | {f"KUAIJI_{name}": str(value) for name, value in ours.items()}


def wait_for(true: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def answer(env: Environment, path: str = "/healthz") -> int:
    with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{env['KUAIJI_PORT']}{path}", timeout=2) as page:
        return int(page.status)
    return 0
