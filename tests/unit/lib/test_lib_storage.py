"""Encrypted files, in a folder and in a bucket: deduplicated, damage is noticed, swept in two passes."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lib.keyring import Keyring
from lib.storage import Bucket, FileDamaged, FileMissing, Folder, Store, StoreHeld, Sweep
from lib.storage.s3 import S3Place
from tests.support.site.object_store import ObjectStore

DAY = 24 * 3600.0


@dataclass
class Place(ABC):
    """A place for files that tests can get at from outside."""

    keys: Keyring

    @abstractmethod
    def opened(self) -> Store: ...

    @abstractmethod
    def read(self, address: str) -> bytes: ...

    @abstractmethod
    def write(self, address: str, content: bytes) -> None: ...

    @abstractmethod
    def age(self, address: str, seconds: float = 2 * DAY) -> None:
        """Where it is, and in the trash."""


@dataclass
class InFolder(Place):
    root: Path

    def opened(self) -> Store:
        return Folder(self.root, self.keys)

    def read(self, address: str) -> bytes:
        return self._path(address).read_bytes()

    def write(self, address: str, content: bytes) -> None:
        self._path(address).write_bytes(content)

    def age(self, address: str, seconds: float = 2 * DAY) -> None:
        then = time.time() - seconds
        for path in (self._path(address), self.root / "trash" / address):
            with suppress(FileNotFoundError):
                os.utime(path, (then, then))

    def _path(self, address: str) -> Path:
        return self.root / address[:2] / address[2:4] / address


@dataclass
class InBucket(Place):
    server: ObjectStore
    place: S3Place = field(init=False)

    def __post_init__(self) -> None:
        self.place = self.server.new_bucket()

    def opened(self) -> Store:
        return Bucket(self.server.objects(self.place), self.keys)

    def read(self, address: str) -> bytes:
        found = self.server.objects(self.place).get(f"files/{address}")
        assert found
        return found.content

    def write(self, address: str, content: bytes) -> None:
        self.server.objects(self.place).put(f"files/{address}", content)

    def age(self, address: str, seconds: float = 2 * DAY) -> None:
        for name in self.server.names(self.place):
            if address in name:
                self.server.age(self.place, name, seconds)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    keys = Keyring.create(tmp_path / "keys.json")
    if request.param == "folder":
        return InFolder(keys, tmp_path / "uploads")
    return InBucket(keys, request.getfixturevalue("object_store"))


@pytest.fixture
def kept(place: Place) -> Store:
    return place.opened()


def nobody(_address: str) -> bool:
    return False


def everybody(_address: str) -> bool:
    return True


def rotated(place: Place) -> Store:
    place.keys.replace_file(place.keys.keys.with_prepared().switched())
    return place.opened()


# --- in and out -------------------------------------------------------------------------------------------------------


def test_what_goes_in_comes_out(kept: Store) -> None:
    data = [b"", b"x", b"picture" * 10_000]
    blobs = [kept.put(each) for each in data]
    for each, blob in zip(data, blobs, strict=True):
        assert kept.get(blob.address) == each
        assert blob.size == len(each)
        assert kept.exists(blob.address)
        kept.check(blob.address, blob.sha256)
        assert kept.sealed(blob.address).startswith(kept.head(blob.address))
    assert list(kept.addresses()) == list(kept.stored()) == sorted(blob.address for blob in blobs)


def test_equal_bytes_are_stored_once_and_get_a_new_date(place: Place, kept: Store) -> None:
    first = kept.put(b"picture")
    before = place.read(first.address)
    place.age(first.address)

    assert kept.put(b"picture") == first
    assert place.read(first.address) == before
    assert kept.sweep(nobody, DAY) == Sweep()


def test_nothing_but_an_address_becomes_a_name(kept: Store) -> None:
    uses: tuple[Callable[[str], object], ...] = (
        kept.get,
        kept.exists,
        kept.stamp,
        kept.reseal,
        lambda value: kept.check(value, ""),
        lambda value: kept.discard(value, 0),
    )
    for address in ("", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 60 + "/../"):
        for use in uses:
            with pytest.raises(ValueError, match="not an address"):
                use(address)


# --- damage -----------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_to_be_missing(kept: Store) -> None:
    for use in (kept.get, kept.reseal, lambda address: kept.check(address, "")):
        with pytest.raises(FileMissing):
            use("a" * 64)
    assert not kept.exists("a" * 64)
    assert (kept.stamp("a" * 64), kept.head("a" * 64), kept.discard("a" * 64, 0)) == (None, b"", False)


def test_damage_is_noticed_by_reading_and_by_checking(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    before = kept.stamp(blob.address)
    place.write(blob.address, place.read(blob.address)[:-1])
    for use in (kept.get, lambda address: kept.check(address, blob.sha256)):
        with pytest.raises(FileDamaged):
            use(blob.address)
    assert kept.stamp(blob.address) != before


def test_two_exchanged_files_are_noticed(place: Place, kept: Store) -> None:
    one, two = kept.put(b"one"), kept.put(b"two")
    place.write(one.address, place.read(two.address))
    with pytest.raises(FileDamaged):
        kept.get(one.address)
    with pytest.raises(FileDamaged):
        kept.put_sealed(one.address, kept.sealed(two.address))


def test_the_same_bytes_sent_again_mend_the_damage(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    place.write(blob.address, b"")
    again = kept.put(b"picture")
    assert again.address == blob.address
    assert kept.get(blob.address) == b"picture"
    kept.check(again.address, again.sha256)


def test_resealing_moves_a_file_to_the_current_key(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    assert kept.reseal(blob.address) is None

    later = rotated(place)
    moved = later.reseal(blob.address)
    assert moved is not None
    assert (moved.address, moved.size) == (blob.address, blob.size)
    later.check(moved.address, moved.sha256)
    place.keys.replace_file(place.keys.keys.without(place.keys.keys.old))
    assert later.with_keys(Keyring.load(place.keys.path or Path())).get(blob.address) == b"picture"


# --- sweeping ---------------------------------------------------------------------------------------------------------


def test_an_orphan_goes_in_two_passes_a_day_apart(place: Place, kept: Store) -> None:
    blob = kept.put(b"orphan")
    assert kept.sweep(nobody, DAY) == Sweep()

    place.age(blob.address)
    assert kept.sweep(nobody, DAY) == Sweep(trashed=[blob.address])
    assert (list(kept.addresses()), list(kept.stored())) == ([], [blob.address])
    assert kept.get(blob.address) == b"orphan"  # still within reach
    assert kept.exists(blob.address)
    assert kept.head(blob.address) == place.keys.head

    assert kept.sweep(nobody, DAY) == Sweep()
    place.age(blob.address)
    assert kept.sweep(nobody, DAY, dry_run=True) == Sweep(removed=[blob.address])
    assert kept.sweep(nobody, DAY) == Sweep(removed=[blob.address])
    assert not kept.exists(blob.address)


def test_what_a_row_refers_to_stays(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    place.age(blob.address)
    assert kept.sweep(everybody, DAY) == Sweep()
    assert list(kept.addresses()) == [blob.address]


def test_what_is_referred_to_after_all_comes_back(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    place.age(blob.address)
    kept.sweep(nobody, DAY)
    place.age(blob.address)

    assert kept.sweep(everybody, DAY, dry_run=True) == Sweep(restored=[blob.address])
    assert list(kept.addresses()) == []
    assert kept.sweep(everybody, DAY) == Sweep(restored=[blob.address])
    assert list(kept.addresses()) == [blob.address]
    kept.check(blob.address, blob.sha256)


def test_trashed_bytes_sent_again_come_back_as_they_were(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    place.age(blob.address)
    kept.sweep(nobody, DAY)

    assert kept.put(b"picture") == blob
    assert list(kept.stored()) == [blob.address]
    assert kept.sweep(nobody, DAY) == Sweep()
    kept.check(blob.address, blob.sha256)


def test_trashed_bytes_are_resealed_in_their_old_place(place: Place, kept: Store) -> None:
    blob = kept.put(b"picture")
    place.age(blob.address)
    kept.sweep(nobody, DAY)

    later = rotated(place)
    assert later.reseal(blob.address) is not None
    assert list(later.addresses()) == list(later.stored()) == [blob.address]
    assert later.head(blob.address) == place.keys.head


def test_a_back_up_keeps_what_would_be_removed(place: Place, kept: Store) -> None:
    blob = kept.put(b"orphan")
    place.age(blob.address)
    kept.sweep(nobody, DAY)
    place.age(blob.address)
    with place.opened().held(), pytest.raises(StoreHeld):
        kept.sweep(nobody, DAY)
    assert kept.get(blob.address) == b"orphan"
    assert kept.sweep(nobody, DAY) == Sweep(removed=[blob.address])


def test_a_discarded_file_is_out_of_its_place_unless_it_was_sent_again(place: Place, kept: Store) -> None:
    blob = kept.put(b"sheet")
    assert not kept.discard(blob.address, DAY)
    place.age(blob.address)
    assert kept.discard(blob.address, DAY)
    assert list(kept.addresses()) == []


def test_a_store_can_be_tried_before_it_is_needed(kept: Store) -> None:
    kept.try_writing()
    kept.refuse_unwritable(1)
    assert list(kept.stored()) == []
