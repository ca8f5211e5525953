"""An object store: moto's server in a thread of this process, and one in memory whose steps a test can stop."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from lib.storage.bucket import ObjectContent, ObjectFacts
from lib.storage.s3 import S3Access, S3Objects, S3Place

_numbers = itertools.count()


@dataclass
class ObjectStore:
    """moto's server, and how to reach it."""

    endpoint: str
    client: Any
    access: S3Access

    def new_bucket(self) -> S3Place:
        name = f"bucket-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return S3Place(name, "kuaiji/")

    def objects(self, place: S3Place) -> S3Objects:
        """With the one client that all tests share: making one takes long."""
        made = S3Objects(place, self.access)
        made._made = self.client
        return made

    @contextmanager
    def failing(self, objects: S3Objects, error: Exception, only: tuple[str, ...] = ()) -> Iterator[None]:
        objects._made = Failing(error, self.client, only)
        yield
        objects._made = self.client

    def age(self, place: S3Place, name: str, seconds: float) -> None:
        key = _buckets()[place.bucket].keys[place.prefix + name]
        key.last_modified = datetime.fromtimestamp(time.time() - seconds, UTC).replace(tzinfo=None)

    def names(self, place: S3Place) -> list[str]:
        return [name.removeprefix(place.prefix) for name in _buckets()[place.bucket].keys]


@dataclass
class Failing:
    """A client whose methods fail, or only those of ``only``."""

    error: Exception
    client: Any
    only: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if self.only and name not in self.only:
            return getattr(self.client, name)

        def fail(**_options: Any) -> None:
            raise self.error

        return fail


WRITING = ("put_object", "copy_object", "delete_object")


def answer(code: str, status: int) -> Exception:
    """What boto3 makes of an answer."""
    from botocore.exceptions import ClientError

    told: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "Any")


def _buckets() -> Any:
    from moto.backends import get_backend

    (account,) = get_backend("s3").values()
    return account["aws"].buckets


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = S3Access(f"http://{host}:{port}", "access", "secret")
    yield ObjectStore(access.endpoint, S3Objects(S3Place("none"), access)._client(), access)
    server.stop()


@dataclass
class ObjectsInMemory:
    """What lib/storage/bucket.py needs of a store. ``before`` is called before each step: another may come between."""

    place: str = "memory"
    kept: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None

    def put(self, name: str, content: bytes, *, only_new: bool = False, instead_of: str = "") -> bool:
        self.before()
        there = self.kept.get(name)
        if (only_new and there) or (instead_of and (not there or _etag(there[0]) != instead_of)):
            return False
        self.kept[name] = content, time.time()
        return True

    def get(self, name: str, first: int = 0) -> ObjectContent | None:
        self.before()
        if not (there := self.kept.get(name)):
            return None
        return ObjectContent(there[0][: first or None], _etag(there[0]))

    def look(self, name: str) -> ObjectFacts | None:
        self.before()
        return self._facts(name) if name in self.kept else None

    def copy(self, name: str, to: str) -> bool:
        self.before()
        if name not in self.kept:
            return False
        self.kept[to] = self.kept[name][0], time.time()
        return True

    def delete(self, name: str) -> None:
        self.before()
        self.kept.pop(name, None)

    def names(self, beginning: str) -> Iterator[ObjectFacts]:
        self.before()
        yield from [self._facts(name) for name in sorted(self.kept) if name.startswith(beginning)]

    def age(self, seconds: float) -> None:
        """Everything."""
        self.kept = {name: (content, at - seconds) for name, (content, at) in self.kept.items()}

    def _facts(self, name: str) -> ObjectFacts:
        content, at = self.kept[name]
        return ObjectFacts(name, len(content), _etag(content), at)


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
