"""The system's Chromium for browser tests: found, started once a process, and shared by all its tests.

Its headless shell is the same engine without the window around the page, which takes half of the time.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.patience import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(names: Sequence[str] = (*SHELLS, *PROGRAMS)) -> str | None:
    """The program, or the one that KUAIJI_CHROMIUM names; Playwright's own download is never used."""
    named = os.environ.get("KUAIJI_CHROMIUM")
    return named or next((path for name in names if (path := shutil.which(name))), None)


@functools.cache
def start_chromium() -> Browser:
    """A headless Chromium that lives until this process ends. Playwright's sync API starts once a thread only."""
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    # Root, and containers without user namespaces, cannot have Chromium's sandbox; it only sees pages of these tests.
    return playwright.chromium.launch(
        executable_path=find_chromium(),
        # Pages live for a moment and axe comes anew to each: its code is thrown away soon after it was made fast.
        args=["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--no-maglev,--no-turbofan"],
        ignore_default_args=["--hide-scrollbars"],  # people have them, and they take room
    )


def chromium_or_skip() -> Browser:
    """Skips the test where no browser is installed; fails it when CI is set, so that a green run has tested pages."""
    if find_chromium():
        return start_chromium()
    message = f"no browser found: install one of {', '.join((*SHELLS, *PROGRAMS))} (scripts/ensure_chromium.sh does it)"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def wait_until(page: Page, true: Callable[[], Any]) -> None:
    """Wait for what no page shows; the routes of a test are served meanwhile."""
    for _try in range(PATIENCE_S * 20):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")
