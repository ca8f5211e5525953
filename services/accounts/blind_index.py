"""Blind indexes: the keyed hashes by which sealed numbers and phones are found.

While keys rotate, a value has two hashes, of which the rows have one: a rotation moves all rows of a value in one
transaction. So everybody asks here which it is, and compares as usual (docs/adr/038).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from lib.database import advisory_lock
from models import Account, AssistanceRequest, Department, LegacyHolder, SearchKey, Staff, db, keys

#: Every column that holds the hash of an ID number. One number has one hash in all of them.
NUMBERS: tuple[Any, ...] = (Account.id_index, LegacyHolder.id_index, Staff.id_index, AssistanceRequest.id_index)
PHONES: tuple[Any, ...] = (Account.phone_index,)
_TAIL, _TAIL_LENGTH = "t", 16


def of_number(number: str) -> bytes:
    """Of a normalised ID number."""
    return of_numbers([number])[0]


def of_numbers(numbers: Sequence[str]) -> list[bytes]:
    """Of many, which takes two thirds of the time."""
    found = keys().indexes_of_all("id_number", numbers)
    return [hashes[0] if len(hashes) == 1 else _in_use(hashes, NUMBERS) for hashes in found]


def of_phone(phone: str) -> bytes:
    hashes = keys().indexes("phone", phone)
    return hashes[0] if len(hashes) == 1 else _in_use(hashes, PHONES)


def of_tail(tail: str) -> str:
    """The search key of a phone's last four digits: a keyed hash, since ten thousand tails are quickly tried."""
    found = tail_keys(tail)
    return found[0] if len(found) == 1 else _tail_in_use(found)


def tail_keys(tail: str) -> list[str]:
    """All search keys of a tail, the current one first."""
    return [_TAIL + found.hex()[:_TAIL_LENGTH] for found in keys().indexes("phone_tail", tail)]


def _in_use(hashes: Sequence[bytes], columns: Sequence[Any]) -> bytes:
    """The one that rows have; the current one when no row has any. Nobody moves them until the transaction ends."""
    advisory_lock(db.session, hashes[0])
    for found in hashes:
        if db.session.scalar(select(or_(*(exists().where(column == found) for column in columns)))):
            return found
    return hashes[0]


def _tail_in_use(found: Sequence[str]) -> str:
    advisory_lock(db.session, found[0].encode())
    has = (key for key in found if db.session.scalar(select(exists().where(*with_key(key)))))
    return next(has, found[0])


def tail_keys_in_use() -> set[str]:
    inside = SearchKey.key >= _TAIL, SearchKey.key < chr(ord(_TAIL) + 1)
    here = SearchKey.department_id.in_(select(Department.id))
    return set(db.session.scalars(select(SearchKey.key).distinct().where(here, *inside)))


def with_key(key: str) -> tuple[ColumnElement[bool], ...]:
    """The rows of a search key: the table's key begins with the department."""
    return SearchKey.department_id.in_(select(Department.id)), SearchKey.key == key
