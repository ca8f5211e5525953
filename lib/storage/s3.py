"""The objects of a bucket, by the protocol of Amazon's S3. The only module that knows boto3, which is optional."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from lib.storage.bucket import ObjectContent, ObjectFacts

#: A server that hangs keeps a thread for two attempts.
CONNECT_S, READ_S, ATTEMPTS = 2, 10, 2
#: After that it is left alone for a while; then one request tries for all, and no other thread waits.
SILENT_S = 15.0
PAGE = 1000  # names in one answer

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9_./-]*))?\Z")
_MISSING = ("NoSuchKey", "404")
_NO_CONDITION = ("PreconditionFailed", "ConditionalRequestConflict", *_MISSING)
_FULL = ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded")


@dataclass(frozen=True)
class S3Place:
    """A bucket, and how the names in it begin: "" or with a slash at the end."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> S3Place:
        """Raises ValueError."""
        if not (found := _PLACE.match(text)):
            raise ValueError("目录，或 s3://bucket、s3://bucket/prefix")
        prefix = (found[2] or "").strip("/")
        return cls(found[1], f"{prefix}/" if prefix else "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True)
class S3Access:
    """``endpoint``: the address of the server; "" is Amazon's. ``addressing``: how it wants the bucket to be named."""

    endpoint: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = "us-east-1"
    addressing: str = "path"

    def problem(self) -> str:
        """What keeps a bucket from being used: a line for whoever sets it up, or nothing."""
        if not self.access_key or not self.secret_key:
            return "KUAIJI_UPLOADS 是对象存储：请同时设置 KUAIJI_S3_ACCESS_KEY 和 KUAIJI_S3_SECRET_KEY"
        if find_spec("boto3") is None:
            return "KUAIJI_UPLOADS 是对象存储：请先运行 make setup-s3，安装 boto3"
        return ""


def read_place(text: str) -> str | S3Place:
    """A directory as it is, or a bucket. Raises ValueError."""
    return S3Place.parse(text) if "://" in text else text


def read_endpoint(text: str) -> str:
    if text and not (text.startswith(("http://", "https://")) and urlsplit(text).hostname):
        raise ValueError("https://host 或 http://host:port")
    return text


class S3Objects:
    """Failures are OSErrors with the number that a disk would use; EHOSTDOWN when the server gives no answer."""

    def __init__(self, place: S3Place, access: S3Access) -> None:
        self.place = str(place)
        self._bucket, self._prefix = place.bucket, place.prefix
        self._access = access
        self._lock = threading.Lock()
        self._made: Any = None
        self._silent_until = 0.0

    def put(self, name: str, content: bytes, *, only_new: bool = False, instead_of: str = "") -> bool:
        condition = {"IfNoneMatch": "*"} if only_new else {"IfMatch": instead_of} if instead_of else {}
        # The server refuses what has arrived changed. Newer checksums are unknown to many servers.
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        try:
            with self._asking(writing=True) as client:
                client.put_object(**self._named(name), Body=content, ContentMD5=digest, **condition)
        except _NotThere:
            if condition:
                return False
            raise
        return True

    def get(self, name: str, first: int = 0) -> ObjectContent | None:
        part = {"Range": f"bytes=0-{first - 1}"} if first else {}
        try:
            with self._asking() as client:
                found = client.get_object(**self._named(name), **part)
                return ObjectContent(found["Body"].read(), found["ETag"])
        except _NotThere:
            return None

    def look(self, name: str) -> ObjectFacts | None:
        try:
            with self._asking() as client:
                found = client.head_object(**self._named(name))
        except _NotThere:
            return None
        return ObjectFacts(name, found["ContentLength"], found["ETag"], found["LastModified"].timestamp())

    def copy(self, name: str, to: str) -> bool:
        source = {"Bucket": self._bucket, "Key": self._prefix + name}
        try:
            with self._asking(writing=True) as client:  # onto itself is only allowed with REPLACE
                client.copy_object(**self._named(to), CopySource=source, MetadataDirective="REPLACE")
        except _NotThere:
            return False
        return True

    def delete(self, name: str) -> None:
        with self._asking(writing=True) as client:
            client.delete_object(**self._named(name))

    def names(self, beginning: str) -> Iterator[ObjectFacts]:
        where: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + beginning, "MaxKeys": PAGE}
        while True:
            with self._asking() as client:
                page = client.list_objects_v2(**where)
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(self._prefix)
                yield ObjectFacts(name, found["Size"], found["ETag"], found["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            where["ContinuationToken"] = page["NextContinuationToken"]

    def _named(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    @contextmanager
    def _asking(self, writing: bool = False) -> Iterator[Any]:
        from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

        self._refuse_silent()
        try:
            yield self._client()
            self._silent_until = 0.0
        except BotoCoreError as error:
            silent = isinstance(error, ConnectTimeoutError | ReadTimeoutError)
            self._silent_until = time.monotonic() + SILENT_S if silent else 0.0
            raise OSError(errno.EHOSTDOWN, type(error).__name__, self.place) from error
        except ClientError as error:
            self._silent_until = 0.0
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _NO_CONDITION:
                raise _NotThere(code) from error
            raise OSError(_number_of(code, status, writing), code or f"HTTP {status}", self.place) from error

    def _refuse_silent(self) -> None:
        with self._lock:
            if not self._silent_until:
                return
            if (now := time.monotonic()) < self._silent_until:
                raise OSError(errno.EHOSTDOWN, "gave no answer a moment ago", self.place)
            self._silent_until = now + SILENT_S

    def _client(self) -> Any:
        """One for all threads, made when it is first needed: in each process its own."""
        with self._lock:
            if self._made is None:
                self._made = _client(self._access)
            return self._made


class _NotThere(Exception):
    """No such object, or not the one that a condition asks for."""


def _number_of(code: str, status: int, writing: bool) -> int:
    if code in _FULL or status == 507:
        return errno.ENOSPC
    if status == 403 and writing:
        return errno.EACCES
    if status in (400, 411, 413, 501):
        return errno.EIO
    return errno.EHOSTDOWN


def _client(access: S3Access) -> Any:
    import boto3
    from botocore.config import Config

    how = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=32,
        # Newer checksums come in trailers, which many servers do not know.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": access.addressing},
    )
    session = boto3.session.Session(access.access_key, access.secret_key, region_name=access.region)
    return session.client("s3", endpoint_url=access.endpoint or None, config=how)
