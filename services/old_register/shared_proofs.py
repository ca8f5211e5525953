"""Proofs that several people have prove nothing: found while a file is read, and withheld from their records.

A spelling is kept as its hash of 64 bits, most of them in a file: a register may have millions.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import delete, func, insert, select, update

from lib.database import utcnow
from lib.identity import spelled_alike
from models import LegacyHolder, WithheldProof, db
from services.old_register.part_file import PartFile
from services.old_register.rows import PROOFS, Values

PARTS = 64  # the hashes are compared in parts: less memory at once
IN_MEMORY = 1 << 16  # of them
CHUNK = 1000


def spelling(number: str) -> int:
    """Equal for what counts as the same number."""
    return hash(number.upper() if number.isalnum() else spelled_alike(number))


def _spellings(numbers: Sequence[str | None]) -> list[int | None]:
    """Of many; most need no closer look."""
    if None not in numbers and "".join(cast(Sequence[str], numbers)).isalnum():
        return list(map(hash, map(str.upper, cast(Sequence[str], numbers))))
    return [spelling(number) if number else None for number in numbers]


class SharedProofs:
    """The proofs of a file, of the rows that were left out of it, and of the records that were there before."""

    def __init__(self, scratch: Path | None) -> None:
        self._new, self._refused, self._recorded = _Parts(scratch), _Parts(scratch), _Parts(scratch)

    def add(self, certificate_nos: Sequence[str | None], archive_nos: Sequence[str | None]) -> None:
        """Of rows that are imported."""
        self._new.add_rows(certificate_nos, archive_nos)

    def add_refused(self, rows: Sequence[Values]) -> None:
        self._refused.add_rows([row.certificate_no for row in rows], [row.archive_no for row in rows])

    def found(self, batch: str) -> dict[int, str]:
        """The spellings of the file that prove nothing: shared with a record or only with a refused row."""
        recorded = map(spelling, _recorded(batch))
        while some := list(islice(recorded, CHUNK)):
            self._recorded.add(some)
        shared = dict[int, str]()
        for part in range(PARTS):
            new, known, dismissed = self._new.part(part), set(self._recorded.part(part)), set(self._refused.part(part))
            if len(one_each := set(new)) == len(new) and one_each.isdisjoint(known | dismissed):
                continue
            last = None
            for one in sorted(new):
                if one == last or one in known:
                    shared[one] = "shared"
                elif one in dismissed:
                    shared.setdefault(one, "refused")
                last = one
        return shared

    def close(self) -> None:
        for parts in (self._new, self._refused, self._recorded):
            parts.close()


class _Parts:
    """Spellings by their last bits. Many wait in a file."""

    def __init__(self, scratch: Path | None) -> None:
        self._file = PartFile(PARTS, scratch)
        self._parts = [array("q") for _part in range(PARTS)]
        self._adds = [part.append for part in self._parts]

    def add_rows(self, *proofs: Sequence[str | None]) -> None:
        """All spellings of rows, told by column, each once for each row."""
        first, second = map(_spellings, proofs)
        others = (other for one, other in zip(first, second, strict=True) if one != other)
        self.add(one for one in chain(first, others) if one is not None)

    def add(self, spellings: Iterable[int]) -> None:
        for one in spellings:
            self._adds[one % PARTS](one)
        if sum(map(len, self._parts)) > IN_MEMORY:
            self._file.add(map(array.tobytes, self._parts))
            for part in self._parts:
                del part[:]

    def part(self, number: int) -> array[int]:
        found = array("q")
        for piece in self._file.pieces(number):
            found.frombytes(piece)
        return found + self._parts[number]

    def close(self) -> None:
        self._file.close()


def _recorded(batch: str) -> Iterator[str]:
    """The proofs in the records of other batches."""
    for _legacy_id, _field, value in _held(LegacyHolder.batch != batch):
        yield value
    of_others = select(WithheldProof.value).join(LegacyHolder).where(LegacyHolder.batch != batch)
    yield from db.session.scalars(of_others.execution_options(yield_per=CHUNK))


def _held(*which: Any) -> Iterator[tuple[int, str, str]]:
    """Record, field and number of every proof that counts."""
    query = select(LegacyHolder.id, *(getattr(LegacyHolder, field) for field in PROOFS)).where(*which)
    for legacy_id, *numbers in db.session.execute(query.execution_options(yield_per=CHUNK)):
        for field, number in zip(PROOFS, numbers, strict=True):
            if number:
                yield legacy_id, field, number


def withheld() -> dict[str, int]:
    """How many numbers are withheld from records that are not claimed yet, by reason."""
    unclaimed = select(WithheldProof.reason, func.count()).join(LegacyHolder).where(LegacyHolder.claimed_at.is_(None))
    rows: Any = db.session.execute(unclaimed.group_by(WithheldProof.reason))
    return dict(rows.all())


def withhold(shared: Mapping[int, str]) -> None:
    """Take these proofs from all records that have them, also from earlier batches."""
    now = utcnow()
    found = [
        {"legacy_id": legacy_id, "field": field, "value": value, "reason": shared[spelling(value)], "at": now}
        for legacy_id, field, value in _held()
        if spelling(value) in shared
    ]
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        db.session.execute(insert(WithheldProof), part)
        for field in PROOFS:
            _set(field, None, [row["legacy_id"] for row in part if row["field"] == field])


def _set(field: str, value: str | None, ids: Collection[Any]) -> None:
    db.session.execute(update(LegacyHolder).where(LegacyHolder.id.in_(ids)).values({field: value}))


def forget(batch: str) -> None:
    """The batch goes: what only its records shared with one other person proves something again."""
    ids = select(LegacyHolder.id).where(LegacyHolder.batch == batch)
    of_batch = WithheldProof.legacy_id.in_(ids)
    gone = {spelling(value) for value in db.session.scalars(select(WithheldProof.value).where(of_batch))}
    db.session.execute(delete(WithheldProof).where(of_batch))
    if not gone:
        return
    others = select(WithheldProof).where(WithheldProof.reason == "shared")
    left = [row for row in db.session.scalars(others) if spelling(row.value) in gone]
    owners: dict[int, set[int]] = {}
    for row in left:
        owners.setdefault(spelling(row.value), set()).add(row.legacy_id)
    held = {spelling(value) for _id, _field, value in _held(LegacyHolder.batch != batch)}
    for row in left:
        if len(owners[spelling(row.value)]) == 1 and spelling(row.value) not in held:
            _set(row.field, row.value, [row.legacy_id])
            db.session.delete(row)
