"""The keys of an installation: sealed values, keyed hashes, the file that holds the keys.

One file holds the master keys; every key in use is derived from them by HKDF for one purpose, so no two purposes share
a key. Keys that seal and keys of blind indexes rotate: several open and find, one is used for what is new. What can
never be made again hangs on a master that stays: passwords, the audit trail, the names of files, check codes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lib.files import temporary_file_beside


class Tampered(Exception):
    """A sealed value was altered, moved to another place, or sealed with a key that is not here."""


class BadKeyFile(Exception):
    """The file is not a key file; the message says what is wrong."""


_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12  # random: safe for 2**32 values a key (NIST SP 800-38D)
_FORMAT = b"\x01"
HEAD_LENGTH = len(_FORMAT) + _ID_BYTES


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"kuaiji|" + purpose.encode()).derive(master)


FIRST_INDEX = "first"  # the id of the index key that an installation begins with: the master of what never rotates
#: Purposes whose hashes can be made again, or soon end: they have a key of their own, which rotates (docs/adr/038).
_ROTATING = {"id_number", "phone", "phone_tail", "attempt", "sent_code"}
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class KeyFile:
    """What a key file holds. ``prepared``: keys that can be used already, and become current at the next switch."""

    sealing: Mapping[str, bytes]
    current: str
    master: bytes  # of what never rotates
    indexing: Mapping[str, bytes]
    current_index: str
    prepared: Mapping[str, str] = field(default_factory=dict)  # sealing, index -> key id

    @classmethod
    def read(cls, path: Path) -> KeyFile:
        """Raises OSError or BadKeyFile."""
        try:
            content = json.loads(path.read_bytes())
            master, indexes = _decode_key(content["index"]), content.get("lookup") or {}
            found = cls(
                {key_id: _decode_key(key) for key_id, key in content["sealing"].items()},
                content["current"],
                master,
                {key_id: _decode_key(key) for key_id, key in indexes.get("keys", {}).items()} or {FIRST_INDEX: master},
                indexes.get("current", FIRST_INDEX),
                content.get("prepared") or {},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadKeyFile(f"{path} 不是密钥文件（{type(error).__name__}）；请换回正确的文件") from error
        known = found.current in found.sealing and found.current_index in found.indexing
        if not known or any(not _is_key_id(key_id) for key_id in found.sealing):
            raise BadKeyFile(f"{path} 里缺少当前使用的密钥；请换回完整的文件")
        return found

    def as_json(self) -> bytes:
        content: dict[str, Any] = {
            "current": self.current,
            "sealing": {key_id: base64.b64encode(key).decode() for key_id, key in self.sealing.items()},
            "index": base64.b64encode(self.master).decode(),
            "lookup": {
                "current": self.current_index,
                "keys": {key_id: base64.b64encode(key).decode() for key_id, key in self.indexing.items()},
            },
            "prepared": dict(self.prepared),
        }
        return json.dumps(content, indent=1).encode() + b"\n"

    def with_prepared(self) -> KeyFile:
        """A rotation begins: new keys that every process has to know before one uses them."""
        sealing, index = (secrets.token_hex(_ID_BYTES) for _ in range(2))
        return replace(
            self,
            sealing={**self.sealing, sealing: secrets.token_bytes(_KEY_BYTES)},
            indexing={**self.indexing, index: secrets.token_bytes(_KEY_BYTES)},
            prepared={"sealing": sealing, "index": index},
        )

    def switched(self) -> KeyFile:
        """The prepared keys are used from now on; the others still open and find."""
        return replace(
            self, current=self.prepared["sealing"], current_index=self.prepared["index"], prepared=dict[str, str]()
        )

    def without(self, key_ids: Collection[str]) -> KeyFile:
        """What is still sealed with one of these keys is lost, what is found by one is not found any more."""
        return replace(
            self,
            sealing={key_id: key for key_id, key in self.sealing.items() if key_id not in key_ids},
            indexing={key_id: key for key_id, key in self.indexing.items() if key_id not in key_ids},
        )

    @property
    def old(self) -> list[str]:
        """The keys that a rotation is about to retire."""
        kept = {self.current, self.current_index, *self.prepared.values()}
        return [key_id for key_id in (*self.sealing, *self.indexing) if key_id not in kept]


def _head(key_id: str) -> bytes:
    """How the values of a key begin."""
    return _FORMAT + bytes.fromhex(key_id)


class _KeysInUse:
    """The ciphers and keyed hashes made from one key file. Replaced as a whole."""

    def __init__(self, keys: KeyFile) -> None:
        self.keys = keys
        self.head = _head(keys.current)
        self.ciphers = {_head(key_id): AESGCM(_derive(key, "seal")) for key_id, key in keys.sealing.items()}
        older = [key_id for key_id in keys.indexing if key_id != keys.current_index]
        self.index_ids = [keys.current_index, *older]
        self.indexes: dict[str, list[HMAC]] = {}

    def keyed(self, purpose: str) -> list[HMAC]:
        """The begun hashes of all keys that may have been used, that of the current one first."""
        found = self.indexes.get(purpose)
        if found is None:
            rotates = purpose.split("|")[0] in _ROTATING
            masters = [self.keys.indexing[key_id] for key_id in self.index_ids] if rotates else [self.keys.master]
            found = self.indexes[purpose] = [HMAC(_derive(master, f"index|{purpose}"), SHA256()) for master in masters]
        return found


def _finished(keyed: HMAC, value: str) -> bytes:
    begun = keyed.copy()  # a quarter of the time of beginning with the key again
    begun.update(value.encode("utf-8", "surrogatepass"))
    return begun.finalize()


class Keyring:
    """The master keys of one installation. Safe to share between threads.

    A sealed value is: format byte, 4 bytes of key id, 12 bytes of nonce, AES-256-GCM ciphertext with its tag: 33 bytes
    more than the plain one. Format, key id and ``aad`` are authenticated: a value opens only where it was sealed.

    A ring with a ``path`` notices within a second that a rotation has changed the file.
    """

    def __init__(self, keys: KeyFile, path: Path | None = None) -> None:
        self.path = path
        self._in_use = _KeysInUse(keys)
        self._derived: dict[str, bytes] = {}
        self._stamp, self._looked_at = _stamp(path), time.monotonic()

    @classmethod
    def ephemeral(cls) -> Keyring:
        """New keys that are not written to a file."""
        return cls(_new_keys())

    @classmethod
    def create(cls, path: Path) -> Keyring:
        """Write a new key file atomically, mode 0600. Raises FileExistsError if there is one."""
        keys = _new_keys()
        with temporary_file_beside(path, keys.as_json()) as temporary:
            os.link(temporary, path)
        return cls(keys, path)

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read a key file. Raises OSError or BadKeyFile."""
        return cls(KeyFile.read(path), path)

    @property
    def keys(self) -> KeyFile:
        return self._in_use.keys

    @property
    def current_key_id(self) -> str:
        return self.keys.current

    @property
    def head(self) -> bytes:
        """How values begin that are sealed with the current key."""
        return self._in_use.head

    def replace_file(self, keys: KeyFile) -> None:
        """The next step of a rotation, for every process that has the file."""
        if self.path:
            with temporary_file_beside(self.path, keys.as_json()) as temporary:
                os.replace(temporary, self.path)
        self._in_use = _KeysInUse(keys)

    def look_again(self) -> None:
        """Take over a changed file. One that is away or unreadable changes nothing for a running process."""
        self._looked_at = time.monotonic()
        if self.path is None or (stamp := _stamp(self.path)) == self._stamp:
            return
        with suppress(OSError, BadKeyFile):
            found = KeyFile.read(self.path)
            if (
                found.master == self.keys.master and self.keys.current in found.sealing
            ):  # else an older or a foreign file
                self._in_use, self._stamp = _KeysInUse(found), stamp

    def _now(self) -> _KeysInUse:
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_S:
            self.look_again()
        return self._in_use

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Encrypt ``plain`` for the place that ``aad`` names."""
        return self.seal_all([(plain, aad)])[0]

    def seal_all(self, values: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """``seal`` of many (plain, aad), which asks for random bytes once."""
        in_use, nonces = self._now(), _nonces(len(values))
        head, encrypt = in_use.head, in_use.ciphers[in_use.head].encrypt
        return [
            head + nonce + encrypt(nonce, plain, head + aad.encode())
            for nonce, (plain, aad) in zip(nonces, values, strict=True)
        ]

    def open(self, sealed: bytes, aad: str) -> bytes:
        """Decrypt what ``seal`` made for the same ``aad``. Raises Tampered."""
        head, nonce = sealed[:HEAD_LENGTH], sealed[HEAD_LENGTH : HEAD_LENGTH + _NONCE_BYTES]
        cipher = self._in_use.ciphers.get(head) or self._cipher_of_late(head)
        try:
            return cipher.decrypt(nonce, sealed[HEAD_LENGTH + _NONCE_BYTES :], head + aad.encode())
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"内容被改动，或不在原来的位置：{aad}") from error

    def _cipher_of_late(self, head: bytes) -> AESGCM:
        """Another process may have begun to use a key since we looked."""
        self.look_again()
        if cipher := self._in_use.ciphers.get(head):
            return cipher
        raise Tampered("没有对应的密钥")

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value was sealed with the current key; others are due for sealing again in a rotation."""
        return sealed[:HEAD_LENGTH] == self.head

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same for the life of the installation."""
        key = self._derived.get(purpose)
        if key is None:
            key = self._derived[purpose] = _derive(self.keys.master, purpose)
        return key

    @property
    def pepper(self) -> bytes:
        """The key that is mixed into every password before hashing."""
        return self.derive("pepper")

    def index(self, purpose: str, value: str) -> bytes:
        """The keyed hash (32 bytes) by which an encrypted value is found again."""
        return _finished(self._now().keyed(purpose)[0], value)

    def indexes(self, purpose: str, value: str) -> list[bytes]:
        """All under which it may be found, that of the current key first. More than one only while keys rotate."""
        return self.indexes_of_all(purpose, [value])[0]

    def indexes_of_all(self, purpose: str, values: Sequence[str]) -> list[list[bytes]]:
        """``indexes`` of many."""
        begun = self._now().keyed(purpose)
        return [[_finished(keyed, value) for keyed in begun] for value in values]

    def mac(self, purpose: str, *parts: bytes) -> bytes:
        """A keyed hash (32 bytes) of ``parts``; each goes in with its length, so (ab, c) and (a, bc) differ."""
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.digest(self.derive(f"mac|{purpose}"), message, "sha256")


def _new_keys() -> KeyFile:
    key_id, index_id = (secrets.token_hex(_ID_BYTES) for _ in range(2))
    sealing, master, indexing = (secrets.token_bytes(_KEY_BYTES) for _ in range(3))
    return KeyFile({key_id: sealing}, key_id, master, {index_id: indexing}, index_id)


def _stamp(path: Path | None) -> tuple[int, ...] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else None


def _nonces(count: int) -> list[bytes]:
    random = os.urandom(_NONCE_BYTES * count)
    return [random[at : at + _NONCE_BYTES] for at in range(0, len(random), _NONCE_BYTES)]


def _decode_key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes")
    return key


def _is_key_id(key_id: str) -> bool:
    try:
        return len(binascii.unhexlify(key_id)) == _ID_BYTES and key_id == key_id.lower()
    except ValueError:
        return False
