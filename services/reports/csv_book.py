"""CSV files with the manner of services.reports.xlsx, for other systems to read: UTF-8 with a mark, one header line."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any

from services.reports.xlsx import Cell, Column

TYPE = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate it


class CsvBook:
    """One table. The file has no name: once closed it is gone, whatever happens to the process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - finish() hands it out
        self._text = io.TextIOWrapper(self._file, "utf-8-sig", newline="", write_through=True)
        self._finished = False

    def __enter__(self) -> CsvBook:
        return self

    def __exit__(self, *_error: Any) -> None:
        if not self._finished:
            self._text.close()

    def sheet(self, _title: str, columns: Sequence[Column]) -> CsvTable:
        return CsvTable(csv.writer(self._text), columns)

    def finish(self) -> IO[bytes]:
        """The file, at its beginning. The caller closes it."""
        file, self._finished = self._text.detach(), True
        file.seek(0)
        return self._file


class CsvTable:
    """Rows under a header. A text that begins like a formula gets an apostrophe before it."""

    def __init__(self, writer: Any, columns: Sequence[Column]) -> None:
        self._writer = writer
        self.count = 0
        writer.writerow([column.title for column in columns])

    def add(self, cells: Sequence[Cell]) -> None:
        self.count += 1
        self._writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: Cell) -> str | float | date:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return "" if cell is None else cell
