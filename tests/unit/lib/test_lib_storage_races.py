"""Two that use one bucket at once, stopped between their steps: whatever comes between, no file that a row names is
lost, and the same bytes have one ciphertext."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from lib.keyring import Keyring
from lib.storage import Blob, Bucket, FileMissing
from tests.support.site.object_store import ObjectsInMemory

DAY = 24 * 3600.0
DATA = b"picture"
STEPS = 20  # more than any act has
KEYS = Keyring.ephemeral()


@dataclass
class Bench:
    """One bucket, the rows that name its files, and what the acts have done."""

    objects: ObjectsInMemory = field(default_factory=ObjectsInMemory)
    rows: set[str] = field(default_factory=set)
    blobs: list[Blob] = field(default_factory=list)  # those that rows name
    first: Blob | None = None  # what is there at the beginning

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.objects, KEYS)

    def upload(self) -> None:
        """First the file, then its row."""
        self.blobs.append(blob := self.bucket.put(DATA))
        self.rows.add(blob.address)

    def sweep(self) -> None:
        named = set(self.rows)
        self.bucket.sweep(named.__contains__, DAY)

    def discard(self) -> None:
        self.bucket.discard(ADDRESS, DAY / 2)

    def read(self) -> None:
        """Somebody whose row was there before; the sweep may take away only what no row names."""
        if ADDRESS in self.rows:
            assert self.bucket.get(ADDRESS) == DATA

    def a_day_later(self) -> None:
        self.objects.age(1.5 * DAY)

    def between(self, step: int, act: Callable[[], None]) -> None:
        """Do this before so many steps of what comes then."""
        left = step

        def before() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                act()

        self.objects.before = before


ADDRESS = KEYS.mac("blob address", DATA).hex()


def in_place(bench: Bench) -> None:
    bench.first = bench.bucket.put(DATA)
    bench.a_day_later()


def in_trash(bench: Bench) -> None:
    in_place(bench)
    bench.sweep()


def long_in_trash(bench: Bench) -> None:
    in_trash(bench)
    bench.a_day_later()


def in_both(bench: Bench) -> None:
    long_in_trash(bench)
    bench.bucket.put(DATA)
    bench.a_day_later()


def nowhere(_bench: Bench) -> None:
    pass


def named(begin: Callable[[Bench], None]) -> Callable[[Bench], None]:
    def begun(bench: Bench) -> None:
        begin(bench)
        bench.rows.add(ADDRESS)
        bench.blobs += [bench.first] if bench.first else []

    begun.__name__ = f"named_{begin.__name__}"
    return begun


BEGINNINGS = (nowhere, in_place, long_in_trash, in_both, *map(named, (long_in_trash, in_both)))


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
def test_whatever_comes_between_no_file_with_a_row_is_lost(begin: Callable[[Bench], None]) -> None:
    """Each act, with each other one before each of its steps, and a third one before each step of that."""
    acts = (Bench.upload, Bench.sweep, Bench.discard, Bench.read)
    for first in acts:
        for second in acts:
            for third in (Bench.upload, Bench.sweep, Bench.discard):
                for step in range(1, STEPS):
                    if not _all_meet(begin, (first, second, third), step):
                        break


def _all_meet(begin: Callable[[Bench], None], acts: tuple[Callable[[Bench], None], ...], step: int) -> bool:
    """False: the first act has no such step."""
    first, second, third = acts
    for inner in range(1, STEPS):
        bench = Bench()
        begin(bench)
        met: list[str] = []

        def meanwhile(bench: Bench = bench, inner: int = inner, met: list[str] = met) -> None:
            met.append("second")
            bench.between(inner, partial(_met, met, bench, third))
            second(bench)
            bench.objects.before = lambda: None

        bench.between(step, meanwhile)
        first(bench)
        bench.objects.before = lambda: None
        _nothing_is_lost(bench)
        if "second" not in met:
            return False
        if "third" not in met:
            break
    return True


def _met(met: list[str], bench: Bench, third: Callable[[Bench], None]) -> None:
    met.append("third")
    third(bench)


def _nothing_is_lost(bench: Bench) -> None:
    """Now, and after each of the sweeps of the next days."""
    for _day in range(3):
        if bench.rows:
            assert bench.bucket.get(ADDRESS) == DATA
        bench.a_day_later()
        bench.sweep()
    if bench.rows:
        assert list(bench.bucket.addresses()) == [ADDRESS]
        for blob in bench.blobs:
            bench.bucket.check(ADDRESS, blob.sha256)
    else:
        with pytest.raises(FileMissing):
            bench.bucket.get(ADDRESS)
