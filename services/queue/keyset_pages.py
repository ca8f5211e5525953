"""Pages of long lists by key: from where the page before ended, in either direction; never OFFSET or COUNT.

A list may be made of several ranges (one an index's range each), which are merged in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, Literal

from sqlalchemy import Integer, Select, bindparam

from lib.database import Prebuilt
from models import db

LAST = "last"
PAGE_SIZE = 50
EXAMINED = 1000  # rows that one page looks at: filters that few rows pass continue from there
_LARGEST_CHUNK = 500


@dataclass(frozen=True)
class Cursor:
    """Where a page begins. ``place``: the key of the row before it; None: where the list begins, or backwards ends."""

    place: tuple[Any, int] | None = None
    backwards: bool = False

    @classmethod
    def read(cls, text: str, key: Callable[[str], Any]) -> Cursor:
        """``text`` as ``written``, with ``key`` for its first part; a broken one starts from the beginning."""
        if text == LAST:
            return cls(None, backwards=True)
        backwards = text.startswith("-")
        first, _, number = text.removeprefix("-").rpartition(",")
        try:
            return cls((key(first), int(number)), backwards) if number.isdecimal() and len(number) < 19 else cls()
        except ValueError:
            return cls()


@dataclass(frozen=True)
class KeysetPage:
    """``after`` and ``before`` lead on, "" where the list ends. ``unfinished``: not all rows could be looked at."""

    rows: Sequence[Any]
    after: str = ""
    before: str = ""
    unfinished: bool = False


@dataclass(frozen=True)
class Range:
    """One part of a list: a statement that is built once in a process, and the values of its parameters."""

    statement: Select[*tuple[Any, ...]]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Order:
    """The order of a list: two columns, the second a row's number. ``write`` puts the first one into an address.

    Made once in a process: statements are kept for it.
    """

    first: Any
    number: Any
    write: Callable[[Any], str]
    descending: bool = False

    @cached_property
    def key(self) -> Callable[[Any], tuple[Any, int]]:
        return attrgetter(self.first.key, self.number.key)

    def written(self, row: Any, *, backwards: bool = False) -> str:
        first, number = self.key(row)
        return f"{'-' if backwards else ''}{self.write(first)},{number}"


def page(
    ranges: Sequence[Range],
    order: Order,
    cursor: Cursor,
    *,
    more: Iterable[Any] = (),
    keeps: Callable[[Any], bool] | None = None,
    size: int = PAGE_SIZE,
) -> KeysetPage:
    """The rows of all ``ranges``, and of ``more``, that ``keeps`` lets pass (None: all), as many as a page holds."""
    all_rows = merged(ranges, order, cursor, more=more, first_chunk=size + 1)
    if keeps is None:
        return _page(list(islice(all_rows, size + 1)), None, order, cursor, size)
    found: list[Any] = []
    last = None
    looked_at = 0
    for row in islice(all_rows, EXAMINED):
        looked_at, last = looked_at + 1, row
        if keeps(row):
            found.append(row)
        if len(found) > size:
            break
    return _page(found, last if looked_at == EXAMINED and len(found) <= size else None, order, cursor, size)


def _page(found: list[Any], stopped_at: Any, order: Order, cursor: Cursor, size: int) -> KeysetPage:
    further = ""
    if len(found) > size:
        further = order.written(found[size - 1], backwards=cursor.backwards)
    elif stopped_at is not None:
        further = order.written(stopped_at, backwards=cursor.backwards)
    rows = found[:size][::-1] if cursor.backwards else found[:size]
    back = order.written(rows[0] if not cursor.backwards else rows[-1], backwards=not cursor.backwards) if rows else ""
    back = back if cursor.place else ""
    after, before = (back, further) if cursor.backwards else (further, back)
    return KeysetPage(rows, after, before, stopped_at is not None)


def merged(
    ranges: Sequence[Range],
    order: Order,
    cursor: Cursor,
    *,
    more: Iterable[Any] = (),
    first_chunk: int = PAGE_SIZE + 1,
) -> Iterator[Any]:
    """All rows beyond the cursor in their order, fetched as far as they are asked for.

    What is fetched of all ranges is sorted together, which for a page costs less than taking row by row from each. It
    is given up to where the first of the ranges may have more.
    """
    descending = order.descending != cursor.backwards
    rows = [row for row in more if cursor.place is None or _is_beyond(order.key(row), cursor.place, descending)]
    is_mixed = bool(rows) or len(ranges) > 1
    waiting = [_chunks(one, order, cursor.place, descending, first_chunk) for one in ranges]
    ends: dict[Iterator[Chunk], tuple[Any, int]] = {}
    while True:
        for chunks in waiting:
            found, end = next(chunks)
            rows += found
            ends |= {chunks: end} if end else {}
        if is_mixed:
            rows.sort(key=order.key, reverse=descending)
        until = (max if descending else min)(ends.values(), default=None)
        ready = len(rows)
        while until and ready and _is_beyond(order.key(rows[ready - 1]), until, descending):
            ready -= 1
        yield from rows[:ready]
        if until is None:
            return
        rows, waiting = rows[ready:], [chunks for chunks, end in ends.items() if end == until]
        ends = {chunks: end for chunks, end in ends.items() if end != until}


def _is_beyond(key: tuple[Any, int], place: tuple[Any, int], descending: bool) -> bool:
    return key < place if descending else key > place


def _chunks(one: Range, order: Order, place: tuple[Any, int] | None, descending: bool, chunk: int) -> Iterator[Chunk]:
    """The rows of one range in their order, as they are asked for."""
    while True:
        for part in _PARTS if place else _WHOLE:
            values = {**one.values, **_place(part, place), "chunk": chunk}
            rows = _statement(one.statement, order, part, descending).rows(db.session, **values)
            is_full = len(rows) == chunk
            if is_full:
                place, chunk = order.key(rows[-1]), min(chunk * 3, _LARGEST_CHUNK)
            if rows:
                yield rows, order.key(rows[-1])
            if is_full:
                break
        else:
            yield [], None
            return


#: Rows, and the key of the last one while their range may have more.
Chunk = tuple[list[Any], tuple[Any, int] | None]
Part = Literal["all", "same", "beyond"]
#: What follows a place: the rest of the same day (or moment), then all later ones. Not as a comparison of pairs: of an
#: index that ends in the row's number, SQLite would use the first column only, and read a whole day to find the place.
_PARTS: tuple[Part, ...] = ("same", "beyond")
_WHOLE: tuple[Part, ...] = ("all",)


def _place(part: Part, place: tuple[Any, int] | None) -> dict[str, Any]:
    if part == "all" or place is None:
        return {}
    return {"place": place[0]} | ({"place_number": place[1]} if part == "same" else {})


@lru_cache(maxsize=512)
def _statement(query: Select[Any], order: Order, part: Part, descending: bool) -> Prebuilt:
    first, number = bindparam("place", type_=order.first.type), bindparam("place_number", type_=order.number.type)
    if part == "same":
        query = query.where(order.first == first, order.number < number if descending else order.number > number)
    elif part == "beyond":
        query = query.where(order.first < first if descending else order.first > first)
    by = [column.desc() if descending else column for column in (order.first, order.number)]
    return Prebuilt(query.order_by(*by).limit(bindparam("chunk", type_=Integer, literal_execute=True)))
