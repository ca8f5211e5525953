"""Ordinary visitors of a running server, several at once: how long each answer took, and what went wrong."""

from __future__ import annotations

import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.request import urlopen

from tests.support.patience import PATIENCE_S

THINKING = 0.3  # seconds between two pages
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = (("GET", "/", None), ("GET", "/login", None), ("POST", "/login", "name=a&number=1"), ("GET", "/guide", None))


@dataclass
class Visits:
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def visit(port: int, people: int, seconds: float) -> Visits:
    found, end = Visits(), time.monotonic() + seconds
    threads = [threading.Thread(target=_visit, args=(port, found, end)) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _visit(port: int, found: Visits, end: float) -> None:
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        for method, path, body in PAGES:
            begun = time.monotonic()
            try:
                connection.request(method, path, body, FORM if body else {})
                answer = connection.getresponse()
                answer.read()
                if answer.status >= 500:
                    later = answer.headers.get("Retry-After")
                    found.failed.append(f"{path} {answer.status}" + (f", again after {later} s" if later else ""))
            except (OSError, http.client.HTTPException) as error:
                found.failed.append(f"{path} {error!r}")
                connection.close()  # the next page is asked for by a new one, as browsers do
            found.seconds.append(time.monotonic() - begun)
            time.sleep(THINKING)
        connection.close()


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


def large_file(port: int) -> str:
    """The path of a style sheet."""
    with urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as page:
        return str(re.findall(r'href="(/static/[^"]+[.]css)"', page.read().decode())[0])
