"""A server keeps answering for its style and scripts while others set up, upgrade and remove around it."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT
from tests.support.site.served import FLASK, Environment, answer, environment, free_port, wait_for

pytestmark = pytest.mark.slow
FILES = ("staff.css", "js/when.js", "js/every.js", "vendor/cropperjs/cropper.min.js")
Fetch = Callable[[], str]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The checkout by links, but with static files of its own, which the test may change.

    app.py is a copy: Flask follows a link, and would find the static files of the real checkout.
    """
    folder = tmp_path / "checkout"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in ("app.py", "static", "instance", "uploads") and not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    shutil.copy(ROOT / "app.py", folder)
    shutil.copytree(ROOT / "static", folder / "static")
    return folder


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return environment(tmp_path / "instance", free_port())


@contextmanager
def serving(checkout: Path, env: Environment) -> Iterator[Fetch]:
    """A running server. The function that it yields fetches each file once, checks it against today's source, and tells
    where the files are.
    """
    sources = {name: (checkout / "static" / name).read_bytes() for name in FILES}
    server = subprocess.Popen([FLASK, "serve"], cwd=checkout, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: answer(env))
        (prefix,) = re.findall(r'href="(/static/[0-9a-f]{10}/)site\.css"', text(env, "/"))

        def fetch() -> str:
            for name, source in sources.items():
                assert packed(env, prefix + name) == source
            return prefix

        yield fetch
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def text(env: Environment, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{env['KUAIJI_PORT']}{path}", timeout=PATIENCE_S) as page:
        return page.read().decode()


def packed(env: Environment, path: str) -> bytes:
    """The file at ``path``, which must come compressed and with our headers. Any other status than 200 raises."""
    request = Request(f"http://127.0.0.1:{env['KUAIJI_PORT']}{path}", headers={"Accept-Encoding": "gzip"})
    with urlopen(request, timeout=PATIENCE_S) as page:
        assert page.status == 200
        assert page.headers["Content-Encoding"] == "gzip"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return gzip.decompress(page.read())


def set_up(checkout: Path, env: Environment) -> subprocess.Popen[bytes]:
    return subprocess.Popen([FLASK, "init"], cwd=checkout, env=env, stdout=subprocess.DEVNULL)


def builds(env: Environment) -> set[Path]:
    return set((Path(env["KUAIJI_DATA"]) / "static").iterdir())


@pytest.mark.soak
def test_every_request_is_answered_while_versions_are_set_up_on_the_same_data(checkout, env):
    assert set_up(checkout, env).wait(PATIENCE_S) == 0
    with serving(checkout, env) as fetch:
        first = builds(env)
        for version in range(2):
            with (checkout / "static/app.css").open("a") as style:
                style.write(f".version-{version} {{ color: red }}\n")
            running = [set_up(checkout, env), set_up(checkout, env)]
            while any(process.poll() is None for process in running):
                fetch()
                time.sleep(0.02)  # the cores are for those who set up
            assert [process.returncode for process in running] == [0, 0]
        shutil.rmtree(checkout / "static")  # the worst that can happen to a checkout
        fetch()
        assert len(builds(env)) == 2  # the served one and the newest; no process used the one between
        assert first < builds(env)


def test_two_servers_of_different_versions_answer_from_the_same_data(checkout, env, installed):
    shutil.copytree(installed, env["KUAIJI_DATA"])
    other = env | {"KUAIJI_PORT": str(free_port())}
    with serving(checkout, env) as fetch:
        (checkout / "static/app.css").write_text("/* the next version */\n" * 50)
        with serving(checkout, other) as fetch_other:
            assert fetch_other() != fetch(), "each serves the files of its own version"
