"""How far an import is, in a file: on SQLite its one transaction keeps every other writer out until it is done."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class ImportProgress:
    """Lines of one job, readable by the processes of the same machine while the import runs."""

    def __init__(self, data: Path, uid: str) -> None:
        self.path = data / "register" / uid

    def write(self, done: int) -> None:
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(done))
        os.replace(fresh, self.path)  # a reader sees the old number or the new one

    def read(self) -> int:
        with suppress(FileNotFoundError):
            return int(self.path.read_text())
        return 0

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
