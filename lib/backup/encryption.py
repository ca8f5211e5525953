"""Encryption to a public key in the age format (age-encryption.org/v1), which other programs can read, too.

The machine that makes back-ups has the public half only (a recipient, ``age1...``); the private half is an identity.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from isal import isal_zlib

CHUNK = 1 << 16
_GZIP = 31  # zlib's number for the gzip format, so that `age -d | gunzip` reads it


class BackupError(Exception):
    """A back-up cannot be made, checked or restored; the message says why and what to do."""


def parse_recipients(text: str) -> tuple[str, ...]:
    """Public keys, separated by commas. Raises ValueError with what is expected."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in found:
        try:
            _recipient(one)
        except BackupError:
            raise ValueError("flask backup key 显示的公钥（age1...），几个之间用逗号隔开") from None
    return found


def new_identity() -> tuple[str, str]:
    """A new pair: the text of the private file, as age-keygen writes it, and the public key."""
    identity = _pyrage().x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# public key: {public}\n{identity}\n", public


def read_identity(text: str) -> Any:
    """The private key of such a text. Raises BackupError."""
    for line in text.splitlines():
        if line.strip().startswith("AGE-SECRET-KEY-"):
            try:
                return _pyrage().x25519.Identity.from_str(line.strip())
            except _pyrage().IdentityError:
                break
    raise BackupError("这不是备份的私钥文件：应有一行以 AGE-SECRET-KEY- 开头")


def is_for(identity: Any, recipients: Sequence[str]) -> bool:
    """Is the private key the other half of one of these?"""
    return str(identity.to_public()) in recipients


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    return bytes(_pyrage().encrypt(data, [_recipient(one) for one in recipients]))


def decrypt(data: bytes, identity: Any) -> bytes:
    """Raises BackupError."""
    try:
        return bytes(_pyrage().decrypt(data, [identity]))
    except _pyrage().DecryptError as error:
        raise BackupError("私钥打不开这份备份，或者备份已损坏") from error


def encrypt_stream(chunks: Iterable[bytes], out: BinaryIO, recipients: Sequence[str]) -> None:
    """Compress and encrypt what may be larger than the memory."""
    source = io.BufferedReader(_Chunks(_compressed(chunks)), CHUNK)
    _pyrage().encrypt_io(source, out, [_recipient(one) for one in recipients])


def decrypt_stream(source: BinaryIO, out: BinaryIO, identity: Any) -> None:
    """The reverse. What was written is to be used only if this returns. Raises BackupError."""
    inflate = isal_zlib.decompressobj(_GZIP)
    try:
        _pyrage().decrypt_io(source, _Sink(lambda data: out.write(inflate.decompress(data))), [identity])
    except (_pyrage().DecryptError, isal_zlib.error) as error:  # type: ignore[misc]
        raise BackupError("私钥打不开这份备份，或者备份已损坏") from error
    out.write(inflate.flush())


def _pyrage() -> Any:
    """A large library that no request needs."""
    import pyrage

    return pyrage


def _recipient(text: str) -> Any:
    try:
        return _pyrage().x25519.Recipient.from_str(text)
    except _pyrage().RecipientError as error:
        raise BackupError("备份的公钥应以 age1 开头，由 flask backup key 生成") from error


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    deflate = isal_zlib.compressobj(1, wbits=_GZIP)
    for chunk in chunks:
        yield deflate.compress(chunk)
    yield deflate.flush()


class _Chunks(io.RawIOBase):
    """Chunks as a file that is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


class _Sink(io.RawIOBase):
    """A file whose writes go through a function."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take

    def write(self, data: Any) -> int:
        self._take(bytes(data))
        return len(data)
