"""Static files are built once under a mark of their contents; a second builder finds them; unused ones are removed."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import brotli
import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response
from whitenoise.compress import Compressor

from lib.http import static_files
from lib.http.combined_files import MAIN, PACKED, SHEET, SHEET_PARTS, combined
from lib.http.static_files import Build, StaticFiles, build, prepared
from tests.support.patience import PATIENCE_S
from tests.support.rules.house import ROOT

STATIC = ROOT / "static"
STYLE = b"p { color: red }\n" * 50
SCRIPT = b"export const answer = 42;\n" * 50
MARK = static_files.mark_of({"app.css": STYLE, "js/main.js": SCRIPT, "icon.png": b"\x89PNG"})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "js").mkdir(parents=True)
    (folder / "app.css").write_bytes(STYLE)
    (folder / "js/main.js").write_bytes(SCRIPT)
    (folder / "icon.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    return tmp_path / "builds"


@pytest.fixture
def builder(source: Path, builds: Path) -> Iterator[Callable[[], Build]]:
    """Build as a process does that then serves; its locks are released after the test."""
    kept: list[int] = []

    def run() -> Build:
        made, descriptor = build(source, builds)
        kept.append(descriptor)
        return made

    yield run
    for descriptor in kept:
        os.close(descriptor)


def built_and_let_go(source: Path, builds: Path) -> Build:
    """As a process that has ended."""
    made, descriptor = build(source, builds)
    os.close(descriptor)
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def complete(folder: Path) -> bool:
    found = files(folder)
    return (
        set(found)
        == {"icon.png"} | {f"{name}{end}" for name in ("app.css", "js/main.js") for end in ("", ".gz", ".br")}
        and brotli.decompress(found["app.css.br"]) == STYLE
        and gzip.decompress(found["app.css.gz"]) == found["app.css"] == STYLE
        and gzip.decompress(found["js/main.js.gz"]) == found["js/main.js"] == SCRIPT
    )


def test_a_build_holds_each_file_and_what_is_smaller_compressed(source, builds, builder):
    before = files(source)
    made = builder()
    assert complete(made.folder)
    assert made.folder == builds / made.mark
    assert files(source) == before


def test_the_address_changes_with_names_and_contents_only(source, builder):
    first = builder()
    assert re.fullmatch(r"static/[0-9a-f]{10}/", first.prefix)
    os.utime(source / "app.css", (1, 1))
    assert builder() == first

    (source / "app.css").write_bytes(b"p { color: blue }")
    changed = builder()
    (source / "app.css").rename(source / "other.css")
    assert len({first.mark, changed.mark, builder().mark}) == 3


def test_compressed_copies_of_an_earlier_version_are_left_out(source, builder):
    first = builder()
    (source / "app.css.gz").write_bytes(gzip.compress(b"stale"))
    (source / "js/main.js.br").write_bytes(b"stale")
    assert builder() == first
    assert complete(first.folder)


def test_a_second_builder_uses_what_it_finds(builder):
    first = builder()
    inode = (first.folder / "app.css").stat().st_ino
    assert builder() == first
    assert (first.folder / "app.css").stat().st_ino == inode


def test_all_may_read_a_build_whatever_the_mask_of_its_maker(builder):
    before = os.umask(0o077)
    try:
        made = builder()
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in made.folder.rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (made.folder, made.folder / "js")} == {0o755}


def test_one_style_sheet_and_one_module_hold_what_a_first_visit_needs():
    sources = {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.is_file()}
    made = combined(sources)
    sheet, main = made[SHEET].decode(), made[MAIN].decode()
    assert sheet.startswith('@charset "UTF-8";/*!\n * Bootstrap ')  # with its licence
    for name in SHEET_PARTS:
        assert name not in made
        assert re.sub(r"\s", "", sources[name].decode())[-200:-80] in re.sub(r"\s", "", sheet)
    for name in PACKED:
        source = sources[f"js/{name}.js"].decode()
        assert not re.search(r"^import|import[.]meta", source, re.MULTILINE)
        assert f'"./{name}.js"' in sources[MAIN].decode()
        assert source.splitlines()[-1] in main
    assert "const PACKED = {};" in sources[MAIN].decode()
    assert "const PACKED = {};" not in main
    assert not re.search(r"^(import|export) ", main, re.MULTILINE)


@pytest.mark.parametrize("path", ["/", "/register"])
def test_a_first_visit_asks_for_four_files(app, path):
    page = app.test_client().get(path).text
    assert len(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))) == 3  # and the page itself


# --- at once ----------------------------------------------------------------------------------------------------------


def test_a_build_has_no_name_before_it_is_complete_and_a_second_builder_waits(source, builds, builder, monkeypatch):
    begun, go_on = Event(), Event()
    compress, compressed = Compressor.compress, []

    def waiting(self: Compressor, path: str) -> list[str]:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        compressed.append(path)
        return compress(self, path)

    monkeypatch.setattr(Compressor, "compress", waiting)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(builder)
        assert begun.wait(PATIENCE_S)
        second = pool.submit(builder)
        assert [name for name in names(builds) if not name.startswith(".")] == []
        go_on.set()
        made = first.result(PATIENCE_S)
        assert second.result(PATIENCE_S) == made
    assert len(compressed) == 3  # one builder's
    assert names(builds) == {made.mark}
    assert complete(made.folder)


BUILD_FIVE_TIMES = """
import os, sys
from pathlib import Path
from lib.http.static_files import build
sys.stdin.read()
for _ in range(5):
    made, descriptor = build(Path(sys.argv[1]), Path(sys.argv[2]))
    print(made.folder.name, sorted(os.listdir(made.folder)))
    os.close(descriptor)
"""


def test_processes_that_build_at_once_all_get_the_same_folder(source, builds):
    gate, opens = os.pipe()
    command = [sys.executable, "-c", BUILD_FIVE_TIMES, source, builds]
    started = [subprocess.Popen(command, cwd=ROOT, stdin=gate, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    os.close(gate)
    os.close(opens)  # all of them read the end of it at once
    said = [process.communicate(timeout=PATIENCE_S)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert set("".join(said).splitlines()) == {f"{MARK} ['app.css', 'app.css.br', 'app.css.gz', 'icon.png', 'js']"}
    assert names(builds) == {MARK}
    assert complete(builds / MARK)


# --- what is left -----------------------------------------------------------------------------------------------------


def test_a_builder_that_fails_leaves_nothing(builds, builder, monkeypatch):
    def full(_self: Compressor, _path: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Compressor, "compress", full)
        with pytest.raises(OSError, match="No space left"):
            builder()
    assert names(builds) == set()
    assert complete(builder().folder)


def test_what_a_killed_builder_left_goes_with_the_next_build(builds, builder):
    (builds / ".tmp123").mkdir(parents=True)
    (builds / ".tmp123/app.css").write_text("half")
    made = builder()
    assert names(builds) == {made.mark}


def test_a_build_that_is_served_stays_and_an_unused_one_goes(source, builds, builder):
    served = builder()
    (source / "app.css").write_bytes(b"second")
    unused = built_and_let_go(source, builds)
    assert names(builds) == {served.mark, unused.mark}

    (source / "app.css").write_bytes(b"third")
    third = builder()

    assert names(builds) == {served.mark, third.mark}
    assert complete(served.folder)


def test_nothing_is_removed_when_nothing_is_built(source, builds, builder):
    old = built_and_let_go(source, builds)
    (source / "app.css").write_bytes(b"new")
    new = builder()
    assert names(builds) == {new.mark}  # the old one was unused when the new one was built
    (source / "app.css").write_bytes(STYLE)
    assert built_and_let_go(source, builds) == old  # made again
    (source / "app.css").write_bytes(b"new")
    assert builder() == new
    assert names(builds) == {old.mark, new.mark}


def test_a_build_that_cannot_be_removed_is_no_error(source, builds, builder, monkeypatch):
    old = built_and_let_go(source, builds)

    def refused(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(static_files.shutil, "rmtree", refused)
    (source / "app.css").write_bytes(b"new")
    new = builder()
    assert names(builds) == {f".{old.mark}", new.mark}


# --- a process --------------------------------------------------------------------------------------------------------


def test_a_process_reads_its_files_once_and_keeps_its_build(source, builds):
    first = prepared(source, builds)
    (source / "app.css").write_bytes(b"changed while it runs")
    assert prepared(source, builds) is first
    other = built_and_let_go(source, builds)
    assert names(builds) == {first.mark, other.mark}
    assert complete(first.folder)


def test_without_room_for_a_build_the_files_are_served_as_they_are(source, tmp_path, builder, caplog):
    (tmp_path / "a file").touch()
    made = prepared(source, tmp_path / "a file" / "static")
    assert made == Build(source, builder().mark)
    assert "static files are served uncompressed" in caplog.text


def test_without_room_for_a_build_no_compressed_copy_of_an_earlier_version_is_served(source, tmp_path):
    (tmp_path / "a file").touch()
    (source / "app.css.gz").write_bytes(gzip.compress(b"stale"))
    (source / "js/main.js.br").write_bytes(b"stale")
    made = prepared(source, tmp_path / "a file" / "static")
    client = Client(StaticFiles(Response("no such file", 404), made, {}))
    for name, content in (("app.css", STYLE), ("js/main.js", SCRIPT)):
        answer = client.get(f"/{made.prefix}{name}", headers={"Accept-Encoding": "gzip, br"})
        assert (answer.status_code, answer.headers.get("Content-Encoding"), answer.data) == (200, None, content)
        answer.close()
    assert client.get(f"/{made.prefix}app.css.gz").status_code == 404
