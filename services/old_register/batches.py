"""Imports the old register (原有会计从业资格证人员) as one batch that can be undone.

Invalid and already known rows are skipped and reported; importing the corrected file again adds only the rest.
Reports contain line numbers and problems, but no name or number: their reader has the file.
Rows are processed in chunks. Of a large file they are set aside first, so memory hardly grows with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, delete, func, select

from lib.clock import local
from lib.codes import AccountState
from lib.database import Prebuilt, small_cache, utcnow
from lib.sealed import new_uids_after, place
from models import Account, ActivationCode, LegacyHolder, db, keys
from services import audit
from services.accounts import blind_index
from services.old_register import shared_proofs
from services.old_register.chunks import ChunkReader
from services.old_register.columns import TITLES
from services.old_register.driven import finder, writer
from services.old_register.reading import Source
from services.old_register.rows import PROOFS, Values
from services.old_register.set_aside import Columns, SetAside
from services.old_register.shared_proofs import SharedProofs, spelling
from services.old_register.text_files import Row

CHUNK = 1000
_TABLE = cast(Table, LegacyHolder.__table__)
#: What is written of each row.
_SEALED = {"number": "id_number", "phone": "phone"}
_TOLD = [field for field in Values._fields if field not in _SEALED]
_WRITTEN = ["uid", "batch", "id_index", "id_number_sealed", "phone_sealed", *_TOLD]
#: The numbers of a dry run, which are not kept in memory either.
_SEEN = Table(
    "legacy_import_seen",
    MetaData(),
    Column("id_index", LargeBinary, primary_key=True),
    Column("name", Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)

_ANY_ACCOUNT = Prebuilt(select(Account.id).limit(1))

_SHARED = "{}与另一人的相同，不能用作凭证，未采用；请核对这一列，或由窗口发放激活码"
_TWICE = "同一证件号码在文件里前面已有一行"

Kind = Literal["error", "conflict", "differs", "warning"]
CONFLICTS: tuple[Kind, ...] = ("conflict", "differs")
_Clash = tuple[Kind, str]
_Checked = tuple[bytes, int, Values]  # the hash of its number, its line, and what it says


class BatchNotFound(Exception):
    """No batch has this name."""


class BatchClaimed(Exception):
    """The batch cannot be undone, because one of its records was claimed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in one line: ``warning`` skips a value, the others the row.

    ``conflict``: the number is here already; ``differs``: with another name.
    """

    line: int
    kind: Kind
    text: str


@dataclass
class ImportResult:
    """Counts of rows. ``unproven``: without a proof; only an activation code can claim these.

    ``conflicts``: left out because the number is here already; of these ``differing`` with another name.
    """

    batch: str
    rows: int = 0
    imported: int = 0
    left_out: int = 0
    conflicts: int = 0
    differing: int = 0
    warnings: int = 0
    unproven: int = 0


# --- the batch --------------------------------------------------------------------------------------------------------


class _Batch:
    """One run over a file. ``found`` is called with each problem."""

    def __init__(
        self, source: Source, today: date, found: Callable[[Finding], None], *, dry_run: bool, scratch: Path | None
    ) -> None:
        self.found, self.ring, self.dry_run = found, keys(), dry_run
        self.reader = ChunkReader(source.columns, source.width, today)
        self.holders = finder(LegacyHolder.id_index, LegacyHolder.batch, LegacyHolder.uid, LegacyHolder.name)
        self.accounts, self.seen = finder(Account.id_index), finder(_SEEN.c.id_index, _SEEN.c.name)
        self.write = writer(_SEEN, ["id_index", "name"]) if dry_run else writer(_TABLE, _WRITTEN)
        self.proofs, self.passed_over = SharedProofs(scratch), set[int]()
        self.removed, self.problems = dict[int, tuple[str, ...]](), list[Finding]()
        self.aside = SetAside(source.lines, scratch)
        self.result = ImportResult(f"{local(utcnow()):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")

    def add_chunk(self, chunk: list[Row]) -> None:
        """Read and check a chunk. Its rows are added, or of a large file set aside."""
        self.result.rows += len(chunk)
        good = self._good(chunk)
        if good and self.aside.in_parts:
            self.aside.add(self._columns(sorted(good)))
        elif good:
            self._add(self._columns(good))
        self._tell_problems()

    def add_rest(self) -> Iterator[int]:
        """Add what was set aside; tells how many rows so far."""
        looked_at = 0
        for rows in self.aside.groups(CHUNK):
            self._add(rows)
            looked_at += len(rows["line"])
            yield looked_at
        self._tell_problems()

    def _good(self, chunk: list[Row]) -> list[_Checked]:
        """The rows that may be imported."""
        values, removed, problems = self.reader.read({line: row for line, row in chunk if not isinstance(row, str)})
        self.proofs.add_refused([values.pop(line) for line in problems])
        self.removed |= removed
        for line, problem in chain(problems.items(), ((line, row) for line, row in chunk if isinstance(row, str))):
            self._leave_out(line, "error", problem)
        indexes = blind_index.of_numbers([row.number or "" for row in values.values()])
        return list(zip(indexes, values, values.values(), strict=True))

    def _columns(self, good: list[_Checked]) -> Columns:
        """What is written, by column, and the lines."""
        indexes, lines, values = zip(*good, strict=True)
        told: dict[str, Any] = dict(zip(Values._fields, zip(*values, strict=True), strict=True))
        sealed = {column: told.pop(field) for field, column in _SEALED.items()}
        columns = {"line": lines, "id_index": indexes, **told}
        if self.dry_run:
            return columns
        uids = new_uids_after(self.aside.heads(indexes), len(indexes))
        return columns | {"uid": uids} | {f"{name}_sealed": self._sealed(name, uids, sealed[name]) for name in sealed}

    def _sealed(self, name: str, uids: list[str], values: Sequence[str | None]) -> list[bytes | None]:
        here = place(LegacyHolder.__tablename__, name, "")
        told = [(value.encode(), here + uid) for uid, value in zip(uids, values, strict=True) if value]
        sealed = self.ring.seal_all(told)
        if len(sealed) == len(values):
            return cast(list[bytes | None], sealed)
        rest = iter(sealed)
        return [next(rest) if value else None for value in values]

    def _add(self, rows: Columns) -> None:
        """Add the rows with new numbers, or note their numbers in a dry run."""
        rows = self._without(rows, self._repeated(rows))
        rows = self._without(rows, self._with_account(rows))
        if self.dry_run:
            rows = self._without(rows, self._recorded(rows))
            self.write(rows)
        elif self.write(self._as_written(rows)) < len(rows["uid"]):
            rows = self._without(rows, self._recorded(rows))
        if self.removed:
            for line in rows["line"]:
                for text in self.removed.get(line, ()):
                    self._warn(line, text)
        self._count(rows)

    def _as_written(self, rows: Columns) -> dict[str, Iterable[Any]]:
        """SQLite's driver looks closely at bytes, and not at a bytearray."""
        sealed = {name: rows[name] for name in ("id_index", *(f"{name}_sealed" for name in _SEALED.values()))}
        quick = {name: [value and bytearray(value) for value in column] for name, column in sealed.items()}
        return {**rows, **quick, "batch": repeat(self.result.batch)}

    def _count(self, rows: Columns) -> None:
        proofs = [rows[field] for field in PROOFS]
        self.proofs.add(*proofs)
        self.result.imported += len(rows["line"])
        self.result.unproven += sum(not any(row) for row in zip(*proofs, strict=True)) if None in proofs[0] else 0

    def _without(self, rows: Columns, known: Mapping[int, _Clash]) -> Columns:
        """Without the rows at these places, of which is told why."""
        if not known:
            return rows
        for at, clash in known.items():
            self._leave_out(rows["line"][at], *clash)
        left = [at for at in range(len(rows["line"])) if at not in known]
        return {name: [column[at] for at in left] for name, column in rows.items()}

    def _repeated(self, rows: Columns) -> dict[int, _Clash]:
        """The rows, by place, whose number an earlier one of them has."""
        first, found = dict[bytes, str](), dict[int, _Clash]()
        if len(set(rows["id_index"])) == len(rows["id_index"]):
            return found
        for at, (index, name) in enumerate(zip(rows["id_index"], rows["name"], strict=True)):
            if index in first:
                found[at] = _clash(_TWICE, name, first[index])
            first.setdefault(index, name)
        return found

    def _recorded(self, rows: Columns) -> dict[int, _Clash]:
        """The rows whose number has a record, except those that were just added."""
        uids = set(rows.get("uid", ()))
        there = {
            index: (self._since(batch), name)
            for index, batch, uid, name in self.holders(rows["id_index"])
            if uid not in uids
        }
        if self.dry_run:
            there |= {index: (_TWICE, name) for index, name in self.seen(rows["id_index"])}
        return _clashes(rows, there)

    def _since(self, batch: str) -> str:
        return _TWICE if batch == self.result.batch else f"该证件号码已导入过(批次 {batch})"

    def withhold_shared(self, rows: Iterable[Row]) -> None:
        """Once all rows are added: take the proofs that several people have from all who have them.

        Only then the file is read once more, to tell the lines.
        """
        if not (shared := self.proofs.found(self.result.batch)):
            return
        if not self.dry_run:
            shared_proofs.withhold(shared)
        for chunk in _chunks(rows):
            taken = {line: row for line, row in chunk if line not in self.passed_over and not isinstance(row, str)}
            for line, row in self.reader.read(taken).values.items():
                self._tell_shared(line, row, shared)
        self._tell_problems()

    def _tell_shared(self, line: int, values: Values, shared: Mapping[int, str]) -> None:
        proofs = {field: number for field in PROOFS if (number := getattr(values, field))}
        lost = [field for field, number in proofs.items() if spelling(number) in shared]
        for field in lost:
            self._warn(line, _SHARED.format(TITLES[field]))
        self.result.unproven += bool(lost) and len(lost) == len(proofs)

    def _warn(self, line: int, text: str) -> None:
        self.result.warnings += 1
        self.problems.append(Finding(line, "warning", text))

    def _leave_out(self, line: int, kind: Kind, text: str) -> None:
        self.result.left_out += 1
        self.result.conflicts += kind in CONFLICTS
        self.result.differing += kind == "differs"
        self.passed_over.add(line)
        self.problems.append(Finding(line, kind, text))

    def _tell_problems(self) -> None:
        for problem in sorted(self.problems, key=lambda problem: problem.line):
            self.found(problem)
        self.problems.clear()

    def _with_account(self, rows: Columns) -> dict[int, _Clash]:
        """The rows whose number has an account."""
        if not _ANY_ACCOUNT.first(db.session):  # when the register comes first, as it should
            return {}
        if not (accounts := [index for (index,) in self.accounts(rows["id_index"])]):
            return {}
        in_force = Account.state != AccountState.RESERVED
        query = select(Account.id_index, Account.name).where(Account.id_index.in_(accounts), in_force)
        return _clashes(rows, {index: ("该证件号码已注册账号", name) for index, name in db.session.execute(query)})


def _clashes(rows: Columns, there: Mapping[bytes, tuple[str, str]]) -> dict[int, _Clash]:
    """The rows, by place, whose number is there, under a name."""
    told = enumerate(zip(rows["id_index"], rows["name"], strict=True)) if there else ()
    return {at: _clash(there[index][0], name, there[index][1]) for at, (index, name) in told if index in there}


def _clash(said: str, name: str, there: str) -> _Clash:
    """The number of this row is here already, with the same name or another one."""
    return ("conflict", said) if name == there else ("differs", f"{said}，姓名不同")


class _Told:
    """Tells how many lines more are done, half of them when a large file was read."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.progress, self.done = progress, 0

    def at(self, line: int) -> None:
        if line > self.done:
            self.progress(line - self.done)
            self.done = line


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def import_source(
    source: Source,
    today: date,
    *,
    dry_run: bool = False,
    found: Callable[[Finding], None] = lambda _finding: None,
    progress: Callable[[int], None] = lambda _lines: None,
    scratch: Path | None = None,
) -> ImportResult:
    """Check every row and, without ``dry_run``, add the good ones; the caller commits. Raises UnreadableFile.

    ``scratch``: where rows of a large file wait until they are added.
    """
    if dry_run:
        _SEEN.create(db.session.connection())
    batch, last = _Batch(source, today, found, dry_run=dry_run, scratch=scratch), 0
    told = _Told(progress)
    with small_cache(db.session.connection()), closing(batch.proofs), closing(batch.aside) as aside:
        for chunk in _chunks(source.rows()):
            batch.add_chunk(chunk)
            last = chunk[-1][0]
            told.at(last // 2 if aside.in_parts else last)
        for added in batch.add_rest():
            told.at(last // 2 + (last - last // 2) * added // aside.rows)
        told.at(last)
        batch.withhold_shared(source.rows())
    if dry_run:
        _SEEN.drop(db.session.connection())
    elif batch.result.imported:
        audit.record("legacy_import", None, detail=f"batch {batch.result.batch}, rows {batch.result.imported}")
    return batch.result


def undo(batch: str) -> int:
    """Delete a batch and the codes issued for it; returns how many records. Raises BatchClaimed, BatchNotFound."""
    of_batch = LegacyHolder.batch == batch
    total = db.session.scalar(select(func.count()).where(of_batch)) or 0
    if not total:
        raise BatchNotFound(f"没有批次 {batch}")
    if claimed := _claimed(batch):
        raise BatchClaimed(f"批次 {batch} 中已有 {claimed} 人设置了密码,不能撤销")
    shared_proofs.forget(batch)
    ids = select(LegacyHolder.id).where(of_batch)
    db.session.execute(delete(ActivationCode).where(ActivationCode.legacy_id.in_(ids)))
    removed: Any = db.session.execute(delete(LegacyHolder).where(of_batch, LegacyHolder.claimed_at.is_(None)))
    if removed.rowcount != total:  # one was claimed meanwhile
        raise BatchClaimed(f"批次 {batch} 中有人刚刚设置了密码,不能撤销")
    audit.record("legacy_undo", None, detail=f"batch {batch}, rows {total}")
    return total


def _claimed(batch: str) -> int:
    claimed = (LegacyHolder.batch == batch, LegacyHolder.claimed_at.is_not(None))
    return db.session.scalar(select(func.count()).where(*claimed)) or 0
