"""Rows of a large register, set aside until all are read, and given back in the order of the index of their numbers.

Keyed hashes come in no order. Written as they come, nearly each row of a large file would need another page of the
index, more than fit into memory. So they are sorted into parts by how their hash begins, in a file without a name,
and a part of the index is filled at a time. In a part they keep the order of the file.
"""

from __future__ import annotations

import marshal
import os
import secrets
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise, repeat
from pathlib import Path
from typing import Any

#: Rows by column.
Columns = Mapping[str, Sequence[Any]]

#: As many as fill a part of the index that is small enough to stay in memory.
ROWS_OF_PART = 1 << 14
_BEGINNINGS = 1 << 16  # of hashes: two bytes
_OLD_FORMAT = 2  # of marshal: without looking for what was written before


class SetAside:
    """About ``rows`` rows in a file in this folder, which is gone when the process ends."""

    def __init__(self, rows: int, folder: Path | None) -> None:
        parts = min(rows // ROWS_OF_PART + 1, _BEGINNINGS)
        self._firsts = [(-(-part * _BEGINNINGS // parts)).to_bytes(2, "big") for part in range(parts)]
        self._heads = [secrets.token_urlsafe(3) for _part in range(parts)]
        self._places: list[list[tuple[int, int]]] = [[] for _part in range(parts)]
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - close() ends it
        self._names: list[str] = []
        self._end = self.rows = 0

    def heads(self, hashes: Sequence[bytes]) -> Iterator[str]:
        """How the random name of each of these rows begins: alike in a part, so that they are neighbours, too."""
        sizes = (end - start for start, end in self._bounds(hashes))
        return chain.from_iterable(map(repeat, self._heads, sizes))

    def add(self, rows: Columns) -> None:
        """Rows in the order of their hashes."""
        self._names, written = list(rows), list[bytes]()
        for places, (start, end) in zip(self._places, self._bounds(rows["id_index"]), strict=True):
            if start < end:
                written.append(marshal.dumps([column[start:end] for column in rows.values()], _OLD_FORMAT))
                places.append((self._end, len(written[-1])))
                self._end += len(written[-1])
        self._file.write(b"".join(written))
        self.rows += len(rows["id_index"])

    def _bounds(self, hashes: Sequence[bytes]) -> Iterator[tuple[int, int]]:
        """Where the rows of each part begin and end."""
        return pairwise([*(bisect_left(hashes, first) for first in self._firsts), len(hashes)])

    @property
    def in_parts(self) -> bool:
        return len(self._firsts) > 1

    def groups(self, size: int) -> Iterator[Columns]:
        """All rows, so many at a time."""
        self._file.flush()
        found: dict[str, list[Any]] = {name: [] for name in self._names}
        for start, length in chain.from_iterable(self._places):
            for column, more in zip(found.values(), self._read(start, length), strict=True):
                column.extend(more)
            while len(found["id_index"]) >= size:
                yield {name: column[:size] for name, column in found.items()}
                found = {name: column[size:] for name, column in found.items()}
        if self.rows and found["id_index"]:
            yield found

    def _read(self, start: int, length: int) -> list[Sequence[Any]]:
        data = os.pread(self._file.fileno(), length, start)
        return marshal.loads(data)  # noqa: S302 - written by this process

    def close(self) -> None:
        self._file.close()
