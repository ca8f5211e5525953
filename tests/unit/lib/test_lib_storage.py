"""The folder of encrypted files: durable, deduplicated, swept in two passes."""

import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.keyring import Keyring
from lib.storage import Blob, FileDamaged, FileMissing, Folder, Sweep

DAY = 24 * 3600.0


@pytest.fixture
def keys() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def folder(tmp_path: Path, keys: Keyring) -> Folder:
    return Folder(tmp_path / "uploads", keys)


def path_of(folder: Folder, address: str) -> Path:
    return folder.root / address[:2] / address[2:4] / address


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def nobody(_address: str) -> bool:
    return False


def everybody(_address: str) -> bool:
    return True


# --- in and out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"x", b"picture" * 10_000])
def test_what_goes_in_comes_out(folder: Folder, data: bytes) -> None:
    blob = folder.put(data)
    assert folder.get(blob.address) == data
    assert blob.size == len(data)
    assert folder.exists(blob.address)
    folder.check(blob.address, blob.sha256)
    assert list(folder.addresses()) == [blob.address]


def test_neither_name_nor_content_tells_anything(folder: Folder, tmp_path: Path) -> None:
    blob = folder.put(b"a known picture")
    path = path_of(folder, blob.address)
    assert b"known" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Folder(tmp_path / "other", Keyring.ephemeral()).put(b"a known picture").address != blob.address


def test_equal_bytes_are_stored_once_and_get_a_new_date(folder: Folder) -> None:
    first = folder.put(b"picture")
    path = path_of(folder, first.address)
    before = path.read_bytes()
    age(path, 3 * DAY)

    assert folder.put(b"picture") == first
    assert path.read_bytes() == before
    assert time.time() - path.stat().st_mtime < DAY


def test_many_at_once_agree_on_one_ciphertext(folder: Folder) -> None:
    with ThreadPoolExecutor(8) as pool:
        blobs = set(pool.map(lambda _number: folder.put(b"picture" * 1000), range(24)))
    (blob,) = blobs
    folder.check(blob.address, blob.sha256)
    assert list((folder.root / "tmp").iterdir()) == []


def test_whoever_comes_second_takes_the_first_ones_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Folder(folder.root, folder._keys)
    first: list[Blob] = []
    make = folder._make_directories

    def meanwhile(path: Path) -> None:
        first.append(other.put(b"picture"))
        make(path)

    monkeypatch.setattr(folder, "_make_directories", meanwhile)
    assert folder.put(b"picture") == first[0]


def test_the_order_is_file_then_name_then_directories(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(source: str, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    folder.put(b"picture")
    assert steps == ["directory", "directory", "file", "rename", "directory", "directory"]


def test_a_failed_write_leaves_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (folder.root / "ab").mkdir()
    monkeypatch.setattr(folder, "_make_directories", lambda path: path.parent.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.put(b"picture")
    assert list(folder.addresses()) == []
    assert list((folder.root / "tmp").iterdir()) == []


def test_files_of_others_are_no_addresses(folder: Folder) -> None:
    (folder.root / "ab" / "cd").mkdir(parents=True)
    (folder.root / "ab" / "cd" / "notes.txt").write_text("x")
    (folder.root / ".gitkeep").write_text("")
    assert list(folder.addresses()) == []


@pytest.mark.parametrize("address", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 60 + "/../"])
def test_nothing_but_an_address_becomes_a_path(folder: Folder, address: str) -> None:
    for use in (folder.get, folder.exists, folder.reseal, lambda value: folder.check(value, "")):
        with pytest.raises(ValueError, match="not an address"):
            use(address)


@settings(deadline=None)
@given(address=st.text(max_size=70))
def test_hardly_anything_is_an_address(tmp_path_factory: pytest.TempPathFactory, address: str) -> None:
    folder = Folder(tmp_path_factory.getbasetemp() / "addresses", Keyring.ephemeral())
    with pytest.raises((ValueError, FileMissing)):
        folder.get(address)


# --- damage ---------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_to_be_missing(folder: Folder) -> None:
    with pytest.raises(FileMissing):
        folder.get("a" * 64)
    with pytest.raises(FileMissing):
        folder.check("a" * 64, "")
    assert not folder.exists("a" * 64)


def test_damage_is_noticed_by_reading_and_by_checking(folder: Folder) -> None:
    blob = folder.put(b"picture")
    path = path_of(folder, blob.address)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileDamaged):
        folder.get(blob.address)
    with pytest.raises(FileDamaged):
        folder.check(blob.address, blob.sha256)


def test_two_exchanged_files_are_noticed(folder: Folder) -> None:
    one, two = folder.put(b"one"), folder.put(b"two")
    path_of(folder, one.address).write_bytes(path_of(folder, two.address).read_bytes())
    with pytest.raises(FileDamaged):
        folder.get(one.address)


def test_the_same_bytes_sent_again_mend_the_damage(folder: Folder) -> None:
    blob = folder.put(b"picture")
    path_of(folder, blob.address).write_bytes(b"")
    again = folder.put(b"picture")
    assert again.address == blob.address
    assert folder.get(blob.address) == b"picture"
    folder.check(again.address, again.sha256)


def rotated(keys: Keyring) -> Keyring:
    keys.replace_file(keys.keys.with_prepared().switched())
    return keys


def test_resealing_moves_a_file_to_the_current_key(tmp_path: Path) -> None:
    keys = Keyring.create(tmp_path / "keys.json")
    old = Folder(tmp_path / "uploads", keys)
    blob = old.put(b"picture")
    assert old.reseal(blob.address) is None

    folder = Folder(tmp_path / "uploads", rotated(keys))
    moved = folder.reseal(blob.address)
    assert moved is not None
    assert (moved.address, moved.size) == (blob.address, blob.size)
    folder.check(moved.address, moved.sha256)
    keys.replace_file(keys.keys.without(keys.keys.old))
    only = Folder(tmp_path / "uploads", Keyring.load(tmp_path / "keys.json"))
    assert only.get(blob.address) == b"picture"


# --- sweeping -------------------------------------------------------------------------------------------------------


def test_an_orphan_goes_in_two_passes_a_day_apart(folder: Folder) -> None:
    blob = folder.put(b"orphan")
    assert folder.sweep(nobody, DAY) == Sweep()

    age(path_of(folder, blob.address), 2 * DAY)
    assert folder.sweep(nobody, DAY) == Sweep(trashed=[blob.address])
    assert list(folder.addresses()) == []
    assert folder.get(blob.address) == b"orphan"  # still within reach
    assert folder.exists(blob.address)

    assert folder.sweep(nobody, DAY) == Sweep()
    age(folder.root / "trash" / blob.address, 2 * DAY)
    assert folder.sweep(nobody, DAY) == Sweep(removed=[blob.address])
    assert not folder.exists(blob.address)


def test_what_a_row_refers_to_stays(folder: Folder) -> None:
    blob = folder.put(b"picture")
    age(path_of(folder, blob.address), 2 * DAY)
    assert folder.sweep(everybody, DAY) == Sweep()
    assert folder.get(blob.address) == b"picture"


def test_what_is_referred_to_after_all_comes_back(folder: Folder) -> None:
    blob = folder.put(b"picture")
    age(path_of(folder, blob.address), 2 * DAY)
    folder.sweep(nobody, DAY)
    age(folder.root / "trash" / blob.address, 2 * DAY)

    assert folder.sweep(everybody, DAY) == Sweep(restored=[blob.address])
    assert list(folder.addresses()) == [blob.address]
    folder.check(blob.address, blob.sha256)


def test_trashed_bytes_sent_again_come_back_as_they_were(folder: Folder) -> None:
    blob = folder.put(b"picture")
    age(path_of(folder, blob.address), 2 * DAY)
    folder.sweep(nobody, DAY)

    assert folder.put(b"picture") == blob
    assert list((folder.root / "trash").iterdir()) == []
    assert folder.sweep(nobody, DAY) == Sweep()
    folder.check(blob.address, blob.sha256)


def test_trashed_bytes_are_resealed_in_their_old_place(tmp_path: Path) -> None:
    keys = Keyring.create(tmp_path / "keys.json")
    old = Folder(tmp_path / "uploads", keys)
    blob = old.put(b"picture")
    age(path_of(old, blob.address), 2 * DAY)
    old.sweep(nobody, DAY)

    folder = Folder(tmp_path / "uploads", rotated(keys))
    assert folder.reseal(blob.address) is not None
    assert list(folder.addresses()) == [blob.address]
    assert list((folder.root / "trash").iterdir()) == []


def test_a_dry_run_tells_all_and_touches_nothing(folder: Folder) -> None:
    trashed, orphan = folder.put(b"trashed"), folder.put(b"orphan")
    age(path_of(folder, trashed.address), 2 * DAY)
    folder.sweep(nobody, DAY)
    age(folder.root / "trash" / trashed.address, 2 * DAY)
    age(path_of(folder, orphan.address), 2 * DAY)
    left = folder.root / "tmp" / "left"
    left.write_bytes(b"")
    age(left, 2 * DAY)
    before = sorted(folder.root.rglob("*"))

    told = folder.sweep(nobody, DAY, dry_run=True)
    assert told == Sweep(trashed=[orphan.address], removed=[trashed.address], temporary=1)
    assert sorted(folder.root.rglob("*")) == before
    assert folder.sweep(nobody, DAY) == told


def test_leftovers_of_an_upload_go_after_an_hour(folder: Folder) -> None:
    young, old = folder.root / "tmp" / "young", folder.root / "tmp" / "old"
    for path in (young, old):
        path.write_bytes(b"")
    age(old, 3601)
    assert folder.sweep(nobody, DAY) == Sweep(temporary=1)
    assert [path.name for path in (folder.root / "tmp").iterdir()] == ["young"]


def test_a_file_that_vanishes_during_a_sweep_is_passed_over(folder: Folder) -> None:
    blobs = [folder.put(bytes([number])) for number in range(3)]
    for blob in blobs:
        age(path_of(folder, blob.address), 2 * DAY)
    first, second, third = sorted(blob.address for blob in blobs)

    def remove_the_next(address: str) -> bool:
        if address == first:
            path_of(folder, second).unlink()
        return False

    assert folder.sweep(remove_the_next, DAY) == Sweep(trashed=[first, third])


def test_a_sweep_and_an_upload_of_the_same_bytes_do_not_cross(folder: Folder) -> None:
    """The upload comes just when the sweep has found no row: it waits for the move, and brings the file back."""
    blob = folder.put(b"picture")
    age(path_of(folder, blob.address), 2 * DAY)
    uploads: list[threading.Thread] = []

    def upload_meanwhile(_address: str) -> bool:
        upload = threading.Thread(target=folder.put, args=(b"picture",))
        upload.start()
        upload.join(0.05)
        uploads.append(upload)
        return False

    folder.sweep(upload_meanwhile, DAY)
    uploads[0].join()
    assert path_of(folder, blob.address).exists()
    folder.check(blob.address, blob.sha256)
