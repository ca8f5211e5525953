"""TrueType files: which glyph draws a character, how wide it is, and a small file of some glyphs to embed in a PDF.

Files are mapped, not read: workers share their pages, and none holds 15 to 45 MB of its own. Layout: OpenType 1.9.
"""

import mmap
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

_COPIED = (b"cvt ", b"fpgm", b"prep")  # instructions that glyphs may call
_COMPOSED = b"\x80"  # the first byte of a glyph that is composed of others is not below
_WORDS, _SCALE, _MORE, _TWO_SCALES, _FOUR_SCALES = 1, 8, 32, 64, 128  # flags of a part of it


class TrueTypeFile:
    """One file: ``"䶮" in file``. Its map of characters is the one of format 12, else that of format 4."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (count,) = struct.unpack_from(">4xH", self._data)
        entries = range(12, 12 + 16 * count, 16)
        self._tables = {self._data[at : at + 4]: struct.unpack_from(">2L", self._data, at + 8) for at in entries}
        self._starts, self._ends, self._glyphs = array("L"), array("L"), array("L")
        for start, end, glyph in self._groups():
            self._starts.append(start)
            self._ends.append(end)
            self._glyphs.append(glyph)
        units, self._long_offsets = struct.unpack(">18xH30xH2x", self._table(b"head"))
        self._em = float(units)
        (self._metrics,) = struct.unpack(">34xH", self._table(b"hhea"))

    def _table(self, tag: bytes) -> bytes:
        start, length = self._tables[tag]
        return self._data[start : start + length]

    def _groups(self) -> Iterator[tuple[int, ...]]:
        """(first code, last code, first glyph), ascending."""
        cmap = self._tables[b"cmap"][0]
        (subtables,) = struct.unpack_from(">2xH", self._data, cmap)
        places = [cmap + struct.unpack_from(">4xL", self._data, cmap + 4 + 8 * at)[0] for at in range(subtables)]
        maps = {struct.unpack_from(">H", self._data, place)[0]: place for place in places}
        if 12 in maps:
            (count,) = struct.unpack_from(">12xL", self._data, maps[12])
            return struct.iter_unpack(">LLL", self._data[maps[12] + 16 : maps[12] + 16 + 12 * count])
        return self._segments(maps[4]) if 4 in maps else iter(())

    def _segments(self, at: int) -> Iterator[tuple[int, ...]]:
        """The same of the format 4 subtable, which has the first 65,536 codes only."""
        (twice,) = struct.unpack_from(">6xH", self._data, at)
        columns = [at + 14, *(at + 16 + column * twice for column in (1, 2, 3))]
        ends, starts, deltas, offsets = (struct.unpack_from(f">{twice // 2}H", self._data, place) for place in columns)
        for index, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
            if not offset:
                yield start, end, (start + delta) % 0x10000
                continue
            place = columns[3] + 2 * index + offset
            for code, glyph in enumerate(struct.unpack_from(f">{end - start + 1}H", self._data, place), start):
                if glyph:
                    yield code, code, (glyph + delta) % 0x10000

    def glyph(self, char: str) -> int:
        """The number of its glyph; 0 if there is none."""
        at = bisect_right(self._starts, ord(char)) - 1
        return self._glyphs[at] + ord(char) - self._starts[at] if at >= 0 and ord(char) <= self._ends[at] else 0

    def __contains__(self, char: str) -> bool:
        return self.glyph(char) > 0

    def outline(self, glyph: int) -> bytes:
        form, scale = (">2L", 1) if self._long_offsets else (">2H", 2)
        at = self._tables[b"loca"][0] + glyph * struct.calcsize(form) // 2
        start, end = struct.unpack_from(form, self._data, at)
        begin = self._tables[b"glyf"][0]
        return self._data[begin + start * scale : begin + end * scale]

    def _metric(self, glyph: int) -> bytes:
        """Advance and left side bearing; the last glyphs of a file share one advance."""
        start = self._tables[b"hmtx"][0]
        if glyph < self._metrics:
            return self._data[start + 4 * glyph : start + 4 * glyph + 4]
        last, bearing = start + 4 * self._metrics - 4, start + 2 * self._metrics + 2 * glyph
        return self._data[last : last + 2] + self._data[bearing : bearing + 2]

    def width(self, glyph: int) -> float:
        """In ems."""
        return int.from_bytes(self._metric(glyph)[:2]) / self._em

    def box(self) -> list[float]:
        """Left, bottom, right, top of all glyphs, then ascent and descent: in thousandths of an em."""
        edges = (
            *struct.unpack_from(">36x4h", self._table(b"head")),
            *struct.unpack_from(">4x2h", self._table(b"hhea")),
        )
        return [round(edge * 1000 / self._em) for edge in edges]

    # --- subsets ------------------------------------------------------------------------------------------------------

    def subset(self, glyphs: Sequence[int]) -> bytes:
        """A file with .notdef and these glyphs, in this order. It has no cmap: a PDF names glyphs by their numbers."""
        order = [0, *glyphs]
        outlines = list(self._outlines(order))
        offsets = array("I", accumulate(map(len, outlines), initial=0))
        offsets.byteswap()
        head, count = self._table(b"head"), struct.pack(">H", len(order))
        return _file(
            {
                b"head": head[:8] + bytes(4) + head[12:50] + b"\0\1" + head[52:],  # long offsets
                b"hhea": self._table(b"hhea")[:34] + count,
                b"maxp": self._table(b"maxp")[:4] + count + self._table(b"maxp")[6:],
                b"hmtx": b"".join(map(self._metric, order)),
                b"loca": offsets.tobytes(),
                b"glyf": b"".join(outlines),
                **{tag: self._table(tag) for tag in _COPIED if tag in self._tables},
            }
        )

    def _outlines(self, order: list[int]) -> Iterator[bytes]:
        """The outlines in order, which grows by the parts of composed glyphs."""
        for glyph in order:
            outline = self.outline(glyph)
            if outline[:1] >= _COMPOSED:
                outline = _renumbered(outline, order)
            yield outline + bytes(-len(outline) % 4)


def _renumbered(outline: bytes, order: list[int]) -> bytes:
    """A composed glyph whose parts go to the end of the order."""
    changed, at, flags = bytearray(outline), 10, _MORE
    while flags & _MORE:
        flags, part = struct.unpack_from(">2H", changed, at)
        struct.pack_into(">H", changed, at + 2, len(order))
        order.append(part)
        at += 8 if flags & _WORDS else 6
        at += 2 if flags & _SCALE else 4 if flags & _TWO_SCALES else 8 if flags & _FOUR_SCALES else 0
    return bytes(changed)


def _file(tables: dict[bytes, bytes]) -> bytes:
    power = len(tables).bit_length() - 1
    head = struct.pack(">L4H", 0x10000, len(tables), 16 << power, power, 16 * (len(tables) - (1 << power)))
    start, entries, contents = 12 + 16 * len(tables), [head], []
    for tag, table in sorted(tables.items()):
        padded = table + bytes(-len(table) % 4)
        entries.append(struct.pack(">4s3L", tag, _checksum(padded), start, len(table)))
        contents.append(padded)
        start += len(padded)
    return b"".join([*entries, *contents])


def _checksum(table: bytes) -> int:
    words = array("I", table)
    words.byteswap()
    return sum(words) & 0xFFFFFFFF
