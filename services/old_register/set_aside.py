"""Rows of a large register, set aside until all are read, and given back in the order of the index of their numbers.

Keyed hashes come in no order. Written as they come, nearly each row of a large file would need another page of the
index, more than fit into memory. So they are sorted into parts by how their hash begins, and a part of the index is
filled at a time. In a part they keep the order of the file.
"""

from __future__ import annotations

import marshal
import secrets
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise, repeat
from pathlib import Path
from typing import Any

from services.old_register.part_file import PartFile

#: Rows by column.
Columns = Mapping[str, Sequence[Any]]

#: As many as fill a part of the index that is small enough to stay in memory.
ROWS_OF_PART = 1 << 14
_BEGINNINGS = 1 << 16  # of hashes: two bytes
_SIMPLE = 2  # a format of marshal: it does not look for what was written before


class SetAside:
    """About ``rows`` rows, in a file in this folder."""

    def __init__(self, rows: int, folder: Path | None) -> None:
        self._parts = parts = min(rows // ROWS_OF_PART + 1, _BEGINNINGS)
        self._firsts = [(-(-part * _BEGINNINGS // parts)).to_bytes(2, "big") for part in range(parts)]
        self._heads = [secrets.token_urlsafe(3) for _part in range(parts)]
        self._file = PartFile(parts, folder)
        self._names: list[str] = []
        self.rows = 0

    @property
    def in_parts(self) -> bool:
        """Else nothing needs to be set aside."""
        return self._parts > 1

    def heads(self, hashes: Sequence[bytes]) -> Iterator[str]:
        """How the random name of each of these rows begins: alike in a part, so that they are neighbours, too."""
        sizes = (end - start for start, end in self._bounds(hashes))
        return chain.from_iterable(map(repeat, self._heads, sizes))

    def add(self, rows: Columns) -> None:
        """Rows in the order of their hashes."""
        self._names, columns = list(rows), rows.values()
        self._file.add(
            marshal.dumps([column[start:end] for column in columns], _SIMPLE) if start < end else b""
            for start, end in self._bounds(rows["id_index"])
        )
        self.rows += len(rows["id_index"])

    def _bounds(self, hashes: Sequence[bytes]) -> Iterator[tuple[int, int]]:
        """Where the rows of each part begin and end."""
        return pairwise([*(bisect_left(hashes, first) for first in self._firsts), len(hashes)])

    def groups(self, size: int) -> Iterator[Columns]:
        """All rows, so many at a time."""
        found: dict[str, list[Any]] = {name: [] for name in self._names}
        for piece in chain.from_iterable(map(self._file.pieces, range(self._parts))):
            for column, more in zip(found.values(), marshal.loads(piece), strict=True):  # noqa: S302 - we wrote it
                column.extend(more)
            while len(found["id_index"]) >= size:
                yield {name: column[:size] for name, column in found.items()}
                found = {name: column[size:] for name, column in found.items()}
        if self.rows and found["id_index"]:
            yield found

    def close(self) -> None:
        self._file.close()
