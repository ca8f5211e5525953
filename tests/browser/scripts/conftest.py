"""A page in Chromium and the small server behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from tests.support.patience import PATIENCE_S
from tests.support.site.chromium import chromium_or_skip
from tests.support.site.scripts_site import Site, handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A page of the site; the test fails on a script error or a breach of the policy (both are on the console)."""
    problems: list[str] = []
    context = chromium_or_skip().new_context(base_url=f"http://127.0.0.1:{site.port}", locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert [line for line in problems if "Failed to load resource" not in line] == []
