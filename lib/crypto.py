"""Keys, sealed values, keyed hashes, rows that prove who wrote them, passwords, tokens.

One file holds the master keys; every key in use is derived from them by HKDF for one purpose, so no two purposes share
a key. Sealing keys rotate: several can open values, one seals. The index master does not rotate, because a lookup needs
one hash for each value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
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


class HashingBusy(Exception):
    """Too many passwords are being checked."""


# --- keys -----------------------------------------------------------------------------------------------------------

_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12  # random: safe for 2**32 values a key (NIST SP 800-38D)
_FORMAT = b"\x01"
_HEAD = len(_FORMAT) + _ID_BYTES


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"kuaiji|" + purpose.encode()).derive(master)


class Keyring:
    """The master keys of one installation. Safe to share between threads.

    A sealed value is: format byte, 4 bytes of key id, 12 bytes of nonce, AES-256-GCM ciphertext with its tag: 33 bytes
    more than the plain one. Format, key id and ``aad`` are authenticated: a value opens only where it was sealed.
    """

    def __init__(self, masters: Mapping[str, bytes], current: str, index_master: bytes) -> None:
        self._masters = dict(masters)
        self._index_master = index_master
        self.current_key_id = current
        self._ciphers = {key_id: AESGCM(_derive(key, "seal")) for key_id, key in self._masters.items()}
        self._head = _FORMAT + bytes.fromhex(current)
        self._derived: dict[str, bytes] = {}
        self._indexes: dict[str, HMAC] = {}

    @classmethod
    def ephemeral(cls) -> Keyring:
        """New keys that are not written to a file."""
        key_id = secrets.token_hex(_ID_BYTES)
        return cls({key_id: secrets.token_bytes(_KEY_BYTES)}, key_id, secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def create(cls, path: Path) -> Keyring:
        """Write a new key file atomically, mode 0600. Raises FileExistsError if there is one."""
        ring = cls.ephemeral()
        with temporary_file_beside(path, ring._as_json()) as temporary:
            os.link(temporary, path)
        return ring

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read a key file. Raises OSError or BadKeyFile."""
        try:
            content = json.loads(path.read_bytes())
            masters = {key_id: _decode_key(key) for key_id, key in content["sealing"].items()}
            current, index_master = content["current"], _decode_key(content["index"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadKeyFile(f"{path} is not a key file: {error}") from error
        if current not in masters or any(not _is_key_id(key_id) for key_id in masters):
            raise BadKeyFile(f"{path} names a key that it does not hold")
        return cls(masters, current, index_master)

    def with_new_key(self, path: Path) -> Keyring:
        """Rotate: add a sealing key, make it the current one and replace the key file. The old keys still open."""
        key_id = secrets.token_hex(_ID_BYTES)
        masters = self._masters | {key_id: secrets.token_bytes(_KEY_BYTES)}
        return Keyring(masters, key_id, self._index_master)._replace(path)

    def with_only_current_key(self, path: Path) -> Keyring:
        """End a rotation: remove the older sealing keys. Values that are still sealed with them are lost."""
        masters = {self.current_key_id: self._masters[self.current_key_id]}
        return Keyring(masters, self.current_key_id, self._index_master)._replace(path)

    def _replace(self, path: Path) -> Keyring:
        with temporary_file_beside(path, self._as_json()) as temporary:
            os.replace(temporary, path)
        return self

    def _as_json(self) -> bytes:
        content: dict[str, Any] = {
            "current": self.current_key_id,
            "sealing": {key_id: base64.b64encode(key).decode() for key_id, key in self._masters.items()},
            "index": base64.b64encode(self._index_master).decode(),
        }
        return json.dumps(content, indent=1).encode() + b"\n"

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Encrypt ``plain`` for the place that ``aad`` names."""
        return self.seal_all([(plain, aad)])[0]

    def seal_all(self, values: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """``seal`` of many (plain, aad), which asks for random bytes once."""
        head, encrypt, nonces = self._head, self._ciphers[self.current_key_id].encrypt, _nonces(len(values))
        return [
            head + nonce + encrypt(nonce, plain, head + aad.encode())
            for nonce, (plain, aad) in zip(nonces, values, strict=True)
        ]

    def open(self, sealed: bytes, aad: str) -> bytes:
        """Decrypt what ``seal`` made for the same ``aad``. Raises Tampered."""
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE_BYTES]
        cipher = self._ciphers.get(head[len(_FORMAT) :].hex())
        if cipher is None or head[: len(_FORMAT)] != _FORMAT:
            raise Tampered("no such key")
        try:
            return cipher.decrypt(nonce, sealed[_HEAD + _NONCE_BYTES :], head + aad.encode())
        except (InvalidTag, ValueError) as error:
            raise Tampered("altered or out of place") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value was sealed with the current key; others are due for sealing again in a rotation."""
        return sealed[:_HEAD] == self._head

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same for the life of the installation."""
        key = self._derived.get(purpose)
        if key is None:
            key = self._derived[purpose] = _derive(self._index_master, purpose)
        return key

    @property
    def pepper(self) -> bytes:
        """The key that is mixed into every password before hashing."""
        return self.derive("pepper")

    def index(self, purpose: str, value: str) -> bytes:
        """The keyed hash (32 bytes) by which an encrypted value is found again."""
        keyed = self._indexes.get(purpose)
        if keyed is None:
            keyed = self._indexes[purpose] = HMAC(self.derive(f"index|{purpose}"), SHA256())
        begun = keyed.copy()  # a quarter of the time of beginning with the key again
        begun.update(value.encode("utf-8", "surrogatepass"))
        return begun.finalize()

    def mac(self, purpose: str, *parts: bytes) -> bytes:
        """A keyed hash (32 bytes) of ``parts``; each goes in with its length, so (ab, c) and (a, bc) differ."""
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.digest(self.derive(f"mac|{purpose}"), message, "sha256")


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


# --- rows that prove who wrote them, and their chain (docs/adr/028) ---------------------------------------------------

_SALT, _HASH = 8, 24  # bytes: two rows that say the same have different hashes
CHAIN_BEGINNING = b""  # what the first link follows


def row_mac(keys: Keyring, values: Sequence[Any]) -> bytes:
    """For a new row: 32 bytes, a salt and a keyed hash of the values."""
    return _row_mac(keys, os.urandom(_SALT), values)


def is_row_genuine(keys: Keyring, values: Sequence[Any], mac: bytes | None) -> bool:
    return mac is not None and mac == _row_mac(keys, mac[:_SALT], values)


def _row_mac(keys: Keyring, salt: bytes, values: Sequence[Any]) -> bytes:
    """The same for a value of the program and for one that was read back."""
    plain = json.dumps([_plain(value) for value in values], ensure_ascii=False)
    return salt + keys.mac("row", salt, plain.encode("utf-8", "surrogatepass"))[:_HASH]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, int) else str(value)


def chain_link(keys: Keyring, before: bytes, row_id: int, mac: bytes | None) -> bytes:
    """The digest (32 bytes) of a link: of the one before, the row's number, and its hash."""
    return keys.mac("chain", before, row_id.to_bytes(8, "big", signed=True), mac or b"")


# --- passwords ------------------------------------------------------------------------------------------------------

#: Argon2id. Applicants are many: OWASP's floor, 20 to 40 ms. Staff are few and see much: 64 MiB, 150 ms.
_APPLICANTS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_STAFF = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

#: Two at a time limit the memory and leave a core to other threads. The queue is limited in length and time.
_MAX_CONCURRENT = 2
_MAX_QUEUED = 50
_QUEUE_TIMEOUT_S = 10.0
_running_slots = threading.BoundedSemaphore(_MAX_CONCURRENT)
_queue_slots = threading.BoundedSemaphore(_MAX_CONCURRENT + _MAX_QUEUED)
_hashers = {False: _APPLICANTS, True: _STAFF}  # by: is it a member of staff


def use_cheap_hashes(on: bool = True) -> None:
    """For tests: hash in microseconds from now on, in this process. Earlier hashes still verify."""
    _hashers.update({False: _CHEAP, True: _CHEAP} if on else {False: _APPLICANTS, True: _STAFF})


@contextmanager
def _hashing_slot() -> Iterator[None]:
    if not _queue_slots.acquire(blocking=False):
        raise HashingBusy
    try:
        if not _running_slots.acquire(timeout=_QUEUE_TIMEOUT_S):
            raise HashingBusy
        try:
            yield
        finally:
            _running_slots.release()
    finally:
        _queue_slots.release()


def _peppered(password: str, pepper: bytes) -> bytes:
    """NFC first, because keyboards may send the same password as different code points."""
    text = unicodedata.normalize("NFC", password)
    return hmac.digest(pepper, text.encode("utf-8", "surrogatepass"), "sha256")


def hash_password(password: str, *, staff: bool, pepper: bytes) -> str:
    """Argon2id of the peppered password, 20 to 150 ms. Raises HashingBusy after 10 s in the queue."""
    with _hashing_slot():
        return _hashers[staff].hash(_peppered(password, pepper))


def check_password(password_hash: str, password: str, *, pepper: bytes) -> bool:
    """Whether the password is the one; raises HashingBusy. An invalid hash never matches, and takes the usual time."""
    try:
        with _hashing_slot():
            return _APPLICANTS.verify(password_hash, _peppered(password, pepper))
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError):
        dummy_check(password, staff=False, pepper=pepper)
        return False


def dummy_check(password: str, staff: bool, pepper: bytes) -> None:
    """Take as long as ``check_password``, for an account that does not exist. Raises HashingBusy."""
    hash_password(password, staff=staff, pepper=pepper)


def needs_rehash(password_hash: str, staff: bool) -> bool:
    """Whether a hash was made with other parameters than today's; hash again at the next sign-in."""
    return _hashers[staff].check_needs_rehash(password_hash)


# --- tokens ---------------------------------------------------------------------------------------------------------


def new_token() -> str:
    """256 bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """The hash of a token that a table stores. Plain SHA-256 is enough: a token of 256 bits cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_code(digits: int = 8) -> str:
    """A one-time code of decimal digits, leading zeros included."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


SECRET_LENGTH, SECRET_VARIETY = 32, 8  # characters; different ones
_WELL_KNOWN = re.compile(r"secret|change.?me|passw|example|kuaiji|123456|abcdef|qwert", re.IGNORECASE)


def secret_problem(key: str) -> str:
    """Why a key that signs cookies is short or easy to guess, or nothing."""
    if len(key) < SECRET_LENGTH:
        return f"has {len(key)} characters, fewer than {SECRET_LENGTH}"
    if len(set(key)) < SECRET_VARIETY or key in (key + key)[1:-1] or _WELL_KNOWN.search(key):
        return "is easy to guess"
    return ""
