"""Static files: combined and compressed once into a folder of their own, and served from there.

The folder's name is a mark of the contents, and nothing in it ever changes. So a server keeps answering whatever
happens to the checkout, and two versions can serve from the same data side by side.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from lib.files import locked, sync_directory
from lib.http.combined_files import SHEET, SHEET_PARTS, combined

MARK_DIGITS = 10
COMPRESSED = (".gz", ".br")  # earlier versions left such copies next to their sources
log = logging.getLogger(__name__)


class Build(NamedTuple):
    """Where static files are, and the mark of their contents."""

    folder: Path
    mark: str

    @property
    def prefix(self) -> str:
        """The start of their addresses. With the mark in the path, what a file names relatively carries it too."""
        return f"static/{self.mark}/"

    @property
    def is_compressed(self) -> bool:
        return self.folder.name == self.mark

    @property
    def sheets(self) -> tuple[str, ...]:
        """The style sheets of every page."""
        return (SHEET,) if self.is_compressed else SHEET_PARTS


@cache
def prepared(source: Path, builds: Path) -> Build:
    """The build that this process serves until it ends. Without room for one, the files are served as they are."""
    try:
        made, _descriptor = build(source, builds)
    except OSError as error:
        log.warning("static files are served uncompressed: %s", error)
        return Build(source, mark_of(_contents(source)))
    return made


def build(source: Path, builds: Path) -> tuple[Build, int]:
    """The build of ``source`` below ``builds``, made when it is missing, and a descriptor that keeps it.

    The build is not removed while the descriptor is open. One process builds at a time; the next one finds its folder.
    """
    contents = combined(_contents(source))
    made = Build(builds / mark_of(contents), mark_of(contents))
    builds.mkdir(mode=0o755, parents=True, exist_ok=True)
    with locked(builds):
        if not made.folder.is_dir():
            _remove_unused(builds)
            _write(contents, made.folder)
        descriptor = os.open(made.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return made, descriptor


def mark_of(contents: Mapping[str, bytes]) -> str:
    marks = hashlib.sha256()
    for name, content in sorted(contents.items()):
        marks.update(name.encode() + b"\0" + content)
    return marks.hexdigest()[:MARK_DIGITS]


def _contents(source: Path) -> dict[str, bytes]:
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in _sources(source)}


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.suffix not in COMPRESSED)


def _write(contents: Mapping[str, bytes], folder: Path) -> None:
    """All or nothing, also after a power cut: the folder gets its name when everything in it is on the disk."""
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        compressor = Compressor(use_brotli=True, quiet=True)
        for name, content in contents.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            compressor.compress(str(path))
        _settle(temporary)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary)
        raise
    sync_directory(folder.parent)


def _settle(folder: Path) -> None:
    """Sync the files in ``folder``. All may read it: a build that root's command made is served by another user."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_unused(builds: Path) -> None:
    """Remove builds that no process keeps, and what killed processes left. The caller holds the lock of ``builds``."""
    for folder in builds.iterdir():
        with suppress(OSError):  # in use, or another user's
            if not folder.name.startswith("."):
                folder = _put_aside(folder)
            shutil.rmtree(folder)


def _put_aside(folder: Path) -> Path:
    """Take the name of an unused build away first: one that is removed by half must not be found under its mark."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return folder.rename(folder.with_name(f".{folder.name}"))
    finally:
        os.close(descriptor)


class StaticFiles(WhiteNoise):
    """Serves a build. Browsers keep its files for good: other contents have another address."""

    def __init__(self, application: Callable[..., Iterable[bytes]], made: Build, headers: Mapping[str, str]) -> None:
        self._headers, self._is_compressed = list(headers.items()), made.is_compressed
        super().__init__(
            application,
            root=made.folder,
            prefix=made.prefix,
            immutable_file_test=lambda _path, _url: True,
            allow_all_origins=False,
        )

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        """Compressed copies count in a build only: next to the sources they may be of an earlier version."""
        if self._is_compressed:
            super().update_files_dictionary(root, prefix)
            return
        sources = {str(path): path.stat() for path in _sources(Path(root))}
        for path in sources:
            self.add_file_to_dictionary(prefix + path.removeprefix(root), path, stat_cache=sources)

    def serve(self, static_file: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Add our headers to every answer. WhiteNoise's own hook does not reach refusals (405, 416)."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            refused = [("Cache-Control", "no-store")] if status.startswith("4") else []
            return start_response(status, headers + refused + self._headers, *rest)

        return super().serve(static_file, environ, start)
