"""P11: what a browser gets at its first visit: every file, the bytes as they are sent, the number of requests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from bench import filled, report, server
from bench.server import HOST
from tests.support.site.chromium import find_chromium, start_chromium

MUST, AIM = (50, 6), (40, 4)  # KB of 1,000 bytes, requests
PAGES = ("/", "/register")


def run() -> None:
    if not find_chromium():
        print("P11 is left out: no Chromium found")
        return
    with tempfile.TemporaryDirectory() as name:
        filled.make(Path(name), 300)
        with server.running(Path(name)) as served:
            found = {page: _visit(start_chromium(), f"http://{HOST}:{served.port}{page}") for page in PAGES}
    print(f"\nP11: first visit, must ≤ {MUST[0]} KB in {MUST[1]} requests, aim ≤ {AIM[0]} in {AIM[1]}\n")
    rows = [(page, f"{sum(one['bytes'] for one in files) / 1e3:.1f}", len(files)) for page, files in found.items()]
    print(report.table(("page", "KB", "requests"), rows))
    for page, files in found.items():
        told = [(one["path"], f"{one['bytes'] / 1e3:.1f}", one["encoding"]) for one in files]
        print(f"\n{page}\n{report.table(('file', 'KB', 'encoding'), told)}")
    for page, kilobytes, requests in rows:
        must, aim = (f"≤ {most} KB in {count}" for most, count in (MUST, AIM))
        report.note("P11", page, f"{kilobytes} KB in {requests}", must, aim)
    print(f"written to {report.save('p11', {'pages': found})}", flush=True)


def _visit(browser: Browser, address: str) -> list[dict[str, Any]]:
    """The files of one page in a new profile, headers included, until the network is still."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    files: dict[str, dict[str, Any]] = {}
    network.on("Network.responseReceived", lambda event: files.update({event["requestId"]: _file(event["response"])}))
    network.on(
        "Network.loadingFinished",
        lambda event: files[event["requestId"]].update(bytes=event["encodedDataLength"]),
    )
    page.goto(address, wait_until="networkidle")
    context.close()
    return [file for file in files.values() if file["path"]]


def _file(response: dict[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    path = urlsplit(response["url"]).path if response["url"].startswith("http") else ""  # no request: a data: URL
    return {"path": path, "bytes": 0, "encoding": headers.get("content-encoding", "")}
