"""A token that looks different in every answer: XOR with a one-time pad that is sent along."""

from __future__ import annotations

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode


def masked(token: str) -> str:
    plain = token.encode()
    pad = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(pad + _xor(plain, pad)).decode()


def unmasked(text: str) -> str:
    """The token; an empty text when ``text`` is none of ours."""
    try:
        both = urlsafe_b64decode(text.encode())
        half = len(both) // 2
        return _xor(both[half:], both[:half]).decode() if len(both) == 2 * half else ""
    except (binascii.Error, ValueError):
        return ""


def _xor(text: bytes, pad: bytes) -> bytes:
    return (int.from_bytes(text) ^ int.from_bytes(pad)).to_bytes(len(text))
