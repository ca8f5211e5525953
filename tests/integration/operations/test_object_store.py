"""Files in a bucket: every way of writing works and says what fails, the operator is told, copies and back-ups hold."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from flask import Flask

from config import BadSetting, Config
from lib.storage import Bucket, Folder, bucket
from lib.storage.s3 import S3Access, S3Objects, S3Place
from models import store
from services.operations import doctor, gauges
from services.papers import papers
from tests.integration.operations.test_faults import contents, ways
from tests.support.applicant.filing import pages_of, words
from tests.support.site.backups import restore
from tests.support.site.command_line import runner
from tests.support.site.object_store import WRITING, ObjectStore, answer

AWAY = EndpointConnectionError(endpoint_url="http://store")
FAULTS = (
    (AWAY, (), 503, ("暂时连接不上文件存储", "系统正在恢复"), "storage unreachable"),
    (answer("QuotaExceeded", 403), WRITING, 507, ("存储空间已满",), "storage full"),
    (answer("AccessDenied", 403), WRITING, 507, ("只能读取",), "storage read-only"),
)
#: The ways of writing that need the store: those of a picture.
OF_PICTURES = ("upload", "photo", "crop", "rotate", "tus begin", "tus piece", "tus take", "phone")


@dataclass
class OnBucket:
    server: ObjectStore
    place: S3Place
    objects: S3Objects


@pytest.fixture
def on_bucket(app: Flask, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> OnBucket:
    """The application keeps its files in a bucket."""
    monkeypatch.setattr(bucket, "PROBED_S", 0.0)
    objects = object_store.objects(place := object_store.new_bucket())
    app.extensions["kuaiji.store"] = Bucket(objects, app.extensions["kuaiji.keys"])
    app.config.update(UPLOADS=place, S3=object_store.access)
    monkeypatch.setattr(S3Objects, "_client", lambda self: self._made or object_store.client)
    return OnBucket(object_store, place, objects)


def test_every_way_of_writing_works_and_says_what_fails(app, make, on_bucket, tokens, caplog):
    server, objects, faults = on_bucket.server, on_bucket.objects, itertools.cycle(FAULTS)
    seen: dict[str, list] = {"hand_over": []}  # that a phone was there is written down before its picture is looked at
    for name, well, act in ways(app, make, lambda: tokens[-1]):
        if name in OF_PICTURES:
            before = contents() | seen
            error, only, status, said, logged = next(faults)
            caplog.clear()
            with server.failing(objects, error, only):
                answered = act(status)
            assert answered.status == status, name
            assert any(text in words(answered.text) for text in said), name
            assert "数据库" not in words(answered.text), name
            assert logged in caplog.text, name
            assert contents() | seen == before, f"{name}: something was written"
        assert act(well).status == well, name
        if name == "submit":
            break
    named = papers.referenced()
    assert named <= set(store().addresses())
    assert not list((app.config["DATA"] / "uploads").glob("??"))
    flask = runner(app)
    assert f"已登记的文件 {len(named)} 个，缺失或损坏 0 个" in flask("storage", "check")[1]
    assert flask("storage", "sweep")[:2] == (
        0,
        "已放入回收站 0 个文件，从回收站删除 0 个，取回 0 个，清理临时文件 0 个\n",
    )


def test_a_monitor_and_the_doctor_are_told_of_the_bucket(app, browser, on_bucket):
    def readyz(error: Exception, only: tuple[str, ...] = ()) -> str:
        with on_bucket.server.failing(on_bucket.objects, error, only):
            return browser.open("/readyz", expect=503).text

    def told() -> list[tuple[str, str]]:
        return [(found.level, found.text) for found in doctor.storage(store())]

    assert browser.open("/readyz").text.startswith("ok\n")
    assert readyz(AWAY) == "uploads: unreachable\n"
    assert readyz(answer("AccessDenied", 403), WRITING) == "uploads: read-only\n"
    assert readyz(answer("QuotaExceeded", 403), WRITING) == "uploads: full\n"
    assert browser.open("/readyz").text.startswith("ok\n")
    assert told() == [("ok", f"存储：{on_bucket.place}，可以写入")]
    with on_bucket.server.failing(on_bucket.objects, answer("NoSuchBucket", 404)):
        assert told() == [("fault", f"存储：不能写入 {on_bucket.place}（NoSuchBucket）；请检查权限、挂载和空间")]
    (room,) = (found for found in gauges.figures(app.config["DATA"], store()) if found.name == "kuaiji_free_bytes")
    assert [labels for labels, _value in room.lines] == [("data",)]


# --- from one store to another ----------------------------------------------------------------------------------------


def interrupted_after(files: int, objects_put: Callable[..., bool]) -> Callable[..., bool]:
    left = iter(range(files))

    def put(self: S3Objects, name: str, *arguments: object, **options: object) -> bool:
        if name.startswith("files/") and next(left, None) is None:
            raise KeyboardInterrupt
        return objects_put(self, name, *arguments, **options)

    return put


def test_a_copy_goes_on_where_it_was_interrupted_and_the_site_goes_on_in_the_bucket(
    app, make, browser, object_store, monkeypatch
):
    declaration, flask = make.declaration(), runner(app)
    make.papers(declaration)
    folder = store()
    place = object_store.new_bucket()
    app.config["S3"] = object_store.access
    monkeypatch.setattr(S3Objects, "_client", lambda self: self._made or object_store.client)
    there = Bucket(object_store.objects(place), app.extensions["kuaiji.keys"])
    with monkeypatch.context() as patch:
        patch.setattr(S3Objects, "put", interrupted_after(3, S3Objects.put))
        status, _said, error = flask("storage", "copy", folder.place, str(place))
        assert (status, error.splitlines()[-1][:6]) == (1, "错误：已中断")
    named = sorted(papers.referenced())
    assert list(there.addresses()) == named[:3]

    assert flask("storage", "copy", folder.place, str(place))[:2] == (
        0,
        f"已复制并核对 {len(named) - 3} 个文件，0 个没有成功；原处的文件没有删除\n",
    )
    assert all(there.sealed(address) == folder.sealed(address) for address in named)
    app.extensions["kuaiji.store"] = there
    browser.sign_in(declaration.account)
    photo = f"/apply/pages/{pages_of(declaration, 'photo')[0].uid}.jpg"
    assert browser.open(photo).data.startswith(b"\xff\xd8")
    with object_store.failing(there._objects, AWAY):
        assert "暂时连接不上文件存储" in words(browser.open(photo, expect=503).text)

    back = app.config["DATA"] / "back"
    assert flask("storage", "copy", str(place), str(back))[0] == 0
    assert list(Folder(back, app.extensions["kuaiji.keys"]).addresses()) == named


def test_a_copy_mends_what_it_can_and_names_what_it_cannot(app, make, object_store, monkeypatch):
    make.papers(make.declaration())
    flask, folder, place = runner(app), store(), object_store.new_bucket()
    app.config["S3"] = object_store.access
    objects = object_store.objects(place)
    monkeypatch.setattr(S3Objects, "_client", lambda self: self._made or object_store.client)
    first, second, third, *_rest = folder.addresses()
    path = Path(folder.place) / first[:2] / first[2:4] / first
    path.write_bytes(path.read_bytes()[:-1])
    objects.put(f"files/{second}", b"spoilt on its way")

    status, said, _error = flask("storage", "copy", folder.place, str(place))
    assert (status, said.splitlines()[0]) == (1, f"损坏：{first[:12]}")
    assert objects.get(f"files/{second}").content == b"spoilt on its way"  # it was there: nobody has looked at it
    assert flask("storage", "copy", folder.place, str(place), "--verify")[0] == 1
    assert objects.get(f"files/{second}").content == folder.sealed(second)
    put = S3Objects.put
    for content, problem in (
        (b"", "损坏"),
        (None, "写入后读不到"),
    ):  # a server that spoils what it takes, or forgets it

        def badly(self, name, given, content=content, **how):
            if not name.startswith("files/"):
                return put(self, name, given, **how)
            return content is None or put(self, name, content)

        monkeypatch.setattr(S3Objects, "put", badly)
        objects.delete(f"files/{third}")
        assert f"{problem}：{third[:12]}" in flask("storage", "copy", folder.place, str(place))[1]


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("nowhere", "s3://bucket", "nowhere 不是目录"),
        ("docs", "s3://b", "s3://b：应为目录，或 s3://bucket、s3://bucket/prefix"),
        ("docs", "ftp://bucket", "ftp://bucket：应为目录"),
        ("s3://bucket", "s3://bucket/", "FROM 和 TO 是同一个地方"),
        ("docs", "docs/../docs", "FROM 和 TO 是同一个地方"),
    ],
)
def test_places_that_are_none_are_wrong_usage(app, source, target, words):
    status, _said, error = runner(app)("storage", "copy", source, target)
    assert status == 2
    assert words in error


def test_a_back_up_of_a_bucket_brings_back_a_bucket(app, on_bucket, kept):
    kept.made()
    before = {address: store().sealed(address) for address in papers.referenced()}
    (*_others, last) = before
    stamp = store().stamp(last)
    store().put(store().get(last))
    assert store().stamp(last) == stamp, "a new date would be a new file for the next back-up"
    for found in on_bucket.objects.names(""):
        on_bucket.objects.delete(found.name)
    assert restore(app, kept, "--replace")[0] == 0
    assert {address: store().sealed(address) for address in papers.referenced()} == before


# --- settings ---------------------------------------------------------------------------------------------------------

KEYS = {"KUAIJI_S3_ACCESS_KEY": "a", "KUAIJI_S3_SECRET_KEY": "hidden"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"UPLOADS": "s3://x"}, "KUAIJI_UPLOADS='s3://x'：应为目录，或 s3://bucket"),
        ({"UPLOADS": "S3://bucket"}, "应为目录，或 s3://bucket"),
        ({"UPLOADS": "s3://bucket", "S3_SECRET_KEY": ""}, "请同时设置 KUAIJI_S3_ACCESS_KEY 和 KUAIJI_S3_SECRET_KEY"),
        ({"UPLOADS": "s3://bucket", "S3_ENDPOINT": "minio:9000"}, "应为https://host 或 http://host:port"),
    ],
)
def test_half_an_object_store_is_refused_in_one_line(tmp_path, given, words):
    with pytest.raises(BadSetting) as refused:
        Config(KEYS | {"KUAIJI_DATA": str(tmp_path)} | {f"KUAIJI_{name}": value for name, value in given.items()})
    assert words in refused.value.message
    assert "hidden" not in refused.value.message


def test_without_boto3_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.storage.s3.find_spec", lambda _name: None)
    with pytest.raises(BadSetting, match="请先运行 make setup-s3"):
        Config(KEYS | {"KUAIJI_UPLOADS": "s3://bucket"})
    assert S3Access() == Config({"KUAIJI_DATA": str(tmp_path)}).S3
