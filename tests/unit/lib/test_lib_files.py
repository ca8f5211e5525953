"""Files that are there whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from lib.files import temporary_file_beside


def test_the_content_is_complete_and_private_before_it_gets_its_name(tmp_path: Path) -> None:
    target = tmp_path / "keys.json"
    with temporary_file_beside(target, b"content") as temporary:
        assert not target.exists()
        assert Path(temporary).read_bytes() == b"content"
        assert stat.S_IMODE(os.stat(temporary).st_mode) == 0o600
        os.replace(temporary, target)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_nothing_is_left_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), temporary_file_beside(tmp_path / "keys.json", b"content"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_data_and_directory_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", fsync)
    with temporary_file_beside(tmp_path / "keys.json", b"content") as temporary:
        assert synced == ["file"]
        os.replace(temporary, tmp_path / "keys.json")
    assert synced == ["file", "directory"]
