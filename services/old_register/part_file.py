"""What does not fit into memory, in parts of which one is needed at a time: a file without a name holds them.

It is gone when the process ends, however it ends.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import IO


class PartFile:
    """``folder``: where the file lies; without one where the system keeps temporary files."""

    def __init__(self, parts: int, folder: Path | None) -> None:
        self._places = [array("q") for _part in range(parts)]  # start and length of each piece
        self._folder, self._end = folder, 0

    @cached_property
    def _file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._folder)

    def add(self, pieces: Iterable[bytes]) -> None:
        """A piece of each part; it may be empty."""
        written = list(pieces)
        for places, piece in zip(self._places, written, strict=True):
            if piece:
                places.extend((self._end, len(piece)))
                self._end += len(piece)
        self._file.write(b"".join(written))
        self._file.flush()

    def pieces(self, part: int) -> Iterator[bytes]:
        """All pieces of a part, in the order in which they were added."""
        places = iter(self._places[part])
        for start, length in zip(places, places, strict=True):
            yield os.pread(self._file.fileno(), length, start)

    def close(self) -> None:
        if self._end:
            self._file.close()
