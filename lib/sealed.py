"""Encrypted columns: attributes that encrypt on writing and decrypt on reading, bound to their row."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from operator import add
from typing import Any


class Sealed:
    """An encrypted text (or JSON) over the column ``<name>_sealed``, bound to its row by table, column and uid.

    The row's class has ``keyring()``: the lib.keyring.Keyring in force.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.column = name, f"{name}_sealed"

    def _aad(self, row: Any) -> str:
        if not row.uid:
            row.uid = new_uid()
        return place(row.__tablename__, self.name, row.uid)

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        if sealed is None:
            return None
        plain = row.keyring().open(sealed, self._aad(row)).decode()
        return json.loads(plain) if self.as_json else plain

    def __set__(self, row: Any, value: Any) -> None:
        setattr(row, self.column, self.sealed(row, value))

    def sealed(self, row: Any, value: Any) -> bytes | None:
        """What the row's column holds for this value."""
        if value is None or (value == "" and not self.as_json):
            return None
        plain = json.dumps(value, ensure_ascii=False) if self.as_json else str(value)
        found: bytes = row.keyring().seal(plain.encode(), self._aad(row))
        return found


def place(table: str, column: str, uid: str) -> str:
    """What a sealed value is bound to."""
    return f"{table}|{column}|{uid}"


def new_uid() -> str:
    """A random public name for a row: 96 bits, URL-safe. It is never the only protection of the row."""
    return new_uids(1)[0]


def new_uids(count: int) -> list[str]:
    """Many of them at once, which asks for random bytes once."""
    return _pieces(count, 12)


def new_uids_after(heads: Iterable[str], count: int) -> list[str]:
    """Many whose first four characters are told: those with the same ones are neighbours in an index."""
    return list(map(add, heads, _pieces(count, 9)))


def _pieces(count: int, size: int) -> list[str]:
    text, length = base64.urlsafe_b64encode(os.urandom(size * count)).decode(), size * 4 // 3
    return [text[at : at + length] for at in range(0, length * count, length)]
