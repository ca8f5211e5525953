"""Rules for new passwords, and hashing. Hashing is slow on purpose: do it outside of transactions."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lib import crypto, identity
from lib.csvlist import lines
from models import keys

COMMON = Path(__file__).resolve().parents[2] / "data" / "common_passwords.txt"


@cache
def common_passwords() -> frozenset[str]:
    return lines(COMMON)


def problem(password: str, *, name: str = "", number: str = "", phone: str = "") -> str | None:
    """Why a new password is refused, or None."""
    return identity.password_problem(password, name=name, number=number, phone=phone, common=common_passwords())


def hashed(password: str, *, staff: bool = False) -> str:
    """The Argon2id hash to store; 20 to 150 ms. Raises lib.crypto.HashingBusy."""
    return crypto.hash_password(password, staff=staff, pepper=keys().pepper)


def is_correct(password: str, password_hash: str | None, *, staff: bool = False) -> bool:
    """Whether the password is correct; without an account (None) it takes as long. Raises lib.crypto.HashingBusy."""
    if password_hash is None:
        crypto.dummy_check(password, staff, keys().pepper)
        return False
    return crypto.check_password(password_hash, password, pepper=keys().pepper)


def rehashed(password: str, password_hash: str, *, staff: bool = False) -> str | None:
    """A new hash of a correct password, if the old hash used other parameters than today's."""
    return hashed(password, staff=staff) if crypto.needs_rehash(password_hash, staff) else None
