"""Proofs that several people have prove nothing: found while a file is read, and withheld from their records.

A spelling is kept as its hash of 64 bits, so that a register of a million rows fits into memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, cast

from sqlalchemy import delete, func, insert, select, update

from lib.database import utcnow
from lib.identity import spelled_alike
from models import LegacyHolder, WithheldProof, db
from services.old_register.rows import PROOFS, Values

PARTS = 64  # the hashes are sorted in parts: less memory at once
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

    def __init__(self) -> None:
        self._new, self._refused = _Parts(), _Parts()

    def add(self, certificate_nos: Sequence[str | None], archive_nos: Sequence[str | None]) -> None:
        """Of rows that are imported."""
        self._new.add(certificate_nos, archive_nos)

    def add_refused(self, rows: Iterable[Values]) -> None:
        for row in rows:
            self._refused.add([row.certificate_no], [row.archive_no])

    def found(self, batch: str) -> dict[int, str]:
        """The spellings of the file that prove nothing: shared with a record or only with a refused row."""
        recorded, shared = _recorded(batch), {}
        for new, old, refused in zip(self._new.parts, recorded.parts, self._refused.parts, strict=True):
            known, dismissed, last = set(old), set(refused), None
            if len(one_each := set(new)) == len(new) and one_each.isdisjoint(known | dismissed):
                continue
            for one in sorted(new):
                if one == last or one in known:
                    shared[one] = "shared"
                elif one in dismissed:
                    shared.setdefault(one, "refused")
                last = one
        return shared


class _Parts:
    def __init__(self) -> None:
        self.parts = [array("q") for _part in range(PARTS)]
        self.adds = [part.append for part in self.parts]

    def add(self, *proofs: Sequence[str | None]) -> None:
        """All spellings of rows, told by column, each once for each row."""
        first, second = map(_spellings, proofs)
        for one in chain(first, (other for one, other in zip(first, second, strict=True) if one != other)):
            if one is not None:
                self.adds[one % PARTS](one)

    def add_one(self, one: int) -> None:
        self.adds[one % PARTS](one)


def _recorded(batch: str) -> _Parts:
    """The spellings in the records of other batches."""
    found = _Parts()
    for _legacy_id, _field, value in _held(LegacyHolder.batch != batch):
        found.add_one(spelling(value))
    of_others = select(WithheldProof.value).join(LegacyHolder).where(LegacyHolder.batch != batch)
    for value in db.session.scalars(of_others.execution_options(yield_per=CHUNK)):
        found.add_one(spelling(value))
    return found


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
