"""What only the folder of encrypted files has: the order of its steps, left-over files, a lock."""

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
from lib.storage import Blob, FileMissing, Folder, Sweep

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


def test_neither_name_nor_content_tells_anything(folder: Folder, tmp_path: Path) -> None:
    blob = folder.put(b"a known picture")
    path = path_of(folder, blob.address)
    assert b"known" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Folder(tmp_path / "other", Keyring.ephemeral()).put(b"a known picture").address != blob.address


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
    assert steps == ["file", "rename", "directory", "directory", "directory"]


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


@settings(deadline=None)
@given(address=st.text(max_size=70))
def test_hardly_anything_is_an_address(tmp_path_factory: pytest.TempPathFactory, address: str) -> None:
    folder = Folder(tmp_path_factory.getbasetemp() / "addresses", Keyring.ephemeral())
    with pytest.raises((ValueError, FileMissing)):
        folder.get(address)


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
