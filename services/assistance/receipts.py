"""The receipt of a 核验申请: 16 characters, 80 bits. The database holds a keyed hash of it."""

from __future__ import annotations

import secrets
import unicodedata

from models import keys

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is easily taken for something else
LENGTH, GROUP = 16, 4


def new() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def plain(typed: str) -> str:
    """A receipt as it was made, from what was typed: in any case and width, with blanks and dashes."""
    return "".join(character for character in unicodedata.normalize("NFKC", typed).upper() if character.isalnum())


def grouped(receipt: str) -> str:
    return " ".join(receipt[at : at + GROUP] for at in range(0, len(receipt), GROUP))


def hashed(receipt: str) -> bytes:
    return keys().index("receipt", receipt)
