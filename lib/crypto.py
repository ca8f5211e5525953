"""Rows that prove who wrote them, passwords, tokens. Keys and sealed values are in lib.keyring."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from lib.keyring import Keyring


class HashingBusy(Exception):
    """Too many passwords are being checked."""


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
        return f"只有 {len(key)} 个字符，至少要 {SECRET_LENGTH} 个"
    if len(set(key)) < SECRET_VARIETY or key in (key + key)[1:-1] or _WELL_KNOWN.search(key):
        return "太容易猜到"
    return ""
