"""The protocol of an object store: what its answers mean, that nobody waits long, what it must be able to do."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from lib.files import StorageFailure, failure_of
from lib.keyring import Keyring
from lib.storage import Bucket, Folder, StoreHeld, Sweep, bucket, open_store, s3
from lib.storage.s3 import S3Access, S3Objects, S3Place
from tests.support.site.object_store import ObjectsInMemory, ObjectStore, answer

DAY = 24 * 3600.0


@pytest.mark.parametrize(
    ("error", "writing", "failure"),
    [
        (ReadTimeoutError(endpoint_url="http://x"), True, StorageFailure.UNREACHABLE),
        (answer("NoSuchBucket", 404), True, StorageFailure.UNREACHABLE),
        (answer("SlowDown", 503), True, StorageFailure.UNREACHABLE),
        (answer("InvalidAccessKeyId", 403), False, StorageFailure.UNREACHABLE),
        (answer("AccessDenied", 403), True, StorageFailure.READ_ONLY),
        (answer("QuotaExceeded", 403), True, StorageFailure.FULL),
        (answer("XMinioStorageFull", 507), True, StorageFailure.FULL),
        (answer("NotImplemented", 501), True, StorageFailure.DISK_ERROR),
    ],
)
def test_a_failure_has_the_name_that_a_disk_gives_it(
    object_store: ObjectStore, error: Exception, writing: bool, failure: StorageFailure
) -> None:
    objects = object_store.objects(S3Place("any"))
    with object_store.failing(objects, error), pytest.raises(OSError) as raised:
        objects.put("x", b"") if writing else objects.look("x")
    assert failure_of(raised.value) == failure


def test_a_bucket_that_is_not_there_is_said(object_store: ObjectStore) -> None:
    for act in (Bucket.try_writing, lambda kept: kept.put(b"x"), lambda kept: list(kept.addresses())):
        with pytest.raises(OSError, match="NoSuchBucket"):
            act(Bucket(object_store.objects(S3Place("nobody-has-it")), Keyring.ephemeral()))


def waiting(server: socket.socket) -> Iterator[str]:
    """Whoever has called."""
    server.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            caller, address = server.accept()
            caller.close()
            yield str(address)


def test_a_server_that_hangs_holds_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "READ_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr("botocore.endpoint.time", type("Clock", (), {"sleep": lambda _s: None, "time": float}))
        objects = S3Objects(S3Place("any"), S3Access(f"http://127.0.0.1:{silent.getsockname()[1]}", "a", "b"))
        with pytest.raises(OSError, match="ReadTimeoutError"):
            objects.get("x")
        assert len(list(waiting(silent))) == s3.ATTEMPTS


def test_a_server_that_gave_no_answer_is_left_alone_until_one_has_tried(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(s3, "time", type("Clock", (), {"monotonic": lambda: now[0]}))
    objects = object_store.objects(object_store.new_bucket())
    silent = ReadTimeoutError(endpoint_url="http://x")
    with object_store.failing(objects, silent), pytest.raises(OSError, match="ReadTimeoutError"):
        objects.look("x")
    with pytest.raises(OSError, match="a moment ago"):
        objects.look("x")
    now[0] += s3.SILENT_S
    others: list[str] = []

    def look_meanwhile(**_options: Any) -> None:
        with pytest.raises(OSError, match="a moment ago") as raised:
            objects.look("y")
        others.append(str(raised.value))
        raise answer("404", 404)

    with monkeypatch.context() as patch:
        patch.setattr(objects, "_made", type("Client", (), {"head_object": staticmethod(look_meanwhile)}))
        assert objects.look("x") is None
    assert others
    assert objects.look("x") is None


def test_a_list_is_read_to_its_end(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PAGE", 2)
    objects = object_store.objects(object_store.new_bucket())
    for name in "edcba":
        objects.put(f"files/{name}", b"x")
    objects.put("other", b"")
    assert [found.name for found in objects.names("files/")] == [f"files/{name}" for name in "abcde"]


def test_bytes_that_arrive_changed_are_refused(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told a checksum."""
    sent: list[dict[str, Any]] = []
    objects = object_store.objects(S3Place("any"))
    client = type("Client", (), {"put_object": lambda _self, **options: sent.append(options)})()
    monkeypatch.setattr(objects, "_made", client)
    objects.put("x", b"hello")
    assert sent[0]["ContentMD5"] == "XUFAKrxLKna5cZ2REBfFkg=="


def test_the_bucket_can_be_named_in_the_host() -> None:
    client = S3Objects(S3Place("bucket"), S3Access("https://store.example", "a", "b", addressing="virtual"))._client()
    address = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "p/x"})
    assert address.startswith("https://bucket.store.example/p/x?")


def test_a_place_is_a_folder_or_a_bucket(tmp_path: Path) -> None:
    keys, access = Keyring.ephemeral(), S3Access()
    assert isinstance(open_store(tmp_path, access, keys), Folder)
    for text, place in (("s3://abc", "s3://abc"), ("s3://abc/", "s3://abc"), ("s3://abc/d/e/", "s3://abc/d/e")):
        assert open_store(S3Place.parse(text), access, keys).place == place
    assert S3Place.parse("s3://abc/d") == S3Place("abc", "d/")
    assert "hidden" not in repr(S3Access("", "a", "hidden"))


# --- what a store must be able to do ----------------------------------------------------------------------------------


class Overwriting(ObjectsInMemory):
    """A server that does not know If-None-Match."""

    def put(self, name: str, content: bytes, *, only_new: bool = False, instead_of: str = "") -> bool:
        return super().put(name, content, instead_of=instead_of)


class Restless(ObjectsInMemory):
    """Somebody else is always quicker."""

    def put(self, name: str, content: bytes, *, only_new: bool = False, instead_of: str = "") -> bool:
        return False


def test_a_store_that_lacks_an_operation_is_told_before_it_is_used() -> None:
    with pytest.raises(OSError, match="does not do: If-None-Match when writing") as raised:
        Bucket(Overwriting(), Keyring.ephemeral()).try_writing()
    assert raised.value.errno == errno.EOPNOTSUPP


def test_nobody_tries_for_ever() -> None:
    kept = Bucket(objects := Restless(), Keyring.ephemeral())
    with pytest.raises(OSError, match="changes all the time"):
        kept.put(b"x")
    address = Bucket(ObjectsInMemory(kept=objects.kept), kept._keys).put(b"x").address
    kept._keys.replace_file(kept._keys.keys.with_prepared().switched())
    with pytest.raises(OSError, match="changes all the time"):
        kept.reseal(address)


def test_the_answer_of_a_probe_is_good_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a server that hangs is waited for once, not by each upload."""
    steps: list[bool] = []
    objects = ObjectsInMemory(before=lambda: steps.append(True))
    kept = Bucket(objects, Keyring.ephemeral())
    for _time in range(3):
        kept.refuse_unwritable(1)
    assert len(steps) == 1

    def broken() -> None:
        steps.append(False)
        raise OSError(errno.EHOSTDOWN, "gone")

    objects.before = broken
    monkeypatch.setattr(bucket, "PROBED_S", 0.0)
    with pytest.raises(OSError, match="gone"):
        kept.refuse_unwritable(1)
    monkeypatch.setattr(bucket, "PROBED_S", 10.0)
    with pytest.raises(OSError, match="gone"):
        kept.refuse_unwritable(1)
    assert steps == [True, False]


def test_the_hold_of_a_killed_back_up_ends_after_a_day() -> None:
    objects = ObjectsInMemory()
    kept = Bucket(objects, Keyring.ephemeral())
    address = kept.put(b"x").address
    objects.age(2 * DAY)
    assert kept.sweep(lambda _address: False, DAY).trashed == [address]
    objects.age(2 * DAY)
    hold = kept.held()
    hold.__enter__()  # and it never comes back
    with pytest.raises(StoreHeld):
        kept.sweep(lambda _address: False, DAY)
    objects.age(2 * DAY)
    assert kept.sweep(lambda _address: False, DAY) == Sweep(removed=[address], temporary=1)
    assert objects.kept == {}
